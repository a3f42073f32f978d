"""Burials: the dead letters of records that a vendor told and nobody can normalise."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import blake2b

import structlog

from anji_common.deadletters import dead_letter
from anji_common.errors import UndecodableError
from anji_common.messages import Message
from anji_common.metrics import SOURCE_READS
from anji_common.refs import Ref, System
from anji_common.sourcing.feed import Unreadable

__all__ = ["Burials"]

_log = structlog.get_logger("anji.source")

_MOST_REMEMBERED = 1000


class Burials:
    """What was buried of one object: overlapping windows meet a record again and again.

    After a restart a record that is met again is buried once more.
    """

    def __init__(self, system: System, object_name: str) -> None:
        self._system = system
        self._object_name = object_name
        self._buried: dict[str, bytes] = {}

    def letters(self, found: Sequence[Unreadable], at: datetime) -> list[Message]:
        """Return the dead letters of those versions that were not buried yet."""
        return [
            self._letter(each, at)
            for each in found
            if self._buried.get(each.record_id) != _digest(each)
        ]

    def told(self, found: Sequence[Unreadable]) -> None:
        """Remember that the letters of those versions are published."""
        for each in found:
            self._buried.pop(each.record_id, None)
            self._buried[each.record_id] = _digest(each)
            if len(self._buried) > _MOST_REMEMBERED:
                del self._buried[next(iter(self._buried))]

    def _letter(self, found: Unreadable, at: datetime) -> Message:
        ref = Ref(self._system, self._object_name, found.record_id)
        SOURCE_READS.labels(self._system, self._object_name, "unreadable").inc()
        _log.warning("record.unreadable", ref=str(ref), reason=str(found.error))
        error = UndecodableError(f"{ref}: {found.error}")
        return dead_letter(found.raw, error, f"{self._system}/source", at=at)


def _digest(found: Unreadable) -> bytes:
    return blake2b(found.raw, digest_size=16).digest()
