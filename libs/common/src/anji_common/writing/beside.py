"""Bulk work of a partition beside its live work: one batch at a time, so that live never waits.

A batch of a mass change takes as long as its vendor lets it: seconds in a session, half a minute
of a call budget. Live commands go on meanwhile. Only a live command of a seat that the batch has
in hand waits for it, for a seat's row has one writer at a time.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from anji_common.clock import Clock
from anji_common.lanes import working_in
from anji_common.topics import Lane

__all__ = ["Beside"]

_LONG_SECONDS = 10.0
"""A batch that takes longer is halved: of a scarce budget a large one gets its last calls so late
that they may not leave any more, and are to be noted and looked up again."""


class Beside:
    """The batch in hand, and how large the next one may be."""

    def __init__(self, clock: Clock, most: int, wake: Callable[[], None]) -> None:
        """Begin with none.

        Args:
            clock: Tells how long a batch takes.
            most: Commands of a batch.
            wake: Called when a batch is over.
        """
        self._clock = clock
        self._most = most
        self._wake = wake
        self._running: asyncio.Task[None] | None = None
        self._seats: frozenset[str] = frozenset()
        self._not_before = clock.monotonic()
        self._failures = 0
        self.most = most
        """Commands of the next batch."""

    @property
    def is_free(self) -> bool:
        """Whether a batch may be begun."""
        return self._running is None and self.seconds_to_free() <= 0

    def seconds_to_free(self) -> float:
        """Return how long nothing is begun after a failure."""
        return max(self._not_before - self._clock.monotonic(), 0.0)

    def begin(self, work: Coroutine[Any, Any, None], seats: Iterable[str], count: int) -> None:
        """Begin a batch of `count` commands, which has these seats in hand."""
        self._seats = frozenset(seats)

        async def timed() -> None:
            begun = self._clock.monotonic()
            with working_in(Lane.BULK):
                await work
            took = self._clock.monotonic() - begun
            if took > _LONG_SECONDS:
                self.most = max(count // 2, 1)
            elif took < _LONG_SECONDS / 2 and count >= self.most:
                self.most = min(self.most * 2, self._most)

        self._running = asyncio.create_task(timed(), name="bulk commands")
        self._running.add_done_callback(lambda _: self._wake())

    def put_off(self, wait_for: Callable[[int], float]) -> None:
        """Begin nothing for as long as so many failures one after the other say, in seconds."""
        self._failures += 1
        self._not_before = self._clock.monotonic() + wait_for(self._failures)

    def reap(self) -> None:
        """Take notice of a batch that is over; raises what it has raised."""
        if self._running is not None and self._running.done():
            ended, self._running, self._seats = self._running, None, frozenset()
            ended.result()
            self._failures = 0

    async def away_from(self, seats: Iterable[str]) -> None:
        """Wait until no batch has any of `seats` in hand."""
        if self._running is not None and not self._seats.isdisjoint(seats):
            await asyncio.wait([self._running])

    async def finished(self) -> None:
        """Wait for the batch in hand, and raise what it raises."""
        if self._running is not None:
            await asyncio.wait([self._running])
            self.reap()

    async def cut_off(self) -> None:
        """End the batch wherever it is."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
            self._running = None
