"""What Anji has told whoever subscribes, read from its public topics as a subscriber would."""

from collections.abc import Mapping, Sequence

from anji.installation import Installation
from anji_common.broker.port import Broker
from anji_common.events.notices import Notice
from anji_common.messages import Record
from anji_common.refs import System
from anji_common.topics import NOTICES, changes_topic

__all__ = ["notices", "tombstones"]


async def tombstones(settings: Mapping[str, str]) -> frozenset[str]:
    """Return the refs of all records that were told to be gone."""
    installation = Installation.read(settings)
    topics = {
        changes_topic(system, each.side(system).object_name)
        for system in System
        for each in installation.mappings.types
    }
    found: set[str] = set()
    async with installation.runtime(makes=False) as runtime:
        for topic in topics:
            records = await _all(runtime.broker, topic)
            found |= {record.text_key for record in records if record.value is None}
    return frozenset(found)


async def notices(settings: Mapping[str, str]) -> Sequence[Notice]:
    """Return all notices, oldest first of each link."""
    async with Installation.read(settings).runtime(makes=False) as runtime:
        return [Notice.from_record(each) for each in await _all(runtime.broker, NOTICES.name)]


async def _all(broker: Broker, topic: str) -> list[Record]:
    """Return every record of a topic."""
    ends = await broker.ends(topic)
    reader = await broker.reader(topic, await broker.beginnings(topic))
    found: list[Record] = []
    try:
        while any(reader.position(each) < end for each, end in ends.items()):
            found += await reader.poll(wait_seconds=1.0)
    finally:
        await reader.close()
    return found
