"""One task on Kafka: what reads one partition number, and the producer that fences.

The producer has the task's transactional id: to start it ends an open transaction of the
former owner and fences it. Only then are the committed offsets read, and only from them does
the consumer start. The consumer is in no group and belongs to this task alone, so nothing
that happens to a group can move its positions: the race of aiokafka's rebalance listener,
which loses records in a naive runtime, has no place here.

Places to start from are kept here, not asked for again: no one else can move them, for
whoever would is the owner from then on.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import IllegalOperation, KafkaError

from anji_common.broker.kafka_admin import KafkaAdmin
from anji_common.broker.kafka_cluster import KafkaCluster, record_from
from anji_common.broker.kafka_endings import discard
from anji_common.broker.kafka_errors import error_from, translated
from anji_common.broker.kafka_inputs import KafkaInputs
from anji_common.broker.kafka_offsets import KafkaOffsets
from anji_common.errors import AnjiError, ConfigurationError, FencedError, RevokedError
from anji_common.messages import Message, Record

__all__ = ["KafkaTask", "Seat"]

_ABORT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Seat:
    """Which task: one partition number of one group, with the topics that it reads."""

    group: str
    partition: int
    inputs: Sequence[str]


class KafkaTask:
    """The owner of one partition number of a group's inputs; see `take`."""

    def __init__(
        self,
        cluster: KafkaCluster,
        admin: KafkaAdmin,
        seat: Seat,
        producer: AIOKafkaProducer,
        inputs: KafkaInputs,
    ) -> None:
        self._cluster = cluster
        self._admin = admin
        self._group = seat.group
        self._partition = seat.partition
        self._producer: AIOKafkaProducer | None = producer
        self._inputs = inputs
        self._places: dict[TopicPartition, int | None] = {}
        self._woken = asyncio.Event()
        self._is_revoked = False
        self.is_lost = False
        """Whether nobody knows what became of the last commit: the task must be taken anew."""

    @classmethod
    async def take(
        cls, cluster: KafkaCluster, admin: KafkaAdmin, offsets: KafkaOffsets, seat: Seat
    ) -> "KafkaTask":
        """Take the task: fence the former owner, then start from what is committed.

        Raises:
            RetriableError: the cluster did not answer in time.
        """
        places = cluster.places(seat.inputs, [seat.partition])
        producer = await cluster.started(
            cluster.producer(cluster.transactional_id(seat.group, seat.partition))
        )
        try:
            inputs = await KafkaInputs.opened(cluster, places)
        except BaseException:
            await discard(producer)
            raise
        task = cls(cluster, admin, seat, producer, inputs)
        try:
            # After the fence, and not before: until then the former owner could move them.
            standing = await offsets.standing(seat.group, places)
            task._places = {place: standing.get(place) for place in places}
            await task.rewind()
        except BaseException:
            await task.close()
            raise
        return task

    @property
    def partition(self) -> int:
        return self._partition

    def revoke(self) -> None:
        """Let `poll` raise `RevokedError` from now on, also one that is waiting."""
        self._is_revoked = True
        self.wake()

    async def poll(
        self,
        topics: Sequence[str] | None = None,
        *,
        max_records: int = 500,
        wait_seconds: float = 0.0,
    ) -> list[Record]:
        self._check()
        places = (
            list(self._places)
            if topics is None
            else self._cluster.places(topics, [self._partition])
        )
        with translated(f"reading for {self._name}"):
            found = await self._inputs.ready(places, max_records)
            if not found and wait_seconds > 0:
                found = await self._inputs.wait(places, max_records, wait_seconds, self._woken)
        self._woken.clear()
        self._check()
        return [record_from(self._cluster, one) for records in found.values() for one in records]

    async def commit(
        self, done: Sequence[Record], outputs: Sequence[Message] = ()
    ) -> Mapping[str, int]:
        if self._producer is None:
            raise FencedError(self._fenced)
        if not done and not outputs:
            return {}
        moved = self._moved(done)
        await self._admin.require(sorted({message.topic for message in outputs}))
        # Whoever cancels a work must not leave a transaction open behind it, for readers stand
        # still there: it is brought to its end first, and either end is right.
        ending = asyncio.ensure_future(self._transact(self._producer, moved, outputs))
        try:
            return await asyncio.shield(ending)
        except asyncio.CancelledError:
            await asyncio.wait([ending], timeout=_ABORT_SECONDS)
            if not ending.done():
                ending.cancel()
                await self._drop()
            elif (error := ending.exception()) is not None and not isinstance(error, AnjiError):
                raise error from None
            raise

    async def rewind(self) -> None:
        with translated(f"starting {self._name}"):
            await self._inputs.seek(self._places)

    def wake(self) -> None:
        self._woken.set()

    async def close(self) -> None:
        try:
            await self._inputs.close()
        finally:
            await self._drop()

    @property
    def _name(self) -> str:
        return f"task {self._group}[{self._partition}]"

    @property
    def _fenced(self) -> str:
        return f"{self._name} has another owner now, or its transaction took too long"

    def _check(self) -> None:
        if self._is_revoked:
            msg = f"{self._name} goes to another member"
            raise RevokedError(msg)
        if self._producer is None:
            raise FencedError(self._fenced)

    async def _transact(
        self,
        producer: AIOKafkaProducer,
        moved: Mapping[TopicPartition, int],
        outputs: Sequence[Message],
    ) -> Mapping[str, int]:
        doing = f"committing {self._name}"
        try:
            async with asyncio.timeout(self._cluster.settings.transaction_timeout_seconds):
                await producer.begin_transaction()
                sent = await self._cluster.send_together(producer, outputs)
                # Before the offsets: else AddOffsets meets AddPartitions, and waits.
                told = [await batch.told for batch in sent]
                if moved:
                    await producer.send_offsets_to_transaction(
                        dict(moved), self._cluster.physical(self._group)
                    )
                await producer.commit_transaction()
        except (KafkaError, IllegalOperation, TimeoutError) as error:
            ours = error_from(error, doing)
            if not isinstance(ours, FencedError) and await _aborted(producer):
                raise ours from error
            await self._drop()
            if isinstance(ours, FencedError):
                msg = f"{self._fenced} ({ours})"
                raise FencedError(msg) from error
            raise self._lost(ours) from error
        self._places.update(moved)
        return {
            self._cluster.declared(batch.place.topic): first.offset + batch.count
            for batch, first in zip(sent, told, strict=True)
            if batch.place.partition == self._partition and first.offset >= 0
        }

    def _moved(self, done: Sequence[Record]) -> dict[TopicPartition, int]:
        """Return past what to move: never back behind what is committed already."""
        moved: dict[TopicPartition, int] = {}
        for record in done:
            if record.partition != self._partition:
                msg = f"{self._name} cannot move past {record.place}"
                raise ConfigurationError(msg)
            place = TopicPartition(self._cluster.physical(record.topic), self._partition)
            stands = moved.get(place, self._places.get(place)) or 0
            moved[place] = max(stands, record.offset + 1)
        return moved

    def _lost(self, error: AnjiError) -> RevokedError:
        """Return what ends the work when a commit had no answer.

        It may have been carried out or not. Whoever takes the task next ends the transaction
        for certain, and starts from what is committed; nothing that this work knows is safe.
        """
        self.is_lost = True
        self.revoke()
        return RevokedError(f"{self._name} must be taken anew: {error}")

    async def _drop(self) -> None:
        """Let go of the producer: after a fence its every call is a bare `AssertionError`."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await discard(producer)


async def _aborted(producer: AIOKafkaProducer) -> bool:
    """Abort the open transaction; return whether that is certain."""
    try:
        async with asyncio.timeout(_ABORT_SECONDS):
            await producer.abort_transaction()
    except (KafkaError, AssertionError, TimeoutError):
        # AssertionError is how aiokafka says that the producer cannot be used any more.
        return False
    return True
