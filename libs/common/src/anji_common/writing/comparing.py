"""Where a target stands between what an update was decided on and what it wishes.

Pure. Values are in normal form, so equal values are equal JSON; absent, blank and null are one.
"""

from collections.abc import Mapping, Sequence
from enum import Enum

from pydantic import JsonValue

from anji_common.events.commands import Command, RowRemoval, RowWish
from anji_common.events.observed import Observed
from anji_common.interest import LinesInterest, ObjectInterest

__all__ = ["Standing", "holds", "marked", "rest_of", "same", "standing_of"]

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
    command: Command,
    observed: Observed,
    interest: ObjectInterest,
    *,
    in_doubt: bool,
    in_parts: bool = False,
) -> Standing:
    """Return where `observed` stands, field by field and line by line.

    A field at its wish or at its base may be written over. A line to be added is looked for only
    `in_doubt`, when an attempt of this very command may have added it: two lines that look
    alike are common, and the other one is not ours. Unmarked ones are looked for only if the
    record has moved; a date of whole seconds does not tell. Where lines were added and anything
    else is still at its base, the command was done in part: all of it again would add them twice.
    With `in_parts` only its rest is sent (`rest_of`), and that is at its base; an added line with
    our mark that says something else by now was edited. A line to be removed is at its wish where
    it is gone.
    """
    held = [
        _between(observed.data.get(path), wished, command.base.get(path))
        for path, wished in command.values.items()
    ]
    is_begun = False
    for path, wishes in command.rows.items():
        lines = _lines_of(interest, path)
        rows = _by_id(observed.data.get(path), lines)
        held.extend(
            _of_known_line(wish, rows.pop(wish.target_id, None))
            for wish in wishes
            if wish.target_id is not None
        )
        added = [wish for wish in wishes if wish.target_id is None]
        if added:
            free = _free(rows, command, observed, lines, in_doubt=in_doubt)
            missing = _missing(added, free)
            held.append(Standing.AT_BASE if missing else Standing.AT_WISH)
            is_begun = is_begun or len(missing) < len(added)
            if in_parts and lines is not None and marked(missing, free, lines):
                held.append(Standing.ELSEWHERE)
    for path, removals in command.removes.items():
        rows = _by_id(observed.data.get(path), _lines_of(interest, path))
        held.extend(_of_removed_line(removal, rows.get(removal.target_id)) for removal in removals)
    if Standing.ELSEWHERE in held or (is_begun and not in_parts and Standing.AT_BASE in held):
        return Standing.ELSEWHERE
    return Standing.AT_BASE if Standing.AT_BASE in held else Standing.AT_WISH


def rest_of(
    command: Command, observed: Observed, interest: ObjectInterest, *, in_doubt: bool
) -> Command:
    """Return the update without what is at its wish; what it names is known as in `standing_of`.

    Done over what stands it gives what the whole would, for less: only for a vendor that takes an
    update in parts. One that takes a document whole may take out what a save does not name.
    """
    values = _unlike(command.values, observed.data)
    rows: dict[str, tuple[RowWish, ...]] = {}
    for path, wishes in command.rows.items():
        lines = _lines_of(interest, path)
        held = _by_id(observed.data.get(path), lines)
        known = {
            each.target_id: held.pop(each.target_id, None) for each in wishes if each.target_id
        }
        added = [wish for wish in wishes if wish.target_id is None]
        missing = _missing(added, _free(held, command, observed, lines, in_doubt=in_doubt))
        left = [
            each if each.target_id is None else _rest_of_line(each, known.get(each.target_id))
            for each in wishes
            if each.target_id is not None or any(each is other for other in missing)
        ]
        rows[path] = tuple(each for each in left if each is not None)
    removes = {
        path: tuple(
            each
            for each in removals
            if each.target_id in _by_id(observed.data.get(path), _lines_of(interest, path))
        )
        for path, removals in command.removes.items()
    }
    return command.model_copy(
        update={
            "values": values,
            "base": _of_paths(command.base, values),
            "rows": {path: each for path, each in rows.items() if each},
            "removes": {path: each for path, each in removes.items() if each},
        }
    )


def _unlike(wished: _Row, found: _Row) -> dict[str, JsonValue]:
    return {path: each for path, each in wished.items() if not same(found.get(path), each)}


def _of_paths(base: _Row, values: _Row) -> dict[str, JsonValue]:
    return {path: each for path, each in base.items() if path in values}


def _rest_of_line(wish: RowWish, row: _Row | None) -> RowWish | None:
    left = _unlike(wish.values, row or {})
    if row is not None and not left:
        return None
    return wish.model_copy(update={"values": left, "base": _of_paths(wish.base or {}, left)})


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


def _free(
    rows: Mapping[str, _Row],
    command: Command,
    observed: Observed,
    lines: LinesInterest | None,
    *,
    in_doubt: bool,
) -> list[_Row]:
    """Return the rows among which lines may be that an attempt of this command has added."""
    has_moved = observed.stamp.modified_at != command.base_modified_at
    is_marked = lines is not None and lines.marker_field is not None
    return list(rows.values()) if in_doubt and (has_moved or is_marked) else []


def _missing(wishes: Sequence[RowWish], free: list[_Row]) -> list[RowWish]:
    """Return the wishes that no row holds; each row stands for one, and is taken off `free`."""
    missing = []
    for wish in wishes:
        match = next((row for row in free if holds(row, wish.values)), None)
        if match is None:
            missing.append(wish)
        else:
            free.remove(match)
    return missing


def _lines_of(interest: ObjectInterest, path: str) -> LinesInterest | None:
    return next((lines for lines in interest.lines if lines.path == path), None)


def _by_id(value: JsonValue, lines: LinesInterest | None) -> dict[str, _Row]:
    rows = value if isinstance(value, list) else []
    id_field = "" if lines is None else lines.id_field
    return {str(row.get(id_field)): row for row in rows if isinstance(row, dict)}
