"""What the scripted people did, line by line, in a file: the one source of what must stand where.

A person notes what was done only when the vendor said yes to it. Nothing here knows Anji.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

__all__ = ["Deed", "Diary", "Side"]

Side = Literal["crm", "erp"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One thing that a person did."""

    ordeal: str
    """During which ordeal."""
    side: Side
    what: Literal["made", "said", "ended", "refused"]
    """`made` a record, `said` a value of a field, `ended` a record (deleted or voided it); made
    one that is to be `refused` for ever by the other side."""
    kind: str
    """Of the record, in the CRM's words: AccountObj, ProductObj, SalesOrderObj."""
    record: str
    """Its id in the CRM; its number where the ERP's people made it."""
    field: str = ""
    """In the CRM's words, whichever side said it."""
    value: str = ""
    """What was said; the ref of what was ended; of an order that was made its customer's id."""
    number: str = ""
    """Of what the CRM's people made, where they gave it one."""
    at: str = ""
    """When, by this machine's clock; of a delete that must be told without anybody's approval."""
    lines: tuple[tuple[str, str, str], ...] = ()
    """Of an order: the product's code, quantity and price of each line."""


@dataclass(slots=True)
class Diary:
    """All deeds in order; written through to a file."""

    path: Path
    deeds: list[Deed] = field(default_factory=list)

    def note(self, *deeds: Deed) -> None:
        """Take down what was just done."""
        self.deeds += deeds
        with self.path.open("a") as file:
            file.writelines(json.dumps(asdict(deed), ensure_ascii=False) + "\n" for deed in deeds)

    def of(self, ordeal: str) -> "Diary":
        """Return what was done during one ordeal."""
        return Diary(self.path, [deed for deed in self.deeds if deed.ordeal == ordeal])

    def did(self, what: str, kind: str = "") -> Iterator[Deed]:
        """Give the deeds of one sort, in order."""
        return (d for d in self.deeds if d.what == what and kind in ("", d.kind))
