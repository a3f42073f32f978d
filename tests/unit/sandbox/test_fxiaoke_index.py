"""The searchable copy of records stays in step with them."""

from hypothesis import given
from hypothesis import strategies as st

from anji_sandbox.fxiaoke.index import Index
from anji_sandbox.store import Record

CHANGES = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.integers(0, 9), st.sampled_from(["x", "y", None])),
    max_size=40,
)


@given(CHANGES, st.integers(0, 9), st.integers(0, 9))
def test_every_way_finds_each_record_once_whatever_was_changed(
    changes: list[tuple[str, int, str | None]], since: int, until: int
) -> None:
    index = Index(())
    kept: dict[str, Record] = {}
    index.by_value("name", "x")  # the table is there before the changes
    for record_id, time, name in changes:
        record: Record | None = None if name is None else {"_id": record_id, "name": [name]}
        if record is None:
            kept.pop(record_id, None)
        else:
            record["last_modified_time"] = time
            kept[record_id] = record
        index.change(record_id, record, visible_at=0.0)
    index.catch_up(now=0.0)

    timely_count, timely = index.by_time(since, until)
    count, found = index.by_id("b")

    in_time = [each for each in kept.values() if since <= each["last_modified_time"] <= until]
    assert sorted(each["_id"] for each in timely) == sorted(each["_id"] for each in in_time)
    assert timely_count == len(in_time)
    assert [each["_id"] for each in found] == sorted(each for each in kept if each > "b")
    assert count == len([each for each in kept if each > "b"])
    assert [each["_id"] for each in index.by_value("name", "x")] == sorted(
        each for each, record in kept.items() if record["name"] == ["x"]
    )


def test_a_change_is_not_seen_before_its_moment() -> None:
    index = Index(())

    index.change("a", {"_id": "a"}, visible_at=3.0)
    index.catch_up(now=2.9)
    early = index.by_id()[0]
    index.catch_up(now=3.0)

    assert (early, index.by_id()[0]) == (0, 1)
