"""What became of every record, as a table and as JSON."""

import fcntl
import json
import math
import os
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from anji_common.clock import SystemClock
from ordeals.catalogue import ORDEALS
from ordeals.oracle import FATES
from ordeals.ordeal import Control, Ordeal, Outcome, Work
from ordeals.stage import Bound, Form

__all__ = ["Plan", "Report", "line", "table"]

_CLOCK = SystemClock()
_HEAD = ("ordeal", "form", "broken", "records", "edits", *FATES, "writes a value", "late writes")
Row = dict[str, Any]
Key = tuple[str, str, str | None]
"""Of a row: ordeal, form, and the words of the control."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be run, or was."""

    ordeal: Ordeal
    form: Form
    seed: int
    work: Work
    control: Control | None = None

    @property
    def row(self) -> Row:
        """Return the head of its row in the report."""
        work = {"seconds": self.work.seconds, "deeds": self.work.actions}
        return {
            "ordeal": self.ordeal.name,
            "point": self.ordeal.point,
            "words": self.ordeal.words,
            "form": self.form,
            "control": self.control.words if self.control else None,
            "seed": self.seed,
            "work": {**work, "accidents": self.work.accidents},
        }


@dataclass(frozen=True, slots=True)
class Report:
    """The file of all runs: a row for each ordeal, form and control, and what was not run.

    A row is written as soon as its run is over. Two processes may write one report.
    """

    path: Path

    def begin(self, *, keeps: bool) -> None:
        """Begin with an empty one; or go on with the rows that earlier runs have left."""
        self.path.parent.mkdir(exist_ok=True)
        if not keeps:
            self.path.unlink(missing_ok=True)

    def add(self, plan: Plan, outcome: Outcome | None, words: str = "") -> None:
        """Write what became of a run, in place of an earlier one of the same.

        Args:
            plan: What was run.
            outcome: What became of it; `None`: it was broken off.
            words: Why it was broken off.
        """
        told = {"good": False, "broken off": words} if outcome is None else _told(outcome)
        load = [round(each, 1) for each in os.getloadavg()]
        row = {**plan.row, "ended": _CLOCK.now().isoformat(), "load": load, **told}
        with self.path.open("a+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            rows = {_key(each): each for each in json.loads(file.read() or '{"ran": []}')["ran"]}
            rows[_key(row)] = row
            whole = {"ran": sorted(rows.values(), key=_place), "not_run": _not_run([*rows])}
            file.truncate(0)
            file.write(json.dumps(whole, ensure_ascii=False, indent=2) + "\n")


def _key(row: Row) -> Key:
    return row["ordeal"], row["form"], row["control"]


def _place(row: Row) -> tuple[int, bool, str]:
    """Return where a row stands: in the catalogue's order, a control behind its ordeal."""
    return [*ORDEALS].index(row["ordeal"]), row["control"] is not None, row["form"]


def _not_run(ran: Collection[Key]) -> list[str]:
    """Name what has no row; a control needs one form only."""
    controls = {(name, words) for name, _, words in ran}
    found: list[str] = []
    for name, each in ORDEALS.items():
        found += [f"{name} {form}" for form in each.forms if (name, form, None) not in ran]
        if each.control is not None and (name, each.control.words) not in controls:
            found.append(f"{name}, control: {each.control.words}")
    return found


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


def _bound(bound: Bound) -> Row:
    """Return a figure with what it may be; JSON knows no infinity."""
    most = {"at_most": bound.at_most} if bound.at_most < math.inf else {}
    least = {"at_least": bound.at_least} if bound.at_least else {}
    kept = {"judged": bound.is_judged, "kept": bound.is_kept}
    return {"words": bound.words, "value": bound.value, **most, **least, **kept}


def _told(outcome: Outcome) -> Row:
    return {
        "good": outcome.is_good,
        "broken": outcome.broken,
        "records": outcome.fate.records,
        "edits": outcome.fate.edits,
        "crossed": outcome.fate.crossed,
        "fates": outcome.fate.counts,
        "findings": [asdict(found) for found in outcome.fate.findings],
        "writes": outcome.writes,
        "values": outcome.values,
        "late_writes": outcome.late_writes,
        "seconds": round(outcome.seconds, 1),
        "seen": outcome.seen,
        "bounds": [_bound(each) for each in outcome.bounds],
    }
