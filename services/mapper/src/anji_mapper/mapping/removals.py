"""What is done on one side when a line was removed on the other (``protocol.md`` 18)."""

from enum import StrEnum

__all__ = ["RowPolicy"]


class RowPolicy(StrEnum):
    """What becomes of the line that is still there."""

    REMOVE = "remove"
    """It is removed as well."""
    KEEP = "keep"
    """It stays, and people are told once."""
    ASK = "ask"
    """A person decides whether it goes, or the other one comes back."""
