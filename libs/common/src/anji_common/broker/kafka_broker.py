"""`Broker` on Apache Kafka 4, by aiokafka 0.14: transactions, groups, committed readers.

Guarantees are those of the port, and what they rest on is in the modules beside this one:
``kafka_task.py`` (fences, transactions), ``kafka_groups.py`` (take-over without loss),
``kafka_offsets.py`` (places, lag, reset), ``kafka_admin.py`` (topics).

What is different from the embedded broker: an owner learns that it is fenced when it commits,
not when it polls; a group is reset only while no member runs; offsets count transaction
markers; an absent cluster makes `publish` raise `RetriableError` after a while, and then the
records may still be written by what was under way.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from anji_common.broker.kafka_admin import KafkaAdmin
from anji_common.broker.kafka_cluster import KafkaCluster
from anji_common.broker.kafka_endings import discard
from anji_common.broker.kafka_errors import error_from, translated
from anji_common.broker.kafka_groups import serve
from anji_common.broker.kafka_offsets import KafkaOffsets
from anji_common.broker.kafka_reader import KafkaReader
from anji_common.broker.kafka_settings import KafkaSettings
from anji_common.broker.kafka_task import KafkaTask, Seat
from anji_common.broker.port import Lag, ResetTo, Work
from anji_common.clock import Clock
from anji_common.errors import ConfigurationError, RetriableError
from anji_common.messages import Message
from anji_common.topics import DEFAULT_PARTITIONS, Topic

__all__ = ["KafkaBroker"]


class KafkaBroker:
    """A cluster, as one installation uses it. Connects when first needed."""

    def __init__(
        self,
        settings: KafkaSettings,
        clock: Clock,
        *,
        partitions: int = DEFAULT_PARTITIONS,
        topic_prefix: str = "",
    ) -> None:
        self._cluster = KafkaCluster(settings, clock, partitions, topic_prefix)
        self._admin = KafkaAdmin(self._cluster)
        self._offsets = KafkaOffsets(self._cluster)
        self._publisher: AIOKafkaProducer | None = None
        self._connecting = asyncio.Lock()

    @property
    def partitions(self) -> int:
        return self._cluster.partitions

    async def declare(self, topics: Iterable[Topic]) -> None:
        await self._admin.declare(topics)

    async def publish(self, messages: Sequence[Message]) -> None:
        if not messages:
            return
        await self._admin.require(sorted({message.topic for message in messages}))
        producer = await self._producer()
        try:
            async with asyncio.timeout(self._cluster.settings.delivery_timeout_seconds):
                for sent in await self._cluster.send(producer, messages):
                    await sent
        except TimeoutError as error:
            # It would try for ever, and what callers repeat would pile up in it.
            await self._forget(producer)
            msg = f"Kafka did not take {len(messages)} record(s) in time"
            raise RetriableError(msg) from error
        except KafkaError as error:
            await self._forget(producer)
            raise error_from(error, "publishing") from error

    async def take(self, group: str, partition: int, inputs: Sequence[str]) -> KafkaTask:
        await self._admin.require(inputs)
        if partition not in range(self.partitions):
            msg = f"there is no partition {partition} in {', '.join(inputs)}"
            raise ConfigurationError(msg)
        return await self._take(group, partition, inputs)

    async def serve(self, group: str, inputs: Sequence[str], work: Work) -> None:
        await self._admin.require(inputs)

        async def take(partition: int) -> KafkaTask:
            return await self._take(group, partition, inputs)

        await serve(self._cluster, group, inputs, take, work)

    async def reader(self, topic: str, starts: Mapping[int, int]) -> KafkaReader:
        await self._admin.require([topic])
        return await KafkaReader.open_at(self._cluster, topic, starts)

    async def beginnings(self, topic: str) -> Mapping[int, int]:
        await self._admin.require([topic])
        return await self._offsets.beginnings(topic)

    async def ends(self, topic: str) -> Mapping[int, int]:
        await self._admin.require([topic])
        return await self._offsets.ends(topic)

    async def offsets_at(self, topic: str, at: datetime) -> Mapping[int, int]:
        await self._admin.require([topic])
        return await self._offsets.offsets_at(topic, at)

    async def committed(
        self, group: str, topics: Sequence[str]
    ) -> Mapping[str, Mapping[int, int]]:
        return await self._offsets.committed(group, topics)

    async def lag(self, group: str, inputs: Sequence[str]) -> Sequence[Lag]:
        await self._admin.require(inputs)
        return await self._offsets.lag(group, inputs)

    async def reset(self, group: str, inputs: Sequence[str], to: ResetTo) -> None:
        await self._admin.require(inputs)
        await self._offsets.refuse_running(group)
        starts = await self._offsets.starts(inputs, to)
        async with asyncio.TaskGroup() as resets:
            for partition in range(self.partitions):
                places = {
                    self._cluster.places([topic], [partition])[0]: starts[topic][partition]
                    for topic in inputs
                }
                resets.create_task(self._put(group, partition, places))

    async def close(self) -> None:
        try:
            if self._publisher is not None:
                await self._forget(self._publisher)
        finally:
            await self._offsets.close()

    async def _take(self, group: str, partition: int, inputs: Sequence[str]) -> KafkaTask:
        seat = Seat(group, partition, inputs)
        return await KafkaTask.take(self._cluster, self._admin, self._offsets, seat)

    async def _put(self, group: str, partition: int, places: Mapping[object, int]) -> None:
        """Move one task of a group, fencing whoever has taken it outside any membership."""
        id_ = self._cluster.transactional_id(group, partition)
        producer = await self._cluster.started(self._cluster.producer(id_))
        async with AsyncExitStack() as last:
            last.push_async_callback(discard, producer)
            with translated(f"resetting {group}[{partition}]"):
                async with asyncio.timeout(self._cluster.settings.delivery_timeout_seconds):
                    await producer.begin_transaction()
                    name = self._cluster.physical(group)
                    await producer.send_offsets_to_transaction(dict(places), name)
                    await producer.commit_transaction()

    async def _producer(self) -> AIOKafkaProducer:
        async with self._connecting:
            if self._publisher is None:
                self._publisher = await self._cluster.started(self._cluster.producer())
            return self._publisher

    async def _forget(self, producer: AIOKafkaProducer) -> None:
        if self._publisher is producer:
            self._publisher = None
        await discard(producer)
