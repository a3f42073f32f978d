"""Two records that stand already, joined to a link without any write (first load).

What is equal on both sides is agreed. What differs is either left to the rule of the first load
(nothing is agreed: its owner wins as soon as the link is looked at), or kept as it stands: then
both values count as agreed, and the next edit of either side flows.
"""

from dataclasses import dataclass

from pydantic import JsonValue

from anji_common.events.changes import Change
from anji_common.messages import Message
from anji_common.refs import System
from anji_mapper.link.codec import seat_message
from anji_mapper.link.context import Context
from anji_mapper.link.crosswalking import publish_rows
from anji_mapper.link.merge import Comparison, compare
from anji_mapper.link.observing import observe
from anji_mapper.link.rules import RULES
from anji_mapper.link.state import LineState, Seat, SideState, Stage, as_pointer, changed
from anji_mapper.link.turn import Turn
from anji_mapper.link.variants import choose_variant
from anji_mapper.mapping.model import LinkType, Pair, Row, Seen

__all__ = ["Difference", "Joined", "join_records"]


@dataclass(frozen=True, slots=True)
class Difference:
    """A field in which two records differ."""

    field: str
    """`Pair.name`, of a line after its name."""
    crm: JsonValue
    erp: JsonValue
    owner: System


@dataclass(frozen=True, slots=True)
class Joined:
    """A link in the making."""

    home: Seat
    pointer: Seat
    rows: tuple[Message, ...]
    """Of the crosswalk."""
    differences: tuple[Difference, ...]
    lone_lines: int
    """Lines that only one side has."""
    open_words: tuple[str, ...]
    """What cannot be compared: values without a counterpart, records that are not linked."""

    @property
    def messages(self) -> tuple[Message, ...]:
        """All that is published to make it stand."""
        return (seat_message(self.home), seat_message(self.pointer), *self.rows)


def join_records(
    link_type: LinkType,
    home: tuple[Seat, Change],
    far: tuple[Seat, Change],
    context: Context,
    keeps: bool,  # noqa: FBT001 - `functools.partial` names it
) -> Joined:
    """Return the link of two records.

    Args:
        link_type: Theirs.
        home: The seat of the home's record, not linked and with nothing in flight, and its newest
            change.
        far: The same of its partner.
        context: For references and the time.
        keeps: What differs is kept as it stands; else nothing is agreed about it.

    Raises:
        UndecodableError: a record has lines without ids.
    """
    seat, change = home
    turn = Turn(seat, link_type, context, RULES)
    partner = far[1].ref
    observe(turn, turn.own, change)
    turn.put_side(turn.own, changed(turn.seat.side(turn.own), ref=change.ref))
    turn.put_side(turn.far, SideState(ref=partner, sent=turn.seat.side(turn.far).sent))
    turn.put(stage=Stage.LINKED, partner=partner, newest=None, problem=None, waits=())
    observe(turn, turn.far, far[1])
    choose_variant(turn, link_type)
    turn.put(waiting_since=None, version=turn.link_type.version)
    sides = (turn.seat.crm.seen or Seen({}), turn.seat.erp.seen or Seen({}))
    found = compare(turn.link_type, sides, ({}, {}), context, lambda *_: None)
    differences = _differences(found, sides)
    agreed, lines = dict(found.agreed), {name: dict(rows) for name, rows in found.lines.items()}
    if keeps:
        for wish in found.wishes:
            agreed[wish.pair.name] = _pair(wish.pair, sides[0].head, sides[1].head)
        _keep_rows(found, lines, sides)
    if turn.link_type.telling is not None:
        agreed |= turn.link_type.telling.as_it_stands(sides[0].head)
    turn.put(agreed=agreed, lines=lines)
    publish_rows(turn)
    return Joined(
        home=turn.seat,
        pointer=_pointer(far, change),
        rows=tuple(effect.to_message() for effect in turn.effects),
        differences=differences,
        lone_lines=sum(len(rows) for rows in found.new_rows.values()),
        open_words=(*sorted(found.awaited), *found.unmapped),
    )


def _pointer(far: tuple[Seat, Change], home: Change) -> Seat:
    seat, change = far
    side = changed(seat.side(change.ref.system), ref=change.ref, revision=change.revision)
    side_name = "crm" if change.ref.system is System.FXIAOKE else "erp"
    seat = changed(seat, problem=None, waits=(), waiting_since=None, **{side_name: side})
    return as_pointer(seat, home.ref)


def _differences(found: Comparison, sides: tuple[Seen, Seen]) -> tuple[Difference, ...]:
    head = [
        Difference(
            wish.pair.name, *_pair(wish.pair, sides[0].head, sides[1].head), wish.pair.owner
        )
        for wish in found.wishes
    ]
    rows = [
        Difference(
            f"{name}/{crm_id}/{wish.pair.name}",
            *_pair(wish.pair, sides[0].rows[name][crm_id], sides[1].rows[name][erp_id]),
            wish.pair.owner,
        )
        for name, each in found.row_wishes.items()
        for crm_id, erp_id, wishes in each
        for wish in wishes
    ]
    return (*head, *rows)


def _keep_rows(
    found: Comparison, lines: dict[str, dict[str, LineState]], sides: tuple[Seen, Seen]
) -> None:
    for name, each in found.row_wishes.items():
        for crm_id, erp_id, wishes in each:
            rows = sides[0].rows[name][crm_id], sides[1].rows[name][erp_id]
            kept = {wish.pair.name: _pair(wish.pair, *rows) for wish in wishes}
            state = lines[name][crm_id]
            lines[name][crm_id] = changed(state, agreed={**state.agreed, **kept})


def _pair(pair: Pair, crm: Row, erp: Row) -> tuple[JsonValue, JsonValue]:
    return crm.get(pair.crm), erp.get(pair.erp)
