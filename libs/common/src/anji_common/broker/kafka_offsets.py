"""Where topics begin and end, where groups stand, and how to put a group elsewhere.

Committed offsets are asked for by a request of our own. aiokafka 0.14 does not look at the
error of the answer as a whole, which is where a coordinator that is still loading after a
restart says so: its `committed` then returns "never", and a task would begin anew from the
oldest record.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.client import AIOKafkaClient, CoordinationType
from aiokafka.errors import KafkaError, for_code
from aiokafka.protocol.commit import OffsetFetchRequest

from anji_common.broker.kafka_cluster import KafkaCluster
from anji_common.broker.kafka_endings import discard
from anji_common.broker.kafka_errors import translated
from anji_common.broker.port import Lag, ResetTo
from anji_common.errors import ConfigurationError

__all__ = ["KafkaOffsets"]

_PAUSE_SECONDS = 0.1
_PEEK_BYTES = 4096
_PEEK_SECONDS = 10.0


class KafkaOffsets:
    """Questions about offsets, over two connections that are opened when first needed."""

    def __init__(self, cluster: KafkaCluster) -> None:
        self._cluster = cluster
        self._opening = asyncio.Lock()
        self._asker: AIOKafkaConsumer | None = None
        self._client: AIOKafkaClient | None = None

    async def beginnings(self, topic: str) -> Mapping[int, int]:
        """Return the oldest offset of each partition."""
        asker = await self._consumer()
        with translated(f"where {topic} begins"):
            return _numbered(await asker.beginning_offsets(self._all(topic)))

    async def ends(self, topic: str) -> Mapping[int, int]:
        """Return the offset after the newest committed record, and its marker, of each."""
        asker = await self._consumer()
        with translated(f"where {topic} ends"):
            return _numbered(await asker.end_offsets(self._all(topic)))

    async def offsets_at(self, topic: str, at: datetime) -> Mapping[int, int]:
        """Return per partition the first offset at or after `at`, else the end."""
        asker = await self._consumer()
        at_ms = round(at.timestamp() * 1000)
        with translated(f"where {topic} stood at {at.isoformat()}"):
            found = await asker.offsets_for_times(dict.fromkeys(self._all(topic), at_ms))
        ends = await self.ends(topic)
        return {
            place.partition: ends[place.partition] if at_or_after is None else at_or_after.offset
            for place, at_or_after in found.items()
        }

    async def committed(
        self, group: str, topics: Sequence[str]
    ) -> Mapping[str, Mapping[int, int]]:
        """Return per topic and partition a group's next offset; nothing where it never was."""
        places = self._cluster.places(topics, range(self._cluster.partitions))
        found: dict[str, dict[int, int]] = {topic: {} for topic in topics}
        for place, offset in (await self.standing(group, places)).items():
            found[self._cluster.declared(place.topic)][place.partition] = offset
        return found

    async def standing(
        self, group: str, places: Sequence[TopicPartition]
    ) -> Mapping[TopicPartition, int]:
        """Return the next offsets of `group`; no entry where it never was.

        Raises:
            RetriableError: the cluster did not answer in time.
        """
        async with self._opening:
            if self._client is None:
                self._client = await self._cluster.client()
        name = self._cluster.physical(group)
        with translated(f"where group {group} stands"):
            async with asyncio.timeout(self._cluster.settings.delivery_timeout_seconds):
                while True:
                    try:
                        return await _fetch_committed(self._client, name, places)
                    except KafkaError as error:
                        if not error.retriable:
                            raise
                        self._client.force_metadata_update()
                        await self._cluster.clock.sleep(_PAUSE_SECONDS)

    async def lag(self, group: str, inputs: Sequence[str]) -> Sequence[Lag]:
        """Return how far a group is behind."""
        committed = await self.committed(group, inputs)
        behind: dict[TopicPartition, tuple[int, int]] = {}
        for topic in inputs:
            beginnings, ends = await self.beginnings(topic), await self.ends(topic)
            for place in self._all(topic):
                oldest = beginnings[place.partition]
                start = max(oldest, committed[topic].get(place.partition, oldest))
                behind[place] = (start, max(0, ends[place.partition] - start))
        waiting = {place: start for place, (start, records) in behind.items() if records}
        since = await self._timestamps(waiting)
        behind |= {place: (waiting[place], 0) for place, at in since.items() if at is None}
        now_ms = self._cluster.clock.now().timestamp() * 1000
        return [
            Lag(
                self._cluster.declared(place.topic),
                place.partition,
                records,
                max(0.0, (now_ms - (since.get(place) or now_ms)) / 1000),
            )
            for place, (_, records) in behind.items()
        ]

    async def starts(self, inputs: Sequence[str], to: ResetTo) -> Mapping[str, Mapping[int, int]]:
        """Return per topic and partition the offset that `to` means."""
        if to == "start":
            return {topic: await self.beginnings(topic) for topic in inputs}
        if to == "end":
            return {topic: await self.ends(topic) for topic in inputs}
        return {topic: await self.offsets_at(topic, to) for topic in inputs}

    async def refuse_running(self, group: str) -> None:
        """Do nothing if no member of `group` is running.

        Raises:
            ConfigurationError: some are; the message says what to do.
        """
        admin = await self._cluster.started(self._cluster.admin())
        try:
            with translated(f"who is in group {group}"):
                (answer,) = await admin.describe_consumer_groups([self._cluster.physical(group)])
        finally:
            await discard(admin)
        members = [member for found in answer.groups for member in found[5]]
        if members:
            msg = (
                f"group {group} has {len(members)} running member(s), which would go on from where"
                " they are; stop every process that runs it, then reset it again. Nothing was"
                " changed."
            )
            raise ConfigurationError(msg)

    async def close(self) -> None:
        """Let go of connections."""
        asker, self._asker = self._asker, None
        client, self._client = self._client, None
        async with AsyncExitStack() as last:
            for one in (asker, client):
                if one is not None:
                    last.push_async_callback(discard, one)

    def _all(self, topic: str) -> list[TopicPartition]:
        return self._cluster.places([topic], range(self._cluster.partitions))

    async def _consumer(self) -> AIOKafkaConsumer:
        async with self._opening:
            if self._asker is None:
                self._asker = await self._cluster.started(self._cluster.consumer(0))
        return self._asker

    async def _timestamps(
        self, places: Mapping[TopicPartition, int]
    ) -> Mapping[TopicPartition, float | None]:
        """Return when the first record at or after each place was written, in Unix ms.

        `None` where there is none: only the markers of transactions are left. No entry where that
        could not be told in time.
        """
        if not places:
            return {}
        found: dict[TopicPartition, float | None] = {}
        reader = await self._cluster.started(
            self._cluster.consumer(len(places), max_partition_fetch_bytes=_PEEK_BYTES)
        )
        try:
            with translated("the age of what is waiting"):
                reader.assign(list(places))
                for place, offset in places.items():
                    reader.seek(place, offset)
                ends = await reader.end_offsets(list(places))
                deadline = self._cluster.clock.monotonic() + _PEEK_SECONDS
                waiting = set(places)
                while waiting and self._cluster.clock.monotonic() < deadline:
                    batch = await reader.getmany(timeout_ms=200)
                    found |= {
                        place: records[0].timestamp
                        for place, records in batch.items()
                        if place in waiting
                    }
                    at_end = {p for p in waiting if await reader.position(p) >= ends[p]}
                    found |= dict.fromkeys(at_end - found.keys())
                    done = waiting & found.keys()
                    reader.pause(*done)
                    waiting -= done
        finally:
            await discard(reader)
        return found


async def _fetch_committed(
    client: AIOKafkaClient, group: str, places: Sequence[TopicPartition]
) -> Mapping[TopicPartition, int]:
    asked: dict[str, list[int]] = {}
    for place in places:
        asked.setdefault(place.topic, []).append(place.partition)
    node = await client.coordinator_lookup(CoordinationType.GROUP, group)
    answer = await client.send(node, OffsetFetchRequest(group, list(asked.items())))
    _raise_for(getattr(answer, "error_code", 0))
    found = {}
    for topic, partitions in answer.topics:
        for partition, offset, _, code in partitions:
            _raise_for(code)
            if offset >= 0:
                found[TopicPartition(topic, partition)] = offset
    return found


def _raise_for(code: int) -> None:
    if code:
        raise for_code(code)


def _numbered(offsets: Mapping[TopicPartition, int]) -> Mapping[int, int]:
    return {place.partition: offset for place, offset in offsets.items()}
