"""How to let go of a producer at once.

Its own `stop` waits for its broker, for ever if there is none, and a fenced one has nothing to
wait for. aiokafka has no public way that does not wait, hence its private parts here, of the
version that is pinned, and nowhere else.
"""
# ruff: noqa: SLF001 - the private parts of aiokafka's producer; see above

import asyncio
from typing import Any

from aiokafka import AIOKafkaProducer

__all__ = ["discard_producer", "heard"]


async def discard_producer(producer: AIOKafkaProducer) -> None:
    """Close connections first; the sender then ends. What was not sent is forgotten."""
    producer._closed = True
    await producer.client.close()
    await producer._sender.close()
    # What nobody waits for any more; asyncio would complain that its errors were not heard.
    if producer._txn_manager.transactional_id is not None:
        heard(producer._txn_manager._transaction_waiter)
    for batches in producer._message_accumulator._batches.values():
        for batch in batches:
            heard(batch._drain_waiter)


def heard(future: asyncio.Future[Any] | None) -> None:
    """Take note of an error that is told in another way."""
    if future is not None and future.done() and not future.cancelled():
        future.exception()
