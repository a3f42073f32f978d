"""A runtime on an embedded broker in memory, with an installation's topics."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

from anji_common.broker.embedded_broker import EmbeddedBroker
from anji_common.broker.port import Broker
from anji_common.clock import Clock
from anji_common.interest import Interest
from anji_common.messages import Record
from anji_common.runtime import Runtime
from anji_common.topics import declared_topics

__all__ = ["all_records", "memory_runtime"]


@asynccontextmanager
async def memory_runtime(
    clock: Clock, interest: Interest, *, partitions: int = 3
) -> AsyncIterator[Runtime]:
    """Yield a runtime whose topics are those that `interest` needs."""
    broker = EmbeddedBroker(None, clock=clock, partitions=partitions)
    names = tuple(each.object_name for each in interest.objects)
    await broker.declare(declared_topics({interest.system: names}))
    try:
        yield Runtime(broker, clock, Random(1))
    finally:
        await broker.close()


async def all_records(broker: Broker, topic: str) -> list[Record]:
    """Return every record of a topic, by partition."""
    found: list[Record] = []
    reader = await broker.reader(topic, await broker.beginnings(topic))
    try:
        while more := await reader.poll():
            found += more
    finally:
        await reader.close()
    return found
