"""The hand of a task is held by one at a time, however often who waits for it is cancelled."""

import asyncio

from anji_common.sourcing.hand import Hand
from anji_common.testing.virtual_time import LoopClock, run_virtually


def test_whoever_is_cancelled_twice_while_the_hand_is_not_back_takes_it_from_nobody() -> None:
    held: list[str] = []

    async def test() -> None:
        clock, hand = LoopClock(asyncio.get_running_loop()), Hand()

        async def read() -> None:
            async with hand.held(), hand.free():
                await clock.sleep(60.0)

        async def hold(name: str) -> None:
            async with hand.held():
                held.append(name)
                await clock.sleep(10.0)
                held.append(name)

        reading = asyncio.create_task(read())
        await clock.sleep(1.0)
        holding = [asyncio.create_task(hold(name)) for name in "ab"]
        await clock.sleep(1.0)
        for _ in range(2):
            reading.cancel()
            await clock.sleep(1.0)
        await asyncio.gather(*holding)
        await asyncio.wait([reading])
        assert reading.cancelled()

    run_virtually(test())

    assert held == ["a", "a", "b", "b"]


def test_whoever_is_cancelled_once_has_the_hand_back_while_he_ends() -> None:
    ended: list[float] = []

    async def test() -> None:
        clock, hand = LoopClock(asyncio.get_running_loop()), Hand()

        async def read() -> None:
            async with hand.held():
                try:
                    async with hand.free():
                        await clock.sleep(60.0)
                finally:
                    ended.append(clock.monotonic())

        async def hold() -> None:
            async with hand.held():
                await clock.sleep(10.0)
                ended.append(clock.monotonic())

        reading = asyncio.create_task(read())
        await clock.sleep(1.0)
        holding = asyncio.create_task(hold())
        await clock.sleep(1.0)
        reading.cancel()
        await asyncio.wait([reading, holding])
        async with hand.held():
            assert reading.cancelled()

    run_virtually(test())

    assert ended[0] == ended[1]
