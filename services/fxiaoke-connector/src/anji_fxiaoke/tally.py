"""What this process has called, and how many records that brought: counted once, told once."""

from collections import Counter

from anji_common.metrics import PAID_CALLS, SYNCED_RECORDS
from anji_common.refs import System

__all__ = ["Tally"]


class Tally:
    """Counts, since the start and since they were last told."""

    def __init__(self) -> None:
        self.calls: Counter[tuple[str, str]] = Counter()
        """Calls made, by object (empty: none) and purpose."""
        self.records: Counter[str] = Counter()
        """Records brought or written, by object."""
        self._told_calls: Counter[tuple[str, str]] = Counter()
        self._told_records: Counter[str] = Counter()
        self._telling: tuple[Counter[tuple[str, str]], Counter[str]] | None = None

    def called(self, object_name: str, purpose: str) -> None:
        """Count a call."""
        PAID_CALLS.labels(System.FXIAOKE, object_name, purpose).inc()
        self.calls[object_name, purpose] += 1

    def brought(self, object_name: str, records: int) -> None:
        """Count records that calls have brought or written."""
        if not records:
            return
        SYNCED_RECORDS.labels(System.FXIAOKE, object_name).inc(records)
        self.records[object_name] += records

    def untold(self) -> tuple[Counter[tuple[str, str]], Counter[str]]:
        """Return what was counted since it was last told; `settle` says that it is."""
        self._telling = (self.calls.copy(), self.records.copy())
        return self.calls - self._told_calls, self.records - self._told_records

    def settle(self) -> None:
        """Take what `untold` returned last as told."""
        if self._telling is not None:
            self._told_calls, self._told_records = self._telling
