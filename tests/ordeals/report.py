"""What became of every record, as a table and as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from ordeals.oracle import FATES
from ordeals.ordeal import Outcome

__all__ = ["line", "table", "write_json"]

_HEAD = ("ordeal", "form", "broken", "records", "edits", *FATES, "writes a value", "late writes")


def table(outcomes: Sequence[Outcome]) -> str:
    """Return all outcomes as Markdown; the controls below the ordeals that they belong to."""
    lines = [f"| {' | '.join(_HEAD)} |", f"|{'---|' * len(_HEAD)}"]
    return "\n".join([*lines, *(line(each) for each in outcomes)])


def line(outcome: Outcome) -> str:
    """Return one outcome as a row of the table."""
    fate = outcome.fate
    name = f"{outcome.ordeal.point} `{outcome.ordeal.name}`"
    if outcome.control is not None:
        name += f", control: {outcome.control.words}"
    broken = ", ".join(f"{count} x {what}" for what, count in outcome.broken.items() if count)
    per_value = f"{outcome.writes / max(outcome.values, 1):.2f}"
    found = (str(count) for count in fate.counts.values())
    cells = (name, outcome.form, broken, str(fate.records), str(fate.edits), *found, per_value)
    return f"| {' | '.join((*cells, str(outcome.late_writes)))} |"


def write_json(path: Path, outcomes: Sequence[Outcome]) -> None:
    """Write all outcomes with every finding."""
    path.parent.mkdir(exist_ok=True)
    told = [
        {
            "ordeal": each.ordeal.name,
            "point": each.ordeal.point,
            "words": each.ordeal.words,
            "form": each.form,
            "seed": each.seed,
            "control": each.control.words if each.control else None,
            "good": each.is_good,
            "broken": each.broken,
            "records": each.fate.records,
            "edits": each.fate.edits,
            "crossed": each.fate.crossed,
            "fates": each.fate.counts,
            "findings": [asdict(found) for found in each.fate.findings],
            "writes": each.writes,
            "values": each.values,
            "late_writes": each.late_writes,
            "seconds": round(each.seconds, 1),
            "seen": each.seen,
        }
        for each in outcomes
    ]
    path.write_text(json.dumps(told, ensure_ascii=False, indent=2) + "\n")
