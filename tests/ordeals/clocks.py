"""Anji with a clock that goes ahead of the machine's: ``python -m ordeals.clocks SECONDS up``.

The services are the shipped ones; their clock is another adapter of the port `Clock`. So midnight
comes when an ordeal wants it.
"""

import asyncio
import os
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from anji.installation import Installation
from anji.services import open_services, services_to_run
from anji.supervise import supervise
from anji.up import until_told
from anji_common.clock import Clock
from anji_common.health import Health
from anji_common.logs import configure_logs

__all__ = ["AheadClock", "main"]

_log = structlog.get_logger("anji")


@dataclass(frozen=True, slots=True)
class AheadClock:
    """The port `Clock`: another clock's time and waits, and a wall clock that goes ahead."""

    clock: Clock
    seconds: float

    def now(self) -> datetime:
        return self.clock.now() + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        await self.clock.sleep(seconds)


async def _run(installation: Installation, names: Sequence[str], seconds: float) -> None:
    async with AsyncExitStack() as opened:
        runtime = await opened.enter_async_context(installation.runtime(makes=True))
        await runtime.broker.declare(installation.topics)
        runtime = replace(runtime, clock=AheadClock(runtime.clock, seconds))
        services = await opened.enter_async_context(open_services(installation, runtime, names))
        _log.info("services.started", services=names)
        await supervise(services, clock=runtime.clock, chance=runtime.chance, health=Health())


def main(seconds: float, words: Sequence[str]) -> None:
    """Run what ``anji`` would with these words, so far ahead."""
    installation = Installation.read(os.environ)  # noqa: TID251 - the outermost place of a process
    configure_logs(installation.settings.log_format, installation.settings.log_level)
    names = services_to_run(installation, None if words[0] == "up" else words[1:])
    asyncio.run(until_told(_run(installation, names, seconds)))


if __name__ == "__main__":
    main(float(sys.argv[1]), sys.argv[2:])
