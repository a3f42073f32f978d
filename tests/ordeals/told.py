"""What Anji has told whoever subscribes, read from its public topics as a subscriber would."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from anji.installation import Installation
from anji_common.broker.port import Broker
from anji_common.events.notices import Notice
from anji_common.messages import Record
from anji_common.refs import System
from anji_common.topics import CHECKPOINTS, NOTICES, changes_topic

__all__ = ["notices", "tombstones"]


async def tombstones(
    settings: Mapping[str, str], deleted_at: Mapping[str, str] | None = None
) -> Mapping[str, int]:
    """Return the refs of all records that were told to be gone, with rounds of the patrol.

    Args:
        settings: Of the installation.
        deleted_at: Ref → when it was deleted: the rounds that had begun since then are counted,
            up to the one that told of it. Of others none are.
    """
    installation = Installation.read(settings)
    topics = {
        changes_topic(system, each.side(system).object_name)
        for system in System
        for each in installation.mappings.types
    }
    gone: dict[str, datetime] = {}
    async with installation.runtime(makes=False) as runtime:
        for topic in topics:
            records = await _all(runtime.broker, topic)
            gone |= {each.text_key: _at(each) for each in records if each.value is None}
        rounds = await _rounds(runtime.broker) if deleted_at else {}
    since = {ref: datetime.fromisoformat(at) for ref, at in (deleted_at or {}).items()}
    return {
        ref: sum(since[ref] < begun <= told for begun in rounds.get(ref.rpartition("/")[0], ()))
        if ref in since
        else 0
        for ref, told in gone.items()
    }


async def _rounds(broker: Broker) -> Mapping[str, set[datetime]]:
    """Return by object when each round of its patrol began, from the sources' checkpoints."""
    found: dict[str, set[datetime]] = {}
    for record in await _all(broker, CHECKPOINTS.name):
        patrol = json.loads(record.value or b"{}").get("patrol")
        if patrol is not None:
            begun = datetime.fromisoformat(patrol["begun_at"])
            found.setdefault(record.text_key, set()).add(begun)
    return found


def _at(record: Record) -> datetime:
    return datetime.fromtimestamp(record.timestamp_ms / 1000, UTC)


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
