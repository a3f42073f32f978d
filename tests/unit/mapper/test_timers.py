"""Which seats are due, and what rows are waited for: neither grows with what is over."""

from datetime import UTC, datetime, timedelta

from anji_mapper.awaiting import Awaited
from anji_mapper.timers import Timers

AT = datetime(2026, 1, 5, tzinfo=UTC)
DAY = timedelta(days=1)


def test_seats_that_are_due_no_more_leave_no_place_behind() -> None:
    timers = Timers()
    timers.set("waits", AT + DAY)

    for number in range(10_000):
        timers.set(f"seat {number}", AT + DAY)
        timers.set(f"seat {number}", None)

    assert len(timers) <= 100
    assert timers.take(AT + DAY, limit=50) == ["waits"]


def test_what_is_put_off_again_and_again_is_due_once() -> None:
    timers = Timers()

    for number in range(1000):
        timers.set("seat", AT + timedelta(seconds=number))

    assert len(timers) <= 100
    assert timers.take(AT + DAY, limit=50) == ["seat"]
    assert timers.take(AT + DAY, limit=50) == []


def test_rows_that_came_are_not_awaited_for_ever() -> None:
    waiting = {"ref:here"}
    awaited = Awaited(waiting.__contains__)
    awaited.add(waiting)

    for number in range(10_000):
        awaited.add([f"ref:{number}"])

    assert len(awaited) <= 1001
    assert awaited.among(["ref:here", "ref:0"]) == {"ref:here"}


def test_whoever_still_waits_is_released_however_many_they_are() -> None:
    waiting = {f"ref:{number}" for number in range(5000)}
    awaited = Awaited(waiting.__contains__)

    for token in sorted(waiting):
        awaited.add([token])

    assert awaited.among(waiting) == waiting
