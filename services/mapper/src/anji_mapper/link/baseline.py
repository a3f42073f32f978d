"""A link whose state was lost agrees on what stands on both sides (``protocol.md`` 16).

Of two values that differ nobody knows any more which one is newer. So neither is written: both are
agreed as they are, people are told, and the next edit of either side flows. The same holds for a
line that only one side has.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from anji_common.events.notices import NoticeKind
from anji_common.refs import System
from anji_mapper.link.lines import alone_in_erp
from anji_mapper.link.merge import Comparison, Wish, compare
from anji_mapper.link.renditions import row_key
from anji_mapper.link.state import LineState, ValuePair, changed
from anji_mapper.link.turn import Turn
from anji_mapper.mapping.model import LinesPair, LinkType, Pair, Row, Seen

__all__ = ["Unsettled", "take_as_it_stands"]


@dataclass(frozen=True, slots=True)
class Unsettled:
    """What differs, and is let be."""

    fields: Mapping[str, ValuePair]
    """`Pair.name` or `row_key` → what both sides hold."""
    lines: tuple[str, ...]
    """``lines name/line id`` of the lines that only one side has."""
    told: tuple[str, ...] = ()
    """Names of fields that are a blank of one side only, and are filled as ever."""

    def __bool__(self) -> bool:
        return bool(self.fields or self.lines)


def take_as_it_stands(turn: Turn) -> Unsettled:
    """Agree on what both sides hold, and tell people what differs. Both sides must be seen."""
    seat = turn.seat
    sides = (seat.crm.seen or Seen({}), seat.erp.seen or Seen({}))
    found = compare(
        turn.link_type, sides, ({}, seat.lines), turn.context, lambda _key, _before, _now: None
    )
    wished = {wish.pair.name: wish for wish in found.wishes}
    agreed = _standing(turn.link_type.pairs, sides[0].head, sides[1].head)
    told = tuple(
        name for name, wish in wished.items() if _is_to_be_told(turn.link_type, wish, agreed[name])
    )
    fields = {name: agreed[name] for name in wished if name not in told}
    fields |= _states(turn.link_type.pairs, agreed)
    agreed = {name: values for name, values in agreed.items() if name not in told}
    if turn.link_type.telling is not None:
        agreed |= turn.link_type.telling.as_it_stands(sides[0].head)
    lines = {each.name: _lines(each, sides, found, fields) for each in turn.link_type.lines}
    alone = tuple(
        f"{name}/{key}"
        for name, states in lines.items()
        for key, state in states.items()
        if state.is_lost
    )
    turn.put(agreed=agreed, lines=lines, is_unsettled=False)
    unsettled = Unsettled(fields, alone, told)
    if unsettled:
        details: dict[str, JsonValue] = {"lines": list(alone)}
        details["fields"] = {name: list(values) for name, values in fields.items()}
        words = "its state was lost, and both sides differ; neither is changed until it is edited"
        turn.notify(NoticeKind.UNSETTLED, words, **details)
    return unsettled


def _standing(pairs: tuple[Pair, ...], crm: Row, erp: Row) -> dict[str, ValuePair]:
    return {
        pair.name: (crm[pair.crm], erp[pair.erp])
        for pair in pairs
        if pair.crm in crm and pair.erp in erp
    }


def _states(pairs: tuple[Pair, ...], held: Mapping[str, ValuePair]) -> dict[str, ValuePair]:
    """Return the states that one side alone is in, and that would follow on the other.

    What the ERP closes by itself differs for good where a state flows one way only.
    """
    found = {
        pair.name: (pair, held[pair.name]) for pair in pairs if pair.state and pair.name in held
    }
    return {
        name: values
        for name, (pair, values) in found.items()
        if (values[0] is True and values[1] is False and System.K3CLOUD in pair.flows_to)
        or (values[1] is True and values[0] is False and System.FXIAOKE in pair.flows_to)
    }


def _is_to_be_told(link_type: LinkType, wish: Wish, held: ValuePair) -> bool:
    """Whether a blank is nobody's edit: a number not told yet, or a field that only hears.

    A system gives a record its number, and where a field flows one way nothing else can be meant.
    """
    source = wish.system.other
    blank = held[0] if wish.system is System.FXIAOKE else held[1]
    number = link_type.side(source).interest.number_field
    is_number = wish.pair.owner is source and wish.pair.path(source) == number
    return blank is None and (is_number or source not in wish.pair.flows_to)


def _lines(
    lines: LinesPair, sides: tuple[Seen, Seen], found: Comparison, fields: dict[str, ValuePair]
) -> dict[str, LineState]:
    """Return the lines as they stand; what differs in them is added to `fields`."""
    crm_rows, erp_rows = (side.rows.get(lines.name, {}) for side in sides)
    states: dict[str, LineState] = {}
    for crm_id, state in found.lines[lines.name].items():
        crm, erp = crm_rows.get(crm_id), erp_rows.get(state.erp_id)
        if crm is None and erp is None:
            continue
        if crm is None or erp is None:
            states[crm_id] = changed(state, agreed={}, is_lost=True)
        else:
            states[crm_id] = LineState(state.erp_id, _standing(lines.pairs, crm, erp))
    for crm_id, _, wishes in found.row_wishes.get(lines.name, []):
        for wish in wishes:
            name = wish.pair.name
            fields[row_key(lines.name, crm_id, name)] = states[crm_id].agreed[name]
    for holder, line_id in found.new_rows.get(lines.name, []):
        if holder is System.FXIAOKE:
            states[line_id] = LineState("", is_lost=True)
        else:
            states[alone_in_erp(line_id)] = LineState(line_id, is_lost=True)
    return states
