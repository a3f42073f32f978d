"""A pool of places that live and bulk work share: live work goes first, and one is kept for it.

A bulk call (a BatchSave of a hundred bills) takes seconds. Were all places taken by such calls, a
live call would wait for the first to end, however few live ones there are.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

from anji_common.lanes import current_lane
from anji_common.topics import Lane

__all__ = ["Pool"]

T = TypeVar("T")


class Pool(Generic[T]):
    """Places of which each serves one at a time. The last one given back is the next one given."""

    def __init__(self, places: Iterable[T]) -> None:
        """Start with all free; where there are several, bulk work leaves one."""
        self._free = list(places)
        self._kept = min(1, len(self._free) - 1)
        self._waiting: dict[Lane, deque[asyncio.Future[T]]] = {each: deque() for each in Lane}

    @asynccontextmanager
    async def place(self, most_seconds: float) -> AsyncIterator[T]:
        """Hold a place as long as the context lasts, in the lane of whoever asks.

        Raises:
            TimeoutError: none was free for so long.
        """
        async with asyncio.timeout(most_seconds):
            place = await self._taken(current_lane())
        try:
            yield place
        finally:
            self._free.append(place)
            self._hand_out()

    async def _taken(self, lane: Lane) -> T:
        turn: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting[lane].append(turn)
        self._hand_out()
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it had just been given to us
                self._free.append(turn.result())
                self._hand_out()
            raise

    def _hand_out(self) -> None:
        for lane, kept in ((Lane.LIVE, 0), (Lane.BULK, self._kept)):
            waiting = self._waiting[lane]
            while waiting and (waiting[0].done() or len(self._free) > kept):
                turn = waiting.popleft()
                if not turn.done():
                    turn.set_result(self._free.pop())
