"""Topics as they stand in the broker: how many records each has."""

from collections.abc import Mapping, Sequence

from anji_common.broker.port import Broker
from anji_common.errors import ConfigurationError
from anji_common.topics import Topic

__all__ = ["sizes_of"]


async def sizes_of(broker: Broker, topics: Sequence[Topic]) -> Mapping[str, int | None]:
    """Return per topic how many records there are, about; `None` where it does not exist."""
    sizes: dict[str, int | None] = {}
    for topic in topics:
        try:
            begins, ends = await broker.beginnings(topic.name), await broker.ends(topic.name)
        except ConfigurationError:
            sizes[topic.name] = None
        else:
            sizes[topic.name] = sum(ends.values()) - sum(begins.values())
    return sizes
