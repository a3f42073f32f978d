"""Windows, watermarks and the pace of polls; wishes that are tried again."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anji_common.sourcing.checkpoints import Wish
from anji_common.sourcing.windows import (
    BEGINNING,
    Pace,
    advanced,
    bounded_marks,
    next_span,
    next_window,
    snapshot_window,
)
from anji_common.sourcing.wishes import after_try, is_last_word, wished

AT = datetime(2026, 1, 5, tzinfo=UTC)
SLACK = timedelta(seconds=30)
OVERLAP = timedelta(seconds=10)


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def test_a_window_overlaps_the_last_one_and_reaches_beyond_our_now() -> None:
    window = next_window(BEGINNING, AT, AT + seconds(5), overlap=OVERLAP, slack=SLACK)

    assert (window.since, window.until) == (AT - seconds(10), AT + seconds(35))
    assert not window.is_bulk


def test_no_window_begins_before_the_installation_did() -> None:
    window = next_window(AT - seconds(3), AT, AT, overlap=OVERLAP, slack=SLACK)

    assert window.since == AT - seconds(3)


@pytest.mark.parametrize(
    ("newest", "reached"),
    [(None, 70), (60, 70), (90, 90), (130, 100)],
    ids=["nothing", "far behind", "close", "a clock ahead of ours"],
)
def test_a_watermark_follows_the_newest_record_and_never_passes_the_reading(
    newest: float | None, reached: float
) -> None:
    at = None if newest is None else AT + seconds(newest)

    assert advanced(AT, AT + seconds(100), at, SLACK) == AT + seconds(reached)


@given(st.lists(st.tuples(st.floats(-500, 500), st.none() | st.floats(-500, 500))))
def test_a_watermark_never_goes_back(polls: list[tuple[float, float | None]]) -> None:
    watermark = AT
    for now, newest in polls:
        seen = None if newest is None else AT + seconds(newest)
        moved = advanced(watermark, AT + seconds(now), seen, SLACK)
        assert moved >= watermark
        watermark = moved


@given(st.integers(0, 40), st.integers(1, 10_000))
def test_a_snapshot_reaches_its_end_without_gaps(pages: int, days: int) -> None:
    since, until, span = AT, AT + timedelta(days=days), timedelta(days=1)
    for _ in range(200_000):
        if since >= until:
            break
        window = snapshot_window(since, until, span)
        assert window.since == since
        assert since < window.until <= until
        assert window.is_bulk
        since = window.until
        span = next_span(span, pages if days < 30 else min(pages, 19))
    assert since == until


def test_polls_stretch_only_while_hints_do_the_work() -> None:
    pace = Pace(5.0, 60.0)

    stretched = [5.0]
    for _ in range(5):
        stretched.append(pace.after_poll(stretched[-1], has_hints=True))

    assert stretched == [5.0, 10.0, 20.0, 40.0, 60.0, 60.0]
    assert pace.after_poll(60.0, has_hints=False) == 5.0


def test_a_wish_that_was_granted_is_forgotten() -> None:
    wishes = wished({}, "1", "1-1", is_there=False)

    assert after_try(wishes, "1", "published") == ({}, None)
    assert after_try(wishes, "1", "unreadable") == ({}, None)


def test_a_record_that_was_never_met_is_given_up_and_one_that_was_is_not() -> None:
    waits: dict[str, list[float | None]] = {"missing": [], "torn": []}
    for outcome, found in waits.items():
        wishes = wished({}, "1", None, is_there=False)
        while "1" in wishes and len(found) < 20:
            wishes, wait = after_try(wishes, "1", outcome)
            found.append(wait)

    assert waits["missing"] == [0.5, 1.0, 2.0, 4.0, None]
    assert waits["torn"][:8] == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    assert len(waits["torn"]) == 20


def test_the_last_word_comes_after_every_lag_of_a_query() -> None:
    wishes, total = {"1": Wish()}, 0.0
    while not is_last_word(wishes["1"]):
        wishes, wait = after_try(wishes, "1", "stale")
        total += wait or 0.0

    assert total > 60.0


def test_one_read_answers_every_command_that_asked_for_it() -> None:
    wishes = wished({}, "1", "1-1", is_there=True)
    wishes = wished(wishes, "1", "1-2", is_there=False)
    wishes = wished(wishes, "1", None, is_there=False)

    assert wishes == {"1": Wish(answers="1-1,1-2", is_there=True)}


def test_who_asks_again_for_want_of_an_answer_does_not_put_the_last_word_off() -> None:
    wishes = {"1": Wish(answers="1-1", tries=7)}

    assert wished(wishes, "1", "1-1", is_there=False)["1"].tries == 7
    assert wished(wishes, "1", "1-2", is_there=False)["1"].tries == 0
    assert wished(wishes, "1", None, is_there=False)["1"].tries == 0


def test_without_hints_polls_become_fewer_in_quiet_times_and_are_dense_again_with_news() -> None:
    pace = Pace(5.0, 60.0)

    intervals = [
        pace.after_poll(5.0, has_hints=False, quiet_seconds=quiet)
        for quiet in (0.0, 40.0, 100.0, 400.0, 10_000.0)
    ]

    assert intervals == [5.0, 5.0, 10.0, 40.0, 60.0]


def test_marks_of_a_mass_change_are_kept_up_to_a_bound() -> None:
    marks = {str(number): "mark" for number in range(50_000)}

    kept = bounded_marks(marks)

    assert len(kept) == 10_000
    assert kept.items() <= marks.items()
