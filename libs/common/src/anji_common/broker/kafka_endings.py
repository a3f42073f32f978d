"""How to let go of aiokafka's clients at once, also when no broker answers.

A producer's own `stop` waits for its broker, for ever if there is none, and a fenced one has
nothing to wait for. A consumer's waits for an answer of the group's coordinator. What then is
cancelled may wait for metadata that will not come. There is no public way that does not wait:
hence aiokafka's private parts here, of the version that is pinned, and nowhere else.

A membership that ends cancels works that are closing already. What is let go of halfway keeps
its connections for ever, so an ending is always brought to its end; it takes seconds at most.
"""
# ruff: noqa: SLF001 - the private parts of aiokafka's clients; see above

import asyncio
from contextlib import suppress
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.client import AIOKafkaClient
from aiokafka.conn import CloseReason
from aiokafka.errors import KafkaError

__all__ = ["discard", "heard"]

_STOP_SECONDS = 5.0
_CANCEL_SECONDS = 2.0


async def discard(client: Any) -> None:  # noqa: ANN401 - any of aiokafka's clients, all untyped
    """Let go of `client` without waiting for what it has not sent; also when cancelled."""
    letting_go = asyncio.ensure_future(_discard(client))
    try:
        await asyncio.shield(letting_go)
    except asyncio.CancelledError:
        while not letting_go.done():
            with suppress(asyncio.CancelledError):  # told once is enough
                await asyncio.wait([letting_go])
        heard(letting_go)
        raise


async def _discard(client: Any) -> None:  # noqa: ANN401 - any of aiokafka's clients, all untyped
    if isinstance(client, AIOKafkaProducer):
        await _discard_producer(client)
    elif isinstance(client, AIOKafkaConsumer):
        await _discard_consumer(client)
    elif isinstance(client, AIOKafkaAdminClient):
        client._closed = True
        await _hang_up(client._client)
    else:
        await _hang_up(client)


async def _discard_producer(producer: AIOKafkaProducer) -> None:
    producer._closed = True
    await _cancel_tasks_of(producer._sender)
    await _hang_up(producer.client)
    # What nobody waits for any more; asyncio would complain that its errors were not heard.
    if producer._txn_manager.transactional_id is not None:
        heard(producer._txn_manager._transaction_waiter)
    for batches in producer._message_accumulator._batches.values():
        for batch in batches:
            heard(batch._drain_waiter)


async def _discard_consumer(consumer: AIOKafkaConsumer) -> None:
    consumer._closed = True
    leaving = asyncio.ensure_future(_leave(consumer))
    await asyncio.wait([leaving], timeout=_STOP_SECONDS)
    if not leaving.done():
        leaving.cancel()
        await _cancel_tasks_of(consumer._coordinator, consumer._fetcher, leaving)
    elif not leaving.cancelled():
        with suppress(KafkaError):
            leaving.result()
    await _hang_up(consumer._client)


async def _leave(consumer: AIOKafkaConsumer) -> None:
    for part in (consumer._coordinator, consumer._fetcher):
        if part is not None:
            await part.close()


async def _hang_up(client: AIOKafkaClient) -> None:
    """Close connections without a goodbye.

    Over TLS that is answered by a broker only when its longest fetch is over, and aiokafka waits
    for it; whoever loses patience is left with connections that cannot be closed any more.
    """
    for connection in client._conns.values():
        writer = connection._writer
        if writer is not None:
            connection.close(reason=CloseReason.SHUTDOWN)
            writer.transport.abort()
    await client.close()


async def _cancel_tasks_of(*owners: object) -> None:
    """Cancel the tasks that run a method of one of `owners`; some are known to nobody else."""
    running = [task for task in asyncio.all_tasks() if task in owners or _owner(task) in owners]
    for task in running:
        task.cancel()
    if running:
        await asyncio.wait(running, timeout=_CANCEL_SECONDS)
    for task in running:
        heard(task)


def _owner(task: asyncio.Task[Any]) -> object:
    frame = getattr(task.get_coro(), "cr_frame", None)
    return task if frame is None else frame.f_locals.get("self", task)


def heard(future: asyncio.Future[Any] | None) -> None:
    """Take note of an error that is told in another way."""
    if future is not None and future.done() and not future.cancelled():
        future.exception()
