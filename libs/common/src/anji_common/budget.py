"""The call budget: what a vendor lets us call, kept exactly inside one process.

Two limits: calls per interface in a sliding window, and calls per day of all interfaces. Live work
goes before bulk, which is spread over the window and leaves a reserve of both untouched; as much
of the window is bulk work's by right, or polls could keep a mass change waiting for ever. Of the
day's calls a last part is kept for what writes. Within a lane those who ask (objects) take turns,
so that a busy one never starves the others. Waiting goes through the Clock. A caller that cannot
wait says how long it can.

Not here: what other processes call. Of the window each has its part (`Shares`), together never
above. Calls of the day are leased by whoever meters (`Leases`) before they are made, so that all
processes together never make more either; what others have leased is told (`used_elsewhere`).
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Protocol

from anji_common.clock import Clock
from anji_common.errors import RateLimitedError
from anji_common.gates import Gate
from anji_common.topics import Lane

__all__ = [
    "BEIJING",
    "Budget",
    "Leases",
    "Pause",
    "WindowLimit",
    "beijing_day",
    "seconds_to_midnight",
]

BEIJING = timezone(timedelta(hours=8))
"""China has one zone without summer time; a day's calls begin anew at its midnight."""

_LEAST_WAIT_SECONDS = 0.005
_LOOK_AGAIN_SECONDS = 0.25
"""Where none of the limit is ours: how soon to look whether some of it is by now."""


@dataclass(frozen=True, slots=True)
class WindowLimit:
    """So many calls of one interface within so many seconds."""

    calls: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Pause:
    """Why nothing is called for a while."""

    words: str
    until: datetime


class Leases(Protocol):
    """Calls of the day that are this process's alone before it makes them."""

    def spend(self) -> bool:
        """Take one of them; say whether there was one."""
        ...

    async def renew(self) -> None:
        """Have some again.

        Raises:
            RateLimitedError: the day has none left.
            RetriableError: nobody can be asked now.
        """
        ...


@dataclass(slots=True)
class _Interface:
    """The calls of one interface that still count, and who waits for the next."""

    limit: WindowLimit
    sent: deque[float] = field(default_factory=deque)
    sent_in_bulk: deque[float] = field(default_factory=deque)
    """Those of `sent` that bulk work made."""
    closed_until: float = 0.0
    gates: dict[Lane, Gate] = field(default_factory=lambda: {each: Gate() for each in Lane})
    waiting_live: int = 0
    bulk_at: float = 0.0
    """When the next bulk call may leave: they are spread over the window. A window that bulk work
    uses up at once would have nothing free for the rest of it when more live work comes than its
    reserve holds; spread, another call is free after a moment."""
    bulk_step: float = 0.0
    """Seconds from one bulk call to the next."""


class Budget:
    """Calls that may still be made. One for all that share a vendor's account in this process."""

    def __init__(  # noqa: PLR0913 - each is one limit
        self,
        clock: Clock,
        *,
        window: WindowLimit,
        interfaces: Mapping[str, WindowLimit] | None = None,
        calls_per_day: int | None = None,
        bulk_reserve: float = 0.3,
        write_reserve: float = 0.0,
        share_of: Callable[[str], float] = lambda _interface: 1.0,
    ) -> None:
        """Start with nothing used.

        Args:
            clock: Tells the time and waits.
            window: Of every interface without one of its own.
            interfaces: Interface → its own limit, which is not shared out.
            calls_per_day: Of all interfaces, by Beijing days; `None` counts but never refuses.
            bulk_reserve: The part of each limit that bulk work leaves to live work. Where live
                work uses more of a window than the rest, bulk work still gets this part of it.
            write_reserve: The part of the day's calls that only those who write may use.
            share_of: Interface → our part of its window at this moment.
        """
        self._clock = clock
        self._window = window
        self._own = dict(interfaces or {})
        self._calls_per_day = calls_per_day
        self._bulk_reserve = bulk_reserve
        self._write_reserve = write_reserve
        self._share_of = share_of
        self._interfaces: dict[str, _Interface] = {}
        self._day = ""
        self._today = 0
        self._elsewhere = 0
        self._paused_until = 0.0
        self._pause: Pause | None = None
        self._leases: Leases | None = None
        self._inherited: list[tuple[float, int]] = []
        """When calls of nobody knows which interfaces may have been made, and how many."""

    def lease_from(self, leases: Leases) -> None:
        """Let a call leave only on a lease from now on."""
        self._leases = leases

    @property
    def calls_per_day(self) -> int | None:
        """The day's limit, if there is one."""
        return self._calls_per_day

    @property
    def used_today(self) -> int:
        """Calls since the last midnight in Beijing, of this process and, as told, of others."""
        self._turn_day()
        return self._today + self._elsewhere

    @property
    def pause(self) -> Pause | None:
        """Why nothing is called now, if that is so."""
        if self._clock.monotonic() < self._paused_until:
            return self._pause
        now = self._clock.now()
        if self._calls_per_day is not None and self.used_today >= self._calls_per_day:
            until = now + timedelta(seconds=seconds_to_midnight(now))
            return Pause(f"all {self._calls_per_day} calls of {self._day} are used", until)
        return None

    async def take(
        self,
        interface: str,
        lane: Lane = Lane.LIVE,
        *,
        who: str = "",
        writes: bool = False,
        most_seconds: float | None = None,
    ) -> None:
        """Return when a call may leave, and count it.

        Args:
            interface: What the vendor counts by, such as a path.
            lane: Bulk waits while live work waits.
            who: On whose behalf; those who wait in one lane take turns.
            writes: It is part of a write, which may use the day's last calls.
            most_seconds: How long the caller can wait; `None` for as long as it takes.

        Raises:
            RateLimitedError: the day's calls are used up, the vendor has told us to stop, or the
                wait would be too long; nothing was counted.
        """
        found = self._interface(interface)
        ends = None if most_seconds is None else self._clock.monotonic() + most_seconds
        found.waiting_live += lane is Lane.LIVE
        try:
            async with found.gates[lane].turn(who):
                while True:
                    while (wait := self._wait(found, interface, lane, writes=writes)) > 0:
                        self._check_end(interface, wait, ends)
                        await self._clock.sleep(max(wait, _LEAST_WAIT_SECONDS))
                    self._check_end(interface, 0.0, ends)
                    if self._leases is None or self._leases.spend():
                        break
                    await self._renew(self._leases, interface, ends)
                found.sent.append(self._clock.monotonic())
                if lane is Lane.BULK:
                    found.sent_in_bulk.append(self._clock.monotonic())
                    found.bulk_at = self._clock.monotonic() + found.bulk_step
                self._today += 1
        finally:
            found.waiting_live -= lane is Lane.LIVE

    async def _renew(self, leases: Leases, interface: str, ends: float | None) -> None:
        rest = None if ends is None else max(ends - self._clock.monotonic(), 0.0)
        try:
            async with asyncio.timeout(rest):
                await leases.renew()
        except TimeoutError as error:
            msg = f"no call of the day was leased in time ({interface})"
            raise RateLimitedError(msg, retry_after_seconds=_LOOK_AGAIN_SECONDS) from error

    def close(self, interface: str, seconds: float) -> None:
        """Let no call of `interface` leave for so long: the vendor says that it is too much."""
        found = self._interface(interface)
        found.closed_until = max(found.closed_until, self._clock.monotonic() + seconds)

    def stop(self, words: str, seconds: float) -> None:
        """Let no call at all leave for so long: the vendor says that there are none left."""
        self._paused_until = self._clock.monotonic() + seconds
        self._pause = Pause(words, self._clock.now() + timedelta(seconds=seconds))

    def charge(self, interface: str, calls: int, age_seconds: float) -> None:
        """Count calls that others made so long ago against the window of `interface`."""
        found = self._interface(interface)
        made_at = self._clock.monotonic() - age_seconds
        found.sent = deque(sorted([*found.sent, *([made_at] * calls)]))

    def charge_all(self, calls: int, age_seconds: float) -> None:
        """Count calls that others may have made so long ago, of whichever shared interface."""
        for name in self._interfaces.keys() - self._own.keys():
            self.charge(name, calls, age_seconds)
        now = self._clock.monotonic()
        counting = [each for each in self._inherited if now - each[0] < self._window.seconds]
        self._inherited = [*counting, (now - age_seconds, calls)]

    def used_elsewhere(self, day: str, calls: int) -> None:
        """Count calls of a Beijing day that other processes, or we before a restart, have leased.

        Less than none is what they gave back.
        """
        self._turn_day()
        if day == self._day:
            self._elsewhere += calls

    def recent(self) -> dict[str, int]:
        """Return how many calls of each interface still count in its window."""
        for found in self._interfaces.values():
            self._let_go(found)
        return {name: len(each.sent) for name, each in self._interfaces.items() if each.sent}

    def _interface(self, name: str) -> _Interface:
        found = self._interfaces.get(name)
        if found is None:
            found = self._interfaces[name] = _Interface(self._own.get(name, self._window))
            if name not in self._own:
                for made_at, calls in sorted(self._inherited):
                    found.sent.extend([made_at] * calls)
        return found

    def _check_end(self, interface: str, wait: float, ends: float | None) -> None:
        if ends is not None and self._clock.monotonic() + wait > ends:
            msg = f"no call of {interface} is free for {wait:.1f} s"
            raise RateLimitedError(msg, retry_after_seconds=wait)

    def _wait(self, found: _Interface, interface: str, lane: Lane, *, writes: bool) -> float:
        """Return the seconds until the next look; 0 if a call may leave now."""
        self._check_day(interface, lane, writes=writes)
        now = self._clock.monotonic()
        self._let_go(found)
        if found.closed_until > now:
            return found.closed_until - now
        share = 1.0 if interface in self._own else self._share_of(interface)
        if share <= 0:
            return _LOOK_AGAIN_SECONDS
        seconds = found.limit.seconds
        all_calls = max(_calls(found.limit, share), 1)
        wait_for_any = _until_free(found.sent, all_calls, seconds, now)
        if lane is Lane.LIVE:
            return wait_for_any
        if found.waiting_live:
            return _LEAST_WAIT_SECONDS
        left = max(_calls(found.limit, self._part(share, lane)), 1)
        wait = _until_free(found.sent, left, seconds, now)
        found.bulk_step = seconds / left
        by_right = _calls(found.limit, share * self._bulk_reserve)
        if wait > 0 and by_right:
            of_its_own = _until_free(found.sent_in_bulk, by_right, seconds, now)
            wait = min(wait, max(wait_for_any, of_its_own))
            found.bulk_step = seconds / by_right
        return max(wait, found.bulk_at - now)

    def _let_go(self, found: _Interface) -> None:
        now = self._clock.monotonic()
        for sent in (found.sent, found.sent_in_bulk):
            while sent and now - sent[0] >= found.limit.seconds:
                sent.popleft()

    def _check_day(self, interface: str, lane: Lane, *, writes: bool) -> None:
        self._turn_day()
        now, monotonic = self._clock.now(), self._clock.monotonic()
        if monotonic < self._paused_until and self._pause is not None:
            wait = self._paused_until - monotonic
            raise RateLimitedError(self._pause.words, retry_after_seconds=wait)
        if self._calls_per_day is None:
            return
        kept = 0.0 if writes else self._write_reserve
        most = self._part(1.0 - kept, lane) * self._calls_per_day
        if self._today + self._elsewhere >= max(int(most + 1e-9), 1):
            msg = f"the calls of {self._day} are used up ({interface})"
            raise RateLimitedError(msg, retry_after_seconds=seconds_to_midnight(now))

    def _turn_day(self) -> None:
        today = beijing_day(self._clock.now())
        if today != self._day:
            self._day, self._today, self._elsewhere = today, 0, 0

    def _part(self, share: float, lane: Lane) -> float:
        return share * (1 - self._bulk_reserve) if lane is Lane.BULK else share


def _calls(limit: WindowLimit, part: float) -> int:
    return int(limit.calls * part + 1e-9)


def _until_free(sent: deque[float], most: int, seconds: float, now: float) -> float:
    """Return how long until fewer than `most` of `sent` count in a window; 0 if so now."""
    too_many = len(sent) - most
    if too_many < 0:
        return 0.0
    return max(sent[min(too_many, len(sent) - 1)] + seconds - now, _LEAST_WAIT_SECONDS)


@lru_cache(maxsize=16)  # asked for several times at the moment of one call
def beijing_day(at: datetime) -> str:
    """Return the day in Beijing, such as ``2026-01-05``."""
    return at.astimezone(BEIJING).date().isoformat()


def seconds_to_midnight(now: datetime) -> float:
    """Return the seconds to the next midnight in Beijing."""
    local = now.astimezone(BEIJING)
    midnight = (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return (midnight - local).total_seconds()
