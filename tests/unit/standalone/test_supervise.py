"""What keeps services running, under virtual time."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from random import Random

import pytest

from anji.supervise import Service, supervise
from anji_common.clock import Clock
from anji_common.errors import (
    AuthenticationError,
    FencedError,
    NoRoomError,
    VendorUnavailableError,
)
from anji_common.health import Health
from anji_common.testing.virtual_time import LoopClock, run_virtually


async def for_ever() -> None:
    await asyncio.get_running_loop().create_future()


def run_for(
    seconds: float, *runs: Callable[[Clock], Awaitable[None]], health: Health | None = None
) -> float:
    """Supervise `runs` for that long; return when it ended."""

    async def work() -> float:
        clock = LoopClock(asyncio.get_running_loop())

        def bound(run: Callable[[Clock], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
            return lambda: run(clock)

        services = [Service(f"s{n}", bound(run)) for n, run in enumerate(runs)]
        try:
            async with asyncio.timeout(seconds):
                await supervise(services, clock=clock, chance=Random(1), health=health or Health())
        except TimeoutError:
            pass
        return clock.monotonic()

    return run_virtually(work())


def test_a_service_that_fails_is_started_again() -> None:
    starts = 0

    async def fails(_clock: Clock) -> None:
        nonlocal starts
        starts += 1
        if starts < 3:
            raise VendorUnavailableError
        await for_ever()

    run_for(60, fails)

    assert starts == 3


def test_a_service_that_crashes_by_a_mistake_of_ours_is_started_again() -> None:
    starts = 0

    async def crashes(_clock: Clock) -> None:
        nonlocal starts
        starts += 1
        if starts < 2:
            raise KeyError
        await for_ever()

    run_for(60, crashes)

    assert starts == 2


def test_a_service_whose_disk_is_full_is_started_again_and_is_no_mistake_of_ours(
    capsys: pytest.CaptureFixture[str],
) -> None:
    starts = 0

    async def finds_no_room(_clock: Clock) -> None:
        nonlocal starts
        starts += 1
        if starts < 2:
            msg = "together"
            raise ExceptionGroup(msg, [NoRoomError("the disk is full")])
        await for_ever()

    run_for(60, finds_no_room)

    assert starts == 2
    assert "crashed" not in capsys.readouterr().out


def test_a_service_that_ends_by_itself_is_started_again() -> None:
    starts = 0

    async def ends(_clock: Clock) -> None:
        nonlocal starts
        starts += 1

    run_for(10, ends)

    assert starts > 2


def test_the_others_run_on() -> None:
    ticks = 0

    async def fails(_clock: Clock) -> None:
        raise VendorUnavailableError

    async def ticks_on(clock: Clock) -> None:
        nonlocal ticks
        while True:
            await clock.sleep(1)
            ticks += 1

    run_for(100, fails, ticks_on)

    assert ticks >= 99


def test_pauses_grow_and_are_bounded() -> None:
    starts: list[float] = []

    async def fails(clock: Clock) -> None:
        starts.append(clock.monotonic())
        raise VendorUnavailableError

    run_for(600, fails)

    pauses = [later - earlier for earlier, later in itertools.pairwise(starts)]
    assert pauses[0] <= 0.5
    assert max(pauses) <= 30
    assert min(pauses[-3:]) >= 15


def test_a_service_that_was_well_for_a_minute_begins_with_the_short_pause_again() -> None:
    starts: list[float] = []

    async def fails_late(clock: Clock) -> None:
        starts.append(clock.monotonic())
        await clock.sleep(0 if len(starts) < 8 else 61)
        raise VendorUnavailableError

    run_for(400, fails_late)

    assert starts[9] - starts[8] <= 61.5


@pytest.mark.parametrize("fatal", [AuthenticationError, FencedError])
def test_what_no_restart_can_mend_ends_the_process(fatal: type[Exception]) -> None:
    async def ends_badly(clock: Clock) -> None:
        await clock.sleep(5)
        raise fatal

    async def waits(_clock: Clock) -> None:
        await for_ever()

    with pytest.raises(fatal):
        run_for(60, waits, ends_badly)


def test_what_is_fatal_is_found_inside_a_group() -> None:
    async def ends_badly(_clock: Clock) -> None:
        async with asyncio.TaskGroup() as together:
            together.create_task(_raise(FencedError("lost")))

    with pytest.raises(FencedError, match="lost"):
        run_for(60, ends_badly)


async def _raise(error: Exception) -> None:
    raise error


def test_a_service_that_waits_to_start_again_is_not_ready() -> None:
    health = Health()

    async def fails(_clock: Clock) -> None:
        raise VendorUnavailableError("down")  # noqa: EM101 - a vendor's word

    run_for(3, fails, health=health)

    assert health.amiss() == {"s0": "starts again: VendorUnavailableError: down"}
