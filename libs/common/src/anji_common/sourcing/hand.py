"""The desks of one task decide and commit one at a time; while a vendor is read the hand is free.

A page of a mass change may take its vendor seconds, or wait for calls that live work leaves over.
Meanwhile other objects of the same partition are read, and signals are taken in.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress

from anji_common.sourcing.feed import Page

__all__ = ["Hand", "comes"]


class Hand:
    """Held by whoever changes or commits a checkpoint of the task; given on in order of asking."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._holder: asyncio.Task[object] | None = None

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Wait for the hand, and hold it."""
        await self._take()
        try:
            yield
        finally:
            # Whoever is cancelled once more while it is not back yet ends without it: nobody
            # holds it then, or somebody else.
            if self._holder is asyncio.current_task():
                self._give_on()

    @asynccontextmanager
    async def free(self) -> AsyncIterator[None]:
        """Let others have it, while it is held; what they may have changed is to be read anew."""
        self._give_on()
        try:
            yield
        finally:
            await self._take()

    async def pages(self, pages: AsyncIterator[Page]) -> AsyncGenerator[Page, None]:
        """Yield the pages of a read, each of which is fetched with the hand free."""
        while True:
            async with self.free():
                page = await anext(pages, None)
            if page is None:
                return
            yield page

    async def _take(self) -> None:
        await self._lock.acquire()
        self._holder = asyncio.current_task()

    def _give_on(self) -> None:
        self._holder = None
        self._lock.release()


async def comes(event: asyncio.Event, within_seconds: float) -> None:
    """Wait until it comes, so long at most."""
    if within_seconds > 0.0:
        with suppress(TimeoutError):
            async with asyncio.timeout(within_seconds):
                await event.wait()
