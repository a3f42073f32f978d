"""What a connector reads and writes, derived from the mappings and handed to it as a value.

Connectors know no mapping: which fields of which objects matter, of what kind each is and how
it is spelled in a packet is said here, so that the same table turns vendor values into normal
form and back.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from anji_common.refs import System

__all__ = ["FieldInterest", "FieldKind", "Interest", "LinesInterest", "ObjectInterest"]


class FieldKind(StrEnum):
    """How a field's values look in normal form (see `events.observed.Document`)."""

    TEXT = "text"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"
    """``2026-01-05``, without a time of day (CRM: a date-time at midnight, Beijing time)."""
    TIME = "time"
    """Aware RFC 3339 in UTC."""
    CHOICE = "choice"
    """An option's value, as text."""
    REFERENCE = "reference"
    """The text of a ref to `FieldInterest.refers_to`."""
    NUMBER = "number"
    """A base-data record by its business number (ERP: read as ``X.FNumber``)."""
    EMPLOYEE = "employee"
    """One employee's id (CRM: the only or first of the list)."""


@dataclass(frozen=True, slots=True)
class FieldInterest:
    """One field, or a field of a row."""

    path: str
    """``FNumber``, ``FSaleOrderFinance.FSettleCurrId``; of a line: inside its row."""
    kind: FieldKind = FieldKind.TEXT
    refers_to: str | None = None
    """REFERENCE: the object or form referred to."""
    number_key: str = "FNumber"
    """ERP, REFERENCE and NUMBER: the key inside the packet's object, such as ``FNUMBER``."""


@dataclass(frozen=True, slots=True)
class LinesInterest:
    """The lines of a document."""

    path: str
    """Where they stand in the document: ``SalesOrderProductObj``, ``FSaleOrderEntry``."""
    id_field: str
    """``_id``, ``FEntryID``."""
    fields: tuple[FieldInterest, ...]
    master_field: str | None = None
    """CRM: the detail object's field that names its head, such as ``order_id``."""
    marker_field: str | None = None
    """The field that keeps the other side's line id in lines that we made."""


@dataclass(frozen=True, slots=True)
class ObjectInterest:
    """One object or form."""

    object_name: str
    id_field: str
    """``_id``, ``FID``, ``FCUSTID``, ``FMATERIALID``."""
    number_field: str
    """The business number: ``name``, ``FNumber``, ``FBillNo``."""
    fields: tuple[FieldInterest, ...]
    """All head fields that the mappings name, marker included, without id and system fields."""
    lines: tuple[LinesInterest, ...] = ()
    marker_field: str | None = None
    is_bill: bool = False
    """ERP: a bill with entries and an audit, not base data."""


@dataclass(frozen=True, slots=True)
class Interest:
    """Everything that one connector reads."""

    system: System
    objects: tuple[ObjectInterest, ...] = field(default=())

    def of(self, object_name: str) -> ObjectInterest:
        """Return the interest in one object; KeyError if there is none."""
        for found in self.objects:
            if found.object_name == object_name:
                return found
        raise KeyError(object_name)
