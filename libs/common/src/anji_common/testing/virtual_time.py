"""An event loop whose time jumps to the next timer instead of passing.

Everything on it that waits through `LoopClock` or asyncio's own timers takes no real time, and
two runs of the same work take the same steps in the same order. There must be no sockets and
no threads in that work: a loop that waits for something outside itself raises `StalledError`.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

__all__ = ["EPOCH", "LoopClock", "StalledError", "VirtualTimeLoop", "run_virtually"]

EPOCH = datetime(2026, 1, 5, 1, 0, 0, tzinfo=UTC)
"""When virtual time begins: a Monday, 9 o'clock in Beijing."""

T = TypeVar("T")


class StalledError(Exception):
    """Everything waits, and no timer will ever wake anything."""


class _JumpingSelector(selectors.SelectSelector):
    """Never waits: tells its loop to jump instead."""

    def __init__(self) -> None:
        super().__init__()
        self.virtual_seconds = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            msg = "everything waits, and no timer will ever wake anything"
            raise StalledError(msg)
        self.virtual_seconds += max(timeout, 0.0)
        return []


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """The loop. `time` is virtual, and starts at 0."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.virtual_seconds


class LoopClock:
    """The port `Clock` over the running loop's time; `skew_seconds` makes a wrong wall clock."""

    def __init__(self, loop: asyncio.AbstractEventLoop, *, skew_seconds: float = 0.0) -> None:
        self._loop = loop
        self._skew = timedelta(seconds=skew_seconds)

    def now(self) -> datetime:
        return EPOCH + timedelta(seconds=self._loop.time()) + self._skew

    def monotonic(self) -> float:
        return self._loop.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(seconds, 0.0))  # noqa: TID251 - this is a clock


def run_virtually(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` to its end on a new virtual loop, and return what it returns."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(work)
