"""The writing engine delivered again, fallen over, taken over; lanes and rubbish."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from anji_common.events.commands import CommandNumber
from anji_common.events.results import Outcome
from anji_common.messages import Message
from anji_common.refs import System
from anji_common.testing.virtual_time import EPOCH, LoopClock
from anji_common.topics import DEADLETTERS, Lane, commands_topic
from anji_common.writing.engine import writer_group
from labs.writer_lab import Fate, create, message, seat, update
from labs.writing_lab import Lab, Q, in_a_lab


def test_a_group_that_is_reset_to_the_start_writes_nothing_and_answers_nothing() -> None:
    async def test(lab: Lab) -> None:
        there = lab.vendor.make(name="0")
        lab.start()
        await lab.issue(create(5), update(there, {"name": "1"}, {"name": "0"}, number=1))
        await lab.wait(1)
        await lab.issue(update(there, {"name": "2"}, {"name": "1"}, number=2), message(9))
        await lab.wait(1)
        await lab.crash()
        lab.vendor.edit(there, name="0")
        arrived, results = list(lab.vendor.arrived), await lab.results()
        inputs = [commands_topic(System.K3CLOUD, lane) for lane in Lane]

        await lab.broker.reset(writer_group(System.K3CLOUD), inputs, "start")
        lab.start()
        await lab.wait(Q + 60)

        assert lab.vendor.arrived == arrived
        assert await lab.results() == results
        assert lab.vendor.values("name") == ["0", "thing 5"]

    in_a_lab(test)


def test_a_command_that_is_delivered_twice_is_done_once() -> None:
    async def test(lab: Lab) -> None:
        lab.start()
        await lab.issue(create(), create())
        await lab.wait(1)
        await lab.issue(create())

        result = await lab.result_after(1)

        assert result.outcome is Outcome.CREATED
        assert len(lab.vendor.arrived) == 1

    in_a_lab(test)


def test_a_new_generation_of_numbers_runs() -> None:
    async def test(lab: Lab) -> None:
        there = lab.vendor.make(name="0")
        lab.start()
        await lab.issue(update(there, {"name": "1"}, {"name": "0"}, number=7))
        await lab.wait(1)
        again = update(there, {"name": "2"}, {"name": "1"}, number=1)
        await lab.issue(again.model_copy(update={"number": CommandNumber(2, 1)}))
        await lab.wait(1)

        assert lab.vendor.values("name") == ["2"]

    in_a_lab(test)


def test_after_a_take_over_the_quarantine_counts_from_the_take_over() -> None:
    async def test(lab: Lab) -> None:
        lab.vendor.fates.extend(["lost"])
        lab.start()
        await lab.issue(create())
        await lab.wait(100)
        await lab.crash()
        lab.start()

        await lab.wait(Q - 5)
        assert lab.vendor.arrived == []
        result = await lab.result_after(10)

        assert result.outcome is Outcome.CREATED
        assert len(lab.vendor.things) == 1

    in_a_lab(test)


def test_a_frozen_writer_that_thaws_after_a_take_over_publishes_nothing() -> None:
    async def test(lab: Lab) -> None:
        frozen = lab.start()
        frozen.pause_seconds = 40.0  # within P: between the check of its age and the send
        await lab.issue(create())
        await lab.wait(1)
        group = writer_group(System.K3CLOUD)
        inputs = [commands_topic(System.K3CLOUD, lane) for lane in Lane]
        for partition in range(lab.broker.partitions):
            await (await lab.broker.take(group, partition, inputs)).close()
        lab.start()

        result = await lab.result_after(Q + 60)

        assert result.outcome is Outcome.CREATED
        assert len(lab.vendor.things) == 1
        assert len(lab.vendor.arrived) == 1

    in_a_lab(test)


def test_an_attempt_that_grew_old_before_it_left_is_looked_up_and_recorded_again() -> None:
    async def test(lab: Lab) -> None:
        clock = _JumpingClock(asyncio.get_running_loop())
        lab.clock = clock
        lab.start()
        await lab.wait(1)
        clock.jumps = [10.0]  # the machine sleeps while the first attempt is being recorded
        await lab.issue(create())

        result = await lab.result_after(1)

        assert result.outcome is Outcome.CREATED
        assert lab.vendor.reads == 3
        assert len(lab.vendor.arrived) == 1

    in_a_lab(test)


class _JumpingClock(LoopClock):
    """A wall clock that jumps between two looks at it, while monotonic time stands still."""

    jumps: list[float] = []  # noqa: RUF012 - each test sets its own
    _ahead = 0.0
    _looks = 0

    def now(self) -> Any:  # noqa: ANN401 - a time
        found = super().now() + timedelta(seconds=self._ahead)
        if self.jumps:
            self._looks += 1
            if self._looks % 2 == 0:
                self._ahead += self.jumps.pop()
        return found


@pytest.mark.parametrize("has_number", [True, False])
@pytest.mark.parametrize("fate", ["done", "lost", "lost after", "lost late"])
def test_a_crash_at_any_step_doubles_nothing_and_loses_nothing(
    fate: Fate, *, has_number: bool
) -> None:
    for steps in range(5, 19):  # from nothing recorded to everything answered

        async def test(lab: Lab, steps: int = steps) -> None:
            lab.vendor.fates.extend([fate] * 3)
            lab.vendor.latency_seconds = 0
            there = lab.vendor.make(name="0")
            await lab.issue(
                create(5, own_number=has_number),
                update(there, {"name": "1"}, {"name": "0"}, number=1),
                message(9),
            )
            lab.start(max_tries=9)
            for _ in range(steps):
                await lab.clock.sleep(0)
            await lab.crash()
            lab.start(max_tries=9)
            await lab.wait(5 * Q)

            results = sorted(await lab.results(), key=lambda result: str(result.seat))
            assert [result.seat for result in results] == [seat(1), seat(5), seat(9)]
            updated, created, sent = (result.outcome for result in results)
            assert updated is Outcome.UPDATED
            assert created is Outcome.CREATED
            assert sent in (Outcome.SENT, Outcome.IN_DOUBT)
            assert lab.vendor.values("name") == ["1", "thing 5"]
            assert len(lab.vendor.sent) <= 1

        in_a_lab(test, partitions=1)


def test_two_writers_share_the_partitions_and_double_nothing() -> None:
    async def test(lab: Lab) -> None:
        lab.start()
        await lab.issue(*(create(n) for n in range(1, 60)))
        await lab.clock.sleep(0)
        lab.start()
        await lab.issue(*(create(n) for n in range(60, 120)))

        await lab.wait(Q + 60)

        assert len(await lab.results()) == 119
        assert len(lab.vendor.things) == 119

    in_a_lab(test)


def test_in_shadow_mode_nothing_is_written_and_nothing_moved_past() -> None:
    async def test(lab: Lab) -> None:
        lab.start(writes=False)
        await lab.issue(create(), message(2))
        await lab.wait(60)
        assert lab.vendor.arrived == []
        assert await lab.results() == []
        await lab.crash()

        lab.start()
        await lab.wait(1)

        assert len(await lab.results()) == 2

    in_a_lab(test)


def test_what_nobody_can_read_is_a_dead_letter_and_the_rest_flows() -> None:
    async def test(lab: Lab) -> None:
        lab.start()
        topic = commands_topic(System.K3CLOUD)
        stray = create(7).to_message()
        await lab.broker.publish(
            [
                Message(topic, str(seat(1)), b"{"),
                Message(topic, str(seat(1)), None),
                Message(topic, "somewhere else", stray.value, stray.headers),
            ]
        )
        await lab.issue(create())

        result = await lab.result_after(1)

        assert result.outcome is Outcome.CREATED
        assert len(await lab.records(DEADLETTERS.name)) == 3

    in_a_lab(test)


def test_times_in_results_are_the_clocks() -> None:
    async def test(lab: Lab) -> None:
        lab.start()
        await lab.wait(60)
        await lab.issue(create())

        result = await lab.result_after(1)

        assert result.answered_at - EPOCH < timedelta(seconds=62)

    in_a_lab(test)
