"""When parked commands are taken up again, and when their doubts have lasted long enough.

In memory only: a new owner takes everything up at once, and counts every quarantine from its
own take-over (``protocol.md`` 12). The clock here is the monotonic one, which may stand still but
never runs ahead, so that a quarantine is never too short.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from anji_common.refs import Ref

__all__ = ["Timer", "Timers"]


@dataclass(frozen=True, slots=True)
class Timer:
    """When one seat is due; all in monotonic seconds."""

    due: float
    quarantine_ends: float
    looks: int = 0


class Timers:
    """The timers of one partition."""

    def __init__(self, quarantine_seconds: float) -> None:
        self._quarantine_seconds = quarantine_seconds
        self._timers: dict[Ref, Timer] = {}

    def __len__(self) -> int:
        return len(self._timers)

    def take_over(self, seats: Iterable[Ref], now: float) -> None:
        """Make `seats` due now, and count their quarantines from now."""
        for seat in seats:
            self._timers[seat] = Timer(now, now + self._quarantine_seconds)

    def park(
        self, seat: Ref, now: float, wait_seconds: float, doubted_since: float | None = None
    ) -> None:
        """Make `seat` due after a wait; `doubted_since` begins its quarantine anew."""
        old = self._timers.get(seat)
        ends = now if old is None else old.quarantine_ends
        looks = 0 if old is None else old.looks + 1
        if doubted_since is not None:
            ends = max(ends, doubted_since + self._quarantine_seconds)
        due = now + wait_seconds
        # What may be written again at the end of its quarantine need not wait beyond it.
        self._timers[seat] = Timer(min(due, ends) if now < ends else due, ends, looks)

    def drop(self, seat: Ref) -> None:
        """Forget a seat: nothing of it is open."""
        self._timers.pop(seat, None)

    def due(self, now: float, most: int) -> list[tuple[Ref, Timer]]:
        """Return the seats that are due, the longest waiting first."""
        found = [(seat, timer) for seat, timer in self._timers.items() if timer.due <= now]
        found.sort(key=lambda pair: pair[1].due)
        return found[:most]

    def seconds_to_next(self, now: float) -> float | None:
        """Return how long until the first is due; `None` if there is none."""
        if not self._timers:
            return None
        return max(min(timer.due for timer in self._timers.values()) - now, 0.0)
