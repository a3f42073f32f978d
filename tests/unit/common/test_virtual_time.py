"""Processes that are played on one loop: frozen they stand still, while time goes on."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator

import pytest

from anji_common.testing.virtual_time import (
    Life,
    LivelockError,
    LoopClock,
    run_virtually,
)


async def _ticks(clock: LoopClock, ticks: list[float]) -> None:
    while True:
        await clock.sleep(1.0)
        ticks.append(clock.monotonic())


def test_a_frozen_process_stands_still_and_goes_on_when_it_thaws() -> None:
    async def play() -> tuple[list[float], list[float]]:
        clock = LoopClock(asyncio.get_running_loop())
        ours, others = list[float](), list[float]()
        life = Life()
        tasks = [
            life.begin(_ticks(clock, ours), name="ours"),
            Life().begin(_ticks(clock, others), name="others"),
        ]
        await clock.sleep(2.5)
        life.freeze()
        await clock.sleep(3.0)
        life.thaw()
        await clock.sleep(2.1)
        for task in tasks:
            task.cancel()
        return ours, others

    assert run_virtually(play()) == ([1, 2, 5.5, 6.5, 7.5], [1, 2, 3, 4, 5, 6, 7])


def test_a_process_that_is_frozen_while_a_time_out_runs_ends_as_what_came_first_says() -> None:
    async def play() -> str:
        clock = LoopClock(asyncio.get_running_loop())
        event, came = asyncio.Event(), list[str]()

        async def wait() -> None:
            try:
                async with asyncio.timeout(2.0):
                    await event.wait()
            except TimeoutError:
                came.append("timed out")
            else:
                came.append("heard")
            await clock.sleep(0.1)
            came.append("went on")

        life = Life()
        task = life.begin(wait(), name="waits")
        await clock.sleep(0.5)
        life.freeze()
        event.set()
        await clock.sleep(5.0)
        life.thaw()
        await task
        return ", ".join(came)

    assert run_virtually(play()) == "heard, went on"


def test_what_is_begun_in_a_process_stands_still_with_it() -> None:
    async def play() -> list[float]:
        clock = LoopClock(asyncio.get_running_loop())
        ticks = list[float]()

        async def parent() -> None:
            async with asyncio.TaskGroup() as together:
                together.create_task(_ticks(clock, ticks))

        life = Life()
        task = life.begin(parent(), name="parent")
        await clock.sleep(1.5)
        life.freeze()
        await clock.sleep(5.0)
        life.thaw()
        task.cancel()
        await asyncio.wait([task])
        return ticks

    assert run_virtually(play()) == [1]


def test_a_killed_process_that_was_frozen_does_nothing_more() -> None:
    async def play() -> list[str]:
        done = list[str]()

        async def work() -> None:
            await asyncio.get_running_loop().create_future()
            done.append("worked")

        life = Life()
        task = life.begin(work(), name="works")
        await LoopClock(asyncio.get_running_loop()).sleep(1.0)
        life.freeze()
        task.cancel()
        life.thaw()
        with pytest.raises(asyncio.CancelledError):
            await task
        return done

    assert run_virtually(play()) == []


def test_a_group_cancels_its_tasks_in_one_order_wherever_in_memory_they_lie() -> None:
    kept: list[object] = []

    async def work() -> list[int]:
        ended: list[int] = []

        async def wait(number: int) -> None:
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                ended.append(number)

        async def fail() -> None:
            raise LookupError

        with contextlib.suppress(ExceptionGroup):
            async with asyncio.TaskGroup() as group:
                for number in range(12):
                    kept.append([bytearray(number + len(kept))])
                    group.create_task(wait(number))
                group.create_task(fail())
        return ended

    orders = [run_virtually(work()) for _ in range(8)]

    assert len(orders[0]) == 12
    assert all(order == orders[0] for order in orders)


@pytest.mark.parametrize("delay", [0.0, 1e-30], ids=["no time", "less time than can be told"])
def test_work_that_turns_for_ever_while_no_time_passes_fails_and_is_named(delay: float) -> None:
    async def ask_again(clock: LoopClock) -> None:
        while True:
            await clock.sleep(delay)

    async def play() -> None:
        clock = LoopClock(asyncio.get_running_loop())
        await clock.sleep(2.5)
        idle = Life().begin(_ticks(clock, []), name="sleeps")
        asyncio.get_running_loop().create_task(ask_again(clock), name="asks")
        await idle

    with pytest.raises(LivelockError, match=r"it is 2\.5 s still\. .*task asks in ") as told:
        run_virtually(play())
    assert "ask_again" in str(told.value)
    assert "sleeps" not in str(told.value)


def test_much_work_at_one_moment_is_no_livelock() -> None:
    async def play() -> str:
        clock = LoopClock(asyncio.get_running_loop())
        for _ in range(2):
            for _ in range(60_000):
                await clock.sleep(0.0)
            await clock.sleep(0.001)
        return "ended"

    assert run_virtually(play()) == "ended"


def test_generators_that_were_begun_and_not_ended_are_closed_with_the_loop() -> None:
    closed, kept = list[int](), list[AsyncGenerator[int, None]]()

    async def counting(number: int) -> AsyncGenerator[int, None]:
        try:
            yield number
        finally:
            closed.append(number)

    async def play() -> None:
        for number in range(2500):  # most end, and are forgotten
            async for _ in counting(number):
                pass
        closed.clear()
        kept.extend(counting(number) for number in (1, 2))
        for each in kept:
            await anext(each)

    run_virtually(play())

    assert closed == [1, 2]
