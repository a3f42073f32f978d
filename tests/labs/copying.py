"""The check that a group shares its work: every record is copied once, whatever happens.

`Copies` publishes numbered records while members come and go, each copying what it is given
from one topic to the other in transactions. What is missing in the end is lost; what is there
twice is doubled. The same check is passed by the adapters and failed by a naive runtime.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

from anji_common.broker.port import Broker, Task
from anji_common.clock import SystemClock
from anji_common.errors import RetriableError
from anji_common.messages import Message, Record
from anji_common.topics import Topic

__all__ = ["COPIED", "GIVEN", "Copies", "come_and_go", "copied", "copy"]

GIVEN = Topic("given.v1", is_compacted=False, retention_seconds=3600)
COPIED = Topic("copied.v1", is_compacted=False, retention_seconds=3600)
_BURST_RECORDS = 20


def copied(batch: Sequence[Record]) -> list[Message]:
    """Return the copies of `batch`."""
    return [Message(COPIED.name, record.text_key, record.value) for record in batch]


async def copy(task: Task) -> None:
    """Copy for as long as the task is ours; what surely was not written is tried again."""
    while True:
        batch = await task.poll(max_records=100, wait_seconds=1)
        if batch:
            try:
                await task.commit(batch, copied(batch))
            except RetriableError:
                await task.rewind()


@dataclass
class Copies:
    """One run of the check on one installation."""

    broker: Broker
    clock: SystemClock = field(default_factory=SystemClock)
    given: int = 0

    async def give(self, count: int, *, size_bytes: int = 0) -> None:
        """Publish so many more records, each at least that large."""
        for start in range(self.given, self.given + count, _BURST_RECORDS):
            numbers = range(start, min(start + _BURST_RECORDS, self.given + count))
            await self.broker.publish(
                [
                    Message(GIVEN.name, f"key-{n % 97}", str(n).encode().ljust(size_bytes))
                    for n in numbers
                ]
            )
        self.given += count

    async def give_until(self, stopped: asyncio.Event, *, pause_seconds: float = 0.02) -> None:
        """Publish, a burst at a time, until told to stop."""
        while not stopped.is_set():
            await self.give(_BURST_RECORDS)
            await self.clock.sleep(pause_seconds)

    async def found(self, *, within_seconds: float) -> Counter[int]:
        """Return how often each number was copied, once all are there or time is over."""
        reader = await self.broker.reader(
            COPIED.name, dict.fromkeys(range(self.broker.partitions), 0)
        )
        seen: Counter[int] = Counter()
        with suppress(TimeoutError):
            async with asyncio.timeout(within_seconds):
                while len(seen) < self.given:
                    seen.update(_numbers(await reader.poll(wait_seconds=0.5)))
        # What was copied twice may stand behind what completed the numbers.
        ends = await self.broker.ends(COPIED.name)
        while any(reader.position(n) < end for n, end in ends.items()):
            seen.update(_numbers(await reader.poll(wait_seconds=0.5)))
        await reader.close()
        return seen

    async def settle(self, *, within_seconds: float = 30.0) -> tuple[int, int]:
        """Return how many records were lost and how many were doubled."""
        seen = await self.found(within_seconds=within_seconds)
        return self.given - len(seen), sum(1 for times in seen.values() if times > 1)


async def come_and_go(
    join: Callable[[], Awaitable[None]], changes: int, chance: Random, *, pause_seconds: float
) -> None:
    """Let members join and leave, `changes` times in all, at most three at once; end them all.

    `join` is a member that works until it is cancelled. An error of one ends this with it.
    """
    clock = SystemClock()
    members: list[asyncio.Future[None]] = []
    try:
        for _ in range(changes):
            if not members or (len(members) < 3 and chance.random() < 0.5):
                members.append(asyncio.ensure_future(join()))
            else:
                await _end(members.pop(chance.randrange(len(members))))
            await clock.sleep(pause_seconds * (0.5 + chance.random()))
            for member in members:
                if member.done():
                    member.result()
    finally:
        for member in members:
            await _end(member)


async def _end(member: asyncio.Future[None]) -> None:
    member.cancel()
    await asyncio.wait([member])
    if not member.cancelled():
        member.result()


def _numbers(batch: Sequence[Record]) -> list[int]:
    return [int(record.value or b"") for record in batch]
