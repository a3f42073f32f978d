"""Paging: which query comes next, what told a version apart, what is torn. Pure.

Source: docs/vendors/fxiaoke.md, section 2.5 (deep paging by ``_id``), 7.4.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import Any, Self, TypeVar

from anji_common.interest import ObjectInterest
from anji_common.sourcing.feed import Window
from anji_fxiaoke.objects import SUMS, VOIDED
from anji_fxiaoke.wire import Filter, Rows, ms_of

__all__ = [
    "Mark",
    "after",
    "chunks",
    "is_bare",
    "is_early",
    "mark_of",
    "one_of",
    "stood_still",
    "sums_differ",
    "within",
]

_SECOND_MS = 1_000
"""A time of whole seconds is cut: it may have been any in that second."""
_CLOCK_ERROR_MS = 2_000
"""The CRM tells its time in whole seconds, cut; and an answer takes a while."""

_Raw = Mapping[str, Any]
T = TypeVar("T")


def within(window: Window) -> tuple[Filter, ...]:
    """Return the filters for what was last modified in a window."""
    return (
        Filter("last_modified_time", "GTE", (str(ms_of(window.since)),)),
        Filter("last_modified_time", "LT", (str(ms_of(window.until)),)),
    )


def one_of(field: str, values: Sequence[str]) -> Filter:
    """Return the filter for any of some values."""
    return Filter(field, "IN", tuple(values))


def after(page: Rows, limit: int) -> Filter | None:
    """Return the filter of the next page; `None` after the last one."""
    if page.told < limit or not page.records:
        return None
    return Filter("_id", "GT", (str(page.records[-1]["_id"]),))


def chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield the items in lists of at most `size`."""
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk


@dataclass(frozen=True, slots=True)
class Mark:
    """What tells a version of a document apart: its head's version, and its newest line."""

    head_ms: int
    head_version: str
    line: tuple[int, str, str] = (0, "", "")
    """Modify time, id and version of the newest line; times first, so that newer is greater."""

    def __str__(self) -> str:
        return "|".join(str(each) for each in (self.head_ms, self.head_version, *self.line))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the mark whose text this is."""
        head_ms, head_version, line_ms, line_id, line_version = text.split("|")
        return cls(int(head_ms), head_version, (int(line_ms), line_id, line_version))

    def has_head(self, head: _Raw) -> bool:
        """Whether it stands for this version of the head."""
        return (self.head_ms, self.head_version) == _version(head)

    def has_line(self, line: _Raw) -> bool:
        """Whether the document was read with this line, or with a newer one."""
        return _line_version(line) <= self.line


def mark_of(head: _Raw, lines: Iterable[_Raw]) -> Mark:
    """Return the mark of a document that was read."""
    newest = max(map(_line_version, lines), default=(0, "", ""))
    return Mark(*_version(head), newest)


def stood_still(head: _Raw, lines: Mapping[str, Sequence[_Raw]], lines_read_ms: int) -> bool:
    """Whether a head that was read after its lines cannot have moved since these were read.

    Either it last moved no later than one of those lines did, or well before they were read.

    Args:
        head: As read.
        lines: Its lines, read before.
        lines_read_ms: When that began, in the CRM's time as well as we know it.
    """
    moved_ms, _ = _version(head)
    newest = max((_version(row)[0] for rows in lines.values() for row in rows), default=0)
    return moved_ms <= newest or moved_ms < lines_read_ms - _CLOCK_ERROR_MS


def is_bare(interest: ObjectInterest, head: _Raw, lines: Mapping[str, Sequence[_Raw]]) -> bool:
    """Whether a document that is in use shows none of its lines, which it may have."""
    shown = (row for rows in lines.values() for row in rows)
    return (
        bool(interest.lines)
        and head.get("life_status") != VOIDED
        and all(row.get("life_status") == VOIDED for row in shown)
    )


def is_early(
    head: _Raw, lines: Mapping[str, Sequence[_Raw]], lag_ms: float, read_ms: tuple[int, int]
) -> bool:
    """Whether a document moved so lately that not all its lines may have shown when it was read.

    A line that is gone, or follows later, is not among `lines`: the head, or another line, moved
    with it. A time from well after the reading is none to wait for.

    Args:
        head: As read.
        lines: Its lines, as read.
        lag_ms: How late a line may show.
        read_ms: When the lines were asked for, and when all was read, in the CRM's time.
    """
    began_ms, ended_ms = read_ms
    moved_ms = [
        _version(raw)[0] for raw in (head, *(row for rows in lines.values() for row in rows))
    ]
    return any(
        began_ms - lag_ms < each + (0 if each % _SECOND_MS else _SECOND_MS)
        and each <= ended_ms + _CLOCK_ERROR_MS
        for each in moved_ms
    )


def sums_differ(object_name: str, head: _Raw, lines: Mapping[str, Sequence[_Raw]]) -> bool:
    """Whether the lines that were read do not add up to the head's amount, where both are told.

    A discount on the head makes them differ for good, so this tells only that reading again is
    worth while.
    """
    for each in SUMS.get(object_name, ()):
        rows = lines.get(each.lines)
        if each.amount not in head or rows is None:
            continue
        if any(each.line_amount not in row for row in rows):
            continue
        try:
            amount = Decimal(str(head[each.amount]))
            total = sum((Decimal(str(row[each.line_amount])) for row in rows), Decimal())
        except InvalidOperation:
            continue
        return amount != total
    return False


def _version(raw: _Raw) -> tuple[int, str]:
    """Return what tells a version apart; a time that is none is `normalise`'s to complain of."""
    told = raw.get("last_modified_time")
    modified_ms = int(told) if isinstance(told, int | str) and str(told).isdecimal() else 0
    return modified_ms, str(raw.get("version", "")).replace("|", "/")


def _line_version(line: _Raw) -> tuple[int, str, str]:
    modified, version = _version(line)
    return modified, str(line["_id"]), version
