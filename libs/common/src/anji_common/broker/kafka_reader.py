"""Reads given partitions of one topic, outside any group."""

from collections.abc import Mapping

from aiokafka import AIOKafkaConsumer, TopicPartition

from anji_common.broker.kafka_cluster import KafkaCluster, record_from
from anji_common.broker.kafka_endings import discard
from anji_common.broker.kafka_errors import translated
from anji_common.messages import Record

__all__ = ["KafkaReader"]


class KafkaReader:
    """A reader that has been given its starts; see `open_at`."""

    def __init__(
        self, cluster: KafkaCluster, consumer: AIOKafkaConsumer, positions: Mapping[int, int]
    ) -> None:
        self._cluster = cluster
        self._consumer = consumer
        self._positions = dict(positions)

    @classmethod
    async def open_at(
        cls, cluster: KafkaCluster, topic: str, starts: Mapping[int, int]
    ) -> "KafkaReader":
        """Return a reader of the partitions in `starts`, each from that offset."""
        consumer = await cluster.started(cluster.consumer(len(starts)))
        consumer.assign(cluster.places([topic], sorted(starts)))
        for partition, offset in starts.items():
            consumer.seek(TopicPartition(cluster.physical(topic), partition), offset)
        return cls(cluster, consumer, starts)

    async def poll(self, *, max_records: int = 500, wait_seconds: float = 0.0) -> list[Record]:
        with translated("reading"):
            found = await self._consumer.getmany(
                timeout_ms=round(wait_seconds * 1000), max_records=max_records
            )
            # Asked for and not computed: behind a transaction stands its marker, which no poll
            # returns, and a compacted offset is not there at all.
            for place in self._consumer.assignment():
                self._positions[place.partition] = await self._consumer.position(place)
        return [record_from(self._cluster, one) for records in found.values() for one in records]

    def position(self, partition: int) -> int:
        return self._positions[partition]

    async def close(self) -> None:
        await discard(self._consumer)
