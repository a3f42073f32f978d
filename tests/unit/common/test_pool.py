"""The pool of sessions: live work first, and one session kept for it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from anji_common.lanes import working_in
from anji_common.pool import Pool
from anji_common.testing.virtual_time import LoopClock, run_virtually
from anji_common.topics import Lane

LONG = 1000.0


def with_a_clock(test: Callable[[LoopClock], Awaitable[None]]) -> None:
    async def run() -> None:
        await test(LoopClock(asyncio.get_running_loop()))

    run_virtually(run())


async def called(pool: Pool[int], clock: LoopClock, lane: Lane, seconds: float) -> float:
    """Hold a place for a call that takes so long; return how long it was waited for."""
    asked = clock.monotonic()
    with working_in(lane):
        async with pool.place(LONG):
            waited = clock.monotonic() - asked
            await clock.sleep(seconds)
            return waited


def test_however_many_long_bulk_calls_wait_a_live_call_finds_a_place() -> None:
    async def test(clock: LoopClock) -> None:
        pool = Pool(range(4))
        bulk = [asyncio.create_task(called(pool, clock, Lane.BULK, 10.0)) for _ in range(9)]
        for _ in range(50):
            await clock.sleep(0.3)
            assert await called(pool, clock, Lane.LIVE, 0.2) == 0.0
        waited = await asyncio.gather(*bulk)

        assert sorted(waited) == pytest.approx([0.0] * 3 + [10.0] * 3 + [20.0] * 3, abs=0.5)

    with_a_clock(test)


def test_bulk_work_leaves_as_many_places_as_live_work_has_wanted_lately() -> None:
    async def test(clock: LoopClock) -> None:
        pool = Pool(range(4))
        await asyncio.gather(*(called(pool, clock, Lane.LIVE, 1.0) for _ in range(9)))
        bulk = [asyncio.create_task(called(pool, clock, Lane.BULK, 8.0)) for _ in range(9)]
        await clock.sleep(0.5)
        waits = await asyncio.gather(*(called(pool, clock, Lane.LIVE, 1.0) for _ in range(3)))
        assert list(waits) == [0.0] * 3
        await clock.sleep(40.0)  # nothing live any more: three at a time
        assert sum(each.done() for each in bulk) >= 7
        await asyncio.gather(*bulk)

    with_a_clock(test)


def test_with_one_place_a_live_call_goes_before_all_bulk_ones_that_wait() -> None:
    async def test(clock: LoopClock) -> None:
        pool = Pool(range(1))
        bulk = [asyncio.create_task(called(pool, clock, Lane.BULK, 5.0)) for _ in range(5)]
        await clock.sleep(1.0)

        assert await called(pool, clock, Lane.LIVE, 0.0) == pytest.approx(4.0)
        assert len(await asyncio.gather(*bulk)) == 5

    with_a_clock(test)


def test_who_gives_up_waiting_takes_no_place_with_him() -> None:
    async def test(clock: LoopClock) -> None:
        pool = Pool(range(1))
        holder = asyncio.create_task(called(pool, clock, Lane.LIVE, 10.0))
        await clock.sleep(0)
        with pytest.raises(TimeoutError):
            async with pool.place(3.0):
                pass
        gone = asyncio.create_task(called(pool, clock, Lane.BULK, 1.0))
        await clock.sleep(0)
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        await holder

        assert await called(pool, clock, Lane.LIVE, 0.0) == 0.0

    with_a_clock(test)


def test_the_place_given_back_last_is_used_next() -> None:
    async def test(clock: LoopClock) -> None:
        pool = Pool(range(3))
        used = []
        for _ in range(4):
            async with pool.place(LONG) as place:
                used.append(place)
                await clock.sleep(0)

        assert len(set(used)) == 1

    with_a_clock(test)


def test_a_place_that_comes_at_the_moment_when_the_wait_for_it_ends_is_not_lost() -> None:
    async def test(clock: LoopClock) -> None:
        pool = Pool(range(1))
        place = await pool.taken(Lane.LIVE, LONG)
        asyncio.get_running_loop().call_later(1.0, pool.give_back, Lane.LIVE, place)
        with suppress(TimeoutError):
            pool.give_back(Lane.LIVE, await pool.taken(Lane.LIVE, 1.0))

        assert await called(pool, clock, Lane.LIVE, 0.1) == 0.0

    with_a_clock(test)
