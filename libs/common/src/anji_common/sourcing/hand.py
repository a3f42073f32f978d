"""The desks of one task decide and commit one at a time; while a vendor is read the hand is free.

A page of a mass change may take its vendor seconds, or wait for calls that live work leaves over.
Meanwhile other objects of the same partition are read, and signals are taken in.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager

from anji_common.sourcing.feed import Page

__all__ = ["Hand", "comes"]


class Hand:
    """Held by whoever changes or commits a checkpoint of the task; given on in order of asking."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._holder: asyncio.Task[object] | None = None

    def held(self) -> AbstractAsyncContextManager[None]:
        """Wait for the hand, and hold it."""
        return _Held(self)

    def free(self) -> AbstractAsyncContextManager[None]:
        """Let others have it, while it is held; what they may have changed is to be read anew."""
        return _Freed(self)

    async def pages(self, pages: AsyncIterator[Page]) -> AsyncGenerator[Page, None]:
        """Yield the pages of a read, each of which is fetched with the hand free."""
        while True:
            async with self.free():
                page = await anext(pages, None)
            if page is None:
                return
            yield page

    @property
    def is_ours(self) -> bool:
        """Whether the running task holds it."""
        return self._holder is asyncio.current_task()

    async def take(self) -> None:
        """Wait for the hand."""
        await self._lock.acquire()
        self._holder = asyncio.current_task()

    def give_on(self) -> None:
        """Let the next one have it."""
        self._holder = None
        self._lock.release()


# Contexts without a generator: each page that is read frees the hand and takes it again.
class _Held:
    def __init__(self, hand: Hand) -> None:
        self._hand = hand

    async def __aenter__(self) -> None:
        await self._hand.take()

    async def __aexit__(self, *error: object) -> None:
        # Whoever is cancelled once more while it is not back yet ends without it: nobody
        # holds it then, or somebody else.
        if self._hand.is_ours:
            self._hand.give_on()


class _Freed:
    def __init__(self, hand: Hand) -> None:
        self._hand = hand

    async def __aenter__(self) -> None:
        self._hand.give_on()

    async def __aexit__(self, *error: object) -> None:
        await self._hand.take()


async def comes(event: asyncio.Event, within_seconds: float) -> None:
    """Wait until it comes, so long at most; it is set then."""
    if within_seconds > 0.0 and not event.is_set():
        timer = asyncio.get_running_loop().call_later(within_seconds, event.set)
        try:
            await event.wait()
        finally:
            timer.cancel()
