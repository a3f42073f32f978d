"""A record as a vendor holds it: the part that changes and results have in common."""

from collections.abc import Mapping
from typing import Literal

from pydantic import AwareDatetime, JsonValue

from anji_common.events.envelope import Event
from anji_common.refs import Ref

__all__ = ["Document", "Observed", "Stamp", "Status", "status_of"]

Status = Literal["Z", "A", "B", "C", "D"]

Document = Mapping[str, JsonValue]
"""A normalised record: head and lines as one.

Head fields stand under the vendor's own names; those of a sub-head under a dotted path
(``FSaleOrderFinance.FSettleCurrId``). Lines are a list under the name of the detail object or
entry (``SalesOrderProductObj``, ``FSaleOrderEntry``), each row with its own id field.

Value forms: text; decimals as text (``"12.50"`` without trailing zeros: ``"12.5"``); booleans;
aware RFC 3339 times in UTC (``2026-01-05T02:11:12.72Z``), dates ``2026-01-05``; references as the
text of a ref, or as a business number where the mapping reads it so; employees and choices as
text; lists of those; blank (``""``, ``" "``, ``0001-01-01…``) and absent as null.
"""


class Stamp(Event):
    """When, how far and by whom, in the vendor's own words and clock."""

    modified_at: AwareDatetime
    """The vendor's modify time (create time where it has none)."""

    approved_at: AwareDatetime | None = None
    """ERP: when it was audited. An audit may not move the modify time."""

    status: Status | None = None
    """ERP: the document status: draft, created, in approval, audited, to be audited again."""

    modified_by: str | None = None
    """The vendor's id of who changed it last."""

    by_anji: bool = False
    """`modified_by` is the integration account, which belongs to Anji alone."""

    unread: tuple[str, ...] = ()
    """Paths (of a row with the lines' path before it) that the vendor could not be asked for:
    absent from the record, and no blanks. What was known of them still stands."""

    def precedes(self, floor: "Stamp") -> bool:
        """Whether this was surely read before what `floor` tells (``protocol.md`` 8).

        At equal modify times the audit's time tells, where both were audited; else only the way
        from saving to auditing does: a read with an earlier stage than `floor`'s was taken between
        our save and our audit; ``D`` comes after the audit, so it never precedes.
        """
        if self.modified_at != floor.modified_at:
            return self.modified_at < floor.modified_at
        mine, theirs = self.approved_at, floor.approved_at
        if mine is not None and theirs is not None and mine != theirs:
            return mine < theirs
        if self.status is None or floor.status is None or "D" in (self.status, floor.status):
            return False
        return _STAGES.index(self.status) < _STAGES.index(floor.status)


_STATUSES: Mapping[str | None, Status | None] = {
    None: None,
    "Z": "Z",
    "A": "A",
    "B": "B",
    "C": "C",
    "D": "D",
}


def status_of(text: str | None) -> Status | None:
    """Return the status that `text` spells; ValueError if none."""
    if text not in _STATUSES:
        msg = f"not a document status: {text[:60] if text else text!r}"
        raise ValueError(msg)
    return _STATUSES[text]


_STAGES = "ZABC"
"""The way of a document to its audit."""


class Observed(Event):
    """One record as it was read, whole."""

    ref: Ref
    stamp: Stamp
    data: dict[str, JsonValue]
    """See `Document`."""
