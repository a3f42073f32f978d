"""What lenses and conditions are, and what they may look at besides their value."""

from collections.abc import Mapping
from dataclasses import field
from typing import Protocol

from pydantic import JsonValue

from anji_common.events.crosswalk import CrosswalkRow
from anji_common.values import frozen

__all__ = ["Around", "Condition", "Lens", "References", "Row"]

Row = Mapping[str, JsonValue]
"""The mapped values of one line, by path inside the row."""


class References(Protocol):
    """What is known of other links: the global view of the crosswalk."""

    def row(self, ref: str) -> CrosswalkRow | None:
        """Return the row of a record of either side, by the text of its ref."""
        ...

    def by_number(self, object_key: str, number: str) -> CrosswalkRow | None:
        """Return the row of the one linked record that has a business number.

        Where several have it, it names none: whoever refers to it waits, and is told in time.

        `object_key` is system and object: ``k3cloud/BD_Customer``.
        """
        ...


@frozen
class Around:
    """What stands around a value that a lens converts: its own record, and other links."""

    references: References
    head: Row
    """The head values of the record that the value comes from."""
    row: Row = field(default_factory=dict)
    """Its line's values, where the value is in a line."""
    rows: Mapping[str, Mapping[str, Row]] = field(default_factory=dict)
    """All lines of the record: `LinesPair.name` → line id → values."""


class Lens(Protocol):
    """A conversion that runs both ways.

    Law: ``erp_to_crm(crm_to_erp(x)) == x``, up to a declared tolerance. A lens of a pair that
    flows one way only needs only that way.
    """

    def crm_to_erp(self, value: JsonValue, around: Around) -> JsonValue:
        """Return the ERP's value.

        Raises:
            AwaitedError: a record referred to has no counterpart yet.
            MappingError: the value has no counterpart.
        """
        ...

    def erp_to_crm(self, value: JsonValue, around: Around) -> JsonValue:
        """Return the CRM's value; raises as `crm_to_erp`."""
        ...


class Condition(Protocol):
    """A yes-or-no question about one record's head."""

    def holds(self, head: Row) -> bool:
        """Return the answer."""
        ...
