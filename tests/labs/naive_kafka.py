"""A group member as one writes it at first, to show that the suite catches what it does.

It is careful in all but one thing: a producer for each partition, whose transactional id
fences the former owner; transactions for outputs and offsets; range assignment; a rebalance
that waits for the transaction in hand. But it polls the group's own consumer, and aiokafka
fetches before `on_partitions_assigned` has run. A batch that comes while the producers start
has none to write with. It is let go, as if it were of a partition just given away; the
consumer has moved past it, and the next commit makes that last.

Nothing of this is used anywhere but in that test.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import KafkaError

from anji_common.broker.kafka_cluster import KafkaCluster
from anji_common.broker.kafka_endings import discard
from anji_common.clock import SystemClock
from labs.copying import COPIED, GIVEN
from labs.kafka import KafkaLab

__all__ = ["copy_naively"]


class _Producers(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka has no types and insists on its own class
    """Starts and stops a producer for each partition that comes and goes."""

    def __init__(self, cluster: KafkaCluster, group: str) -> None:
        self._cluster = cluster
        self._group = group
        self.running: dict[int, AIOKafkaProducer] = {}
        self.writing = asyncio.Lock()

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        for place in sorted(assigned):
            id_ = self._cluster.transactional_id(self._group, place.partition)
            producer = await self._cluster.started(self._cluster.producer(id_))
            self.running[place.partition] = producer

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:  # noqa: ARG002 - all are given back
        await self.stop()

    async def stop(self) -> None:
        async with self.writing:
            running, self.running = self.running, {}
            for producer in running.values():
                await discard(producer)


async def copy_naively(lab: KafkaLab, group: str) -> None:
    """Be a member of `group` until cancelled."""
    cluster = KafkaCluster(lab.settings, SystemClock(), lab.partitions, lab.prefix)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=lab.bootstrap,
        group_id=cluster.physical(group),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        session_timeout_ms=round(lab.session_timeout_seconds * 1000),
        heartbeat_interval_ms=200,
        partition_assignment_strategy=(RangePartitionAssignor,),
    )
    producers = _Producers(cluster, group)
    consumer.subscribe([cluster.physical(GIVEN.name)], listener=producers)
    try:
        await cluster.started(consumer)
        while True:
            for place, batch in (await consumer.getmany(timeout_ms=200)).items():
                async with producers.writing:
                    producer = producers.running.get(place.partition)
                    if producer is not None:
                        await _copy(producer, cluster, group, place, batch)
    finally:
        await consumer.stop()  # first: until then its listener may start more of them
        await producers.stop()


async def _copy(
    producer: AIOKafkaProducer,
    cluster: KafkaCluster,
    group: str,
    place: TopicPartition,
    batch: Sequence[Any],
) -> None:
    topic = cluster.physical(COPIED.name)
    try:
        async with producer.transaction():
            sent = [
                await producer.send(topic, one.value, one.key, partition=place.partition)
                for one in batch
            ]
            await asyncio.gather(*sent)
            moved = {place: batch[-1].offset + 1}
            await producer.send_offsets_to_transaction(moved, cluster.physical(group))
    except (KafkaError, AssertionError):
        return  # fenced: another member has the partition, and reads from what is committed
