"""Group commit: what is asked for in one turn of the event loop becomes one transaction.

Twelve tasks that commit in the same turn cost one fsync instead of twelve. An *operation*
refuses (raises an `AnjiError`) before it changes anything, so a refused one, such as the commit
of a fenced task, fails alone and the others of its transaction stand.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import Any, TypeVar

from anji_common.broker.embedded_store import OFFSET_BITS, BusyError, EmbeddedStore, Entry
from anji_common.broker.embedded_wakeups import EmbeddedWakeups
from anji_common.clock import Clock
from anji_common.errors import ConfigurationError, FatalError, FencedError

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

    def _open(self, log: int) -> None:
        ((end, newest),) = self.store.rows(
            "SELECT next_offset, newest_ms FROM logs WHERE log = ?", log
        )
        self.ends[log] = end
        self._newest[log] = max(newest, self.now_ms)


Operation = Callable[[Transaction], T]


_Step = Callable[[Transaction], Callable[[], None]]
"""Runs an operation; what it returns tells the outcome to whoever asked."""


class EmbeddedQueue:
    """Operations in the order in which they were asked for."""

    def __init__(self, store: EmbeddedStore, wakeups: EmbeddedWakeups, clock: Clock) -> None:
        self._store = store
        self._wakeups = wakeups
        self._clock = clock
        self._asked: deque[tuple[asyncio.Future[Any], _Step]] = deque()
        self._is_due = False
        self._retry: asyncio.Task[None] | None = None

    def ask(self, operation: Operation[T]) -> asyncio.Future[T]:
        """Have `operation` run in the next transaction; done when that is durable.

        Cancelled before it has begun, it is left out; later it stands, though nobody hears.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()

        def step(transaction: Transaction) -> Callable[[], None]:
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
        while self._asked:
            await self._clock.sleep(_BUSY_PAUSE_SECONDS if self._retry else 0)

    def _run(self) -> None:
        self._retry = None
        asked = [(answer, step) for answer, step in self._asked if not answer.cancelled()]
        try:
            tell = self._written([step for _answer, step in asked])
        except BusyError:
            self._retry = asyncio.create_task(self._run_later(), name="embedded broker: write")
            return
        except FatalError as error:
            tell = [partial(_fail, answer, error) for answer, _step in asked]
        except BaseException as error:
            # A mistake of ours: whoever asked must not wait for ever, nor whoever asks next.
            self._answer([partial(_fail, answer, error) for answer, _step in asked])
            raise
        self._answer(tell)

    def _answer(self, tell: Sequence[Callable[[], None]]) -> None:
        self._asked.clear()
        self._is_due = False
        for outcome in tell:
            outcome()

    def _written(self, steps: Sequence[_Step]) -> list[Callable[[], None]]:
        if not steps:
            return []
        transaction = Transaction(self._store, int(self._clock.now().timestamp() * 1000))
        with self._store.writing():
            tell = [step(transaction) for step in steps]
            transaction.finish()
        self._store.ends.update(transaction.ends)
        self._wakeups.wake(sorted(transaction.touched, key=repr))  # the same order every time
        return tell

    async def _run_later(self) -> None:
        await self._clock.sleep(_BUSY_PAUSE_SECONDS)
        self._run()


def _tell(answer: asyncio.Future[T], result: T) -> None:
    if not answer.done():  # whoever asked may have been cancelled meanwhile
        answer.set_result(result)


def _fail(answer: asyncio.Future[Any], error: BaseException) -> None:
    if not answer.done():
        answer.set_exception(error)
