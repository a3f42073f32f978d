"""When a seat must be looked at though nothing comes: pure, from its state."""

import heapq
from datetime import datetime

from anji_mapper.link.context import Context
from anji_mapper.link.state import ProblemKind, Seat
from anji_mapper.link.waiting import settling_at

__all__ = ["Timers", "due_at"]


def due_at(seat: Seat, context: Context) -> datetime | None:
    """Return when time alone changes what is to be done about `seat`; `None` for never."""
    settling = [settling_at(side, context) for side in (seat.crm, seat.erp)]
    due = [at for at in settling if at is not None]
    told = seat.problem is not None and seat.problem.kind is ProblemKind.WAITING
    if seat.waiting_since is not None and not told:
        due.append(seat.waiting_since + context.patience)
    return min(due, default=None)


_FEW = 64
"""So many places of the heap are not worth clearing."""


class Timers:
    """Keys by due time. A key may be due more often than needed, never less."""

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, str]] = []
        self._due: dict[str, datetime] = {}

    def set(self, key: str, due: datetime | None) -> None:
        """Let `key` be due at that time only, or never."""
        if due is None:
            self._due.pop(key, None)
        elif self._due.get(key) != due:
            self._due[key] = due
            heapq.heappush(self._heap, (due, key))
            self._clear()

    def __len__(self) -> int:
        return len(self._heap)

    def _clear(self) -> None:
        """Let go of what is due no more once it is the larger part: its time may be days off."""
        if len(self._heap) > _FEW + 2 * len(self._due):
            self._heap = [(due, key) for key, due in self._due.items()]
            heapq.heapify(self._heap)

    def take(self, now: datetime, *, limit: int) -> list[str]:
        """Return, and forget, at most `limit` keys that are due."""
        found: list[str] = []
        while self._heap and self._heap[0][0] <= now and len(found) < limit:
            due, key = heapq.heappop(self._heap)
            if self._due.get(key) == due:
                del self._due[key]
                found.append(key)
        return found

    def seconds_to_next(self, now: datetime) -> float | None:
        """Return how long nothing is due; `None` if nothing ever is."""
        return None if not self._heap else max((self._heap[0][0] - now).total_seconds(), 0.0)
