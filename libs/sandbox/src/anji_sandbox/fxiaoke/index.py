"""What queries see of one object: its records in order of id and of time, and by value.

The index may lag behind the records (a switch): changes wait in line until their moment. A look-up
by value builds its table the first time a field is asked for, so that neither writes nor the
first query of a field pay for what nobody asks. Records in here are never changed, only replaced.
"""

from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Iterable, Iterator

from anji_sandbox.fxiaoke.values import text_of
from anji_sandbox.store import Record

__all__ = ["Index"]

_Times = list[tuple[int, str]]


def _time(record: Record) -> int:
    return int(record.get("last_modified_time") or 0)


def _keys(value: object) -> Iterable[str]:
    if value is None:
        return ()
    if isinstance(value, list):
        return [text_of(each) for each in value]
    return (text_of(value),)


class Index:
    """The searchable copy of one object's records."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._records = {record["_id"]: record for record in records}
        self._ids = sorted(self._records)
        self._times: _Times = sorted((_time(record), key) for key, record in self._records.items())
        self._tables: dict[str, dict[str, set[str]]] = {}
        self._waiting: deque[tuple[float, str, Record | None]] = deque()

    def change(self, record_id: str, record: Record | None, visible_at: float) -> None:
        """Let queries see the record, or that it is gone, from a moment on."""
        self._waiting.append((visible_at, record_id, record))

    def catch_up(self, now: float) -> None:
        """Take in what has become visible."""
        while self._waiting and self._waiting[0][0] <= now:
            _, record_id, record = self._waiting.popleft()
            self._replace(record_id, record)

    @property
    def is_behind(self) -> bool:
        """Whether something that was written does not show yet."""
        return bool(self._waiting)

    def by_id(self, after: str = "") -> tuple[int, Iterator[Record]]:
        """Return how many ids are greater than `after`, and their records in that order."""
        start = bisect_right(self._ids, after) if after else 0
        ids = self._ids
        return len(ids) - start, (self._records[ids[at]] for at in range(start, len(ids)))

    def by_time(self, since: int, until: int | None) -> tuple[int, Iterator[Record]]:
        """Return how many were modified within (both ends included), and those, oldest first."""
        times = self._times
        start = bisect_left(times, (since, ""))
        end = len(times) if until is None else bisect_left(times, (until + 1, ""))
        return max(0, end - start), (self._records[times[at][1]] for at in range(start, end))

    def time_span(self) -> tuple[int, int]:
        """Return when the oldest and the newest records were modified; zeros without any."""
        return (self._times[0][0], self._times[-1][0]) if self._times else (0, 0)

    def by_value(self, field: str, values: Iterable[str]) -> list[Record]:
        """Return the records whose field is, or holds, one of the values, in order of id."""
        if field == "_id":
            found = {value for value in values if value in self._records}
        else:
            table = self._table(field)
            found = set().union(*(table.get(value, ()) for value in values))
        return [self._records[record_id] for record_id in sorted(found)]

    def _table(self, field: str) -> dict[str, set[str]]:
        table = self._tables.get(field)
        if table is None:
            table = self._tables[field] = {}
            for record_id, record in self._records.items():
                for key in _keys(record.get(field)):
                    table.setdefault(key, set()).add(record_id)
        return table

    def _replace(self, record_id: str, record: Record | None) -> None:
        before = self._records.pop(record_id, None)
        if before is not None:
            del self._times[bisect_left(self._times, (_time(before), record_id))]
            for field, table in self._tables.items():
                for key in _keys(before.get(field)):
                    table[key].discard(record_id)
        if record is None:
            if before is not None:
                del self._ids[bisect_left(self._ids, record_id)]
            return
        self._records[record_id] = record
        if before is None:
            insort(self._ids, record_id)
        insort(self._times, (_time(record), record_id))
        for field, table in self._tables.items():
            for key in _keys(record.get(field)):
                table.setdefault(key, set()).add(record_id)
