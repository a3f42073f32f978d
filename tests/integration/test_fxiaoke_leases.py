"""The day's calls are leased: exact across processes, remembered though one falls over."""

import asyncio
import gc
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace
from random import Random
from typing import Any
from weakref import ref

from anji_common.errors import RateLimitedError
from anji_common.runtime import Runtime
from anji_fxiaoke.calls import Purpose
from anji_fxiaoke.service import Connection, connection_of
from anji_sandbox.fxiaoke import FxiaokeLimits
from labs.fxiaoke_lab import INTEREST, Lab, on_a_crm
from labs.fxiaoke_services import Watched
from labs.memory_broker import memory_runtime

POLL = Purpose("poll")
DAY_CALLS = 1_000
MANY = 10**6


def process(
    lab: Lab, runtime: Runtime, chance: int, alive: ExitStack
) -> tuple[Connection, Watched]:
    """Return what a process of its own has, which owns all there is."""
    transport = Watched(lab)
    own = replace(runtime, chance=Random(chance))
    found = connection_of(lab.settings, own, transport)
    alive.enter_context(found.shares.owning("source", 0))
    return found, transport


@asynccontextmanager
async def one_partition(lab: Lab) -> AsyncIterator[tuple[Runtime, ExitStack]]:
    async with memory_runtime(lab.clock, INTEREST, partitions=1) as runtime:
        with ExitStack() as alive:
            yield runtime, alive


async def hammer(connection: Connection, calls: int) -> int:
    """Call so often, or until there are none left; return how often."""
    for made in range(calls):
        try:
            await connection.client.query("AccountObj", (), ("_id",), POLL)
        except RateLimitedError:
            return made
    return calls


def test_processes_that_call_at_once_use_up_the_day_and_not_one_call_more() -> None:
    async def test(lab: Lab) -> None:
        async with one_partition(lab) as (runtime, alive):
            made = [process(lab, runtime, n, alive) for n in range(3)]
            meters = [asyncio.create_task(each.meter.run()) for each, _ in made]

            await asyncio.gather(*(hammer(each, MANY) for each, _ in made for _ in range(4)))

            codes = sum((watched.codes for _, watched in made), Counter[int]())
            assert set(codes) == {0}
            assert 0.95 * DAY_CALLS <= codes.total() <= DAY_CALLS
            assert all(watched.codes.total() > 0.1 * DAY_CALLS for _, watched in made)
            for each in meters:
                each.cancel()
            await asyncio.wait(meters)

    limits = FxiaokeLimits(daily_calls=DAY_CALLS, calls_per_window=MANY)
    more: dict[str, Any] = {
        "calls_per_day": DAY_CALLS,
        "calls_per_window": MANY,
        "write_reserve": 0.0,
    }
    on_a_crm(test, limits=limits, **more)


def test_what_a_process_called_before_it_fell_over_is_not_called_again() -> None:
    async def test(lab: Lab) -> None:
        async with one_partition(lab) as (runtime, alive):
            first, watched_first = process(lab, runtime, 1, alive)
            await hammer(first, 90)  # and it falls over, and has told of nothing since its lease
            second, watched = process(lab, runtime, 2, alive)
            await second.meter.begin()

            assert second.meter.budget.used_today >= watched_first.codes.total() >= 90
            ends = lab.clock.monotonic() + 60.0
            while lab.clock.monotonic() < ends:
                await hammer(second, 1)

            assert set(watched.codes) == {0}
            assert watched.codes.total() >= 190  # it goes on as soon as the window does

    on_a_crm(test, source_part=0.99)


def test_what_is_left_of_a_lease_is_given_back() -> None:
    async def test(lab: Lab) -> None:
        async with one_partition(lab) as (runtime, alive):
            first, watched = process(lab, runtime, 1, alive)
            meter = asyncio.create_task(first.meter.run())
            await hammer(first, 5)
            other, _ = process(lab, runtime, 2, alive)
            await other.meter.begin()
            leased = other.meter.budget.used_today
            listening = asyncio.create_task(other.meter.run())

            await lab.clock.sleep(15.0)

            assert leased > watched.codes.total()
            assert other.meter.budget.used_today == watched.codes.total()
            for each in (meter, listening):
                each.cancel()
            await asyncio.wait([meter, listening])

    on_a_crm(test)


def test_a_process_that_ends_well_gives_back_at_once() -> None:
    async def test(lab: Lab) -> None:
        async with one_partition(lab) as (runtime, alive):
            first, watched = process(lab, runtime, 1, alive)
            meter = asyncio.create_task(first.meter.run())
            await hammer(first, 5)
            meter.cancel()
            await asyncio.wait([meter])
            other, _ = process(lab, runtime, 2, alive)

            await other.meter.begin()

            assert other.meter.budget.used_today == watched.codes.total()

    on_a_crm(test)


def test_what_belongs_to_a_transport_ends_with_it() -> None:
    async def test(lab: Lab) -> None:
        async with one_partition(lab) as (runtime, _alive):
            transport = Watched(lab)
            client = ref(connection_of(lab.settings, runtime, transport).client)

            del transport
            gc.collect()

            assert client() is None

    on_a_crm(test)
