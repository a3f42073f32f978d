"""What the broker's port costs: publishing, reading, and transactions of several sizes."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from anji_common.broker.port import Broker, Task
from anji_common.messages import Message
from anji_common.topics import INBOX, NOTICES
from anji_mapper.mapping.folder import load_mappings
from bench.effort import Effort, measured
from bench.figures import Family, Figure
from bench.stands import Stand

__all__ = ["BrokerSizes", "measure_broker"]

_WORDS = """\
{records:,} records of 1 kB over twelve partitions: published 500 at a time, read back by a
reader, and passed on by the twelve tasks of a group in transactions of several sizes. Processor
time is this process's: all of it for the embedded broker, the client's half for Kafka."""
_BATCH = 500
_HEADERS = (("ce_type", b"bench"), ("ce_source", b"/bench"))


@dataclass(frozen=True, slots=True)
class BrokerSizes:
    """How much is moved."""

    records: int = 20_000
    transactions: tuple[int, ...] = (1, 10, 100, 500)
    transactions_each: int = 600
    """At most so many transactions of each size."""


async def measure_broker(stand: Stand, sizes: BrokerSizes) -> Family:
    """Return the figures of one broker."""
    async with stand.opened(load_mappings()) as runtime:
        broker = runtime.broker
        published = await _published(broker, sizes.records)
        read, reading = await _read(broker, await broker.ends(INBOX.name))
        figures = _both("published", sizes.records, published) + _both("read", read, reading)
        for size in sizes.transactions:
            wanted = min(sizes.records, size * sizes.transactions_each)
            passed, effort = await _passed(broker, f"passing-{size}", size, wanted)
            figures += _both(f"passed on, {size} a transaction", passed, effort)
    return Family(f"Broker, {stand.name}", _WORDS.format(records=sizes.records), figures)


def _both(what: str, count: int, effort: Effort) -> list[Figure]:
    return [
        Figure(what, effort.per_second(count), "/s"),
        Figure(f"{what}, processor time", effort.micros(count), "µs each"),
    ]


async def _published(broker: Broker, count: int) -> Effort:
    value = b"x" * 1000
    messages = [Message(INBOX.name, f"key-{n}", value, _HEADERS) for n in range(count)]
    with measured() as effort:
        for start in range(0, count, _BATCH):
            await broker.publish(messages[start : start + _BATCH])
    return effort


async def _read(broker: Broker, ends: Mapping[int, int]) -> tuple[int, Effort]:
    count = 0
    reader = await broker.reader(INBOX.name, dict.fromkeys(ends, 0))
    try:
        with measured() as effort:
            while any(reader.position(partition) < end for partition, end in ends.items()):
                count += len(await reader.poll(max_records=_BATCH, wait_seconds=1.0))
    finally:
        await reader.close()
    return count, effort


async def _passed(broker: Broker, group: str, size: int, wanted: int) -> tuple[int, Effort]:
    """Take all tasks, then let them work at the same time until `wanted` records are passed."""
    passed = 0
    tasks = [await broker.take(group, number, [INBOX.name]) for number in range(broker.partitions)]

    async def work(task: Task) -> None:
        nonlocal passed
        while passed < wanted:
            records = await task.poll(max_records=size, wait_seconds=0.2)
            if not records:
                return  # this partition is at its end
            outputs = [
                Message(NOTICES.name, record.text_key, record.value, record.headers)
                for record in records
            ]
            await task.commit(records, outputs)
            passed += len(records)

    try:
        with measured() as effort:
            async with asyncio.TaskGroup() as together:
                for task in tasks:
                    together.create_task(work(task))
    finally:
        for task in tasks:
            await task.close()
    return passed, effort
