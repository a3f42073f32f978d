"""Pairs as tables and as CSV, and pairs made by hand read back from CSV."""

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TextIO

from rich.table import Table

from anji.tables import make_table
from anji_common.errors import RejectedError
from anji_mapper.link.joining import Difference
from anji_mapper.mapping.model import LinkType
from anji_mapper.pairing import Card, Match, Standing

__all__ = [
    "CsvSheet",
    "differences_table",
    "is_personal",
    "matches_table",
    "pairs_of",
    "safe_cell",
]

_COLUMNS = (
    "type",
    "standing",
    "reason",
    "crm",
    "crm_number",
    "crm_name",
    "erp",
    "erp_number",
    "erp_name",
    "differing",
)


class CsvSheet:
    """A CSV file of pairs, for people who decide: what they leave as certain can be read back."""

    def __init__(self, file: TextIO) -> None:
        self._writer = csv.writer(file)
        self._writer.writerow(_COLUMNS)

    def add(
        self,
        link_type: str,
        standing: Standing,
        reason: str,
        match: Match,
        differences: Sequence[Difference],
    ) -> None:
        """Write one pair, or one record without a partner."""
        words = "; ".join(f"{each.field}: {each.crm!r} | {each.erp!r}" for each in differences)
        row = (link_type, str(standing), reason, *_cells(match.crm), *_cells(match.erp), words)
        self._writer.writerow([safe_cell(cell) for cell in row])


def _cells(card: Card | None) -> tuple[str, str, str]:
    return ("", "", "") if card is None else (card.ref, card.number or "", card.name or "")


def safe_cell(cell: str) -> str:
    """Return a cell that a spreadsheet takes for text, whatever people named a customer."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def is_personal(link_type: LinkType, field: str) -> bool:
    """Whether the mapping marks a field, of the head or of a line, as a person's."""
    pairs = chain(link_type.pairs, *(lines.pairs for lines in link_type.lines))
    return field.rpartition("/")[2] in {pair.name for pair in pairs if pair.personal}


def pairs_of(path: Path) -> list[tuple[str, str]]:
    """Return the pairs of a CSV file: (CRM record, ERP record), each by ref or number.

    Columns ``crm`` and ``erp`` are needed. Where there is a column ``standing``, only rows that
    say ``certain`` count: so a sheet of `CsvSheet` can be edited and read back.

    Raises:
        RejectedError: it is no such file.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            missing = {"crm", "erp"} - set(reader.fieldnames or ())
            rows = [row for row in reader if _is_certain(row.get("standing", "certain"))]
    except UnicodeDecodeError as error:
        msg = f"{path} is no text in UTF-8: save it as 'CSV UTF-8'; nothing was linked"
        raise RejectedError(msg) from error
    except (OSError, csv.Error) as error:
        msg = f"{path} cannot be read: {error}"
        raise RejectedError(msg) from error
    if missing:
        msg = f"{path} has no column {', '.join(sorted(missing))}"
        raise RejectedError(msg)
    return [(row["crm"].strip(), row["erp"].strip()) for row in rows if row["crm"] and row["erp"]]


def _is_certain(cell: str | None) -> bool:
    return (cell or "").strip().casefold() == Standing.CERTAIN


def matches_table(
    link_type: str,
    reasons: Counter[tuple[Standing, str]],
    left_out: Mapping[tuple[str, str], int],
) -> Table:
    """Return a row for each standing and reason, then one for each why a record takes no part."""
    table = make_table("count", "type", "standing", "reason")
    order = list(Standing)
    for (standing, reason), count in sorted(
        reasons.items(), key=lambda each: (order.index(each[0][0]), -each[1])
    ):
        table.add_row(str(count), link_type, str(standing), reason)
    for (name, why), count in sorted(left_out.items()):
        if name == link_type:
            table.add_row(str(count), link_type, "left out", why)
    return table


def differences_table(
    differing: Mapping[tuple[str, str], int], samples: Mapping[str, str]
) -> Table:
    """Return a row for each field in which certain pairs differ."""
    table = make_table("differ", "field", "owner", "such as (CRM | ERP)")
    for (name, owner), count in sorted(differing.items(), key=lambda each: -each[1]):
        table.add_row(str(count), name, owner, samples.get(name, ""))
    return table
