"""Timers: what is due, and when a quarantine is over."""

from anji_common.topics import Lane
from anji_common.writing.timers import Timers
from labs.writer_lab import seat


def test_after_a_take_over_everything_is_due_at_once_and_quarantined_from_now() -> None:
    timers = Timers(212.0)

    timers.take_over([(seat(1), Lane.LIVE), (seat(2), Lane.LIVE)], 1000.0)

    due = timers.due(1000.0, 10)
    assert [found for found, _ in due] == [seat(1), seat(2)]
    assert {timer.quarantine_ends for _, timer in due} == {1212.0}


def test_a_doubt_begins_the_quarantine_and_a_wait_does_not_move_it() -> None:
    timers = Timers(212.0)
    timers.park(seat(1), 10.0, 0.0, doubted_since=8.0)

    timers.park(seat(1), 20.0, 30.0)

    ((_, timer),) = timers.due(50.0, 10)
    assert timer.quarantine_ends == 220.0
    assert timer.looks == 1


def test_a_second_doubt_begins_it_anew_and_never_shortens_it() -> None:
    timers = Timers(212.0)
    timers.park(seat(1), 10.0, 0.0, doubted_since=10.0)
    timers.park(seat(1), 20.0, 0.0, doubted_since=20.0)
    timers.park(seat(1), 21.0, 0.0, doubted_since=5.0)

    ((_, timer),) = timers.due(21.0, 10)

    assert timer.quarantine_ends == 232.0


def test_nobody_waits_beyond_the_end_of_a_quarantine() -> None:
    timers = Timers(10.0)
    timers.park(seat(1), 0.0, 0.0, doubted_since=0.0)

    timers.park(seat(1), 5.0, 30.0)

    assert timers.seconds_to_next(5.0) == 5.0


def test_the_longest_waiting_are_due_first_and_no_more_than_asked() -> None:
    timers = Timers(10.0)
    for place, wait in enumerate((3.0, 1.0, 2.0, 9.0)):
        timers.park(seat(place), 0.0, wait)

    assert [found for found, _ in timers.due(5.0, 2)] == [seat(1), seat(2)]
    assert len(timers) == 4


def test_without_timers_nothing_is_next() -> None:
    timers = Timers(10.0)
    timers.park(seat(1), 0.0, 1.0)

    timers.drop(seat(1))

    assert timers.seconds_to_next(0.0) is None
    assert timers.due(100.0, 10) == []


def test_each_lane_has_its_own_timers_and_some_of_them_can_be_asked_for() -> None:
    timers = Timers(10.0)
    timers.take_over([(seat(1), Lane.BULK)], 0.0)
    timers.park(seat(2), 0.0, 3.0)
    timers.park(seat(3), 0.0, 0.0, lane=Lane.BULK)

    assert [found for found, _ in timers.due(5.0, 9)] == [seat(2)]
    assert [found for found, _ in timers.due(5.0, 9, Lane.BULK)] == [seat(1), seat(3)]
    assert [found for found, _ in timers.due(5.0, 9, Lane.BULK, {seat(3)})] == [seat(3)]
    assert timers.seconds_to_next(0.0) == 0.0
    assert timers.seconds_to_next(0.0, [Lane.LIVE]) == 3.0
