"""One cluster as one installation sees it: names with its prefix, and clients ready to start.

Everything that all clients share is here: security, time-outs, isolation, the partitioner.
The traps behind the numbers were measured: ``docs/adr/`` and the comments say which.
"""

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.client import AIOKafkaClient
from aiokafka.coordinator.assignors.range import RangePartitionAssignor

from anji_common.broker.kafka_batches import SentBatch, send_batches
from anji_common.broker.kafka_endings import discard, heard
from anji_common.broker.kafka_errors import translated
from anji_common.broker.kafka_refusals import refusal
from anji_common.broker.kafka_settings import KafkaSettings
from anji_common.broker.partitions import partition_for
from anji_common.clock import Clock
from anji_common.errors import RetriableError
from anji_common.messages import Message, Record

__all__ = ["KafkaCluster", "record_from"]

# 100, the default, is slept whenever AddOffsets meets AddPartitions: four hops took 330 ms
# instead of 25.
_TRANSACTION_BACKOFF_MS = 10
# Each request that ends with nothing costs 1 ms of CPU on either side, and there are as many
# clients as tasks. But a client has one request under way: a partition that is read to its end
# while the others are asked for is asked for again when that is over.
_LONGEST_FETCH_OF_ONE_MS = 5000
_LONGEST_FETCH_OF_MANY_MS = 250
_BATCH_BYTES = 131_072
# A start takes 0.15 s; one that is not done by then has no broker.
_START_SECONDS = 3.0
_NEVER_MS = 2**31 - 1


class _Startable(Protocol):
    async def start(self) -> None: ...


C = TypeVar("C", bound=_Startable)


@dataclass(frozen=True, slots=True)
class KafkaCluster:
    """Settings, names and clients."""

    settings: KafkaSettings
    clock: Clock
    partitions: int
    prefix: str = ""

    def physical(self, name: str) -> str:
        """Return the name that the cluster knows: of a topic or a group."""
        return f"{self.prefix}{name}"

    def declared(self, name: str) -> str:
        """Return the name that the rest of Anji knows."""
        return name.removeprefix(self.prefix)

    def transactional_id(self, group: str, partition: int) -> str:
        """Return the id that fences the former owner of a task."""
        return f"{self.prefix}{group}-{partition}"

    def places(self, topics: Sequence[str], partitions: Sequence[int]) -> list[TopicPartition]:
        """Return the cluster's names of partitions."""
        return [TopicPartition(self.physical(topic), n) for topic in topics for n in partitions]

    def producer(self, transactional_id: str | None = None) -> AIOKafkaProducer:
        """Return an idempotent producer that waits for all replicas; not started yet."""
        connection = self._connection()
        if transactional_id is not None:
            connection["retry_backoff_ms"] = _TRANSACTION_BACKOFF_MS
        return AIOKafkaProducer(
            acks="all",
            enable_idempotence=True,
            max_batch_size=_BATCH_BYTES,
            transactional_id=transactional_id,
            transaction_timeout_ms=_milliseconds(self.settings.transaction_timeout_seconds),
            **connection,
        )

    def consumer(self, places: int, **options: int) -> AIOKafkaConsumer:
        """Return a consumer of so many partitions, in no group; not started yet."""
        longest = _LONGEST_FETCH_OF_ONE_MS if places == 1 else _LONGEST_FETCH_OF_MANY_MS
        return AIOKafkaConsumer(
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            fetch_max_wait_ms=longest,
            isolation_level="read_committed",
            **self._connection(),
            **options,
        )

    def member(self, group: str) -> AIOKafkaConsumer:
        """Return a consumer that is a member of `group` and nothing else; not started yet.

        It never delivers a record: see ``kafka_groups.py``.
        """
        session_ms = _milliseconds(self.settings.session_timeout_seconds)
        rebalance_ms = _milliseconds(self.settings.rebalance_timeout_seconds)
        connection = self._connection()
        # The answer to a join may take as long as the rebalance.
        connection["request_timeout_ms"] = rebalance_ms + 10_000
        return AIOKafkaConsumer(
            group_id=self.physical(group),
            auto_offset_reset="latest",
            enable_auto_commit=False,
            # What it fetches before it is paused is thrown away: as little as can be.
            fetch_max_bytes=1,
            max_partition_fetch_bytes=1,
            heartbeat_interval_ms=max(100, session_ms // 10),
            # No `group_instance_id`: of two members with one id, each evicts the other for ever.
            max_poll_interval_ms=_NEVER_MS,
            partition_assignment_strategy=(RangePartitionAssignor,),
            rebalance_timeout_ms=rebalance_ms,
            session_timeout_ms=session_ms,
            **connection,
        )

    def admin(self) -> AIOKafkaAdminClient:
        """Return an administrator; not started yet."""
        return AIOKafkaAdminClient(**self._connection())

    async def client(self) -> AIOKafkaClient:
        """Return a bare client for single requests.

        Raises:
            RetriableError: no broker answered.
        """
        client = AIOKafkaClient(**self._connection())
        with translated(self._not_reached):
            await client.bootstrap()
        return client

    @property
    def _not_reached(self) -> str:
        servers = self.settings.bootstrap_servers
        return (
            f"could not reach Kafka at {servers} (ANJI_KAFKA_BOOTSTRAP_SERVERS): is it running, "
            "and is that its address?"
        )

    async def started(self, client: C) -> C:
        """Start `client` and return it.

        Cancelled, it first brings the start to its end: aiokafka loses the connections of a
        client that is interrupted while it opens them.

        Raises:
            RetriableError: no broker, or no coordinator, answered in time.
            AuthenticationError: they do not let us in.
            ConfigurationError: their certificates are not trusted.
        """
        starting = asyncio.ensure_future(client.start())
        try:
            with translated(self._not_reached):
                async with asyncio.timeout(self.settings.delivery_timeout_seconds):
                    await asyncio.shield(starting)
        except BaseException as error:
            try:
                await asyncio.wait([starting], timeout=_START_SECONDS)
            finally:  # also when it is cancelled a second time
                starting.cancel()
                await discard(client)
                heard(starting)
            if isinstance(error, RetriableError):
                reason = await refusal(self._connection())
                if reason is not None:
                    raise reason from error
            raise
        return client

    async def send(
        self, producer: AIOKafkaProducer, messages: Sequence[Message]
    ) -> list[asyncio.Future[Any]]:
        """Hand `messages` to `producer`, in order; return the futures of their metadata."""
        now_ms = _milliseconds(self.clock.now().timestamp())
        sent = []
        for message in messages:
            key = message.key.encode()
            future = await producer.send(
                self.physical(message.topic),
                value=message.value,
                key=key,
                partition=partition_for(key, self.partitions),
                timestamp_ms=now_ms,
                headers=list(message.headers),  # its C extension takes nothing else
            )
            future.add_done_callback(heard)  # the first error is told, the others repeat it
            sent.append(future)
        return sent

    async def send_together(
        self, producer: AIOKafkaProducer, messages: Sequence[Message]
    ) -> list[SentBatch]:
        """Hand `messages` to a producer that nobody else uses meanwhile; return their batches."""
        physical = {topic: self.physical(topic) for topic in {each.topic for each in messages}}
        keyed = ((message.key.encode(), message) for message in messages)
        placed = (
            (
                TopicPartition(physical[message.topic], partition_for(key, self.partitions)),
                key,
                message,
            )
            for key, message in keyed
        )
        now_ms = _milliseconds(self.clock.now().timestamp())
        return await send_batches(producer, placed, now_ms)

    def _connection(self) -> dict[str, Any]:
        settings = self.settings
        connection: dict[str, Any] = {
            "bootstrap_servers": settings.bootstrap_servers,
            "client_id": "anji",
            "security_protocol": settings.security_protocol,
        }
        if settings.security_protocol in ("SSL", "SASL_SSL"):
            connection["ssl_context"] = ssl.create_default_context(cafile=settings.ca_file)
        if settings.security_protocol.startswith("SASL") and settings.password is not None:
            connection["sasl_mechanism"] = settings.sasl_mechanism
            connection["sasl_plain_username"] = settings.username
            connection["sasl_plain_password"] = settings.password.get_secret_value()
        return connection


def record_from(cluster: KafkaCluster, found: Any) -> Record:  # noqa: ANN401 - aiokafka's ConsumerRecord is untyped
    """Return a consumed record in our form."""
    return Record(
        cluster.declared(found.topic),
        found.partition,
        found.offset,
        found.timestamp,
        found.key,
        found.value,
        found.headers,
    )


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
