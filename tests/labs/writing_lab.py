"""Writers on an embedded broker under virtual time, before a little vendor."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

from anji_common.broker.embedded_broker import EmbeddedBroker
from anji_common.events.commands import Command
from anji_common.events.results import Result
from anji_common.refs import System
from anji_common.runtime import Runtime
from anji_common.testing.virtual_time import LoopClock, run_virtually
from anji_common.topics import declared_topics, results_topic
from anji_common.writing.engine import run_writer
from anji_common.writing.settings import WriterSettings
from labs.writer_lab import INTEREST, LittleTarget, LittleVendor

__all__ = ["Lab", "Q", "in_a_lab"]

Q = WriterSettings().quarantine_seconds


@dataclass
class Lab:
    """A broker, a vendor, and writers that come and go."""

    clock: LoopClock
    broker: EmbeddedBroker
    vendor: LittleVendor
    writers: list[asyncio.Task[None]] = field(default_factory=list)

    def start(self, target: LittleTarget | None = None, **settings: Any) -> LittleTarget:  # noqa: ANN401 - settings
        """Start one more writer."""
        target = target or LittleTarget(self.vendor)
        runtime = Runtime(self.broker, self.clock, Random(1))
        work = run_writer(target, INTEREST, runtime, WriterSettings(**settings))
        self.writers.append(asyncio.ensure_future(work))
        return target

    async def crash(self) -> None:
        """Let the eldest writer fall over, wherever it is."""
        writer = self.writers.pop(0)
        writer.cancel()
        with suppress(asyncio.CancelledError):
            await writer

    async def issue(self, *commands: Command) -> None:
        await self.broker.publish([command.to_message() for command in commands])

    async def wait(self, seconds: float) -> None:
        await self.clock.sleep(seconds)

    async def results(self, topic: str | None = None) -> list[Result]:
        return [Result.from_record(record) for record in await self.records(topic)]

    async def records(self, topic: str | None = None) -> list[Any]:
        starts = dict.fromkeys(range(self.broker.partitions), 0)
        reader = await self.broker.reader(topic or results_topic(System.K3CLOUD), starts)
        found = []
        while more := await reader.poll():
            found.extend(more)
        await reader.close()
        return found

    async def result_after(self, seconds: float) -> Result:
        """Wait, and return the one result there is."""
        await self.wait(seconds)
        (found,) = await self.results()
        return found


def in_a_lab(
    test: Callable[[Lab], Coroutine[Any, Any, None]],
    *,
    partitions: int = 3,
    kind: type[EmbeddedBroker] = EmbeddedBroker,
) -> None:
    async def run() -> None:
        clock = LoopClock(asyncio.get_running_loop())
        broker = kind(None, clock=clock, partitions=partitions)
        await broker.declare(declared_topics({System.K3CLOUD: ("Thing",)}))
        lab = Lab(clock, broker, LittleVendor(clock))
        await test(lab)
        for writer in lab.writers:
            assert not writer.done(), writer
            writer.cancel()
        await asyncio.gather(*lab.writers, return_exceptions=True)
        await broker.close()

    run_virtually(run())
