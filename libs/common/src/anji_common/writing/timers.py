"""When parked commands are taken up again, and when their doubts have lasted long enough.

In memory only: a new owner takes everything up at once, and counts every quarantine from its
own take-over (``protocol.md`` 12). The clock here is the monotonic one, which may stand still but
never runs ahead, so that a quarantine is never too short.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from anji_common.refs import Ref
from anji_common.topics import Lane

__all__ = ["Timer", "Timers"]


@dataclass(frozen=True, slots=True)
class Timer:
    """When one seat is due; all in monotonic seconds."""

    due: float
    quarantine_ends: float
    looks: int = 0
    lane: Lane = Lane.LIVE


class Timers:
    """The timers of one partition."""

    def __init__(self, quarantine_seconds: float) -> None:
        self._quarantine_seconds = quarantine_seconds
        self._timers: dict[Ref, Timer] = {}

    def __len__(self) -> int:
        return len(self._timers)

    def count(self, lane: Lane) -> int:
        """Return how many seats of a lane are parked."""
        return sum(timer.lane is lane for timer in self._timers.values())

    def take_over(self, seats: Iterable[tuple[Ref, Lane]], now: float) -> None:
        """Make `seats` due now, and count their quarantines from now."""
        for seat, lane in seats:
            self._timers[seat] = Timer(now, now + self._quarantine_seconds, lane=lane)

    def park(
        self,
        seat: Ref,
        now: float,
        wait_seconds: float,
        doubted_since: float | None = None,
        *,
        lane: Lane = Lane.LIVE,
    ) -> None:
        """Make `seat` due after a wait; `doubted_since` begins its quarantine anew."""
        old = self._timers.get(seat)
        ends = now if old is None else old.quarantine_ends
        looks = 0 if old is None else old.looks + 1
        if doubted_since is not None:
            ends = max(ends, doubted_since + self._quarantine_seconds)
        due = now + wait_seconds
        # What may be written again at the end of its quarantine need not wait beyond it.
        self._timers[seat] = Timer(min(due, ends) if now < ends else due, ends, looks, lane)

    def drop(self, seat: Ref) -> None:
        """Forget a seat: nothing of it is open."""
        self._timers.pop(seat, None)

    def due(
        self,
        now: float,
        most: int,
        lane: Lane = Lane.LIVE,
        among: Collection[Ref] | None = None,
    ) -> list[tuple[Ref, Timer]]:
        """Return the seats of a lane that are due, the longest waiting first; of some, if told."""
        found = [
            (seat, timer)
            for seat, timer in self._timers.items()
            if timer.due <= now and timer.lane is lane and (among is None or seat in among)
        ]
        found.sort(key=lambda pair: pair[1].due)
        return found[:most]

    def seconds_to_next(self, now: float, lanes: Collection[Lane] = tuple(Lane)) -> float | None:
        """Return how long until the first of these lanes is due; `None` if there is none."""
        due = [timer.due for timer in self._timers.values() if timer.lane in lanes]
        return max(min(due) - now, 0.0) if due else None
