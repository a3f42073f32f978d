"""Group commit: what is asked for in one turn of the event loop becomes one transaction.

Twelve tasks that commit in the same turn cost one sync of the disk instead of twelve. Where there
is a disk the sync has a thread of its own: the loop goes on, transactions that are committed
meanwhile share the next sync, and nobody hears of his before it is durable. An *operation*
refuses (raises an `AnjiError`) before it changes anything, so a refused one, such as the commit
of a fenced task, fails alone and the others of its transaction stand.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from anji_common.broker.embedded_store import OFFSET_BITS, BusyError, EmbeddedStore, Entry
from anji_common.broker.embedded_wakeups import EmbeddedWakeups
from anji_common.clock import Clock
from anji_common.errors import ConfigurationError, FatalError, FencedError, RetriableError

__all__ = ["EmbeddedQueue", "Operation", "Transaction"]

T = TypeVar("T")

_BUSY_PAUSE_SECONDS = 0.02
"""Between two tries to write while another process does; that takes milliseconds."""


class Transaction:
    """What an operation can do: append records here, and run SQL on `store`."""

    def __init__(self, store: EmbeddedStore, now_ms: int) -> None:
        self.store = store
        self.now_ms = now_ms
        self.touched: set[Hashable] = set()
        """What to wake once it is durable; logs are added by themselves."""
        self.ends: dict[int, int] = {}
        self.undone: list[Callable[[], None]] = []
        """What to do if it comes to nothing: for what an operation has noted beside the file."""
        self._newest: dict[int, int] = {}
        self._rows: list[tuple[object, ...]] = []

    def append(self, entries: Sequence[Entry]) -> None:
        """Append messages to their logs, in order."""
        ends, newest = self.ends, self._newest
        for log, key, value, headers in entries:
            if log not in ends:
                self._open(log)
            offset = ends[log]
            ends[log] = offset + 1
            self._rows.append((log << OFFSET_BITS | offset, newest[log], key, value, headers))

    def finish(self) -> None:
        """Write what was appended."""
        if not self._rows:
            return
        self.store.run_many("INSERT INTO records VALUES (?, ?, ?, ?, ?)", self._rows)
        self.store.run_many(
            "UPDATE logs SET next_offset = ?, newest_ms = ? WHERE log = ?",
            [(end, self._newest[log], log) for log, end in self.ends.items()],
        )
        self.touched.update(self.ends)

    def keep(self) -> None:
        """It stands: what comes next need not look for where the logs end."""
        if not self.store.is_shared:
            self.store.newest.update(self._newest)

    def _open(self, log: int) -> None:
        known = self.store.newest.get(log)
        if known is not None:
            end, newest = self.store.ends[log], known
        else:
            ((end, newest),) = self.store.rows(
                "SELECT next_offset, newest_ms FROM logs WHERE log = ?", log
            )
        self.ends[log] = end
        self._newest[log] = max(newest, self.now_ms)


Operation = Callable[[Transaction], T]


_Outcome = Callable[[], None]
_Step = Callable[[Transaction], _Outcome]
"""Runs an operation; what it returns tells the outcome to whoever asked."""

_Written = tuple[Transaction, list[Callable[[], None]]]
"""What was committed, and how to tell so."""

_Committed = tuple[_Written, list[asyncio.Future[Any]]]
"""The same, and who waits for it."""


class EmbeddedQueue:
    """Operations in the order in which they were asked for."""

    def __init__(self, store: EmbeddedStore, wakeups: EmbeddedWakeups, clock: Clock) -> None:
        self._store = store
        self._wakeups = wakeups
        self._clock = clock
        self._asked: deque[tuple[asyncio.Future[Any], _Step]] = deque()
        self._is_due = False
        self._retry: asyncio.Task[None] | None = None
        self._committed: list[_Committed] = []
        self._syncing: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, "anji-sync")

    def ask(self, operation: Operation[T]) -> asyncio.Future[T]:
        """Have `operation` run in the next transaction; done when that is durable.

        Cancelled before it has begun, it is left out; later it stands, though nobody hears.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()

        def step(transaction: Transaction) -> _Outcome:
            try:
                result = operation(transaction)
            except (ConfigurationError, FencedError) as error:
                return partial(_fail, answer, error)
            return partial(_tell, answer, result)

        self._asked.append((answer, step))
        if not self._is_due:
            self._is_due = True
            loop.call_soon(self._run)
        return answer

    async def drain(self) -> None:
        """Wait until everything asked for is done."""
        while self._asked or self._committed or self._syncing:
            await self._clock.sleep(_BUSY_PAUSE_SECONDS if self._retry else 0)
        self._thread.shutdown()

    def _run(self) -> None:
        self._retry = None
        asked = [(answer, step) for answer, step in self._asked if not answer.cancelled()]
        try:
            written = self._written([step for _answer, step in asked])
        except BusyError:
            self._retry = asyncio.create_task(self._run_later(), name="embedded broker: write")
            return
        except BaseException as error:
            self._next()
            for answer, _step in asked:
                _fail(answer, error)
            if isinstance(error, (FatalError, RetriableError)):
                return
            raise  # a mistake of ours: nobody waits for ever because of it
        self._next()
        if not self._store.is_shared:
            self._tell(written)  # there is no disk
            return
        self._committed.append((written, [answer for answer, _step in asked]))
        if self._syncing is None:
            self._syncing = asyncio.create_task(self._sync(), name="embedded broker: sync")

    def _next(self) -> None:
        self._asked.clear()
        self._is_due = False

    def _written(self, steps: Sequence[_Step]) -> _Written:
        transaction = Transaction(self._store, int(self._clock.now().timestamp() * 1000))
        if not steps:
            return transaction, []
        try:
            with self._store.writing():
                tell = [step(transaction) for step in steps]
                transaction.finish()
        except BaseException:
            for undo in reversed(transaction.undone):
                undo()
            raise
        return transaction, tell

    async def _sync(self) -> None:
        """Make durable what is committed, and tell; until nothing is left."""
        loop = asyncio.get_running_loop()
        try:
            while self._committed:
                committed, self._committed = self._committed, []
                try:
                    await loop.run_in_executor(self._thread, self._store.sync)
                except FatalError as error:
                    for _written, answers in committed:
                        for answer in answers:
                            _fail(answer, error)
                else:
                    for written, _answers in committed:
                        self._tell(written)
        finally:
            self._syncing = None

    def _tell(self, written: _Written) -> None:
        """Let everybody see a transaction that is durable, and hear of it."""
        transaction, tell = written
        ends = self._store.ends
        for log, end in transaction.ends.items():
            ends[log] = max(end, ends.get(log, 0))  # a look at the file may have seen more
        transaction.keep()
        self._wakeups.wake(sorted(transaction.touched, key=repr))  # the same order every time
        for outcome in tell:
            outcome()

    async def _run_later(self) -> None:
        await self._clock.sleep(_BUSY_PAUSE_SECONDS)
        self._run()


def _tell(answer: asyncio.Future[T], result: T) -> None:
    if not answer.done():  # whoever asked may have been cancelled meanwhile
        answer.set_result(result)


def _fail(answer: asyncio.Future[Any], error: BaseException) -> None:
    if not answer.done():
        answer.set_exception(error)
