"""What the broker does not take of a writer's: its partition goes on, and it is told in short."""

import pytest

from anji_common.deadletters import DeadLetter
from anji_common.errors import RejectedError
from anji_common.events.commands import Command
from anji_common.events.results import Outcome
from anji_common.messages import Message
from anji_common.refs import Ref, System
from anji_common.testing.virtual_time import EPOCH
from anji_common.topics import DEADLETTERS, commands_topic
from anji_common.writing.attempts import AttemptRow, Made
from anji_common.writing.fitting import Settled
from anji_common.writing.verdicts import Answered, Job, Parked
from labs.strict_broker import StrictBroker
from labs.writer_lab import create, seat, update
from labs.writing_lab import Lab, Q, in_a_lab

_LONG = "x" * 4000


def _noted(n: int, size: int, *, number: int = 1) -> Command:
    """Return a create whose row has about `size` bytes."""
    command = create(n, number=number)
    bare = len(command.to_message().value or b"")
    long = {**command.values, "remark": "x" * (size - bare)}
    return command.model_copy(update={"values": long})


def test_a_write_whose_record_is_too_large_to_be_told_is_told_without_it() -> None:
    async def test(lab: Lab) -> None:
        large, other = lab.vendor.make(name="a", remark=_LONG), lab.vendor.make(name="a")
        lab.start()
        await lab.issue(
            update(large, {"name": "b"}, {"name": "a"}, n=1),
            update(other, {"name": "b"}, {"name": "a"}, n=2),
        )
        await lab.wait(5.0)

        found = {result.seat: result for result in await lab.results()}
        assert [each.outcome for each in found.values()] == [Outcome.UPDATED] * 2
        assert found[seat(1)].observed is None
        assert "too large" in found[seat(1)].words
        assert found[seat(2)].observed is not None
        assert len(lab.vendor.arrived) == 2

    in_a_lab(test, partitions=1, kind=StrictBroker)


def test_what_has_moved_and_is_too_large_to_be_told_is_a_refusal_that_says_so() -> None:
    async def test(lab: Lab) -> None:
        large = lab.vendor.make(name="c", remark=_LONG)
        lab.start()
        await lab.issue(update(large, {"name": "b"}, {"name": "a"}))

        result = await lab.result_after(5.0)

        assert (result.outcome, result.code) == (Outcome.REJECTED, "too large")
        assert str(large) in result.words
        assert lab.vendor.arrived == []

    in_a_lab(test, kind=StrictBroker)


def test_a_command_that_is_too_large_to_be_noted_is_refused_and_the_others_go() -> None:
    async def test(lab: Lab) -> None:
        lab.start()
        await lab.issue(create(1), _noted(2, 3500), create(3))
        await lab.wait(5.0)

        found = {result.seat: result for result in await lab.results()}
        assert found[seat(1)].outcome is Outcome.CREATED
        assert (found[seat(2)].outcome, found[seat(2)].code) == (Outcome.REJECTED, "too large")
        assert found[seat(3)].outcome is Outcome.CREATED
        assert len(lab.vendor.things) == 2

    in_a_lab(test, partitions=1, kind=StrictBroker)


def test_a_command_that_is_too_large_to_wait_for_an_older_one_is_refused() -> None:
    async def test(lab: Lab) -> None:
        lab.vendor.fates.append("lost after")
        lab.start()
        await lab.issue(_noted(1, 2000))
        await lab.issue(_noted(1, 2000, number=2))
        await lab.wait(Q + 60.0)

        results = await lab.results()
        assert {str(each.number): each.outcome for each in results} == {
            "1-1": Outcome.CREATED,
            "1-2": Outcome.REJECTED,
        }
        assert len(lab.vendor.things) == 1

    in_a_lab(test, partitions=1, kind=StrictBroker)


def test_a_write_that_is_too_large_to_be_kept_until_it_is_read_is_told_at_once() -> None:
    lines = {"rows": {f"l{number}": str(number) for number in range(200)}}
    made = Made(outcome=Outcome.CREATED, ref=Ref(System.K3CLOUD, "Thing", "101"), lines=lines)
    row = AttemptRow(seat=seat(1)).opened(create(1))
    assert row.open is not None
    kept = Parked(row.open.model_copy(update={"made": made}), 0.0)
    jobs = {seat(1): Job(row, row.open)}
    told = Settled(System.K3CLOUD, {seat(1): row}, jobs, {seat(1): kept}, [])

    told.cut_largest(RejectedError("too large"), EPOCH)

    (verdict,) = told.verdicts.values()
    assert isinstance(verdict, Answered)
    assert (verdict.result.outcome, verdict.result.ref) == (Outcome.CREATED, made.ref)
    assert verdict.result.lines == lines
    assert told.ended()[seat(1)].is_idle


def test_a_small_record_that_is_refused_is_not_told_otherwise() -> None:
    row = AttemptRow(seat=seat(1)).opened(create(1))
    told = Settled(System.K3CLOUD, {seat(1): row}, {}, {}, [])

    with pytest.raises(RejectedError, match="for another reason"):
        told.cut_largest(RejectedError("for another reason"), EPOCH)


def test_the_dead_letter_of_what_nobody_can_read_is_cut_where_it_is_too_large() -> None:
    async def test(lab: Lab) -> None:
        lab.start()
        junk = Message(commands_topic(System.K3CLOUD), str(seat(1)), _LONG.encode(), ())
        await lab.broker.publish([junk])
        await lab.issue(create(1))

        result = await lab.result_after(5.0)

        assert result.outcome is Outcome.CREATED
        (letter,) = await lab.records(DEADLETTERS.name)
        assert DeadLetter.from_record(letter).topic == commands_topic(System.K3CLOUD)

    in_a_lab(test, kind=StrictBroker)
