"""The call budget: what a vendor lets us call, kept exactly inside one process.

Two limits: calls per interface in a sliding window, and calls per day of all interfaces. Live work
goes before bulk, which also leaves a reserve of both untouched. Waiting goes through the Clock, in
the order of asking within a lane. A caller that cannot wait says how long it can.

Not here: what other processes call. Each is given its share (`share`); together never above.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from anji_common.clock import Clock
from anji_common.errors import RateLimitedError
from anji_common.topics import Lane

__all__ = ["BEIJING", "Budget", "WindowLimit", "seconds_to_midnight"]

BEIJING = timezone(timedelta(hours=8))
"""China has one zone without summer time; a day's calls begin anew at its midnight."""

_LEAST_WAIT_SECONDS = 0.005


@dataclass(frozen=True, slots=True)
class WindowLimit:
    """So many calls of one interface within so many seconds."""

    calls: int
    seconds: float


@dataclass(slots=True)
class _Interface:
    """The calls of one interface that still count, and who waits for the next."""

    limit: WindowLimit
    sent: deque[float] = field(default_factory=deque)
    closed_until: float = 0.0
    gates: dict[Lane, asyncio.Lock] = field(
        default_factory=lambda: {each: asyncio.Lock() for each in Lane}
    )
    waiting_live: int = 0


class Budget:
    """Calls that may still be made. One for all that share a vendor's account in this process."""

    def __init__(
        self,
        clock: Clock,
        *,
        window: WindowLimit,
        interfaces: Mapping[str, WindowLimit] | None = None,
        calls_per_day: int | None = None,
        bulk_reserve: float = 0.3,
    ) -> None:
        """Start with nothing used.

        Args:
            clock: Tells the time and waits.
            window: Of every interface without one of its own.
            interfaces: Interface → its own limit.
            calls_per_day: Of all interfaces, by Beijing days; `None` counts but never refuses.
            bulk_reserve: The part of each limit that bulk work leaves to live work.
        """
        self._clock = clock
        self._window = window
        self._own = dict(interfaces or {})
        self._calls_per_day = calls_per_day
        self._bulk_reserve = bulk_reserve
        self._interfaces: dict[str, _Interface] = {}
        self._day = ""
        self._today = 0
        self.share = 1.0
        """Our part of the account's limits, where other processes use it too."""

    @property
    def used_today(self) -> int:
        """Calls since the last midnight in Beijing, of this process."""
        self._turn_day()
        return self._today

    async def take(
        self, interface: str, lane: Lane = Lane.LIVE, *, most_seconds: float | None = None
    ) -> None:
        """Return when a call may leave, and count it.

        Args:
            interface: What the vendor counts by, such as a path.
            lane: Bulk waits while live work waits.
            most_seconds: How long the caller can wait; `None` for as long as it takes.

        Raises:
            RateLimitedError: the day's calls are used up, or the wait would be too long; nothing
                was counted.
        """
        found = self._interfaces.get(interface)
        if found is None:
            limit = self._own.get(interface, self._window)
            found = self._interfaces[interface] = _Interface(limit)
        ends = None if most_seconds is None else self._clock.monotonic() + most_seconds
        found.waiting_live += lane is Lane.LIVE
        try:
            async with found.gates[lane]:
                while (wait := self._wait(found, interface, lane)) > 0:
                    if ends is not None and self._clock.monotonic() + wait > ends:
                        msg = f"no call of {interface} is free for {wait:.1f} s"
                        raise RateLimitedError(msg, retry_after_seconds=wait)
                    await self._clock.sleep(max(wait, _LEAST_WAIT_SECONDS))
                found.sent.append(self._clock.monotonic())
                self._today += 1
        finally:
            found.waiting_live -= lane is Lane.LIVE

    def close(self, interface: str, seconds: float) -> None:
        """Let no call of `interface` leave for so long: the vendor says that it is too much."""
        found = self._interfaces.get(interface)
        if found is not None:
            found.closed_until = max(found.closed_until, self._clock.monotonic() + seconds)

    def _wait(self, found: _Interface, interface: str, lane: Lane) -> float:
        """Return the seconds until the next look; 0 if a call may leave now."""
        self._check_day(interface, lane)
        now = self._clock.monotonic()
        while found.sent and now - found.sent[0] >= found.limit.seconds:
            found.sent.popleft()
        if found.closed_until > now:
            return found.closed_until - now
        free = self._part(found.limit.calls, lane) - len(found.sent)
        if free <= 0:
            oldest = found.sent[min(-free, len(found.sent) - 1)]
            return max(oldest + found.limit.seconds - now, _LEAST_WAIT_SECONDS)
        if lane is Lane.BULK and found.waiting_live:
            return _LEAST_WAIT_SECONDS
        return 0.0

    def _check_day(self, interface: str, lane: Lane) -> None:
        self._turn_day()
        if self._calls_per_day is None or self._today < self._part(self._calls_per_day, lane):
            return
        msg = f"the calls of {self._day} are used up ({interface})"
        raise RateLimitedError(msg, retry_after_seconds=seconds_to_midnight(self._clock.now()))

    def _turn_day(self) -> None:
        today = self._clock.now().astimezone(BEIJING).date().isoformat()
        if today != self._day:
            self._day, self._today = today, 0

    def _part(self, calls: int, lane: Lane) -> int:
        part = self.share * (1 - self._bulk_reserve if lane is Lane.BULK else 1)
        return max(int(calls * part), 1)


def seconds_to_midnight(now: datetime) -> float:
    """Return the seconds to the next midnight in Beijing."""
    local = now.astimezone(BEIJING)
    midnight = (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return (midnight - local).total_seconds()
