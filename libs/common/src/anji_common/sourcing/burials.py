"""Burials: the dead letters of records that a vendor told and nobody can normalise, or publish."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import blake2b

import orjson
import structlog

from anji_common.deadletters import dead_letter
from anji_common.errors import RejectedError, UndecodableError
from anji_common.events.changes import Change
from anji_common.messages import Message
from anji_common.metrics import SOURCE_READS
from anji_common.refs import Ref, System
from anji_common.sourcing.feed import Page, Unreadable

__all__ = ["Burials", "without_largest"]

_log = structlog.get_logger("anji.source")

_MOST_REMEMBERED = 1000
_CUT_BYTES = 1000


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


def without_largest(
    changes: Sequence[Change], page: Page, error: RejectedError
) -> tuple[list[Change], Page]:
    """Return what to publish of a page that the broker did not take: its largest record is cut.

    Of a change that is too large a dead letter tells which it is, how large, and why.

    Raises:
        RejectedError: `error`; nothing of it is large.
    """
    kept, raws = list(changes), list(page.unreadable)
    sizes = [len(each.to_message().value or b"") for each in kept]
    largest, raw = max(sizes, default=0), max((len(each.raw) for each in raws), default=0)
    if max(largest, raw) <= _CUT_BYTES:
        raise error
    if largest >= raw:
        raws.append(_too_large(kept.pop(sizes.index(largest)), largest, error))
    else:
        place = [len(each.raw) for each in raws].index(raw)
        raws[place] = replace(raws[place], raw=raws[place].raw[:_CUT_BYTES])
    return kept, replace(page, unreadable=tuple(raws), early=())


def _too_large(change: Change, size: int, error: RejectedError) -> Unreadable:
    about = {"ref": str(change.ref), "revision": change.revision, "bytes": size}
    words = f"a change of {size} bytes was not published: {error}"
    return Unreadable(change.ref.record_id, orjson.dumps(about), UndecodableError(words))


def _digest(found: Unreadable) -> bytes:
    return blake2b(found.raw, digest_size=16).digest()
