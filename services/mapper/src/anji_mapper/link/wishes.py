"""From what a side should hold to the one command that says so.

A command carries all that its writer needs; the flight remembers what will be agreed if it
succeeds.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson
from pydantic import JsonValue

from anji_common.errors import AwaitedError, MappingError
from anji_common.events.commands import (
    Action,
    Command,
    CommandNumber,
    Finish,
    LookUp,
    Operation,
    RowWish,
)
from anji_common.events.notices import NoticeKind
from anji_common.refs import Ref, System
from anji_mapper.link.converting import convert, number_of
from anji_mapper.link.finishing import is_resumed, way_on
from anji_mapper.link.merge import Comparison, Wish
from anji_mapper.link.pushes import pushed
from anji_mapper.link.state import (
    Flight,
    PendingMessage,
    RowAgreement,
    Seat,
    SideState,
    ValuePair,
    changed,
)
from anji_mapper.link.turn import Turn
from anji_mapper.mapping.model import LinesPair, Pair, References, Row, Seen, Side

__all__ = ["message_texts", "send_create", "send_message", "send_operation", "send_update"]


def send_create(turn: Turn, source: Seen) -> tuple[set[str], list[str]]:
    """Wish for the counterpart of the seat's own record.

    Returns:
        (tokens it waits for, values that have no counterpart): with either, nothing was sent.
    """
    draft = _Draft(turn, turn.far)
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
    draft.send(
        Action.CREATE,
        packet=side.filled(source.head),
        look_ups=_look_ups(turn.seat.key, side, draft.values),
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
    draft = _Draft(turn, system)
    target = side.seen or Seen({})
    wishes = [w for w in found.wishes if w.system is system and w.pair.state is None]
    for wish in wishes:
        draft.take(wish, target.head)
    for lines in turn.link_type.lines:
        _draft_lines(draft, turn, lines, found)
    if not (draft.values or draft.rows or is_resumed(side)):
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
        _tell_conflicts(turn, wishes)
    return draft.awaited, draft.unmapped


def send_operation(turn: Turn, wish: Wish, operation: Operation, *, is_last: bool) -> None:
    """Wish that a record is taken into a state, or out of it; not what was just refused.

    What is agreed once it is done is the state, which only the last operation brings about.
    """
    state, system = wish.pair.state, wish.system
    side = turn.seat.side(system)
    draft = _Draft(turn, system)
    draft.operation = operation
    head = {} if side.seen is None else side.seen.head
    draft.see({path: head.get(path) for path in (state.paths if state else {}).get(system, ())})
    if is_last:
        draft.agree(wish)
    if side.refusal is None or side.refusal.digest not in (draft.digest(), "*"):
        draft.send(Action.OPERATE, target=side.ref, operation=operation)
        _tell_conflicts(turn, [wish])


def _draft_lines(draft: "_Draft", turn: Turn, lines: LinesPair, found: Comparison) -> None:
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


def _tell_conflicts(turn: Turn, wishes: Sequence[Wish]) -> None:
    for conflict in (wish.conflict for wish in wishes if wish.conflict is not None):
        turn.notify(
            NoticeKind.CONFLICT_DECIDED,
            f"both sides changed {conflict.field}; {conflict.reason}",
            field=conflict.field,
            crm=conflict.crm,
            erp=conflict.erp,
            winner=str(conflict.winner),
        )


def send_message(turn: Turn, message: PendingMessage) -> None:
    """Wish that a message leaves; at most once (``protocol.md`` 21)."""
    draft = _Draft(turn, System.FXIAOKE)
    draft.send(
        Action.MESSAGE,
        target=turn.seat.side(System.FXIAOKE).ref,
        to=(message.to,),
        text=message.text,
    )


def _started(side: SideState, flight: Flight) -> SideState:
    """Return the side with a command in flight."""
    left = side.unfinished
    if left is not None and left.is_retried:
        left = replace(left, is_retried=False)
    return changed(side, flight=flight, sent=flight.number.n, refusal=None, unfinished=left)


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


class _Draft:
    """A command in the making, and what will be agreed if it succeeds."""

    def __init__(self, turn: Turn, system: System) -> None:
        self._turn = turn
        self.system = system
        self._references: References = turn.context.references
        self.operation: Operation | None = None
        self.values: dict[str, JsonValue] = {}
        self._base: dict[str, JsonValue] = {}
        self.rows: dict[str, list[RowWish]] = {}
        self._numbers: dict[str, str] = {}
        self._pairs: dict[str, ValuePair] = {}
        self._row_agreements: dict[str, list[RowAgreement]] = {}
        self.awaited: set[str] = set()
        self.unmapped: list[str] = []
        self._is_whole = True

    def add_head(self, pair: Pair, source: Seen) -> None:
        """Take a head value for a record to be made."""
        found = self._converted(pair, source, None)
        if found is None:
            return
        values, wished = found
        if wished is None and pair.owner is self.system:
            return  # the target fills it by itself, and what it fills flows back
        self._pairs[pair.name] = values
        if wished is not None:
            self.values[pair.path(self.system)] = wished

    def see(self, base: Mapping[str, JsonValue]) -> None:
        """Take what an operation is decided on."""
        self._base.update(base)

    def agree(self, wish: Wish) -> None:
        """Take what will be agreed, and write no value for it."""
        self._pairs[wish.pair.name] = wish.values

    def expect(self, pair: Pair, source: Seen) -> None:
        """Take it that a record that is made is in the same state, if that is the usual one."""
        if source.head.get(pair.path(self.system.other)) is False:
            self._pairs[pair.name] = (False, False)

    def take(self, wish: Wish, target: Row) -> None:
        """Take a head value for a record that stands."""
        path = wish.pair.path(self.system)
        self.values[path] = wish.value
        self._base[path] = target.get(path)
        self._pairs[wish.pair.name] = wish.values
        self._number(wish.pair, wish.value)

    def add_row(
        self, lines: LinesPair, ids: tuple[str, str], wishes: Sequence[Wish], target: Seen
    ) -> None:
        """Take values of a line that both sides have. `ids`: (CRM line id, ERP line id)."""
        to_erp = self.system is System.K3CLOUD
        source_id, target_id = ids if to_erp else (ids[1], ids[0])
        stands = target.rows[lines.name][target_id]
        paths = [wish.pair.path(self.system) for wish in wishes]
        self.rows.setdefault(lines.path(self.system), []).append(
            RowWish.model_construct(
                source_id=source_id,
                target_id=target_id,
                values=dict(zip(paths, (wish.value for wish in wishes), strict=True)),
                base={path: stands.get(path) for path in paths},
            )
        )
        self._row_agreements.setdefault(lines.name, []).append(
            RowAgreement(ids[0], ids[1], {wish.pair.name: wish.values for wish in wishes})
        )
        for wish in wishes:
            self._number(wish.pair, wish.value)

    def add_new_row(self, lines: LinesPair, line_id: str, row: Row, source: Seen) -> None:
        """Take a line that only the source side has, unless a value of it must be waited for."""
        values: dict[str, JsonValue] = {}
        pairs: dict[str, ValuePair] = {}
        self._is_whole = True
        for pair in lines.pairs:
            found = self._converted(pair, source, row)
            if found is None:
                continue
            pairs[pair.name] = found[0]
            if found[1] is not None:
                values[pair.path(self.system)] = found[1]
        if not self._is_whole:
            return  # a line is sent whole or not yet
        to_erp = self.system is System.K3CLOUD
        if marker := lines.marker(self.system):
            values[marker] = line_id
        self.rows.setdefault(lines.path(self.system), []).append(
            RowWish.model_construct(source_id=line_id, values=values)
        )
        agreement = RowAgreement(
            crm_id=line_id if to_erp else None, erp_id=None if to_erp else line_id, pairs=pairs
        )
        self._row_agreements.setdefault(lines.name, []).append(agreement)

    def digest(self) -> str:
        """Return a short name of what is wished: the same wish has the same."""
        wished: dict[str, Any] = {
            "values": self.values,
            "rows": {
                path: [(row.source_id, row.target_id, row.values) for row in rows]
                for path, rows in self.rows.items()
            },
        }
        if self.operation is not None:
            wished["operation"] = [self.operation, self._base]
        return hashlib.sha256(orjson.dumps(wished, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]

    def send(self, action: Action, **content: Any) -> None:  # noqa: ANN401 - fields of Command
        """Issue the command; the side has it in flight."""
        turn, seat = self._turn, self._turn.seat
        side = seat.side(self.system)
        number = CommandNumber(seat.generation, side.sent + 1)
        # Not validated: all of it is ours, and a packet is long.
        command = Command.model_construct(
            seat=seat.key,
            number=number,
            system=self.system,
            object_name=turn.link_type.side(self.system).object_name,
            action=action,
            link_type=seat.link_type,
            mapping_version=turn.link_type.version,
            issued_at=turn.context.now,
            values=self.values,
            base=self._base,
            base_modified_at=None if side.stamp is None else side.stamp.modified_at,
            rows={path: tuple(rows) for path, rows in self.rows.items()},
            numbers=self._numbers,
            **content,
        )
        flight = Flight(
            number=number,
            action=action,
            digest=self.digest(),
            pairs=self._pairs,
            rows={name: tuple(rows) for name, rows in self._row_agreements.items()},
            decided_on=seat.side(self.system.other).revision,
            base_at=command.base_modified_at,
            finish=content.get("finish", Finish.SAVED),
        )
        turn.put_side(self.system, _started(side, flight))
        turn.effects.append(command)

    def _converted(
        self, pair: Pair, source: Seen, row: Row | None
    ) -> tuple[ValuePair, JsonValue] | None:
        """Return ((CRM value, ERP value), wished value); `None` if it is not for this side."""
        if self.system not in pair.flows_to:
            return None
        edit = (self.system, pair.name)
        try:
            if row is None and edit in self._turn.edits:
                wished = self._turn.edits[edit]
            else:
                wished = convert(pair, self.system, source, row, self._turn.context)
        except AwaitedError as error:
            self.awaited.add(error.token)
            self._is_whole = False
            return None
        except MappingError as error:
            self.unmapped.append(str(error))
            self._is_whole = False
            return None
        self._number(pair, wished)
        held = (source.head if row is None else row).get(pair.path(self.system.other))
        return ((held, wished) if self.system is System.K3CLOUD else (wished, held)), wished

    def _number(self, pair: Pair, value: JsonValue) -> None:
        if self.system is System.K3CLOUD and pair.refers_to_erp and value is not None:
            self._numbers[str(value)] = number_of(str(value), self._references)


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
