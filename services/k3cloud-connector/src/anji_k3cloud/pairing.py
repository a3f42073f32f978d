"""Which row of the ERP a wished row has become (``protocol.md`` 18). Pure.

After a create the rows stand in the order in which they were sent. After an update a known row
keeps its id, unless the ERP renumbered; then, and for added rows, the content tells, and what is
left is paired from the end, where added rows stand.
"""

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from anji_common.events.commands import Action, Command, RowWish
from anji_common.events.observed import Observed
from anji_common.interest import LinesInterest, ObjectInterest
from anji_common.writing.comparing import same

__all__ = ["paired_lines"]

_Row = Mapping[str, JsonValue]


def paired_lines(
    command: Command, observed: Observed, interest: ObjectInterest
) -> dict[str, dict[str, str]]:
    """Return lines path → `RowWish.source_id` → entry id (`Result.lines`)."""
    found: dict[str, dict[str, str]] = {}
    for lines in interest.lines:
        wishes = command.rows.get(lines.path, ())
        rows = observed.data.get(lines.path)
        if not wishes or not isinstance(rows, list):
            continue
        held = [row for row in rows if isinstance(row, dict)]
        if command.action is Action.CREATE and len(held) == len(wishes):
            pairs: list[tuple[RowWish, _Row]] = list(zip(wishes, held, strict=True))
        else:
            pairs = _by_id_and_content(wishes, held, lines)
        found[lines.path] = {wish.source_id: str(row[lines.id_field]) for wish, row in pairs}
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
    unlike: list[RowWish] = []
    for wish in left:
        alike = next((row for row in free if _holds(row, wish)), None)
        if alike is None:
            unlike.append(wish)
        else:
            free.remove(alike)
            pairs.append((wish, alike))
    pairs.extend(zip(reversed(unlike), reversed(free), strict=False))
    return pairs


def _holds(row: _Row, wish: RowWish) -> bool:
    return all(same(row.get(path), wished) for path, wished in wish.values.items())
