"""From what a side should hold to the one command that says so.

A command carries all that its writer needs; the flight remembers what will be agreed if it
succeeds.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from pydantic import JsonValue

from anji_common.events.commands import Action, LookUp, Operation
from anji_common.events.notices import NoticeKind
from anji_common.refs import Ref, System
from anji_mapper.link.drafting import Draft
from anji_mapper.link.finishing import is_resumed, way_on
from anji_mapper.link.merge import Comparison, Wish
from anji_mapper.link.pushes import pushed
from anji_mapper.link.renditions import row_key
from anji_mapper.link.state import PendingMessage, Seat, changed
from anji_mapper.link.turn import Turn
from anji_mapper.mapping.model import LinesPair, Seen, Side

__all__ = ["message_texts", "send_create", "send_message", "send_operation", "send_update"]


def send_create(turn: Turn, source: Seen) -> tuple[set[str], list[str]]:
    """Wish for the counterpart of the seat's own record.

    Returns:
        (tokens it waits for, values that have no counterpart): with either, nothing was sent.
    """
    draft = Draft(turn, turn.far)
    for pair in turn.link_type.pairs:
        if pair.state is None:
            draft.add_head(pair, source)
        else:
            draft.expect(pair, source)
    for lines in turn.link_type.lines:
        for line_id, row in source.rows.get(lines.name, {}).items():
            draft.add_new_row(lines, line_id, row, source)
    side = turn.link_type.side(turn.far)
    push = None
    if side.making.push is not None:
        found = pushed(side.making.push, source, turn.context.references)
        push = found.push
        draft.awaited |= found.awaited
        draft.unmapped += found.unmapped
    if draft.awaited or draft.unmapped:
        return draft.awaited, draft.unmapped
    if side.interest.marker_field:
        draft.values[side.interest.marker_field] = str(turn.seat.key)
    look_ups = _look_ups(turn.seat.key, side, draft.values)
    if turn.link_type.is_only_matched:
        if look_ups:
            draft.send(Action.CREATE, look_ups=look_ups, only_matches=True)
        return set(), []
    draft.send(
        Action.CREATE,
        packet=side.filled(source.head),
        look_ups=look_ups,
        finish=side.finish,
        push=push,
        organisations=side.making.organisations,
        attachments=tuple(each.filled(source.head) for each in side.making.files),
    )
    return set(), []


def send_update(turn: Turn, system: System, found: Comparison) -> tuple[set[str], list[str]]:
    """Wish that `system` holds what the comparison found missing there.

    Returns:
        (tokens that new lines wait for, values without a counterpart); the rest was sent.
    """
    side = turn.seat.side(system)
    if not found.differs and side.refusal is None and not is_resumed(side):
        return set(), []
    draft = Draft(turn, system)
    target = side.seen or Seen({})
    wishes = [w for w in found.wishes if w.system is system and w.pair.state is None]
    for wish in wishes:
        draft.take(wish, target.head)
    for lines in turn.link_type.lines:
        _draft_lines(draft, turn, lines, found)
    if not (draft.values or draft.rows or draft.removes or is_resumed(side)):
        if side.refusal is not None and not (draft.awaited or draft.unmapped):
            turn.put_side(system, changed(side, refusal=None))  # what was refused is not wished
        return draft.awaited, draft.unmapped
    if side.refusal is None or side.refusal.digest not in (draft.digest(), "*"):
        packet = {}
        if draft.rows:
            source = turn.seat.side(system.other).seen or Seen({})
            templates = turn.link_type.side(system).filled(source.head)
            packet = {path: templates[path] for path in draft.rows if path in templates}
        draft.send(Action.UPDATE, target=side.ref, packet=packet, **way_on(turn, system))
        _tell_conflicts(turn, [*wishes, *_of_rows(found, system)])
    return draft.awaited, draft.unmapped


def send_operation(turn: Turn, wish: Wish, operation: Operation, *, is_last: bool) -> None:
    """Wish that a record is taken into a state, or out of it; not what was just refused.

    What is agreed once it is done is the state, which only the last operation brings about.
    """
    state, system = wish.pair.state, wish.system
    side = turn.seat.side(system)
    draft = Draft(turn, system)
    draft.operation = operation
    head = {} if side.seen is None else side.seen.head
    draft.see({path: head.get(path) for path in (state.paths if state else {}).get(system, ())})
    if is_last:
        draft.agree(wish)
    if side.refusal is None or side.refusal.digest not in (draft.digest(), "*"):
        draft.send(Action.OPERATE, target=side.ref, operation=operation)
        _tell_conflicts(turn, [wish])


def _draft_lines(draft: Draft, turn: Turn, lines: LinesPair, found: Comparison) -> None:
    system = draft.system
    target = turn.seat.side(system).seen or Seen({})
    source = turn.seat.side(system.other).seen or Seen({})
    for crm_id, erp_id, wishes in found.row_wishes.get(lines.name, []):
        mine = [wish for wish in wishes if wish.system is system]
        if mine:
            draft.add_row(lines, (crm_id, erp_id), mine, target)
    for holder, line_id in found.new_rows.get(lines.name, []):
        if holder is system.other and _grows(lines, system):
            draft.add_new_row(lines, line_id, source.rows[lines.name][line_id], source)
    for holder, crm_id in found.removals.get(lines.name, []):
        if holder is system:
            draft.add_removal(lines, (crm_id, found.lines[lines.name][crm_id].erp_id))


def _of_rows(found: Comparison, system: System) -> Iterator[Wish]:
    """Give the wishes of lines for `system`; a conflict's field is named with its line."""
    for name, rows in found.row_wishes.items():
        for crm_id, _, wishes in rows:
            for wish in wishes:
                if wish.system is system and wish.conflict is not None:
                    key = row_key(name, crm_id, wish.conflict.field)
                    yield replace(wish, conflict=replace(wish.conflict, field=key))


def _tell_conflicts(turn: Turn, wishes: Sequence[Wish]) -> None:
    for conflict in (wish.conflict for wish in wishes if wish.conflict is not None):
        turn.notify(
            NoticeKind.CONFLICT_DECIDED,
            conflict.words,
            field=conflict.field,
            crm=conflict.crm,
            erp=conflict.erp,
            winner=str(conflict.winner),
        )


def send_message(turn: Turn, message: PendingMessage) -> None:
    """Wish that a message leaves; at most once (``protocol.md`` 21)."""
    draft = Draft(turn, System.FXIAOKE)
    draft.send(
        Action.MESSAGE,
        target=turn.seat.side(System.FXIAOKE).ref,
        to=(message.to,),
        text=message.text,
    )


def _grows(lines: LinesPair, system: System) -> bool:
    """Whether lines of the other side are made on `system`: its line fields flow there."""
    return any(system in pair.flows_to for pair in lines.pairs)


def _look_ups(key: Ref, side: Side, values: Mapping[str, JsonValue]) -> tuple[LookUp, ...]:
    """Rule 4: by marker, by a number of ours, by natural key, in this order."""
    found = []
    if side.interest.marker_field:
        found.append(
            LookUp.model_construct(by="marker", conditions={side.interest.marker_field: str(key)})
        )
    if side.own_number and values.get(side.own_number) is not None:
        found.append(
            LookUp.model_construct(
                by="number", conditions={side.own_number: values[side.own_number]}
            )
        )
    for paths in side.natural_keys:
        conditions = {path: values.get(path) for path in paths}
        if all(value is not None for value in conditions.values()):
            found.append(LookUp.model_construct(by="natural key", conditions=conditions))
    return tuple(found)


def message_texts(seat: Seat, turn: Turn) -> tuple[PendingMessage, ...]:
    """Return the messages that the making of the CRM record calls for."""
    crm = seat.side(System.FXIAOKE).seen or Seen({})
    erp = seat.side(System.K3CLOUD).seen or Seen({})
    found = []
    for template in turn.link_type.messages:
        to = crm.head.get(template.to)
        if to is not None:
            found.append(PendingMessage(str(to), template.rendered(crm.head, erp.head)))
    return tuple(found)
