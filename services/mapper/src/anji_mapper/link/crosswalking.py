"""The public rows of a link: one per side, published when they say something new."""

import hashlib
from typing import Any

import orjson

from anji_common.events.crosswalk import CrosswalkRow, RowState
from anji_common.refs import Ref, System
from anji_mapper.link.lines import is_pair
from anji_mapper.link.turn import Turn

__all__ = ["publish_rows"]

_REFS_AS_TEXT = orjson.OPT_PASSTHROUGH_DATACLASS


def publish_rows(turn: Turn) -> None:
    """Publish both sides' rows if they differ from those last published."""
    seat = turn.seat
    partner = seat.partner
    if partner is None:
        return
    refs = {turn.own: seat.key, turn.far: partner}
    there: dict[str, str] = {}
    back: dict[str, str] = {}
    for states in seat.lines.values():
        for crm_id, state in states.items():
            if is_pair(crm_id, state):
                there[crm_id], back[state.erp_id] = state.erp_id, crm_id
    rows = [
        _row(turn, System.FXIAOKE, refs, there),
        _row(turn, System.K3CLOUD, refs, back),
    ]
    digest = hashlib.sha256(orjson.dumps(rows, default=str, option=_REFS_AS_TEXT)).hexdigest()[:16]
    if digest == seat.rows_digest:
        return
    turn.put(rows_digest=digest)
    at = turn.context.now
    turn.effects.extend(CrosswalkRow.model_construct(**row, updated_at=at) for row in rows)


def _row(
    turn: Turn, system: System, refs: dict[System, Ref], lines: dict[str, str]
) -> dict[str, Any]:
    """Return the attributes of a row, in the order in which the event declares them."""
    seat, side = turn.seat, turn.seat.side(system)
    head = {} if side.seen is None else side.seen.head
    shares = turn.link_type.side(system).shares
    return {
        "ref": refs[system],
        "counterpart": refs[system.other],
        "link_type": seat.link_type,
        "state": RowState.ENDED if seat.crm.is_gone or seat.erp.is_gone else RowState.LINKED,
        "business_number": None if side.seen is None else side.seen.number,
        "lines": lines,
        "shared": {
            name: str(head[path]) for name, path in shares.items() if head.get(path) is not None
        },
    }
