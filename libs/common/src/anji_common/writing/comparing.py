"""Where a target stands between what an update was decided on and what it wishes.

Pure. Values are in normal form, so equal values are equal JSON; absent, blank and null are one.
"""

from collections.abc import Mapping, Sequence
from enum import Enum

from pydantic import JsonValue

from anji_common.events.commands import Command, RowRemoval, RowWish
from anji_common.events.observed import Observed
from anji_common.interest import LinesInterest, ObjectInterest

__all__ = ["Standing", "holds", "marked", "same", "standing_of"]

_Row = Mapping[str, JsonValue]


class Standing(Enum):
    """What a target holds, from an update's point of view."""

    AT_WISH = "what is wished: nothing needs to be written"
    AT_BASE = "what the link had seen: it may be written"
    ELSEWHERE = "something else: somebody was there meanwhile"


def same(one: JsonValue, other: JsonValue) -> bool:
    """Whether two values say the same; null, absent and blank are one."""
    return _plain(one) == _plain(other)


def holds(row: Mapping[str, JsonValue], values: Mapping[str, JsonValue]) -> bool:
    """Whether a row says all that `values` say."""
    return all(same(row.get(path), value) for path, value in values.items())


def marked(
    wishes: Sequence[RowWish], rows: Sequence[_Row], lines: LinesInterest
) -> dict[str, _Row]:
    """Return source id → the row that is marked with it (``protocol.md`` 18).

    Where people copied a row, its mark went with it: then the known one is meant, else the one
    that holds what is wished, else the first.
    """
    field = lines.marker_field
    if field is None:
        return {}
    found: dict[str, _Row] = {}
    for wish in wishes:
        alike = [row for row in rows if row.get(field) == wish.source_id]
        known = [row for row in alike if str(row.get(lines.id_field)) == wish.target_id]
        equal = [row for row in alike if holds(row, wish.values)]
        if alike:
            found[wish.source_id] = (known or equal or alike)[0]
    return found


def _plain(value: JsonValue) -> JsonValue:
    return None if value is None or value in ("", []) else value


def standing_of(
    command: Command, observed: Observed, interest: ObjectInterest, *, in_doubt: bool
) -> Standing:
    """Return where `observed` stands, field by field and line by line.

    A field at its wish or at its base may be written over. A line to be added is looked for only
    `in_doubt`, when an attempt of this very command may have added it: two lines that look
    alike are common, and the other one is not ours. Unmarked ones are looked for only if the
    record has moved; a date of whole seconds does not tell. Where lines were added and anything
    else is still at its base, the command was done in part: all of it again would add them twice.
    A line to be removed is at its wish where it is gone.
    """
    held = [
        _between(observed.data.get(path), wished, command.base.get(path))
        for path, wished in command.values.items()
    ]
    has_moved = observed.stamp.modified_at != command.base_modified_at
    id_fields = {lines.path: lines.id_field for lines in interest.lines}
    are_marked = {lines.path for lines in interest.lines if lines.marker_field is not None}
    has_added = False
    for path, wishes in command.rows.items():
        rows = _by_id(observed.data.get(path), id_fields.get(path, ""))
        held.extend(
            _of_known_line(wish, rows.pop(wish.target_id, None))
            for wish in wishes
            if wish.target_id is not None
        )
        added = [wish for wish in wishes if wish.target_id is None]
        if added:
            is_looked_for = in_doubt and (has_moved or path in are_marked)
            held.append(_of_added_lines(added, list(rows.values()) if is_looked_for else []))
            has_added = has_added or held[-1] is not Standing.AT_BASE
    for path, removals in command.removes.items():
        rows = _by_id(observed.data.get(path), id_fields.get(path, ""))
        held.extend(_of_removed_line(removal, rows.get(removal.target_id)) for removal in removals)
    if Standing.ELSEWHERE in held or (has_added and Standing.AT_BASE in held):
        return Standing.ELSEWHERE
    return Standing.AT_BASE if Standing.AT_BASE in held else Standing.AT_WISH


def _between(found: JsonValue, wished: JsonValue, base: JsonValue) -> Standing:
    if same(found, wished):
        return Standing.AT_WISH
    return Standing.AT_BASE if same(found, base) else Standing.ELSEWHERE


def _of_known_line(wish: RowWish, row: _Row | None) -> Standing:
    if row is None:
        return Standing.ELSEWHERE
    base = wish.base or {}
    held = {
        _between(row.get(path), wished, base.get(path)) for path, wished in wish.values.items()
    }
    if Standing.ELSEWHERE in held:
        return Standing.ELSEWHERE
    return Standing.AT_BASE if Standing.AT_BASE in held else Standing.AT_WISH


def _of_removed_line(removal: RowRemoval, row: _Row | None) -> Standing:
    if row is None:
        return Standing.AT_WISH
    return Standing.AT_BASE if holds(row, removal.base) else Standing.ELSEWHERE


def _of_added_lines(wishes: Sequence[RowWish], free: list[_Row]) -> Standing:
    found = 0
    for wish in wishes:
        match = next((row for row in free if holds(row, wish.values)), None)
        if match is not None:
            free.remove(match)
            found += 1
    if found == len(wishes):
        return Standing.AT_WISH
    return Standing.ELSEWHERE if found else Standing.AT_BASE


def _by_id(value: JsonValue, id_field: str) -> dict[str, _Row]:
    rows = value if isinstance(value, list) else []
    return {str(row.get(id_field)): row for row in rows if isinstance(row, dict)}
