"""The call budget under virtual time: never above the limit, live before bulk, days in Beijing."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anji_common.budget import Budget, WindowLimit, seconds_to_midnight
from anji_common.errors import RateLimitedError
from anji_common.testing.virtual_time import LoopClock, run_virtually
from anji_common.topics import Lane

TEN = WindowLimit(10, 20.0)


def with_a_clock(test: Callable[[LoopClock], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        await test(LoopClock(asyncio.get_running_loop()))

    run_virtually(run())


async def taken(
    budget: Budget, clock: LoopClock, count: int, lane: Lane = Lane.LIVE, interface: str = "q"
) -> list[float]:
    """Return when each of `count` callers at once was let through."""

    async def one() -> float:
        await budget.take(interface, lane)
        return clock.monotonic()

    return list(await asyncio.gather(*(one() for _ in range(count))))


def test_what_is_free_is_taken_at_once_and_the_rest_waits_for_the_window() -> None:
    async def test(clock: LoopClock) -> None:
        times = await taken(Budget(clock, window=TEN), clock, 25)

        assert times[:10] == [0.0] * 10
        assert times[10:20] == pytest.approx([20.0] * 10)
        assert times[20:] == pytest.approx([40.0] * 5)

    with_a_clock(test)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.floats(0, 9), st.sampled_from(Lane)), max_size=60))
def test_no_window_ever_holds_more_than_the_limit(asked: list[tuple[float, Lane]]) -> None:
    async def test(clock: LoopClock) -> None:
        budget = Budget(clock, window=TEN)
        sent: list[float] = []

        async def one(lane: Lane) -> None:
            await budget.take("q", lane)
            sent.append(clock.monotonic())

        callers = []
        for pause, lane in asked:
            await clock.sleep(pause)
            callers.append(asyncio.create_task(one(lane)))
        await asyncio.gather(*callers)

        assert len(sent) == len(asked)
        for first, eleventh in zip(sent, sent[10:], strict=False):
            assert eleventh - first >= 20.0 - 1e-6

    with_a_clock(test)


def test_each_interface_has_a_limit_of_its_own() -> None:
    async def test(clock: LoopClock) -> None:
        budget = Budget(clock, window=TEN, interfaces={"token": WindowLimit(2, 60.0)})

        assert await taken(budget, clock, 10, interface="q") == [0.0] * 10
        assert await taken(budget, clock, 10, interface="r") == [0.0] * 10
        assert await taken(budget, clock, 3, interface="token") == pytest.approx([0.0, 0.0, 60.0])

    with_a_clock(test)


def test_bulk_leaves_a_reserve_and_waits_while_live_work_waits() -> None:
    async def test(clock: LoopClock) -> None:
        budget = Budget(clock, window=TEN, bulk_reserve=0.3)

        bulk, live = await asyncio.gather(
            taken(budget, clock, 10, Lane.BULK), taken(budget, clock, 10)
        )

        assert live == pytest.approx([0.0] * 9 + [20.0])
        assert bulk[0] == 0.0
        assert min(bulk[1:]) >= 20.0

    with_a_clock(test)


def test_bulk_calls_are_spread_so_that_live_work_beyond_the_reserve_waits_a_moment() -> None:
    async def test(clock: LoopClock) -> None:
        budget = Budget(clock, window=WindowLimit(100, 20.0), bulk_reserve=0.3)
        mass = asyncio.create_task(taken(budget, clock, 1000, Lane.BULK))
        waits = []
        for _ in range(60):  # two live calls a second are 40 of a window, 10 beyond the reserve
            await clock.sleep(0.5)
            asked = clock.monotonic()
            await budget.take("q")
            waits.append(clock.monotonic() - asked)
        begun = clock.monotonic()
        burst = [at - begun for at in await taken(budget, clock, 32)]
        bulk = await mass

        assert max(waits) == pytest.approx(0.0)
        assert max(burst) < 1.0
        assert bulk[-1] < 1000 / 70 * 20 + 60

    with_a_clock(test)


def test_bulk_work_has_its_part_also_where_live_work_takes_nearly_all_of_the_window() -> None:
    async def test(clock: LoopClock) -> None:
        budget = Budget(clock, window=WindowLimit(100, 20.0), bulk_reserve=0.3)
        mass = asyncio.create_task(taken(budget, clock, 60, Lane.BULK))
        waits = []
        for _ in range(350):  # 70 of a window, all but the reserve
            await clock.sleep(20.0 / 70)
            asked = clock.monotonic()
            await budget.take("q")
            waits.append(clock.monotonic() - asked)
        bulk = await mass

        assert bulk[-1] < 100.0  # without a part of its own, after the polls have ended
        assert max(waits) < 2.0  # as it begins; bulk work had taken what was free

    with_a_clock(test)


def test_a_caller_that_cannot_wait_is_told_so_and_counts_for_nothing() -> None:
    async def test(clock: LoopClock) -> None:
        budget = Budget(clock, window=TEN)
        await taken(budget, clock, 10)

        with pytest.raises(RateLimitedError) as caught:
            await budget.take("q", most_seconds=5.0)

        assert caught.value.retry_after_seconds == pytest.approx(20.0)
        assert clock.monotonic() == 0.0
        assert budget.used_today == 10

    with_a_clock(test)


def test_an_interface_that_the_vendor_closed_stays_closed_so_long() -> None:
    async def test(clock: LoopClock) -> None:
        budget = Budget(clock, window=TEN)
        await taken(budget, clock, 1)

        budget.close("q", 7.0)

        assert await taken(budget, clock, 1) == pytest.approx([7.0])
        assert await taken(budget, clock, 1, interface="r") == pytest.approx([7.0])

    with_a_clock(test)


def test_a_share_is_a_share_of_the_window_at_each_moment() -> None:
    async def test(clock: LoopClock) -> None:
        shares = {"q": 0.5}
        budget = Budget(clock, window=TEN, share_of=lambda name: shares[name])

        assert await taken(budget, clock, 6) == pytest.approx([0.0] * 5 + [20.0])
        shares["q"] = 1.0
        assert await taken(budget, clock, 9) == pytest.approx([20.0] * 9)

    with_a_clock(test)


def test_whoever_owns_nothing_waits_until_something_is_owned() -> None:
    async def test(clock: LoopClock) -> None:
        shares = {"q": 0.0}
        budget = Budget(clock, window=TEN, share_of=lambda name: shares[name])
        waiting = asyncio.create_task(taken(budget, clock, 1))
        await clock.sleep(7.1)
        shares["q"] = 0.01  # so little that it is less than one call: still one

        assert await waiting == pytest.approx([7.25])

    with_a_clock(test)


def test_those_who_wait_take_turns_however_many_one_of_them_has() -> None:
    async def test(clock: LoopClock) -> None:
        budget = Budget(clock, window=WindowLimit(1, 1.0))
        order: list[str] = []

        async def one(who: str) -> None:
            await budget.take("q", who=who)
            order.append(who)

        await asyncio.gather(*(one(who) for who in "AAAAAABBC"))

        assert "".join(order) == "AAABCABAA"

    with_a_clock(test)


def test_a_waiter_that_gives_up_takes_nobodys_turn() -> None:
    async def test(clock: LoopClock) -> None:
        budget = Budget(clock, window=WindowLimit(1, 1.0))
        tasks = [asyncio.create_task(budget.take("q", who=who)) for who in "AABB"]
        await clock.sleep(0.5)
        tasks[1].cancel()
        tasks[2].cancel()
        await asyncio.wait(tasks)

        assert clock.monotonic() == pytest.approx(1.0)
        assert not tasks[3].cancelled()
        assert budget.used_today == 2

    with_a_clock(test)


def test_the_days_last_calls_are_kept_for_those_who_write() -> None:
    async def test(clock: LoopClock) -> None:
        budget = Budget(clock, window=WindowLimit(1000, 1.0), calls_per_day=10, write_reserve=0.2)
        await taken(budget, clock, 8)

        with pytest.raises(RateLimitedError):
            await budget.take("q")
        await budget.take("q", writes=True)
        await budget.take("q", writes=True)
        assert budget.pause is not None
        with pytest.raises(RateLimitedError):
            await budget.take("q", writes=True)

    with_a_clock(test)


def test_what_others_call_counts_for_the_day_and_for_the_window() -> None:
    async def test(clock: LoopClock) -> None:
        budget = Budget(clock, window=TEN, calls_per_day=20)
        budget.used_elsewhere("2026-01-05", 15)
        budget.used_elsewhere("2026-01-04", 100)
        budget.charge("q", 8, age_seconds=5.0)

        assert budget.used_today == 15
        assert await taken(budget, clock, 3) == pytest.approx([0.0, 0.0, 15.0])
        assert budget.recent() == {"q": 3}
        with pytest.raises(RateLimitedError):
            await taken(budget, clock, 3, interface="r")

    with_a_clock(test)


def test_when_the_vendor_has_none_left_nothing_is_called_until_then() -> None:
    async def test(clock: LoopClock) -> None:
        budget = Budget(clock, window=TEN)

        budget.stop("no calls left", 600.0)

        with pytest.raises(RateLimitedError, match="no calls left") as caught:
            await budget.take("q", writes=True)
        assert caught.value.retry_after_seconds == pytest.approx(600.0)
        assert budget.pause is not None
        await clock.sleep(600.0)
        assert budget.pause is None
        await budget.take("q")

    with_a_clock(test)


def test_whoever_had_to_wait_too_long_for_a_turn_leaves_no_more() -> None:
    async def test(clock: LoopClock) -> None:
        budget = Budget(clock, window=WindowLimit(1, 10.0))
        await budget.take("q")
        patient = asyncio.create_task(budget.take("q"))
        await clock.sleep(0.0)

        with pytest.raises(RateLimitedError):
            await budget.take("q", most_seconds=5.0)
        await patient

    with_a_clock(test)


def test_a_days_calls_begin_anew_at_midnight_in_beijing() -> None:
    async def test(clock: LoopClock) -> None:
        budget = Budget(clock, window=WindowLimit(1000, 1.0), calls_per_day=3, bulk_reserve=0.34)
        await taken(budget, clock, 1)
        with pytest.raises(RateLimitedError):  # bulk has used its part
            await budget.take("q", Lane.BULK)
        await taken(budget, clock, 2)

        with pytest.raises(RateLimitedError) as caught:
            await budget.take("q")

        await clock.sleep(caught.value.retry_after_seconds)
        await budget.take("q")
        assert caught.value.retry_after_seconds == pytest.approx(15 * 3600.0)
        assert budget.used_today == 1

    with_a_clock(test)


def test_midnight_in_beijing_is_four_in_the_afternoon_in_greenwich() -> None:
    assert seconds_to_midnight(datetime(2026, 1, 5, 15, 59, 59, tzinfo=UTC)) == 1.0
    assert seconds_to_midnight(datetime(2026, 1, 5, 16, tzinfo=UTC)) == 86_400.0
