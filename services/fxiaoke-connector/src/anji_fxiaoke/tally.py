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
        """Return what was counted and not told yet: calls, and records."""
        return self.calls - self._told_calls, self.records - self._told_records

    def settle(self, calls: Counter[tuple[str, str]], records: Counter[str]) -> None:
        """Take what `untold` returned as told."""
        self._told_calls += calls
        self._told_records += records
