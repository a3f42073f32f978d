"""Forms as data: system fields, those we know, how entries and operations are named.

Source: reference "k3cloud-webapi.md", sections 2.2, 3.5, 3.6, 4 and 9.
"""

from anji_common.events.commands import Operation

__all__ = [
    "APPROVED_AT",
    "CANCEL_STATUS",
    "CLOSE_STATUS",
    "CREATED_AT",
    "CREATED_BY",
    "ENTRY_ID",
    "FORBID_STATUS",
    "MODIFIED_AT",
    "MODIFIED_BY",
    "ROWS_BELOW",
    "STATUS",
    "STATUS_FIELDS",
    "SYSTEM_FIELDS",
    "entry_id_key",
    "entry_seq_key",
    "operation_number",
]

CREATED_AT = "FCreateDate"
CREATED_BY = "FCreatorId"
MODIFIED_AT = "FModifyDate"
MODIFIED_BY = "FModifierId"
APPROVED_AT = "FApproveDate"
STATUS = "FDocumentStatus"

FORBID_STATUS = "FForbidStatus"
"""Base data: ``A`` in use, ``B`` forbidden."""
CANCEL_STATUS = "FCancelStatus"
"""Bills: ``A`` valid, ``B`` cancelled."""
CLOSE_STATUS = "FCloseStatus"
"""Some bills: ``A`` open, ``B`` closed."""

STATUS_FIELDS = (FORBID_STATUS, CANCEL_STATUS, CLOSE_STATUS)
"""Read with every record of a form that has them: a state that a person sets is a change."""

SYSTEM_FIELDS = (CREATED_AT, CREATED_BY, MODIFIED_AT, MODIFIED_BY, APPROVED_AT, STATUS)
"""Queried with every record."""


def entry_id_key(entity: str) -> str:
    """Return the query key of an entry row's id."""
    return f"{entity}_FEntryId"


def entry_seq_key(entity: str) -> str:
    """Return the query key of an entry row's place."""
    return f"{entity}_FSeq"


ENTRY_ID = "FEntryID"
"""The field of a row's id in a packet, whatever the entity. Source: reference, section 4."""

ROWS_BELOW = frozenset(
    {
        *("FOrderEntryPlan", "FTaxDetailSubEntity"),
        *("FEntity_Link", "FSerialSubEntity", "FDeliNoticeTraceDetail", "FOutStockTraceDetail"),
    }
)
"""Entities that stand inside rows, not in the head of a packet. Source: reference, section 4."""

_CLOSING = {"SAL_SaleOrder": ("YLBillClose", "YLUnBillClose")}
"""Where closing has a number of its own. Source: reference, section 2.2."""


def operation_number(form_id: str, operation: Operation) -> str:
    """Return the ``opNumber`` by which ExcuteOperation does it; empty if it has a service."""
    close, unclose = _CLOSING.get(form_id, ("BillClose", "BillUnClose"))
    return {
        Operation.FORBID: "Forbid",
        Operation.ENABLE: "Enable",
        Operation.VOID: "Cancel",
        Operation.UNVOID: "UnCancel",
        Operation.CLOSE: close,
        Operation.UNCLOSE: unclose,
    }.get(operation, "")
