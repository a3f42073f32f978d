"""Membership of a group in `EmbeddedBroker`: who works on which partition numbers.

Every member computes the same shares from the members in the file. It ends the works that are
no longer its own, gives their tasks back, and takes what is its own as soon as nobody owns it.
So a task is handed over only when its work has ended, and never to two members.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from anji_common.broker.embedded_core import EmbeddedCore, group_key
from anji_common.broker.embedded_queue import Transaction
from anji_common.broker.embedded_store import Shape
from anji_common.broker.embedded_task import EmbeddedTask, Seat, is_free, take_if_free
from anji_common.broker.port import Work
from anji_common.errors import FencedError, RevokedError

__all__ = ["EmbeddedMember", "share_of"]

_log = structlog.get_logger(__name__)

_IDLE_LOOK_SECONDS = 3600.0
"""In memory nobody dies unheard: the look is only a fall-back there."""


def share_of(members: Sequence[int], member: int, partitions: int) -> range:
    """Return the partition numbers of one member: a range, sizes differing by one at most."""
    if member not in members:
        return range(0)
    number, count = sorted(members).index(member), len(members)
    return range(number * partitions // count, (number + 1) * partitions // count)


@dataclass(frozen=True, slots=True)
class _Held:
    """A task that is ours, and its work."""

    task: EmbeddedTask
    work: asyncio.Future[None]


class EmbeddedMember:
    """One call of `Broker.serve`."""

    def __init__(
        self, core: EmbeddedCore, group: str, inputs: dict[str, Shape], work: Work
    ) -> None:
        self._core = core
        self._group = group
        self._inputs = inputs
        self._work = work
        self._partitions = min(shape.partitions for shape in inputs.values())
        self._member_id: int | None = None
        self._event = asyncio.Event()
        self._held: dict[int, _Held] = {}

    async def run(self) -> None:
        """Be a member until cancelled, or until a work fails."""
        presence = self._core.presence
        presence.hold()
        try:
            with self._core.wakeups.waiting(self._event, [group_key(self._group)]):
                await self._core.queue.ask(self._join)
                while True:
                    await self._look()
        finally:
            presence.let_go()
            await self._end()

    def _join(self, transaction: Transaction) -> None:
        self._member_id = self._core.presence.join(transaction, self._group)

    async def _look(self) -> None:
        """Let go of what is not ours, take what is, and wait for the next change."""
        self._event.clear()
        await self._core.presence.bury_the_dead()
        share = self._share()
        for partition, held in tuple(self._held.items()):
            if partition not in share:
                held.task.revoke()
            if held.work.done():
                await self._collect(partition, held, is_ours=partition in share)
        for partition in share:
            if partition not in self._held and is_free(self._core.store, self._group, partition):
                await self._take(partition)
        shared_look = self._core.presence.timeout_seconds / 4
        seconds = shared_look if self._core.store.is_shared else _IDLE_LOOK_SECONDS
        await self._core.wakeups.wait(self._event, [], seconds)

    def _share(self) -> range:
        rows = self._core.store.rows(
            "SELECT member_id FROM members WHERE group_name = ?", self._group
        )
        return share_of([row[0] for row in rows], self._member_id or 0, self._partitions)

    async def _take(self, partition: int) -> None:
        seat = Seat(self._group, partition, self._inputs)
        task = await take_if_free(self._core, seat, self._member_id or 0)
        if task is None:
            return
        work = asyncio.ensure_future(self._work(task))
        work.add_done_callback(lambda _: self._event.set())
        self._held[partition] = _Held(task, work)

    async def _collect(self, partition: int, held: _Held, *, is_ours: bool) -> None:
        """Give a task back whose work has ended; a failure of the work is ours.

        Work that simply returned is over as well: its task stays ours, idle, so that it is not
        begun again, until the task is to go elsewhere.
        """
        error = None if held.work.cancelled() else held.work.exception()
        if error is None and not held.work.cancelled() and is_ours:
            return
        if isinstance(error, FencedError):
            _log.warning("task.lost", group=self._group, partition=partition)
        elif error is not None and not isinstance(error, RevokedError):
            raise error
        del self._held[partition]
        await held.task.close()

    async def _end(self) -> None:
        """End all works, wait for them, then leave the group: others begin after us."""
        works = [held.work for held in self._held.values()]
        for work in works:
            work.cancel()
        try:
            if works:
                await asyncio.wait(works)
        finally:
            for held in self._held.values():
                held.task.abandon()
            if self._member_id is not None:
                # Not awaited: it comes about even if we are cancelled again, or the loop ends.
                self._core.queue.ask(self._leave).add_done_callback(_tell_of_failure)

    def _leave(self, transaction: Transaction) -> None:
        if self._member_id is not None:
            self._core.presence.leave(transaction, self._member_id)


def _tell_of_failure(leaving: asyncio.Future[None]) -> None:
    error = None if leaving.cancelled() else leaving.exception()
    if error is not None:  # it is done with the next sign of life
        _log.warning("broker.not_left", reason=str(error))
