"""Shares of an account's limits, by partitions owned: together never above, alone everything."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anji_common.budget import Budget, WindowLimit
from anji_common.shares import Shares
from anji_common.testing.virtual_time import LoopClock, run_virtually

WINDOW = 20.0


def with_a_clock(test: Callable[[LoopClock], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        await test(LoopClock(asyncio.get_running_loop()))

    run_virtually(run())


def part_of(role: str, interface: str) -> float:
    if interface == "query":
        return {"source": 0.6, "writer": 0.4}[role]
    return 1.0 if role == "writer" else 0.0


def shares(clock: LoopClock, partitions: int = 12, whole: float = 1.0) -> Shares:
    return Shares(
        clock, partitions=partitions, window_seconds=WINDOW, part_of=part_of, whole=whole
    )


def test_one_process_that_owns_everything_has_everything() -> None:
    async def test(clock: LoopClock) -> None:
        found = shares(clock)
        with ExitStack() as owned:
            for partition in range(12):
                owned.enter_context(found.owning("source", partition))
                owned.enter_context(found.owning("writer", partition))

            assert found.of("query") == pytest.approx(1.0)
            assert found.of("create") == pytest.approx(1.0)

    with_a_clock(test)


def test_a_role_has_its_part_by_the_partitions_owned() -> None:
    async def test(clock: LoopClock) -> None:
        found = shares(clock, whole=0.5)
        with ExitStack() as owned:
            for partition in range(4):
                owned.enter_context(found.owning("source", partition))

            assert found.of("query") == pytest.approx(0.5 * 0.6 * 4 / 12)
            assert found.of("create") == 0.0

    with_a_clock(test)


def test_what_is_taken_away_counts_at_once_and_what_is_given_after_a_window() -> None:
    async def test(clock: LoopClock) -> None:
        found = shares(clock, partitions=2)
        with found.owning("writer", 0):
            await clock.sleep(100.0)
            with found.owning("writer", 1):
                assert found.of("create") == pytest.approx(0.5)
                await clock.sleep(WINDOW - 0.1)
                assert found.of("create") == pytest.approx(0.5)
                await clock.sleep(0.2)
                assert found.of("create") == pytest.approx(1.0)
            assert found.of("create") == pytest.approx(0.5)
        assert found.of("create") == 0.0

    with_a_clock(test)


def test_a_new_process_uses_what_it_is_given_at_once() -> None:
    async def test(clock: LoopClock) -> None:
        found = shares(clock, partitions=2)
        with found.owning("writer", 0):
            await clock.sleep(3.0)
            with found.owning("writer", 1):
                assert found.of("create") == pytest.approx(1.0)

    with_a_clock(test)


@given(st.lists(st.sampled_from("ab"), min_size=12, max_size=12), st.integers(10, 300))
def test_processes_together_never_have_more_than_all(owners: list[str], calls: int) -> None:
    async def test(clock: LoopClock) -> None:
        found = {name: shares(clock) for name in "ab"}
        with ExitStack() as owned:
            for partition, owner in enumerate(owners):
                for role in ("source", "writer"):
                    owned.enter_context(found[owner].owning(role, partition))
            total = sum(int(calls * each.of("query") + 1e-9) for each in found.values())

            assert total <= calls
            assert total >= calls - 2

    with_a_clock(test)


def test_under_even_load_two_processes_use_nearly_all_and_never_more() -> None:
    async def test(clock: LoopClock) -> None:
        sent: list[float] = []

        async def process(first: int) -> None:
            found = shares(clock)
            budget = Budget(clock, window=WindowLimit(100, WINDOW), share_of=found.of)
            with ExitStack() as owned:
                for partition in range(first, first + 6):
                    owned.enter_context(found.owning("source", partition))
                    owned.enter_context(found.owning("writer", partition))
                while clock.monotonic() < 400.0:
                    await budget.take("query")
                    sent.append(clock.monotonic())

        await asyncio.gather(process(0), process(6))

        for first, later in zip(sent, sent[100:], strict=False):
            assert later - first >= WINDOW - 1e-6
        assert len(sent) >= 0.95 * 100 * 400.0 / WINDOW

    with_a_clock(test)
