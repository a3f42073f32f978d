"""The real mapper service at work on waves of events; what answers it is not measured.

A wave is published while the mapper is not running; then it runs until nothing is left. So
the processor time of this process, in between, is the mapper's and its broker client's; what
a start takes that finds next to nothing to do is measured too, and taken off. Next to nothing is
one record for each task, which it knows already: until the last of them came, not all had started.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from anji_common.broker.partitions import partition_for
from anji_common.broker.port import Broker
from anji_common.collector import calm_collector
from anji_common.events.commands import Command
from anji_common.messages import Message, Record
from anji_common.metrics import MAPPER_INPUTS
from anji_common.refs import System
from anji_common.runtime import Runtime
from anji_common.topics import Lane, commands_topic
from anji_mapper.decode import input_topics
from anji_mapper.mapping.model import Mappings
from anji_mapper.service import GROUP, run
from anji_mapper.settings import MapperSettings
from bench.effort import Effort, Stopwatch

__all__ = ["Wave", "Waves", "inputs_so_far"]

_LOOK_SECONDS = 0.025
_QUIET_LOOKS = 8


@dataclass(frozen=True, slots=True)
class Wave:
    """What the mapper took in, and what that took."""

    name: str
    inputs: int
    effort: Effort

    def __add__(self, other: "Wave") -> "Wave":
        """Return both as one, under the first one's name."""
        return Wave(self.name, self.inputs + other.inputs, self.effort + other.effort)


def inputs_so_far() -> int:
    """Return how many records all mappers of this process have taken in."""
    return sum(
        int(sample.value)
        for family in MAPPER_INPUTS.collect()
        for sample in family.samples
        if sample.name.endswith("_total")
    )


class Waves:
    """One mapper on one broker, through several waves."""

    def __init__(self, runtime: Runtime, mappings: Mappings) -> None:
        self._runtime = runtime
        self._mappings = mappings
        self._inputs = input_topics(mappings)
        self._read: dict[str, dict[int, int]] = {}
        self._start: Effort | None = None

    async def run(self, name: str, messages: Sequence[Message]) -> Wave:
        """Publish the messages, and let the mapper work until it has nothing more to do."""
        await self._runtime.broker.publish(messages)
        wave = await self.drained(name)
        if self._start is None:
            await self._runtime.broker.publish(self._one_a_task(messages))
            self._start = (await self.drained("a start")).effort
        return replace(wave, effort=wave.effort - self._start)

    def _one_a_task(self, messages: Sequence[Message]) -> list[Message]:
        """Return one of the messages for each partition."""
        partitions = self._runtime.broker.partitions
        return list(
            {partition_for(each.key.encode(), partitions): each for each in messages}.values()
        )

    async def drained(self, name: str) -> Wave:
        """Let the mapper start, and work until it has nothing more to do."""
        calm_collector()  # as a started service does; it sets the company's records aside as well
        before, watch = inputs_so_far(), Stopwatch()
        serving = asyncio.create_task(run(self._mappings, MapperSettings(), self._runtime))
        try:
            effort = await self._until_still(serving, watch)
        finally:
            serving.cancel()
            with suppress(asyncio.CancelledError):
                await serving
        return Wave(name, inputs_so_far() - before, effort)

    async def commands(self) -> list[Command]:
        """Return the commands that nobody has been told of yet."""
        found: list[Command] = []
        for topic in (commands_topic(system, lane) for system in System for lane in Lane):
            found += [Command.from_record(record) async for record in self._news(topic)]
        return found

    async def _news(self, topic: str) -> AsyncIterator[Record]:
        broker = self._runtime.broker
        starts = self._read.get(topic) or dict(await broker.beginnings(topic))
        ends = dict(await broker.ends(topic))
        self._read[topic] = ends
        reader = await broker.reader(topic, starts)
        try:
            while any(reader.position(partition) < end for partition, end in ends.items()):
                for record in await reader.poll(wait_seconds=1.0):
                    yield record
        finally:
            await reader.close()

    async def _until_still(self, serving: asyncio.Task[None], watch: Stopwatch) -> Effort:
        """Return what was taken until the last input came."""
        seen, still, effort = -1, 0, Effort()
        while True:
            await self._runtime.clock.sleep(_LOOK_SECONDS)
            if serving.done():
                serving.result()
            count = inputs_so_far()
            if count != seen:
                seen, still, effort = count, 0, watch.read()
                continue
            still += 1
            if still % _QUIET_LOOKS == 0 and await _lag(self._runtime.broker, self._inputs) == 0:
                return effort


async def _lag(broker: Broker, topics: Sequence[str]) -> float:
    """Return how old the oldest record is that the mapper has not moved past."""
    return max((lag.seconds for lag in await broker.lag(GROUP, topics)), default=0.0)
