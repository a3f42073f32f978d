"""An end in order: what is in hand is finished, and nothing new is begun.

A process that is told to end lets its tasks poll no more: each work ends at its next poll, which
is after the commit of what it has in hand, a vendor call and its results among them. Works that
have not ended when the grace is over are cut off. Nothing is lost then either: a call under way is
a doubt, which whoever comes next looks up.

Works that only read have nothing in hand but a commit. They end at once, in the middle of a call
as well: a vendor that is silent would hold them for the whole grace, and they are read again.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from anji_common.broker.port import Broker, Task, Work
from anji_common.clock import Clock
from anji_common.errors import RevokedError
from anji_common.messages import Message, Record

__all__ = ["Drain", "draining"]

_LOOK_SECONDS = 0.05


@dataclass(slots=True)
class _Hand:
    """A work that has not ended yet."""

    name: str
    """Group and partition."""
    limit: asyncio.Timeout
    only_reads: bool
    is_committing: bool = False

    def break_off(self) -> None:
        """End it at once if it only reads; a commit under way is finished first."""
        if self.only_reads and not self.is_committing:
            self.limit.reschedule(asyncio.get_running_loop().time())


class Drain:
    """Of one process: whether it has been told to end, and which works have not ended yet."""

    def __init__(self, only_reading: Collection[str] = ()) -> None:
        """Start with no works.

        Args:
            only_reading: Groups whose works write nothing but their commits.
        """
        self.is_begun = False
        self._only_reading = frozenset(only_reading)
        self._working: dict[Task, _Hand] = {}

    @property
    def working(self) -> Sequence[str]:
        """Which tasks are still in hand: group and partition."""
        return sorted(hand.name for hand in self._working.values())

    def begin(self) -> None:
        """Let every work end at its next poll; those that wait in one, or only read, at once."""
        self.is_begun = True
        for task, hand in self._working.items():
            task.wake()
            hand.break_off()

    async def ended(self, clock: Clock, within_seconds: float) -> bool:
        """Wait until all works have ended; say whether they have in that time."""
        end = clock.monotonic() + within_seconds
        while self._working and clock.monotonic() < end:
            await clock.sleep(_LOOK_SECONDS)
        return not self._working

    async def work(self, group: str, task: Task, work: Work) -> None:
        """Do a work until it ends, or its task has nothing in hand and the process is to end."""
        if self.is_begun:
            return
        limit = asyncio.timeout(None)
        hand = _Hand(f"{group} {task.partition}", limit, group in self._only_reading)
        try:
            async with limit:
                self._working[task] = hand
                await work(_Task(task, self, hand))
        except RevokedError:
            if not self.is_begun:
                raise
        except TimeoutError:
            if not limit.expired():  # somebody else's
                raise
        finally:
            del self._working[task]


class _Task:
    """The port `Task` over another one."""

    def __init__(self, task: Task, drain: Drain, hand: _Hand) -> None:
        self._task = task
        self._drain = drain
        self._hand = hand

    @property
    def partition(self) -> int:
        return self._task.partition

    async def poll(
        self,
        topics: Sequence[str] | None = None,
        *,
        max_records: int = 500,
        wait_seconds: float = 0.0,
    ) -> list[Record]:
        self._check()
        found = await self._task.poll(topics, max_records=max_records, wait_seconds=wait_seconds)
        self._check()  # what has just been polled is not in hand yet
        return found

    async def commit(
        self, done: Sequence[Record], outputs: Sequence[Message] = ()
    ) -> Mapping[str, int]:
        if not self._hand.only_reads:
            return await self._task.commit(done, outputs)
        self._check()
        self._hand.is_committing = True
        try:
            reached = await self._task.commit(done, outputs)
        finally:
            self._hand.is_committing = False
        self._check()  # `begin` has left this work alone meanwhile
        return reached

    async def rewind(self) -> None:
        await self._task.rewind()

    def wake(self) -> None:
        self._task.wake()

    async def close(self) -> None:
        await self._task.close()

    def _check(self) -> None:
        if self._drain.is_begun:
            msg = "this process has been told to end"
            raise RevokedError(msg)


class _Draining:
    def __init__(self, broker: Broker, drain: Drain) -> None:
        self._broker = broker
        self._drain = drain

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the broker has of that name
        return getattr(self._broker, name)

    async def serve(self, group: str, inputs: Sequence[str], work: Work) -> None:
        async def bound(task: Task) -> None:
            await self._drain.work(group, task, work)

        await self._broker.serve(group, inputs, bound)


def draining(broker: Broker, drain: Drain) -> Broker:
    """Return `broker` for a process that ends in order once `drain` has begun."""
    return cast(Broker, _Draining(broker, drain))
