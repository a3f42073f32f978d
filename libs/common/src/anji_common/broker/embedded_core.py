"""What the parts of one opened `EmbeddedBroker` share, and its sign of life in the file.

An opened broker is a *process* of the file: a row with a heartbeat, there while it holds tasks
or serves groups. Processes on one machine share the wall clock, so a heartbeat that is older
than the time-out means a dead or frozen process, and its tasks are free to be taken. One that
thaws finds that out by its epochs: its commits are fenced.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import structlog

from anji_common.broker.embedded_queue import EmbeddedQueue, Transaction
from anji_common.broker.embedded_store import EmbeddedStore
from anji_common.broker.embedded_wakeups import EmbeddedWakeups
from anji_common.clock import Clock
from anji_common.errors import RetriableError

__all__ = ["EmbeddedCore", "EmbeddedPresence", "EmbeddedTimes", "group_key"]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class EmbeddedTimes:
    """How often an opened broker looks at things."""

    look_seconds: float = 0.05
    """How late another process's commit may be noticed. A look takes 2 µs."""
    member_timeout_seconds: float = 5.0
    """Another process without a sign of life for so long counts as dead: its tasks are taken."""
    upkeep_seconds: float = 60.0
    """Between two rounds of retention and compaction, which run while anything is served."""


def group_key(group: str) -> Hashable:
    """Return what those wait for who must hear of a group's members and owners."""
    return ("group", group)


class EmbeddedPresence:
    """This process in the file, while it holds anything; and what runs meanwhile."""

    def __init__(
        self,
        store: EmbeddedStore,
        queue: EmbeddedQueue,
        clock: Clock,
        timeout_seconds: float,
    ) -> None:
        self._store = store
        self._queue = queue
        self._clock = clock
        self.timeout_seconds = timeout_seconds
        self._process_id: int | None = None
        self._members: dict[int, str] = {}
        self._left: dict[int, str] = {}
        """Members that have left, and stand in the file still."""
        self._holds = 0
        self._background: list[asyncio.Task[None]] = []
        self.background: list[Callable[[], Awaitable[None]]] = []
        """Loops that run while this process holds anything."""

    def hold(self) -> None:
        """Be there until the matching `let_go`."""
        self._holds += 1
        if self._holds == 1:
            loops = [*self.background, *([self._beat] if self._store.is_shared else [])]
            self._background = [asyncio.ensure_future(_run(loop)) for loop in loops]

    def let_go(self) -> None:
        """Be there no longer, unless something else is still held."""
        self._holds -= 1
        if self._holds == 0:
            self._stop()

    def process_id(self, transaction: Transaction) -> int:
        """Return our number in the file; the row is made when it is first asked for."""
        if self._process_id is None:
            rows = transaction.store.rows(
                "INSERT INTO processes (beat_ms) VALUES (?) RETURNING process_id",
                transaction.now_ms,
            )
            self._process_id = int(rows[0][0])
            transaction.undone.append(self._forget_process_id)
        return self._process_id

    def join(self, transaction: Transaction, group: str) -> int:
        """Become a member of `group` and return the member's number."""
        rows = transaction.store.rows(
            "INSERT INTO members (group_name, process_id) VALUES (?, ?) RETURNING member_id",
            group,
            self.process_id(transaction),
        )
        member_id = int(rows[0][0])
        self._members[member_id] = group
        transaction.undone.append(partial(self._forget, member_id))
        transaction.touched.add(group_key(group))
        return member_id

    def leave(self, transaction: Transaction, member_id: int) -> None:
        """Leave the group and free all tasks that are held in it.

        If that comes to nothing, as on a full disk, the next sign of life does it: a member that
        nobody serves would keep its share for ever.
        """
        group = self._members.pop(member_id, None) or self._left.pop(member_id, None)
        if group is None:
            return  # its joining has come to nothing
        transaction.undone.append(lambda: self._left.update({member_id: group}))
        transaction.store.run("DELETE FROM members WHERE member_id = ?", member_id)
        transaction.store.run(
            "UPDATE owners SET process_id = NULL, member_id = NULL WHERE member_id = ?", member_id
        )
        transaction.touched.add(group_key(group))

    def bury(self, transaction: Transaction) -> None:
        """Remove the processes that gave no sign of life; their tasks are free then."""
        if not self._store.is_shared:
            return
        store = transaction.store
        buried = store.run(
            "DELETE FROM processes WHERE beat_ms < ? AND process_id IS NOT ?",
            self._oldest_ms(),
            self._process_id,
        )
        if not buried:
            return
        orphaned = "process_id NOT IN (SELECT process_id FROM processes)"
        groups = store.rows(f"SELECT DISTINCT group_name FROM members WHERE {orphaned}")  # noqa: S608 - a constant
        store.run(f"DELETE FROM members WHERE {orphaned}")  # noqa: S608 - a constant
        store.run(f"UPDATE owners SET process_id = NULL, member_id = NULL WHERE {orphaned}")  # noqa: S608 - a constant
        transaction.touched.update(group_key(group) for (group,) in groups)

    def _forget(self, member_id: int) -> None:
        self._members.pop(member_id, None)

    def _forget_process_id(self) -> None:
        self._process_id = None

    async def bury_the_dead(self) -> None:
        """Look for processes that gave no sign of life, and remove them."""
        if self._store.is_shared and self._store.rows(
            "SELECT 1 FROM processes WHERE beat_ms < ? AND process_id IS NOT ? LIMIT 1",
            self._oldest_ms(),
            self._process_id,
        ):
            await self._queue.ask(self.bury)

    async def close(self) -> None:
        """Leave the file: everything still held is free at once."""
        background = self._background
        self._stop()
        if background:
            await asyncio.wait(background)
        if self._process_id is not None:
            with suppress(RetriableError):  # the disk is full: others find us gone by and by
                await self._queue.ask(self._go)

    def _go(self, transaction: Transaction) -> None:
        for member_id in (*self._members, *self._left):
            self.leave(transaction, member_id)
        store = transaction.store
        ours = self._process_id
        groups = store.rows("SELECT DISTINCT group_name FROM owners WHERE process_id = ?", ours)
        store.run(
            "UPDATE owners SET process_id = NULL, member_id = NULL WHERE process_id = ?", ours
        )
        store.run("DELETE FROM processes WHERE process_id = ?", ours)
        transaction.touched.update(group_key(group) for (group,) in groups)

    def _oldest_ms(self) -> int:
        return int((self._clock.now().timestamp() - self.timeout_seconds) * 1000)

    def _stop(self) -> None:
        for task in self._background:
            task.cancel()
        self._background = []

    async def _beat(self) -> None:
        while True:
            try:
                await self._queue.ask(self._beaten)
            except RetriableError as error:
                _log.warning("broker.no_sign_of_life", reason=str(error))
            await self._clock.sleep(self.timeout_seconds / 4)

    def _beaten(self, transaction: Transaction) -> None:
        """Renew our rows; whoever was buried while frozen makes them again, with old numbers."""
        ours = self.process_id(transaction)
        transaction.store.run(
            "INSERT OR REPLACE INTO processes VALUES (?, ?)", ours, transaction.now_ms
        )
        for member_id in tuple(self._left):
            self.leave(transaction, member_id)
        for member_id, group in self._members.items():
            transaction.store.run(
                "INSERT OR IGNORE INTO members VALUES (?, ?, ?)", member_id, group, ours
            )


@dataclass(frozen=True, slots=True)
class EmbeddedCore:
    """The parts, once each."""

    store: EmbeddedStore
    queue: EmbeddedQueue
    wakeups: EmbeddedWakeups
    presence: EmbeddedPresence
    clock: Clock


async def _run(loop: Callable[[], Awaitable[None]]) -> None:
    await loop()
