"""A gate that one passes at a time, and at which those who wait take turns by name."""

import asyncio
from collections import deque
from contextlib import AbstractAsyncContextManager

__all__ = ["Gate"]


class Gate:
    """Like a lock, but fair between names: one with many waiting has no more turns than others.

    Those of one name pass in the order of asking.
    """

    def __init__(self) -> None:
        self._is_held = False
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}
        """By name, in the order of their next turns."""

    def turn(self, who: str) -> AbstractAsyncContextManager[None]:
        """Wait for a turn, and hold the gate as long as the context lasts."""
        return _Turn(self, who)

    async def enter(self, who: str) -> None:
        """Wait for a turn, and hold the gate until it is left."""
        if not self._is_held:
            self._is_held = True
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(who, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave()  # the turn had just been given to us
            raise

    def leave(self) -> None:
        """Give the gate to the next one."""
        while self._waiting:
            who, queue = next(iter(self._waiting.items()))
            turn = queue.popleft()
            del self._waiting[who]
            if queue:
                self._waiting[who] = queue  # behind all others
            if not turn.done():
                turn.set_result(None)
                return
        self._is_held = False


class _Turn:
    """One turn at a gate, as a context."""

    def __init__(self, gate: Gate, who: str) -> None:
        self._gate = gate
        self._who = who

    async def __aenter__(self) -> None:
        await self._gate.enter(self._who)

    async def __aexit__(self, *error: object) -> None:
        self._gate.leave()
