"""What reconciliation finds, and what would mend it."""

from dataclasses import dataclass
from enum import StrEnum

from pydantic import JsonValue

from anji_common.refs import System

__all__ = ["Finding", "FindingKind", "Repair"]


class FindingKind(StrEnum):
    """What is not as it should be."""

    DIFFERING = "differing"
    """Both records stand, and a field says something else on each side."""
    KEPT = "kept"
    """The same, and it was agreed so: a first load, a rebuild, or the target's own form."""
    ONLY_CRM = "only in the CRM"
    ONLY_ERP = "only in the ERP"
    DANGLING = "dangling"
    """A link one of whose records is gone, or that only one of them knows."""
    DOUBLE = "double"
    """Two links to one record."""


class Repair(StrEnum):
    """What `--repair` sends."""

    SETTLE = "the owner's value is written"
    RETRY = "its problem is tried again"
    READ = "its source reads it again"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be."""

    kind: FindingKind
    link_type: str
    crm: str = ""
    """Ref of the CRM's record; empty for none."""
    erp: str = ""
    field: str = ""
    """DIFFERING, KEPT: `Pair.name`; of a line: lines, CRM line id and pair, with ``/`` between."""
    values: tuple[JsonValue, JsonValue] = (None, None)
    owner: System | None = None
    words: str = ""
    repair: Repair | None = None
    """`None` where a person must act."""
