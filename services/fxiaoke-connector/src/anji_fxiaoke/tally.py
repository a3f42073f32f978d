"""What this process has called, and how many records that brought: counted once, told once."""

from collections import Counter
from functools import lru_cache

from prometheus_client import Counter as Counted

from anji_common.metrics import PAID_CALLS, SYNCED_RECORDS
from anji_common.refs import System

__all__ = ["Tally"]


@lru_cache(maxsize=1024)  # looking a metric's labels up takes longer than to count
def _paid(object_name: str, purpose: str) -> Counted:
    return PAID_CALLS.labels(System.FXIAOKE, object_name, purpose)


class Tally:
    """Counts, since the start and since they were last told."""

    def __init__(self) -> None:
        self.calls: Counter[tuple[str, str]] = Counter()
        """Calls made, by object (empty: none) and purpose."""
        self.records: Counter[str] = Counter()
        """Records brought or written, by object."""
        self._told_calls: Counter[tuple[str, str]] = Counter()
        self._told_records: Counter[str] = Counter()
        self._is_told = True
        """Nothing was counted since: it is asked for every few seconds."""

    def called(self, object_name: str, purpose: str) -> None:
        """Count a call."""
        _paid(object_name, purpose).inc()
        self.calls[object_name, purpose] += 1
        self._is_told = False

    def brought(self, object_name: str, records: int) -> None:
        """Count records that calls have brought or written."""
        if not records:
            return
        SYNCED_RECORDS.labels(System.FXIAOKE, object_name).inc(records)
        self.records[object_name] += records
        self._is_told = False

    def untold(self) -> tuple[Counter[tuple[str, str]], Counter[str]]:
        """Return what was counted and not told yet: calls, and records."""
        if self._is_told:
            return Counter(), Counter()
        return self.calls - self._told_calls, self.records - self._told_records

    def settle(self, calls: Counter[tuple[str, str]], records: Counter[str]) -> None:
        """Take what `untold` returned as told."""
        self._told_calls += calls
        self._told_records += records
        self._is_told = (self._told_calls, self._told_records) == (self.calls, self.records)
