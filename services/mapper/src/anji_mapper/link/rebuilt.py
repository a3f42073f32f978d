"""Seats made anew from what the topics hold, when their state was lost (``protocol.md`` 16).

Pure. Each function returns the turns of the seats that it makes: their seats, and what is to be
published with them. No command is among it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from anji_common.errors import AwaitedError, MappingError
from anji_common.events.changes import Change
from anji_common.events.inbox import Entry, EntryKind
from anji_common.events.notices import NoticeKind
from anji_common.refs import SYSTEMS, Ref, System
from anji_mapper.link.baseline import Unsettled, take_as_it_stands
from anji_mapper.link.context import Context
from anji_mapper.link.converting import convert
from anji_mapper.link.crosswalking import publish_rows
from anji_mapper.link.rules import RULES
from anji_mapper.link.state import LineState, Seat, SideState, Stage, as_pointer, changed
from anji_mapper.link.turn import Turn
from anji_mapper.link.variants import choose_variant
from anji_mapper.mapping.model import LinkType, Seen

__all__ = ["Known", "Rebuilt", "keys_of", "link_of", "lone_seat"]

_NOTHING = Unsettled({}, ())


@dataclass(frozen=True, slots=True)
class Known:
    """A pair, and what is known of it."""

    home: Ref
    partner: Ref
    changes: Mapping[Ref, Change]
    """The newest change of either; no entry where the topics hold none."""
    lines: Mapping[str, str]
    """Line id of the home side → line id of the partner's, as the crosswalk tells."""
    is_ended: bool = False
    """Whether its crosswalk row says that one of the two is gone."""

    def is_gone(self, ref: Ref) -> bool:
        """Whether one of the two was deleted."""
        change = self.changes.get(ref)
        return self.is_ended and ref not in self.changes if change is None else change.data is None


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What becomes of one pair."""

    home: Turn
    pointer: Seat
    unsettled: Unsettled = _NOTHING


def link_of(known: Known, link_type: LinkType, context: Context) -> Rebuilt:
    """Return both seats of a pair; no vendor is told anything."""
    sides = {
        ref.system: _side(link_type, ref, known.changes.get(ref), is_gone=known.is_gone(ref))
        for ref in (known.home, known.partner)
    }
    is_over = known.is_gone(known.home)
    seat = _seat(known.home, known.partner, link_type, sides, context)
    seat = changed(
        seat,
        stage=Stage.ENDED if is_over else Stage.LINKED,
        partner=known.partner,
        lines=_lines(known, link_type, seat),
        is_unsettled=not is_over,
    )
    turn = Turn(seat, link_type, context, RULES)
    choose_variant(turn, link_type)
    turn.put(version=turn.link_type.version)
    unsettled = _NOTHING
    if not is_over and seat.crm.seen is not None and seat.erp.seen is not None:
        unsettled = take_as_it_stands(turn)
    if unsettled.told or (not is_over and known.is_gone(known.partner)):
        _let_look(turn)  # something is to be told, or its problem is to be raised again
    if is_over and not known.is_gone(known.partner):
        _tell_left_in_use(turn)
    publish_rows(turn)
    own = sides[known.partner.system]
    pointer = _seat(known.partner, known.home, link_type, {known.partner.system: own}, context)
    if is_over:
        pointer = changed(pointer, stage=Stage.ORPHAN, partner=None)
    else:
        pointer = as_pointer(pointer, known.home)
    return Rebuilt(turn, pointer, unsettled)


def _tell_left_in_use(turn: Turn) -> None:
    """Tell of a deleted home whose partner the mapping would have taken out of use, and is not.

    Nobody knows any more whether that was still to be done, or whether a person let it stand.
    """
    far, deletion = turn.far, turn.link_type.deletion
    does = None if deletion is None or deletion.state is None else deletion.state.does.get(far)
    if does is None or not does.enter or turn.is_out_of_use(far):
        return
    turn.notify(
        NoticeKind.UNSETTLED,
        f"its state was lost, and {turn.seat.key} was deleted; {turn.seat.partner} is left as it"
        f" is: {', '.join(does.enter)} it by hand if nobody has decided to let it stand",
        partner=str(turn.seat.partner),
        fields={},
        lines=[],
    )


def lone_seat(change: Change, link_type: LinkType, context: Context) -> Turn:
    """Return the seat of a record without a counterpart; a home is told to decide anew."""
    ref = change.ref
    side = _side(link_type, ref, change, is_gone=change.data is None)
    seat = _seat(ref, None, link_type, {ref.system: side}, context)
    seat = changed(seat, newest=None if link_type.home is ref.system else change)
    turn = Turn(seat, link_type, context, RULES)
    if _is_decided_anew(seat, link_type):
        _let_look(turn)
    return turn


def _let_look(turn: Turn) -> None:
    seat = turn.seat
    turn.effects.append(
        Entry(
            to=seat.key,
            sender=f"rebuild/{seat.generation}",
            sequence=0,
            kind=EntryKind.LOOK,
            at=turn.context.now,
            link_type=seat.link_type,
        )
    )


def _is_decided_anew(seat: Seat, link_type: LinkType) -> bool:
    """Whether a seat without a partner has something to decide: a create, or a strange marker."""
    own = seat.side(seat.key.system)
    is_marked = own.seen is not None and own.seen.marker is not None and not own.is_gone
    may_tell = seat.key.system in {link_type.home, *link_type.creates}
    return RULES.may_begin(seat, link_type) or (is_marked and may_tell)


def keys_of(
    link_type: LinkType, source: Seen, far: System, context: Context
) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Return (head paths, values) by which the counterpart of `source` is told from others.

    A key whose values cannot all be told is left out.
    """
    side = link_type.side(far)
    wished: dict[str, str] = {}
    for pair in link_type.pairs:
        if far not in pair.flows_to:
            continue
        try:
            value = convert(pair, far, source, None, context)
        except (AwaitedError, MappingError):
            continue
        if value is not None:
            wished[pair.path(far)] = str(value)
    paths = ((side.own_number,), *side.natural_keys) if side.own_number else side.natural_keys
    return [
        (key, tuple(wished[path] for path in key))
        for key in paths
        if all(path in wished for path in key)
    ]


def _side(link_type: LinkType, ref: Ref, change: Change | None, *, is_gone: bool) -> SideState:
    if change is None:
        return SideState(ref=ref, is_gone=is_gone)
    if change.data is None:
        return SideState(ref=ref, revision=change.revision, is_gone=True)
    seen = link_type.seen(ref.system, change.data)
    if change.stamp.unread:  # nobody knows what stands there: it is settled when it is read
        head = {path: each for path, each in seen.head.items() if path not in change.stamp.unread}
        seen = Seen(head, seen.rows, seen.number, seen.marker)
    return SideState(ref=ref, revision=change.revision, stamp=change.stamp, seen=seen)


def _seat(
    key: Ref,
    partner: Ref | None,
    link_type: LinkType,
    sides: Mapping[System, SideState],
    context: Context,
) -> Seat:
    """Return a seat whose numbers, of commands and entries, are above all that it ever gave."""
    generation = max(int(context.now.timestamp()), context.least_generation)
    return Seat(
        key=key,
        link_type=link_type.name,
        generation=generation,
        version=link_type.version,
        crm=sides.get(System.FXIAOKE, SideState()),
        erp=sides.get(System.K3CLOUD, SideState()),
        said=generation,
        heard={} if partner is None else {str(partner): generation},
    )


def _lines(known: Known, link_type: LinkType, seat: Seat) -> dict[str, dict[str, LineState]]:
    """Return which lines the crosswalk pairs, by the kind of lines that either side shows."""
    is_crm = known.home.system is System.FXIAOKE
    pairs = [(one, other) if is_crm else (other, one) for one, other in known.lines.items()]
    found: dict[str, dict[str, LineState]] = {}
    for each in link_type.lines:
        crm, erp = (_rows(seat, system, each.name) for system in SYSTEMS)
        found[each.name] = {
            crm_id: LineState(erp_id) for crm_id, erp_id in pairs if crm_id in crm or erp_id in erp
        }
    return found


def _rows(seat: Seat, system: System, name: str) -> Mapping[str, object]:
    seen = seat.side(system).seen
    return {} if seen is None else seen.rows.get(name, {})
