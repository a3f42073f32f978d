"""Who waits for what: for records of a log, or for a change of a group.

A commit of this process wakes the waiting at once. A commit of another process is noticed by
looking (`PRAGMA data_version`, 2 µs) every so often, and only while somebody waits.
"""

import asyncio
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager

import structlog

from anji_common.broker.embedded_store import EmbeddedStore
from anji_common.clock import Clock
from anji_common.errors import AnjiError

__all__ = ["EmbeddedWakeups"]

_log = structlog.get_logger(__name__)


class EmbeddedWakeups:
    """The waiting of one opened broker."""

    def __init__(self, store: EmbeddedStore, clock: Clock, look_seconds: float) -> None:
        self._store = store
        self._clock = clock
        self._look_seconds = look_seconds
        # Dictionaries, for their order: what is woken first must not depend on addresses.
        self._waiting: dict[Hashable, dict[asyncio.Event, None]] = defaultdict(dict)
        self._watch: asyncio.Task[None] | None = None
        self._woken_for = 0
        """Up to which renewal all were woken. Polls look at the file too: what one of them has
        found is no news to the next look, but the others still wait for it."""

    def wake(self, keys: Iterable[Hashable]) -> None:
        """Wake whoever waits for one of `keys`."""
        for key in keys:
            for event in tuple(self._waiting.get(key, ())):
                event.set()

    def wake_all(self) -> None:
        """Wake everybody: anything may have changed."""
        self.wake(tuple(self._waiting))

    @contextmanager
    def waiting(self, event: asyncio.Event, keys: Sequence[Hashable]) -> Iterator[None]:
        """Have `event` set whenever one of `keys` changes, in this process or in another."""
        self._begin(event, keys)
        try:
            yield
        finally:
            self._end(event, keys)

    def _begin(self, event: asyncio.Event, keys: Sequence[Hashable]) -> None:
        for key in keys:
            self._waiting[key][event] = None
        if self._store.is_shared and self._watch is None:
            self._watch = asyncio.create_task(self._look(), name="embedded broker: look")

    def _end(self, event: asyncio.Event, keys: Sequence[Hashable]) -> None:
        for key in keys:
            waiting = self._waiting[key]
            waiting.pop(event, None)
            if not waiting:
                del self._waiting[key]

    async def wait(self, event: asyncio.Event, keys: Sequence[Hashable], seconds: float) -> None:
        """Wait until `event` is set, one of `keys` changes, or so long; `event` is set then."""
        self._begin(event, keys)
        timer = asyncio.get_running_loop().call_later(seconds, event.set)
        try:
            await event.wait()
        finally:
            timer.cancel()
            self._end(event, keys)

    async def close(self) -> None:
        """Stop looking, and wake everybody."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.wait([self._watch])
        self.wake_all()

    async def _look(self) -> None:
        """Look while somebody waits, and a while longer: pauses between polls are short."""
        idle = 0
        while idle < _IDLE_LOOKS:
            await self._clock.sleep(self._look_seconds)
            idle = 0 if self._waiting else idle + 1
            try:
                self._store.refresh()
            except AnjiError as error:
                _log.warning("broker.not_looked", reason=str(error))
                self.wake_all()  # whoever waits looks for himself, and is told
                continue
            if self._store.renewals != self._woken_for:
                self._woken_for = self._store.renewals
                self.wake_all()
        self._watch = None


_IDLE_LOOKS = 5
