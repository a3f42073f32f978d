"""Queries find what a look at every record finds, page by page. Source: reference section 2.5."""

from operator import ge, gt, le, lt

from hypothesis import example, given
from hypothesis import strategies as st

from labs.crm import NOW, Crm, condition

NOW_MS = int(NOW * 1000)
NAMES = st.sampled_from(["a", "b", "ab", "ba"])


@given(
    steps=st.lists(st.tuples(st.integers(0, 5), NAMES, st.booleans()), max_size=30),
    wanted=NAMES,
    since=st.integers(0, 30),
    seconds=st.integers(0, 4),
)
def test_a_query_by_index_finds_what_a_look_at_every_record_finds(
    steps: list[tuple[int, str, bool]], wanted: str, since: int, seconds: int
) -> None:
    crm = Crm()
    ids: list[str] = []
    for number, (place, name, is_new) in enumerate(steps):
        crm.now = NOW + number // 2
        crm.found("AccountObj", condition("name", "EQ", "a"))  # tables are built early, too
        if is_new or not ids:
            ids.append(crm.create("AccountObj", name=name))
        else:
            crm.update("AccountObj", ids[place % len(ids)], name=name)
    since_ms = NOW_MS + since * 1000
    until_ms = since_ms + seconds * 1000

    named = condition("name", "IN", wanted)
    window = condition("last_modified_time", "BETWEEN", since_ms, until_ms)
    found = [
        crm.found("AccountObj", named),
        crm.found("AccountObj", window),
        crm.found("AccountObj", window, named),
        crm.found("AccountObj", window, condition("_id", "GT", *ids[:1])) if ids else [],
    ]

    records = [crm.get("AccountObj", each) for each in ids]
    of_name = [each["_id"] for each in records if each["name"] == wanted]
    in_time = [
        each["_id"] for each in records if since_ms <= each["last_modified_time"] <= until_ms
    ]
    assert found == [
        of_name,
        in_time,
        [each for each in in_time if each in of_name],
        [each for each in in_time if each > ids[0]],
    ]


BOUNDS = st.tuples(st.sampled_from(["GT", "GTE", "LT", "LTE"]), st.integers(-1, 12))


@given(
    updates=st.lists(st.integers(0, 9), max_size=5),
    bounds=st.lists(BOUNDS, max_size=2),
    is_named=st.booleans(),
    limit=st.integers(1, 4),
    with_total=st.booleans(),
)
@example(updates=[], bounds=[("LT", 9)], is_named=False, limit=4, with_total=True)
@example(updates=[], bounds=[("LTE", 9)], is_named=False, limit=4, with_total=True)
@example(updates=[], bounds=[("GTE", 1)], is_named=False, limit=4, with_total=True)
def test_pages_give_every_match_once_in_order_and_the_total_counts_them(
    updates: list[int],
    bounds: list[tuple[str, int]],
    *,
    is_named: bool,
    limit: int,
    with_total: bool,
) -> None:
    crm = Crm()
    ids = []
    for number in range(10):
        crm.now = NOW + number
        ids.append(crm.create("AccountObj", name="a" if number % 3 else "b"))
    for place in updates:
        crm.now += 1
        crm.update("AccountObj", ids[place], name="a")
    asked = [condition("last_modified_time", how, NOW_MS + at * 1000) for how, at in bounds]
    asked += [condition("name", "EQ", "a")] if is_named else []

    pages = []
    for offset in range(0, 12, limit):
        data = {
            "dataObjectApiName": "AccountObj",
            "find_explicit_total_num": with_total,
            "search_query_info": {
                "limit": limit,
                "offset": offset,
                "filters": asked,
                "orders": [],
            },
        }
        pages.append(crm.call("data/query", data)["data"])

    compare = {"GT": gt, "GTE": ge, "LT": lt, "LTE": le}
    expected = [
        each
        for each in ids
        for record in [crm.get("AccountObj", each)]
        if all(
            compare[how](record["last_modified_time"], NOW_MS + at * 1000) for how, at in bounds
        )
        and (record["name"] == "a" or not is_named)
    ]
    assert [row["_id"] for page in pages for row in page["dataList"]] == expected
    assert {page["total"] for page in pages} == {len(expected) if with_total else 0}
