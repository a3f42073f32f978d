"""Revisions: strictly rising, never older, suppressed only if time and content are unchanged."""

from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from anji_common.errors import UndecodableError
from anji_common.events.changes import Change
from anji_common.events.observed import Observed, Stamp
from anji_common.messages import Record
from anji_common.refs import Ref, System
from anji_common.sourcing.revisions import Published, Verdict, projected, revise

AT = datetime(2026, 1, 5, tzinfo=UTC)
REF = Ref(System.K3CLOUD, "SAL_SaleOrder", "100001")


def read(
    text: str,
    seconds: float = 0.0,
    *,
    approved_at: datetime | None = None,
    status: Literal["A", "C"] | None = None,
) -> Observed:
    stamp = Stamp(
        modified_at=AT + timedelta(seconds=seconds), approved_at=approved_at, status=status
    )
    return Observed(ref=REF, stamp=stamp, data={"text": text})


def published(observed: Observed, last: Published | None = None) -> Published:
    change = revise(last, observed)
    assert isinstance(change, Change)
    return Published.of(change)


def test_a_first_read_is_news() -> None:
    change = revise(None, read("a"))

    assert isinstance(change, Change)
    assert change.data == {"text": "a"}


def test_the_same_time_and_content_is_known() -> None:
    assert revise(published(read("a")), read("a")) is Verdict.KNOWN


def test_a_later_time_is_news_even_with_the_same_content() -> None:
    assert isinstance(revise(published(read("a")), read("a", 1.0)), Change)


@pytest.mark.parametrize(
    "other",
    [read("b"), read("a", status="C"), read("a", approved_at=AT)],
    ids=["content", "status", "approval"],
)
def test_other_content_at_the_same_time_raises_the_counter(other: Observed) -> None:
    last = published(read("a"))

    change = revise(last, other)

    assert isinstance(change, Change)
    assert change.revision == last.revision + 1


@pytest.mark.parametrize("text", ["a", "b"])
def test_an_older_time_is_stale_whatever_it_says(text: str) -> None:
    last = published(read("a"))

    assert revise(last, read(text, -1.0)) is Verdict.STALE
    assert revise(last, read(text, -1.0), answers="1-1") is Verdict.STALE


def test_an_answer_is_published_though_nothing_moved() -> None:
    last = published(read("a"))

    change = revise(last, read("a"), answers="1-1")

    assert isinstance(change, Change)
    assert (change.revision, change.answers) == (last.revision + 1, "1-1")


def test_what_stays_older_is_told_under_the_last_time() -> None:
    last = published(read("a"))

    change = revise(last, read("b", -1.0), is_last_word=True)

    assert isinstance(change, Change)
    assert change.stamp.modified_at == AT
    assert change.revision == last.revision + 1


def test_what_stays_older_and_was_told_is_known_so_that_nobody_asks_for_it_for_ever() -> None:
    """A removed line took its time with it: what is there now is told under a later one."""
    last = published(read("a"))

    verdicts = [revise(last, read("a", -1.0), is_last_word=each) for each in (False, True)]

    assert verdicts == [Verdict.STALE, Verdict.KNOWN]


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([0.0, 0.0005, 0.001, 1.0, 2.0])))
)
@example([("a", 0.0), ("b", 0.0005)])  # later, but within the same millisecond
def test_whatever_is_read_in_whatever_order_revisions_rise_and_times_do_not_fall(
    reads: list[tuple[str, float]],
) -> None:
    last: Published | None = None
    changes: list[Change] = []
    for text, seconds in reads:
        change = revise(last, read(text, seconds))
        if isinstance(change, Change):
            last = Published.of(change)
            changes.append(change)

    revisions = [change.revision for change in changes]
    times = [change.stamp.modified_at for change in changes]
    assert revisions == sorted(set(revisions))
    assert times == sorted(times)
    assert not reads or max(seconds for _, seconds in reads) == (times[-1] - AT).total_seconds()


@given(st.text(), st.floats(0, 1e6), st.none() | st.just("1-1"))
def test_the_topic_tells_what_was_remembered(
    text: str, seconds: float, answers: str | None
) -> None:
    change = revise(None, read(text, seconds), answers=answers)
    assert isinstance(change, Change)
    message = change.to_message()
    record = Record(message.topic, 0, 0, 0, message.key.encode(), message.value, message.headers)

    kept = projected(record)

    assert kept == Published.of(change).to_bytes()
    assert Published.from_bytes(kept or b"") == Published.of(change)


def test_a_record_that_is_no_change_is_undecodable() -> None:
    with pytest.raises(UndecodableError):
        projected(Record("x", 0, 0, 0, b"key", b"{}"))
