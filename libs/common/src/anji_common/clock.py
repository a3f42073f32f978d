"""The port `Clock`: the only place that tells the time, and the only one that waits."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol

__all__ = ["Clock", "Deadline", "Stopwatch", "SystemClock"]


class Clock(Protocol):
    """Time, and waiting for it."""

    def now(self) -> datetime:
        """Return the wall clock: aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go back; may stand still while the machine sleeps."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait that long; zero or less gives way to other work once."""
        ...


class Stopwatch:
    """Seconds since it was made, by whichever clock has gone further.

    The monotonic one may have stood still while the machine slept; the wall clock may be put back.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.begun = clock.monotonic()
        self.begun_at = clock.now()

    @property
    def seconds(self) -> float:
        """How long it runs."""
        wall = (self._clock.now() - self.begun_at).total_seconds()
        return max(self._clock.monotonic() - self.begun, wall)


class Deadline:
    """So many seconds from now, also where the machine sleeps meanwhile (``protocol.md`` 12)."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._watch = Stopwatch(clock)
        self._seconds = seconds

    @property
    def left_seconds(self) -> float:
        """How long until it; less than nothing once it is over."""
        return self._seconds - self._watch.seconds

    @property
    def is_over(self) -> bool:
        """Whether it has passed."""
        return self.left_seconds < 0


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251 - the one place where the clock is read

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(seconds, 0.0))  # noqa: TID251 - the one place that waits
