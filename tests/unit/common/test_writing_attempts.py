"""Attempt rows: what a delivered number means, and how rows go on."""

from hypothesis import given
from hypothesis import strategies as st

from anji_common.events.commands import CommandNumber
from anji_common.messages import Record
from anji_common.refs import System
from anji_common.topics import attempts_topic
from anji_common.writing.attempts import AttemptRow, Delivery, delivery_of
from labs.writer_lab import create, seat

ROW = AttemptRow(seat=seat(1), finished=CommandNumber(1, 3))
numbers = st.builds(CommandNumber, st.integers(0, 3), st.integers(0, 9))


def n(number: int) -> CommandNumber:
    return CommandNumber(1, number)


def test_the_first_command_of_a_seat_runs() -> None:
    assert delivery_of(None, n(1)) is Delivery.RUN


def test_a_finished_number_is_skipped() -> None:
    assert delivery_of(ROW, n(3)) is Delivery.SKIP
    assert delivery_of(ROW, n(1)) is Delivery.SKIP


def test_a_newer_number_runs_when_nothing_is_open() -> None:
    assert delivery_of(ROW, n(4)) is Delivery.RUN


def test_a_number_of_a_newer_generation_is_newer() -> None:
    assert delivery_of(ROW, CommandNumber(2, 1)) is Delivery.RUN


def test_a_command_that_is_open_is_parked_already() -> None:
    row = ROW.opened(create(number=5))

    assert delivery_of(row, n(5)) is Delivery.PARKED


def test_a_number_between_finished_and_open_was_superseded() -> None:
    row = ROW.opened(create(number=5))

    assert delivery_of(row, n(4)) is Delivery.PARKED


def test_a_newer_command_waits_behind_an_open_one_and_is_parked_then() -> None:
    row = ROW.opened(create(number=5))
    waiting = row.with_waiting(create(number=6))

    assert delivery_of(row, n(6)) is Delivery.WAIT
    assert delivery_of(waiting, n(6)) is Delivery.PARKED
    assert delivery_of(waiting, n(7)) is Delivery.WAIT


def test_what_waited_is_open_when_the_one_before_it_is_finished() -> None:
    row = ROW.opened(create(number=5)).with_waiting(create(number=6))

    after = row.closed(n(5)).promoted()

    assert after.finished == n(5)
    assert after.open is not None
    assert after.open.command.number == n(6)
    assert after.waiting == ()
    assert after.closed(n(6)).promoted().is_idle


def test_a_row_is_read_back_as_it_was_published() -> None:
    row = ROW.opened(create(number=5)).with_waiting(create(number=6))
    message = row.to_message(System.K3CLOUD)

    record = Record(message.topic, 0, 0, 0, message.key.encode(), message.value)

    assert message.topic == attempts_topic(System.K3CLOUD)
    assert message.key == str(seat(1))
    assert AttemptRow.from_record(record) == row


@given(st.lists(numbers, max_size=8), numbers)
def test_finished_never_goes_back(closed: list[CommandNumber], last: CommandNumber) -> None:
    row = AttemptRow(seat=seat(1))
    for number in [*closed, last]:
        row = row.closed(number)

    assert row.finished == max([*closed, last])
    assert delivery_of(row, last) is Delivery.SKIP
