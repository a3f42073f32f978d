"""What every form has, as data: system fields, and how its entries are named in a query.

Source: reference "k3cloud-webapi.md", sections 3.5, 3.6 and 9.
"""

__all__ = [
    "APPROVED_AT",
    "CANCEL_STATUS",
    "CLOSE_STATUS",
    "CREATED_AT",
    "CREATED_BY",
    "FORBID_STATUS",
    "MODIFIED_AT",
    "MODIFIED_BY",
    "STATUS",
    "STATUS_FIELDS",
    "SYSTEM_FIELDS",
    "entry_id_key",
    "entry_seq_key",
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
