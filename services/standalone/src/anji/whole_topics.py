"""A topic from its beginning to its present end."""

from collections.abc import AsyncIterator

from anji_common.broker.port import Broker
from anji_common.messages import Record

__all__ = ["whole_topic"]


async def whole_topic(broker: Broker, topic: str) -> AsyncIterator[Record]:
    """Yield every record of a topic, up to its end at the beginning."""
    starts, ends = await broker.beginnings(topic), await broker.ends(topic)
    reader = await broker.reader(topic, starts)
    try:
        while any(reader.position(partition) < end for partition, end in ends.items()):
            for record in await reader.poll(wait_seconds=1.0):
                yield record
    finally:
        await reader.close()
