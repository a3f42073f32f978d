"""How one task reads: consumers in no group, which belong to this task alone.

A consumer has one request under way at a broker. A partition that is read to its end meanwhile is
asked for again only when that request is over; where a work takes longer than aiokafka's look
ahead (0.1 s), what comes next is seen that much later. So a task of few inputs has a consumer for
each: it sees what comes at once, and its requests may last long, which is what makes many idle
tasks cheap. A task of many inputs has one for all, whose requests are short.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from anji_common.broker.kafka_cluster import KafkaCluster
from anji_common.broker.kafka_endings import discard

__all__ = ["Found", "KafkaInputs"]

Found = dict[TopicPartition, list[Any]]
"""aiokafka's records, in order, by the partition that they come from."""

_FEW = 2


class KafkaInputs:
    """The consumers of one task; see `opened`."""

    def __init__(self) -> None:
        self._consumers: dict[TopicPartition, AIOKafkaConsumer] = {}

    @classmethod
    async def opened(
        cls, cluster: KafkaCluster, places: Sequence[TopicPartition]
    ) -> "KafkaInputs":
        """Return the consumers of `places`; `seek` says where they start.

        Raises:
            RetriableError: the cluster did not answer in time.
        """
        inputs = cls()
        shares = [[place] for place in places] if len(places) <= _FEW else [list(places)]
        try:
            for share in shares:
                consumer = await cluster.started(cluster.consumer(len(share)))
                inputs._consumers |= dict.fromkeys(share, consumer)
                consumer.assign(share)
        except BaseException:
            await inputs.close()
            raise
        return inputs

    async def seek(self, starts: Mapping[TopicPartition, int | None]) -> None:
        """Read from those offsets on; from the oldest record where it is `None`."""
        for place, offset in starts.items():
            if offset is not None:
                self._consumers[place].seek(place, offset)
        unread = [place for place, offset in starts.items() if offset is None]
        for consumer, share in self._shares(unread):
            await consumer.seek_to_beginning(*share)

    async def ready(self, places: Sequence[TopicPartition], max_records: int) -> Found:
        """Return what has come already."""
        found: Found = {}
        left = max_records
        try:
            for consumer, share in self._shares(places):
                if left > 0:
                    came = await consumer.getmany(*share, max_records=left)
                    found |= came
                    left -= sum(len(records) for records in came.values())
        except KafkaError:
            self._put_back(found)
            raise
        return found

    async def wait(
        self,
        places: Sequence[TopicPartition],
        max_records: int,
        wait_seconds: float,
        woken: asyncio.Event,
    ) -> Found:
        """Return the first that comes within that time, or nothing once woken.

        Of no places nothing ever comes.
        """
        if not places:
            with suppress(TimeoutError):
                await asyncio.wait_for(woken.wait(), wait_seconds)
            return {}
        shares = list(self._shares(places))
        each = max(1, max_records // len(shares))
        fetching = [
            asyncio.ensure_future(
                consumer.getmany(*share, timeout_ms=round(wait_seconds * 1000), max_records=each)
            )
            for consumer, share in shares
        ]
        waking = asyncio.ensure_future(woken.wait())
        try:
            await asyncio.wait([*fetching, waking], return_when=asyncio.FIRST_COMPLETED)
        finally:
            # Either one is done and has moved on, or it ends before it takes anything.
            for one in (waking, *fetching):
                one.cancel()
        await asyncio.wait(fetching)
        return self._together([one for one in fetching if not one.cancelled()])

    async def close(self) -> None:
        """Let go of connections."""
        async with AsyncExitStack() as last:
            for consumer in dict.fromkeys(self._consumers.values()):
                last.push_async_callback(discard, consumer)

    def _shares(
        self, places: Sequence[TopicPartition]
    ) -> Iterator[tuple[AIOKafkaConsumer, list[TopicPartition]]]:
        """Yield each consumer with those of `places` that it reads, in their order."""
        for consumer in dict.fromkeys(self._consumers[place] for place in places):
            yield consumer, [place for place in places if self._consumers[place] is consumer]

    def _together(self, ended: Sequence[asyncio.Future[Found]]) -> Found:
        errors = [error for one in ended if (error := one.exception()) is not None]
        found: Found = {}
        for one in ended:
            if one.exception() is None:
                found |= one.result()
        if errors:
            self._put_back(found)
            raise errors[0]
        return found

    def _put_back(self, found: Found) -> None:
        """Read again what was taken, for it is not handed on."""
        for place, records in found.items():
            self._consumers[place].seek(place, records[0].offset)
