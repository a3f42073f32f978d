"""A pool of places that live and bulk work share: live work goes first, and some are kept for it.

A bulk call (a BatchSave of a hundred bills) takes seconds. Were all places taken by such calls, a
live call would wait for the first to end, however few live ones there are. So bulk work leaves as
many places as live work has wanted at once lately: one at least, and never all.
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

_LATELY_SECONDS = 30.0


class Pool(Generic[T]):
    """Places of which each serves one at a time. The last one given back is the next one given."""

    def __init__(self, places: Iterable[T]) -> None:
        """Start with all free."""
        self._free = list(places)
        self._count = len(self._free)
        self._held: dict[Lane, int] = dict.fromkeys(Lane, 0)
        self._wanted: deque[tuple[float, int]] = deque()
        """When live work wanted so many at once: falling, within the last while."""
        self._waiting: dict[Lane, deque[asyncio.Future[T]]] = {each: deque() for each in Lane}

    @asynccontextmanager
    async def place(self, most_seconds: float) -> AsyncIterator[T]:
        """Hold a place as long as the context lasts, in the lane of whoever asks.

        Raises:
            TimeoutError: none was free for so long.
        """
        lane = current_lane()
        place = await self.taken(lane, most_seconds)
        try:
            yield place
        finally:
            self.give_back(lane, place)

    async def taken(self, lane: Lane, most_seconds: float) -> T:
        """Return a place, to be given back; raises as `place` does."""
        turn: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting[lane].append(turn)
        if lane is Lane.LIVE:
            self._note_wanted(self._held[lane] + len(self._waiting[lane]))
        self._hand_out()
        if turn.done():
            return turn.result()
        try:
            async with asyncio.timeout(most_seconds):
                return await turn
        except (asyncio.CancelledError, TimeoutError):
            if turn.done() and not turn.cancelled():  # it had just been given to us
                self.give_back(lane, turn.result())
            raise

    def give_back(self, lane: Lane, place: T) -> None:
        """Let others have a place that was taken in that lane."""
        self._held[lane] -= 1
        self._free.append(place)
        self._hand_out()

    def _hand_out(self) -> None:
        for lane in (Lane.LIVE, Lane.BULK):
            waiting = self._waiting[lane]
            while waiting and (waiting[0].done() or self._may_take(lane)):
                turn = waiting.popleft()
                if not turn.done():
                    self._held[lane] += 1
                    turn.set_result(self._free.pop())

    def _may_take(self, lane: Lane) -> bool:
        is_left = lane is Lane.LIVE or self._held[lane] < self._count - self._kept()
        return bool(self._free) and is_left

    def _kept(self) -> int:
        """Return how many places bulk work leaves: what live work has wanted lately, not all."""
        since = asyncio.get_running_loop().time() - _LATELY_SECONDS
        while self._wanted and self._wanted[0][0] < since:
            self._wanted.popleft()
        wanted = self._wanted[0][1] if self._wanted else 0
        return min(max(wanted, 1), self._count - 1)

    def _note_wanted(self, count: int) -> None:
        while self._wanted and self._wanted[-1][1] <= count:
            self._wanted.pop()
        self._wanted.append((asyncio.get_running_loop().time(), count))
