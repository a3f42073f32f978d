"""Live and bulk commands of one partition: live ones never wait for a mass change."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest

from anji_common.events.results import Outcome
from anji_common.lanes import current_lane, working_in
from anji_common.testing.virtual_time import LoopClock, run_virtually
from anji_common.topics import Lane
from anji_common.writing.beside import Beside
from labs.writer_lab import create, seat, update
from labs.writing_lab import Lab, Q, in_a_lab

SLOW = 0.2
"""Seconds of a command: a batch of fifty takes ten."""


def test_no_live_command_waits_for_a_mass_change() -> None:
    async def test(lab: Lab) -> None:
        lab.vendor.seconds_a_command = SLOW
        lab.start()
        await lab.issue(*(create(n, lane=Lane.BULK) for n in range(1, 1001)))
        await lab.wait(3)
        for n in range(2000, 2040):
            await lab.issue(create(n))
            await lab.wait(1)
            answered = {result.seat for result in await lab.results()}
            assert seat(n) in answered
            assert len(answered) < 1000  # the mass change is under way

        await lab.wait(Q)

        outcomes = Counter(result.outcome for result in await lab.results())
        assert outcomes == {Outcome.CREATED: 1040}
        assert len(lab.vendor.things) == 1040

    in_a_lab(test, partitions=1)


def test_a_live_command_of_a_record_that_bulk_has_in_hand_comes_after_it() -> None:
    async def test(lab: Lab) -> None:
        lab.vendor.seconds_a_command = SLOW
        there = lab.vendor.make(name="0")
        lab.start()
        slow = update(there, {"name": "1"}, {"name": "0"}, number=1)
        await lab.issue(slow.model_copy(update={"lane": Lane.BULK}))
        await lab.issue(*(create(n, lane=Lane.BULK) for n in range(100, 130)))
        await lab.wait(1)
        await lab.issue(update(there, {"name": "2"}, {"name": "1"}, number=2))
        await lab.wait(60)

        numbers = [each.number.n for each in await lab.results() if each.seat == slow.seat]
        assert numbers == [1, 2]
        assert lab.vendor.values("name")[0] == "2"

    in_a_lab(test, partitions=1)


def test_a_doubt_of_a_bulk_command_is_looked_at_beside_live_work() -> None:
    async def test(lab: Lab) -> None:
        lab.vendor.fates.append("lost after")
        lab.start()
        await lab.issue(create(1, lane=Lane.BULK))
        await lab.wait(1)
        await lab.issue(create(2))
        await lab.wait(Q)

        assert Counter(each.seat for each in await lab.results()) == {seat(1): 1, seat(2): 1}
        assert len(lab.vendor.things) == 2

    in_a_lab(test, partitions=1)


def test_what_a_crash_cut_off_in_both_lanes_is_done_once() -> None:
    async def test(lab: Lab) -> None:
        lab.vendor.seconds_a_command = SLOW
        await lab.issue(*(create(n, lane=Lane.BULK) for n in range(1, 40)))
        await lab.issue(*(create(n) for n in range(40, 45)))
        for _ in range(3):
            lab.start()
            await lab.wait(0.7)
            await lab.crash()
        lab.start()
        await lab.wait(Q + 120)

        assert Counter(each.seat for each in await lab.results()) == {
            seat(n): 1 for n in range(1, 45)
        }
        assert len(lab.vendor.things) == 44

    in_a_lab(test, partitions=1)


def test_bulk_work_that_a_silent_vendor_broke_off_goes_on_and_holds_no_live_work() -> None:
    async def test(lab: Lab) -> None:
        lab.vendor.is_down = True
        lab.start()
        await lab.issue(*(create(n, lane=Lane.BULK) for n in range(1, 40)))
        await lab.wait(20)
        assert await lab.results() == []

        lab.vendor.is_down = False
        await lab.issue(create(50))
        await lab.wait(1)
        assert [each.seat for each in await lab.results()][:1] == [seat(50)]
        await lab.wait(30)

        assert len(await lab.results()) == 40

    in_a_lab(test, partitions=1)


def test_a_task_that_goes_elsewhere_finishes_its_bulk_batch_first() -> None:
    async def test(lab: Lab) -> None:
        lab.vendor.seconds_a_command = SLOW
        lab.start()
        await lab.issue(*(create(n, lane=Lane.BULK) for n in range(1, 31)))
        await lab.wait(1)
        lab.start()  # takes one of the two partitions over
        await lab.wait(30)

        assert len(lab.vendor.arrived) == 30
        assert len(await lab.results()) == 30

    in_a_lab(test, partitions=2)


def test_a_batch_that_takes_long_is_halved_and_grows_again() -> None:
    async def test(clock: LoopClock) -> None:
        woken = asyncio.Event()
        beside = Beside(clock, 100, woken.set)
        sizes: list[int] = []
        for seconds in (60.0, 11.0, 7.0, 1.0, 1.0, 1.0):
            assert beside.is_free
            beside.begin(clock.sleep(seconds), ["a"], beside.most)
            assert not beside.is_free
            await beside.away_from(["a"])
            await clock.sleep(0)
            beside.reap()
            sizes.append(beside.most)

        assert sizes == [50, 25, 25, 50, 100, 100]
        assert woken.is_set()

    with_a_clock(test)


def test_after_failures_bulk_work_is_put_off_longer_each_time() -> None:
    async def test(clock: LoopClock) -> None:
        beside = Beside(clock, 100, lambda: None)

        beside.put_off(float)
        assert beside.seconds_to_free() == pytest.approx(1.0)
        beside.put_off(float)

        assert beside.seconds_to_free() == pytest.approx(2.0)
        assert not beside.is_free

    with_a_clock(test)


def test_the_lane_goes_with_the_work_and_all_that_it_starts() -> None:
    async def told() -> Lane:
        return current_lane()

    async def test(_clock: LoopClock) -> None:
        with working_in(Lane.BULK):
            begun = asyncio.create_task(told())
        assert await begun is Lane.BULK
        assert await told() is Lane.LIVE

    with_a_clock(test)


def with_a_clock(test: Callable[[LoopClock], Awaitable[None]]) -> None:
    async def run() -> None:
        await test(LoopClock(asyncio.get_running_loop()))

    run_virtually(run())
