"""Which row of the ERP a wished row has become (``protocol.md`` 18). Pure.

A row that carries the line's mark is its row, whatever else it says. Of the rest: after a create
the rows stand in the order in which they were sent. After an update a known row keeps its id,
unless the ERP renumbered; then, and for added rows, the content tells, and what is left is paired
from the end, where added rows stand. A row with another line's mark is nobody's guess. After a
push the rows are the conversion's: a wished one is the row that names the same records and is most
like it.
"""

from collections.abc import Collection, Mapping, Sequence

from pydantic import JsonValue

from anji_common.events.commands import Action, Command, RowWish
from anji_common.events.observed import Observed
from anji_common.interest import FieldKind, LinesInterest, ObjectInterest
from anji_common.writing.comparing import holds, marked, same

__all__ = ["paired_lines"]

_Row = Mapping[str, JsonValue]
_NAMING = (FieldKind.NUMBER, FieldKind.REFERENCE)
"""Kinds of fields that name other records: rows that differ in one are not the same row."""


def paired_lines(
    command: Command, observed: Observed, interest: ObjectInterest
) -> dict[str, dict[str, str]]:
    """Return lines path → `RowWish.source_id` → entry id (`Result.lines`)."""
    found: dict[str, dict[str, str]] = {}
    pairs: list[tuple[RowWish, _Row]]
    for lines in interest.lines:
        wishes = command.rows.get(lines.path, ())
        rows = observed.data.get(lines.path)
        if not wishes or not isinstance(rows, list):
            continue
        held = [row for row in rows if isinstance(row, dict)]
        known = marked(wishes, held, lines)
        left = [wish for wish in wishes if wish.source_id not in known]
        free = [row for row in held if not any(row is each for each in known.values())]
        if command.push is not None:
            pairs = _by_likeness(left, free, lines)
        elif command.action is Action.CREATE and len(free) == len(left):
            pairs = list(zip(left, free, strict=True))
        else:
            pairs = _by_id_and_content(left, free, lines)
        rest = {wish.source_id: row for wish, row in pairs}
        found[lines.path] = {
            source: str(row[lines.id_field]) for source, row in (known | rest).items()
        }
    return found


def _by_id_and_content(
    wishes: Sequence[RowWish], held: Sequence[_Row], lines: LinesInterest
) -> list[tuple[RowWish, _Row]]:
    free = list(held)
    pairs: list[tuple[RowWish, _Row]] = []
    left: list[RowWish] = []
    for wish in wishes:
        known = [row for row in free if row.get(lines.id_field) == wish.target_id]
        if wish.target_id is not None and known:
            free.remove(known[0])
            pairs.append((wish, known[0]))
        else:
            left.append(wish)
    marker = lines.marker_field
    free = [row for row in free if marker is None or not row.get(marker)]
    unlike: list[RowWish] = []
    for wish in left:
        alike = next((row for row in free if holds(row, wish.values)), None)
        if alike is None:
            unlike.append(wish)
        else:
            free.remove(alike)
            pairs.append((wish, alike))
    pairs.extend(zip(reversed(unlike), reversed(free), strict=False))
    return pairs


def _by_likeness(
    wishes: Sequence[RowWish], held: Sequence[_Row], lines: LinesInterest
) -> list[tuple[RowWish, _Row]]:
    """Pair rows that name the same records, those first that have most in common."""
    names = {field.path for field in lines.fields if field.kind in _NAMING}
    likeness = [
        (_likeness(wish, row, names), -place, -at)
        for place, wish in enumerate(wishes)
        for at, row in enumerate(held)
    ]
    pairs: dict[int, int] = {}
    for alike, place, at in sorted(likeness, reverse=True):
        if alike > 0 and -place not in pairs and -at not in pairs.values():
            pairs[-place] = -at
    return [(wishes[place], held[at]) for place, at in sorted(pairs.items())]


def _likeness(wish: RowWish, row: _Row, names: Collection[str]) -> int:
    """Return how many values are the same; 0 for rows that name different records."""
    wished = {path: value for path, value in wish.values.items() if value is not None}
    equal = {path for path, value in wished.items() if same(row.get(path), value)}
    differs = {path for path in wished.keys() - equal if path in names and row.get(path)}
    return 0 if differs else len(equal)
