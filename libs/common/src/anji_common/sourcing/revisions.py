"""Revisions: is what was read news, and which number does it get (``protocol.md`` 6). Pure.

A revision is the vendor's modify time and a counter, strictly increasing per record. The counter
tells changes apart that the time does not: other content at the same time (two edits within the
vendor's grain, an audit that moves no date), and a signalled read, published though nothing moved.
Never older than the last: a compacted topic keeps the latest *offset* of a key, and only so is
that the latest state (rule 17).
"""

import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from hashlib import blake2b
from typing import Self

import orjson

from anji_common.errors import UndecodableError
from anji_common.events.changes import Change, revision_of
from anji_common.events.observed import Observed, Stamp
from anji_common.messages import Record

__all__ = ["Published", "Verdict", "projected", "revise"]

_FORM = struct.Struct(">QQ16s")
_MICROSECOND = timedelta(microseconds=1)
_OF_NOTHING = bytes(16)
"""Stands for the content of a tombstone."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Verdict(Enum):
    """Why something that was read is not published."""

    KNOWN = "known"
    """Time and content are those of the last change."""
    STALE = "stale"
    """Older than the last change: a read that lagged behind, or a snapshot behind live ones."""


@dataclass(frozen=True, slots=True)
class Published:
    """What a source remembers of a record's last change: 32 bytes, whatever its size."""

    revision: int
    modified_us: int
    """Modify time, in microseconds since 1970."""
    digest: bytes
    """Of the content, including what the stamp says besides the time."""

    @property
    def is_gone(self) -> bool:
        """Whether it was a tombstone."""
        return self.digest == _OF_NOTHING

    @property
    def modified_at(self) -> datetime:
        """The modify time."""
        return _EPOCH + timedelta(microseconds=self.modified_us)

    def to_bytes(self) -> bytes:
        """Return its form in a view."""
        return _FORM.pack(self.revision, self.modified_us, self.digest)

    @classmethod
    def from_bytes(cls, kept: bytes) -> Self:
        """Return what `to_bytes` wrote."""
        return cls(*_FORM.unpack(kept))

    @classmethod
    def of(cls, change: Change) -> Self:
        """Return what is remembered of `change`."""
        stamp = change.stamp
        digest = _OF_NOTHING if change.data is None else _digest(stamp, change.data)
        return cls(change.revision, _microseconds(stamp.modified_at), digest)


def projected(record: Record) -> bytes | None:
    """Return what a view of a change topic keeps of a record; the projection of `View`.

    A tombstone is remembered like any change, so that a record that comes back is newer.

    Raises:
        UndecodableError: it is no change.
    """
    change = Change.from_record(record)
    try:
        return Published.of(change).to_bytes()
    except struct.error as error:
        msg = f"{record.place}: revision {change.revision} is out of range"
        raise UndecodableError(msg) from error


def revise(
    last: Published | None,
    observed: Observed,
    *,
    answers: str | None = None,
    is_last_word: bool = False,
) -> Change | Verdict:
    """Return the change that `observed` is, or why it is none.

    Args:
        last: What was published of this record last, if anything.
        observed: The record as read, whole.
        answers: The command whose signalled read this is: then it is a change even though
            nothing moved.
        is_last_word: Reading again would show nothing newer, so a time before the last one's is
            how the record really is (a removed line takes its time with it): published under
            the last one's time.
    """
    stamp, counter_base = observed.stamp, revision_of(observed.stamp.modified_at, 0)
    if last is None:
        return _change(observed, stamp, counter_base, answers)
    read_us = _microseconds(stamp.modified_at)
    if read_us > last.modified_us or last.is_gone:  # a record that is back tells its own time
        return _change(observed, stamp, max(counter_base, last.revision + 1), answers)
    is_same = _digest(stamp, observed.data) == last.digest
    if is_same and answers is None:
        is_known = read_us == last.modified_us or is_last_word
        return Verdict.KNOWN if is_known else Verdict.STALE
    if read_us < last.modified_us:
        if not is_last_word:
            return Verdict.STALE
        stamp = stamp.model_copy(update={"modified_at": last.modified_at})
    return _change(observed, stamp, last.revision + 1, answers)


def _change(observed: Observed, stamp: Stamp, revision: int, answers: str | None) -> Change:
    return Change(
        ref=observed.ref, revision=revision, stamp=stamp, data=observed.data, answers=answers
    )


def _microseconds(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def _digest(stamp: Stamp, data: object) -> bytes:
    """Return 16 bytes that only content decides: an audit's time and stage count as content."""
    parts = (stamp.approved_at, stamp.status, stamp.modified_by, stamp.by_anji, data)
    packed = orjson.dumps(parts, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z)
    return blake2b(packed, digest_size=16).digest()
