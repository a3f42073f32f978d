"""Settling: a person wants one side's value in fields in which both sides differ.

What was agreed about such a field is put out of the way of the winner's value: the merge then sees
that the winner has changed it, and the other has not. Then it goes the way of every edit.
"""

from pydantic import JsonValue

from anji_common.events.inbox import Entry
from anji_common.refs import System
from anji_mapper.link.renditions import row_key
from anji_mapper.link.state import Seat, Stage, ValuePair, changed
from anji_mapper.link.turn import Turn
from anji_mapper.mapping.model import Pair, Row

__all__ = ["settle"]

_NOTHING_LIKE_IT: JsonValue = {"settled": True}
"""No value of a field in normal form: whatever stands there has changed against it."""


def settle(turn: Turn, entry: Entry) -> None:
    """Let the winner's values be wished in the fields named; others are let be."""
    seat = turn.seat
    if seat.stage is not Stage.LINKED or seat.crm.seen is None or seat.erp.seen is None:
        return
    wanted = frozenset(entry.fields)
    agreed = dict(seat.agreed)
    for pair in turn.link_type.pairs:
        if pair.name in wanted:
            agreed[pair.name] = _settled(pair, seat.crm.seen.head, seat.erp.seen.head, entry)
    turn.put(agreed=agreed)
    if any("/" in each for each in wanted):
        _settle_rows(turn, turn.seat, entry, wanted)


def _settle_rows(turn: Turn, seat: Seat, entry: Entry, wanted: frozenset[str]) -> None:
    lines = {name: dict(states) for name, states in seat.lines.items()}
    crm_seen, erp_seen = seat.crm.seen, seat.erp.seen
    if crm_seen is None or erp_seen is None:
        return
    for each in turn.link_type.lines:
        for crm_id, state in seat.lines.get(each.name, {}).items():
            crm = crm_seen.rows.get(each.name, {}).get(crm_id)
            erp = erp_seen.rows.get(each.name, {}).get(state.erp_id)
            if crm is None or erp is None:
                continue
            settled = {
                pair.name: _settled(pair, crm, erp, entry)
                for pair in each.pairs
                if row_key(each.name, crm_id, pair.name) in wanted
            }
            if settled:
                lines[each.name][crm_id] = changed(state, agreed={**state.agreed, **settled})
    turn.put(lines=lines)


def _settled(pair: Pair, crm: Row, erp: Row, entry: Entry) -> ValuePair:
    winner = pair.owner if entry.winner is None else entry.winner
    if winner is System.FXIAOKE:
        return _NOTHING_LIKE_IT, erp.get(pair.erp)
    return crm.get(pair.crm), _NOTHING_LIKE_IT
