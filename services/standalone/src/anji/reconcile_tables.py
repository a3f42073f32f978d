"""What reconciliation found, as tables, CSV and JSON lines."""

import csv
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import orjson
from rich.table import Table

from anji.match_tables import is_personal, safe_cell
from anji.repairing import Repairs
from anji.tables import make_table
from anji_mapper.findings import Finding, FindingKind
from anji_mapper.link.discreet import HIDDEN
from anji_mapper.mapping.model import LinkType

__all__ = ["counts_table", "findings_table", "repairs_words", "write_csv", "write_json"]

_COLUMNS = (
    "type",
    "kind",
    "crm",
    "erp",
    "field",
    "crm_value",
    "erp_value",
    "owner",
    "words",
    "repair",
)


def counts_table(
    types: Iterable[str],
    findings: Iterable[Finding],
    matched: Mapping[str, int],
    under_way: Mapping[str, int],
) -> Table:
    """Return a row a link type: how many links are well, and how many are not."""
    table = make_table("type", "matched", *map(str, FindingKind), "under way")
    links = {(each.link_type, each.kind, each.crm or each.erp) for each in findings}
    counts = Counter((name, kind) for name, kind, _ in links)
    for name in types:
        cells = [counts[name, kind] for kind in FindingKind]
        table.add_row(name, *map(str, [matched.get(name, 0), *cells, under_way.get(name, 0)]))
    return table


def findings_table(findings: Iterable[Finding], types: Mapping[str, LinkType]) -> Table:
    """Return a row a finding, without the values of personal fields: those are in the sheets."""
    table = make_table("type", "what", "CRM record", "ERP record", "field", "CRM | ERP", "repair")
    for each in findings:
        crm, erp = each.values
        words = each.words
        if is_personal(types[each.link_type], each.field):
            crm, erp = HIDDEN, HIDDEN
        values = f"{crm!r} | {erp!r}" if each.field else ""
        repair = words if each.repair is None else f"{each.repair}. {words}".rstrip()
        if each.kind is FindingKind.KEPT:
            repair = f"with --kept {repair}"
        table.add_row(
            each.link_type, str(each.kind), each.crm, each.erp, each.field, values, repair
        )
    return table


def write_csv(path: Path, findings: Iterable[Finding]) -> None:
    """Write a row a finding."""
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        for each in findings:
            cells = ("" if value is None else str(value) for value in _line(each).values())
            writer.writerow([safe_cell(cell) for cell in cells])


def write_json(path: Path, findings: Iterable[Finding]) -> None:
    """Write a JSON object a line, one a finding."""
    with path.open("wb") as file:
        for each in findings:
            file.write(orjson.dumps(_line(each)) + b"\n")


def _line(found: Finding) -> dict[str, object]:
    crm, erp = found.values
    owner = None if found.owner is None else str(found.owner)
    repair = None if found.repair is None else str(found.repair)
    cells = (
        found.link_type,
        str(found.kind),
        found.crm,
        found.erp,
        found.field,
        crm,
        erp,
        owner,
        found.words,
        repair,
    )
    return dict(zip(_COLUMNS, cells, strict=True))


def repairs_words(repairs: Repairs, *, sent: bool) -> str:
    """Return the last line: how much was sent, or would be."""
    if not repairs.messages:
        return "repairs: none that a command can send; nothing was sent"
    how = "they were sent" if sent else "they would be sent; --repair does it"
    return (
        f"repairs: {repairs.settled} links settled, {repairs.retried} tried again, "
        f"{repairs.read} read again; {how}"
    )
