"""Leases: calls of the day that a process has taken for itself before it makes them.

What is asked for in advance stands on ``fxiaoke.calls.v1``, whose records are in one order for
everybody, and every reader grants the same: as much as the records before have left. So no two
processes ever share a call, nobody waits for anybody, and what a process that fell over had leased
counts as used. A lease lasts a few seconds; what is left of it then is given back.
"""

from collections import Counter
from dataclasses import dataclass

__all__ = ["LEASE_SECONDS", "Lease", "Ledger", "asked_for"]

LEASE_SECONDS = 10.0
"""Also how long after its last word a process that fell over may have called."""
_LEAST_CALLS = 8
"""Enough for one change, looked at and written: a lease is a record for all to read."""
_MOST_CALLS = 50
"""What is lost of the day, at the most, when a process falls over."""
_DAYS_KEPT = 3
_PART_OF_REST = 20
"""Towards the end of the day leases grow small, so that nobody sits on the last calls."""


def asked_for(spent: int, rest: int | None) -> int:
    """Return how many calls to ask for: twice what the last lease was used for, within bounds.

    Args:
        spent: Calls that were made on the last lease.
        rest: Calls that the day has left, as far as is known; `None` for no limit.
    """
    wanted = max(_LEAST_CALLS, min(2 * spent, _MOST_CALLS))
    return wanted if rest is None else max(1, min(wanted, rest // _PART_OF_REST))


class Ledger:
    """What is leased of each day, by all processes: a fold over the records in their order."""

    def __init__(self) -> None:
        self._leased: Counter[str] = Counter()

    def leased(self, day: str) -> int:
        """Return how many calls of a day are leased and not given back."""
        return self._leased[day]

    def enter(self, day: str, *, asked: int, returned: int, limit: int | None) -> int:
        """Take in the next record; return what it is granted."""
        self._leased[day] = max(self._leased[day] - returned, 0)
        rest = asked if limit is None else max(limit - self._leased[day], 0)
        granted = min(asked, rest)
        self._leased[day] += granted
        if len(self._leased) > _DAYS_KEPT:
            del self._leased[min(self._leased)]
        return granted


@dataclass(slots=True)
class Lease:
    """What one process has leased."""

    day: str = ""
    ends_at: float = 0.0
    """Monotonic seconds."""
    left: int = 0
    spent: int = 0

    def spend(self, day: str, now: float) -> bool:
        """Take one call, if one is left of a lease that holds."""
        if self.left <= 0 or day != self.day or now >= self.ends_at:
            return False
        self.left -= 1
        self.spent += 1
        return True

    def given_back(self, day: str) -> int:
        """Return what is left of it, and hold nothing; of a day that is over nothing is left."""
        left, self.left = self.left, 0
        return left if day == self.day else 0
