"""Keeps services running: the outermost function of every process of ours.

A service that fails is started again after a while, and the others run on: they meet in topics
only. What no restart can mend (a wrong setting, a refused password, a partition that another
process owns) ends the process, because a person or the cluster has to act.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

import structlog

from anji_common.clock import Clock
from anji_common.errors import FatalError, NoRoomError, RetriableError
from anji_common.health import Health
from anji_common.metrics import SERVICE_RESTARTS, SERVICES_UP

__all__ = ["Service", "supervise"]

_log = structlog.get_logger()

_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 30.0
_STEADY_SECONDS = 60.0
"""A service that ran this long was well: its next failure counts as the first."""
_EXPECTED = (RetriableError, NoRoomError)
"""No mistakes of ours: nobody needs to see where they came from."""


@dataclass(frozen=True, slots=True)
class Service:
    """One thing that runs until it is cancelled."""

    name: str
    """As it is typed: ``anji run fxiaoke-source``."""
    run: Callable[[], Awaitable[None]]


async def supervise(
    services: Sequence[Service], *, clock: Clock, chance: Random, health: Health
) -> None:
    """Run `services` until cancelled; each is told so and waited for.

    Raises:
        FatalError: what one of them ended with. The others were cancelled then.
    """
    try:
        async with asyncio.TaskGroup() as together:
            for service in services:
                together.create_task(_keep(service, clock, chance, health), name=service.name)
    except BaseExceptionGroup as group:
        fatal = next(_fatal(group), None)
        if fatal is None:
            raise
        raise fatal from group


async def _keep(service: Service, clock: Clock, chance: Random, health: Health) -> None:
    """Run one service again and again."""
    failures = 0
    while True:
        began = clock.monotonic()
        health.add(service.name, lambda: None)
        try:
            with SERVICES_UP.labels(service.name).track_inprogress():
                await service.run()
            words = "ended by itself"
        except Exception as error:
            fatal = next(_fatal(error), None)
            if fatal is not None:
                raise fatal from error
            words = _words(error)
            if not all(isinstance(each, _EXPECTED) for each in _leaves(error)):
                _log.exception("service.crashed", service=service.name)
        failures = 0 if clock.monotonic() - began >= _STEADY_SECONDS else failures
        pause = _pause(failures, chance)
        failures += 1
        SERVICE_RESTARTS.labels(service.name).inc()
        health.add(service.name, lambda words=words: f"starts again: {words}")  # type: ignore[misc]  # mypy cannot type a bound default
        _log.warning(
            "service.failed", service=service.name, reason=words, again_in_seconds=round(pause, 1)
        )
        await clock.sleep(pause)


def _pause(failures: int, chance: Random) -> float:
    """Return how long to wait before the next start: doubled each time, with jitter."""
    longest = min(_FIRST_PAUSE_SECONDS * 2.0 ** min(failures, 10), _LONGEST_PAUSE_SECONDS)
    return longest * chance.uniform(0.5, 1.0)


def _fatal(error: BaseException) -> Iterator[FatalError]:
    return (each for each in _leaves(error) if isinstance(each, FatalError))


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error


def _words(error: BaseException) -> str:
    error = next(_leaves(error))
    return f"{type(error).__name__}: {error}"
