"""Retention and compaction of `EmbeddedBroker`, in steps of a few milliseconds.

*Retention* removes records older than a topic keeps them, from the beginning of a log.
*Compaction* goes over a log once, in order, up to what is younger than the topic's lag. For
each record it removes the one before it with the same key, which the table ``newest`` knows; a
tombstone goes too when it has stood long enough. So the work is proportional to what is new,
and the newest record of a key always stays. Freed pages are used again: the file stays as big
as it ever was.
"""

from functools import partial

import structlog

from anji_common.broker.embedded_core import EmbeddedCore
from anji_common.broker.embedded_queue import Operation, Transaction
from anji_common.broker.embedded_store import OFFSET_BITS, Shape
from anji_common.errors import RetriableError

__all__ = ["EmbeddedUpkeep"]

_log = structlog.get_logger(__name__)

_STEP_RECORDS = 200
"""Looked at or removed in one transaction: 2 to 4 ms."""


class EmbeddedUpkeep:
    """Removes what need not be kept."""

    def __init__(self, core: EmbeddedCore, every_seconds: float) -> None:
        self._core = core
        self._every_seconds = every_seconds

    async def run(self) -> None:
        """Do what is due, every so often, until cancelled."""
        while True:
            await self._core.clock.sleep(self._every_seconds)
            try:
                await self.do_all()
            except RetriableError as error:
                _log.warning("broker.upkeep_put_off", reason=str(error))

    async def do_all(self) -> int:
        """Remove everything that is due now, and return how many records that were."""
        removed = 0
        for shape in self._core.store.shapes():
            for log in shape.logs:
                while (step := self._due(shape, log)) is not None:
                    removed += await self._core.queue.ask(step)
            await self._core.clock.sleep(0)
        return removed

    def _due(self, shape: Shape, log: int) -> Operation[int] | None:
        """Return the next step for a log, found by reading only; `None` if nothing is due."""
        store, topic = self._core.store, shape.topic
        if not store.ends.get(log, 0):
            return None  # nothing was ever written to it
        ((first, cleaned_to),) = store.rows(
            "SELECT first_offset, cleaned_to FROM logs WHERE log = ?", log
        )
        if topic.retention_seconds is not None:
            cutoff_ms = self._before(topic.retention_seconds)
            oldest = store.first_from(log, first)
            if oldest is not None and oldest[1] < cutoff_ms:
                return partial(_expire, log, cutoff_ms)
        if topic.is_compacted:
            cutoff_ms = self._before(topic.min_compaction_lag_seconds)
            unclean = store.first_from(log, cleaned_to)
            if unclean is not None and unclean[1] <= cutoff_ms:
                return partial(_compact, log, cutoff_ms)
            cutoff_ms = self._before(topic.tombstone_seconds)
            if store.rows(
                "SELECT 1 FROM newest WHERE log = ? AND tombstone_ms < ? LIMIT 1", log, cutoff_ms
            ):
                return partial(_bury, log, cutoff_ms)
        return None

    def _before(self, seconds: int) -> int:
        return int((self._core.clock.now().timestamp() - seconds) * 1000)


def _expire(log: int, cutoff_ms: int, transaction: Transaction) -> int:
    """Remove the oldest records of a log, up to the first that is not older than `cutoff_ms`."""
    store = transaction.store
    start = (log << OFFSET_BITS) + store.beginning(log)
    rows = store.rows(
        "SELECT place, timestamp_ms, key FROM records WHERE place >= ? AND place < ?"
        " ORDER BY place LIMIT ?",
        start,
        (log + 1) << OFFSET_BITS,
        _STEP_RECORDS,
    )
    old = [(place, key) for place, at, key in rows if at < cutoff_ms]
    if not old:
        return 0
    last = old[-1][0]
    store.run("DELETE FROM records WHERE place >= ? AND place <= ?", start, last)
    store.run_many(
        "DELETE FROM newest WHERE log = ? AND key = ? AND place = ?",
        [(log, key, place) for place, key in old],
    )
    store.run(
        "UPDATE logs SET first_offset = ? WHERE log = ?", last + 1 - (log << OFFSET_BITS), log
    )
    store.forget_beginning(log)
    transaction.undone.append(partial(store.forget_beginning, log))
    return len(old)


def _compact(log: int, cutoff_ms: int, transaction: Transaction) -> int:
    """Go over the next records of a log; remove what they replace."""
    store = transaction.store
    base = log << OFFSET_BITS
    ((cleaned_to,),) = store.rows("SELECT cleaned_to FROM logs WHERE log = ?", log)
    rows = store.rows(
        "SELECT place, timestamp_ms, key, value IS NULL FROM records"
        " WHERE place >= ? AND place < ? ORDER BY place LIMIT ?",
        base + cleaned_to,
        (log + 1) << OFFSET_BITS,
        _STEP_RECORDS,
    )
    replaced: list[tuple[object, ...]] = []
    newest: dict[bytes, tuple[int, int | None]] = {}
    for place, at, key, is_tombstone in rows:
        if at > cutoff_ms:
            break
        if key in newest:
            replaced.append((newest[key][0],))
        else:
            replaced += store.rows("SELECT place FROM newest WHERE log = ? AND key = ?", log, key)
        newest[key] = (place, at if is_tombstone else None)
        cleaned_to = place - base + 1
    store.run_many("DELETE FROM records WHERE place = ?", replaced)
    store.run_many(
        "INSERT OR REPLACE INTO newest VALUES (?, ?, ?, ?)",
        [(log, key, place, tombstone_ms) for key, (place, tombstone_ms) in newest.items()],
    )
    store.run("UPDATE logs SET cleaned_to = ? WHERE log = ?", cleaned_to, log)
    return len(replaced)


def _bury(log: int, cutoff_ms: int, transaction: Transaction) -> int:
    """Remove tombstones that have stood long enough."""
    store = transaction.store
    rows = store.rows(
        "SELECT place, key FROM newest WHERE log = ? AND tombstone_ms < ? LIMIT ?",
        log,
        cutoff_ms,
        _STEP_RECORDS,
    )
    store.run_many("DELETE FROM records WHERE place = ?", [(place,) for place, _key in rows])
    store.run_many("DELETE FROM newest WHERE log = ? AND key = ?", [(log, key) for _, key in rows])
    return len(rows)
