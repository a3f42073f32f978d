"""The breaker: who does not answer is hardly called, until he answers again."""

import asyncio
from collections.abc import Callable, Coroutine
from itertools import pairwise
from typing import Any

import pytest

from anji_common.breaker import LONGEST_HOLD_SECONDS, UNANSWERED_CALLS, Breaker
from anji_common.errors import InDoubtError, VendorUnavailableError
from anji_common.testing.virtual_time import LoopClock, run_virtually
from anji_common.transport import Answer, Call

READ = Call("query", b"{}")
WRITE = Call("save", b"{}", writes=True)
SILENCE = 0
"""In the place of a status: no answer comes."""


class Road:
    """A way to a vendor that answers with one status, or not at all."""

    def __init__(self, clock: LoopClock) -> None:
        self.clock = clock
        self.status = 200
        self.sent_at: list[float] = []
        self.takes_seconds = 0.0

    async def send(self, call: Call) -> Answer:
        status = self.status
        self.sent_at.append(self.clock.monotonic())
        await self.clock.sleep(self.takes_seconds)
        if status == SILENCE:
            msg = "no answer"
            raise InDoubtError(msg) if call.writes else VendorUnavailableError(msg)
        return Answer(status, {}, b"{}")

    async def close(self) -> None:
        """Nothing is held."""


def on_a_road(test: Callable[[Road, Breaker], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        clock = LoopClock(asyncio.get_running_loop())
        road = Road(clock)
        await test(road, Breaker(road, clock, system="crm"))

    run_virtually(run())


async def tried(breaker: Breaker, times: int, call: Call = READ) -> int:
    """Make a call so often, one after the other; return how many were answered."""
    answered = 0
    for _ in range(times):
        try:
            await breaker.send(call)
        except (InDoubtError, VendorUnavailableError):
            continue
        answered += 1
    return answered


def test_after_so_many_calls_without_an_answer_none_leaves() -> None:
    async def test(road: Road, breaker: Breaker) -> None:
        road.status = SILENCE

        await tried(breaker, 100)

        assert len(road.sent_at) == UNANSWERED_CALLS

    on_a_road(test)


def test_what_is_held_back_is_in_no_doubt_and_the_words_say_what_is_so() -> None:
    async def test(road: Road, breaker: Breaker) -> None:
        road.status = SILENCE
        await tried(breaker, UNANSWERED_CALLS, WRITE)

        held = r"crm: save was not called: 5 calls had no answer; one is tried again in 1\.0 s"
        with pytest.raises(VendorUnavailableError, match=held):
            await breaker.send(WRITE)
        with pytest.raises(VendorUnavailableError, match=held):
            breaker.check("save?session=secret")

    on_a_road(test)


def test_one_call_is_tried_at_a_time_ever_further_apart_up_to_a_bound() -> None:
    async def test(road: Road, breaker: Breaker) -> None:
        road.status = SILENCE
        for _ in range(3_000):
            await tried(breaker, 10)
            await road.clock.sleep(0.1)

        tries = road.sent_at[UNANSWERED_CALLS - 1 :]
        apart = [later - sooner for sooner, later in pairwise(tries)]
        assert apart[:4] == pytest.approx([1, 2, 4, 8], abs=0.11)
        assert apart[4:] == pytest.approx([LONGEST_HOLD_SECONDS] * len(apart[4:]), abs=0.11)
        assert len(apart) == 4 + 18  # after 30, 45, … 285 s

    on_a_road(test)


def test_one_answer_lets_all_leave_again_and_the_next_silence_begins_from_one_second() -> None:
    async def test(road: Road, breaker: Breaker) -> None:
        road.status = SILENCE
        for _ in range(100):
            await tried(breaker, 10)
            await road.clock.sleep(0.1)
        road.status = 200
        await road.clock.sleep(LONGEST_HOLD_SECONDS)

        assert await tried(breaker, 50) == 50

        road.status = SILENCE
        await tried(breaker, 50)
        sent = len(road.sent_at)
        await road.clock.sleep(1.0)
        await tried(breaker, 50)
        assert len(road.sent_at) == sent + 1

    on_a_road(test)


def test_an_answer_to_a_call_that_left_before_ends_the_holding() -> None:
    async def test(road: Road, breaker: Breaker) -> None:
        road.takes_seconds = 0.5
        early = asyncio.ensure_future(breaker.send(READ))
        await road.clock.sleep(0.1)
        road.status, road.takes_seconds = SILENCE, 0.0
        await tried(breaker, UNANSWERED_CALLS)
        with pytest.raises(VendorUnavailableError, match="was not called"):
            await breaker.send(READ)
        road.status = 200

        assert (await early).status == 200

        assert await tried(breaker, 10) == 10

    on_a_road(test)


def test_a_try_that_is_broken_off_leaves_room_for_the_next_one() -> None:
    async def test(road: Road, breaker: Breaker) -> None:
        road.status = SILENCE
        await tried(breaker, UNANSWERED_CALLS)
        road.status, road.takes_seconds = 200, 60.0
        await road.clock.sleep(1.0)
        broken_off = asyncio.ensure_future(breaker.send(READ))
        await road.clock.sleep(0.1)
        broken_off.cancel()
        await asyncio.wait([broken_off])
        road.takes_seconds = 0.0
        await road.clock.sleep(2.0)

        assert await tried(breaker, 10) == 10

    on_a_road(test)


def test_a_vendor_that_loses_four_answers_of_five_is_called_on() -> None:
    async def test(road: Road, breaker: Breaker) -> None:
        for _ in range(20):
            road.status = SILENCE
            await tried(breaker, UNANSWERED_CALLS - 1)
            road.status = 200
            assert await tried(breaker, 1) == 1

        assert len(road.sent_at) == 20 * UNANSWERED_CALLS

    on_a_road(test)


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_gateway_that_reaches_nobody_is_no_answer(status: int) -> None:
    async def test(road: Road, breaker: Breaker) -> None:
        road.status = status

        assert await tried(breaker, 100) == UNANSWERED_CALLS

    on_a_road(test)


@pytest.mark.parametrize("status", [200, 400, 403, 404, 500])
def test_what_the_vendor_says_about_one_call_holds_back_no_other(status: int) -> None:
    async def test(road: Road, breaker: Breaker) -> None:
        road.status = status

        assert await tried(breaker, 100) == 100

    on_a_road(test)
