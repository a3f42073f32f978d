"""When wishes are read: soon, many at once, and never so often that the calls run out.

One wish after a quiet while is read once it has gathered for a moment. In a steady stream one
read follows the other no sooner than a pause (`steady_gather_seconds`), unless it is full before:
a read as soon as the first wish has gathered takes five calls a second for five changes a second,
uses up the vendor's window of calls in half of it, and then everything waits for the other half.
What a command asks for is read at once, or, of a document, when lines that the command wrote can
be queried; what waits for another try is read when its time has come.
"""

import math
from collections.abc import Mapping

from anji_common.sourcing.checkpoints import Wish
from anji_common.sourcing.settings import SourceSettings
from anji_common.sourcing.wishes import FIRST_TORN_WAIT_SECONDS

__all__ = ["Gathering"]


class Gathering:
    """The times of one object's wishes. All are monotonic seconds; a wish without one is due."""

    def __init__(self, settings: SourceSettings, *, has_lines: bool) -> None:
        self._lag_seconds = settings.document_gather_seconds if has_lines else 0.0
        self.gather_seconds = max(settings.gather_seconds, self._lag_seconds)
        self._steady_seconds = settings.steady_gather_seconds
        self._most_ids = settings.batch_ids
        self._portion = settings.batch_ids
        """Ids of the next read: fewer after a refusal."""
        self._due: dict[str, float] = {}
        self._read_at = -math.inf

    def begin(self, wishes: Mapping[str, Wish], now: float) -> None:
        """Have the wishes that a former owner left due; nobody knows how old they are."""
        for record_id, wish in wishes.items():
            if wish.answers is not None:
                self._due[record_id] = now + self._lag_seconds

    def wished(
        self, record_id: str, now: float, *, answers: str | None, is_there: bool = False
    ) -> None:
        """Have a wish due soon, or when it is due already, if that is sooner.

        What a command asks for is not read sooner than its lines can be queried: lines that it
        wrote would be missing, and whoever asked would write them again.
        """
        if answers:
            self._due[record_id] = now + self._lag_seconds
            return
        due = now + (FIRST_TORN_WAIT_SECONDS if is_there else self.gather_seconds)
        self._due[record_id] = min(due, self._due.get(record_id, due))

    def tried(self, record_id: str, due: float | None) -> None:
        """Have a wish that was read due again then; `None`: it is granted, or given up."""
        self._due.pop(record_id, None)
        if due is not None:
            self._due[record_id] = due

    def next_at(self, wishes: Mapping[str, Wish]) -> float:
        """Return when the next read is due; infinity where nothing is wished for."""
        fresh, others = math.inf, math.inf
        count = 0
        for record_id, wish in wishes.items():
            due = self._due.get(record_id, 0.0)
            if _waits(wish):
                others = min(others, due)
            else:
                fresh = min(fresh, due)
                count += 1
        if count < self._most_ids:
            fresh = max(fresh, self._read_at + self._steady_seconds)
        return min(fresh, others) if wishes else math.inf

    def begin_read(self, wishes: Mapping[str, Wish], now: float) -> list[str]:
        """Return the ids to read now: once one is due, those that still gather go with it."""
        if self.next_at(wishes) > now:
            return []
        due = {record_id: self._due.get(record_id, 0.0) for record_id in wishes}
        ends = now + self.gather_seconds
        chosen = (each for each in due if due[each] <= (now if _waits(wishes[each]) else ends))
        self._read_at = now
        return sorted(chosen, key=due.__getitem__)[: self._portion]

    def refused(self, count: int) -> None:
        """Have half as many read next as those that the vendor has just refused."""
        self._portion = max(count // 2, 1)

    def answered(self) -> None:
        """Have more read next, for nothing was refused."""
        self._portion = min(self._portion * 2, self._most_ids)


def _waits(wish: Wish) -> bool:
    """Whether it is read at its own time, not with others that are read before."""
    return bool(wish.tries) or wish.answers is not None
