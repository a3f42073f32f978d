"""The public rows of a link: one per side, published when they say something new."""

import hashlib
from collections.abc import Mapping
from operator import is_
from typing import Any

import orjson

from anji_common.events.crosswalk import CrosswalkRow, RowState
from anji_common.refs import Ref, System
from anji_mapper.link.lines import is_pair
from anji_mapper.link.state import LineState, Seat, SideState, Stage
from anji_mapper.link.turn import Turn
from anji_mapper.mapping.model import LinkType, Side

__all__ = ["publish_rows", "tells_of_news"]

_REFS_AS_TEXT = orjson.OPT_PASSTHROUGH_DATACLASS


def tells_of_news(before: Seat, seat: Seat, link_type: LinkType) -> bool:
    """Whether the rows of a link may say something else than those published before a step.

    Most steps of a link touch nothing that its rows tell; to write the rows only to find that
    they are the same takes six times as long as this look.
    """
    if before.stage is not Stage.LINKED or before.version != seat.version:
        return True
    if not before.rows_digest or before.rows_digest != seat.rows_digest:
        return True
    if before.partner != seat.partner or not _are_same_lines(before.lines, seat.lines):
        return True
    return not (
        _tells_the_same(before.crm, seat.crm, link_type.crm)
        and _tells_the_same(before.erp, seat.erp, link_type.erp)
    )


def _are_same_lines(
    before: Mapping[str, Mapping[str, LineState]], lines: Mapping[str, Mapping[str, LineState]]
) -> bool:
    """Whether no line was touched: by identity, for of a step's lines few are made anew."""
    return before.keys() == lines.keys() and all(
        [*was] == [*lines[name]] and all(map(is_, was.values(), lines[name].values()))
        for name, was in before.items()
    )


def _tells_the_same(before: SideState, side: SideState, of: Side) -> bool:
    was, seen = before.seen, side.seen
    if before.is_gone is not side.is_gone:
        return False
    if was is seen:
        return True
    return (
        was is not None
        and seen is not None
        and was.number == seen.number
        and all(was.head.get(path) == seen.head.get(path) for path in of.shares.values())
    )


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
