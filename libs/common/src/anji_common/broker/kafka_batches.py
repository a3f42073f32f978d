"""What a transaction writes, handed to aiokafka by the partition instead of by the record.

aiokafka makes a future of its own for each record, with callbacks and its metadata; of what a
transaction writes nobody asks for one record's. Whatever goes to a partition is built here into
as few batches as their size allows, and each has one future.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import MessageSizeTooLargeError
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from anji_common.broker.kafka_endings import heard
from anji_common.messages import Message

__all__ = ["SentBatch", "send_batches"]

_MOST_BYTES = 1_048_576
"""Of one record, as aiokafka and brokers have it unless told otherwise."""


@dataclass(frozen=True, slots=True)
class SentBatch:
    """Some records on their way to one partition."""

    place: TopicPartition
    count: int
    told: asyncio.Future[Any]
    """aiokafka's metadata of the first of them, once all are written."""


async def send_batches(
    producer: AIOKafkaProducer,
    records: Iterable[tuple[TopicPartition, bytes, Message]],
    timestamp_ms: int,
) -> list[SentBatch]:
    """Hand messages, each with its place and key, to `producer`; in order within each place.

    Nobody else may send through it meanwhile: a batch waits until the one before it has gone.

    Raises:
        MessageSizeTooLargeError: one is too large; nothing was sent. A broker that refuses a batch
            would leave a gap in the producer's numbers, and fence it by the next.
    """
    by_place: dict[TopicPartition, list[tuple[bytes, Message]]] = {}
    for place, key, message in records:
        size = DefaultRecordBatchBuilder.estimate_size_in_bytes(
            key, message.value, list(message.headers)
        )
        if size > _MOST_BYTES:
            msg = f"a record for {place.topic} is {size} bytes large, of {_MOST_BYTES} at most"
            raise MessageSizeTooLargeError(msg)
        by_place.setdefault(place, []).append((key, message))
    sent: list[SentBatch] = []
    for place, share in by_place.items():
        batch = producer.create_batch()
        for key, message in share:
            record = {
                "timestamp": timestamp_ms,
                "key": key,
                "value": message.value,
                "headers": list(message.headers),  # its C extension takes nothing else
            }
            if batch.append(**record) is None:  # it is full
                sent.append(await _handed_over(producer, place, batch))
                batch = producer.create_batch()
                batch.append(**record)  # the first is taken, whatever its size
        sent.append(await _handed_over(producer, place, batch))
    return sent


async def _handed_over(
    producer: AIOKafkaProducer,
    place: TopicPartition,
    batch: Any,  # noqa: ANN401 - aiokafka's builder is untyped
) -> SentBatch:
    batch.close()
    told = await producer.send_batch(batch, place.topic, partition=place.partition)
    told.add_done_callback(heard)  # the first error is told, the others repeat it
    return SentBatch(place, batch.record_count(), told)
