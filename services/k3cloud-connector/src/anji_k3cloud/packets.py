"""Packets: a command's wish as the ``Model`` of a Save.

Pure. A create fills the places of the full template; what is wished blank keeps the template's
default. An update carries ids and the wished fields only, and names them in ``NeedUpDateFields``,
so that nothing else is touched; rows to be removed are those that it does not name. Heads stand
before sub-heads and those before rows: the ERP reads a packet in its order.

Source: reference "k3cloud-webapi.md", sections 2.1 (with its notes) and 4.7.
"""

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import Any

from pydantic import JsonValue

from anji_common.errors import MappingError
from anji_common.events.commands import Action, Command, RowWish
from anji_common.interest import FieldInterest, LinesInterest, ObjectInterest
from anji_k3cloud.normalise import vendor_value
from anji_k3cloud.objects import ENTRY_ID

__all__ = ["Packet", "packet_of", "with_rows_that_stay"]

_Model = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Packet:
    """One record as it is to be saved."""

    form_id: str
    model: Mapping[str, JsonValue]
    fields: tuple[str, ...]
    """NeedUpDateFields, sorted; empty for a create: all of them."""
    deletes_rows: bool = False
    """IsDeleteEntry: stored rows that it does not name are taken out."""


def packet_of(command: Command, interest: ObjectInterest, zone: tzinfo) -> Packet:
    """Return the packet of a create or an update.

    Where rows are to be removed, it must be completed by `with_rows_that_stay` before it is sent.

    Raises:
        MappingError: a value that cannot be spelled, or a field that no interest knows.
    """
    unknown = {*command.rows, *command.removes} - {lines.path for lines in interest.lines}
    if unknown:
        msg = f"{interest.object_name} has no rows {', '.join(sorted(unknown))}"
        raise MappingError(msg)
    filling = _Filling(command, zone)
    if command.action is Action.CREATE:
        return Packet(interest.object_name, filling.created(interest), ())
    return filling.updated(interest)


def with_rows_that_stay(
    packet: Packet,
    interest: ObjectInterest,
    staying: Mapping[str, Sequence[str]],
    beside: Mapping[str, Sequence[str]],
) -> Packet:
    """Return a packet that takes rows out, with every row named that shall stay.

    Args:
        packet: With the rows that are changed or added.
        interest: What is known of the form.
        staying: Lines path → ids of the rows that stay, in their order.
        beside: The same of entities that `interest` does not name.
    """
    model = dict(packet.model)
    for lines in interest.lines:
        sent = model.get(lines.path)
        rows = [row for row in sent if isinstance(row, dict)] if isinstance(sent, list) else []
        changed = {str(row[lines.id_field]): row for row in rows if lines.id_field in row}
        stay: list[JsonValue] = [
            changed.get(row_id, {lines.id_field: _id(row_id)}) for row_id in staying[lines.path]
        ]
        model[lines.path] = [*stay, *(row for row in rows if lines.id_field not in row)]
    for path, ids in beside.items():
        model[path] = [{ENTRY_ID: _id(row_id)} for row_id in ids]
    model = {path: value for path, value in model.items() if value != []}
    entities = {path for path, value in model.items() if isinstance(value, list)}
    fields = tuple(sorted({*packet.fields, *entities}))
    return replace(packet, model=_ordered(model), fields=fields)


@dataclass(frozen=True, slots=True)
class _Filling:
    command: Command
    zone: tzinfo

    def created(self, interest: ObjectInterest) -> _Model:
        model: _Model = deepcopy(dict(self.command.packet))
        for path, value in self.command.values.items():
            if value is not None:
                _place(model, path, self._spelled(_field(interest.fields, path), value))
        for lines in interest.lines:
            wishes = self.command.rows.get(lines.path, ())
            template = _template(model.pop(lines.path, None))
            if wishes:
                model[lines.path] = [self._row(lines, wish, template) for wish in wishes]
        return _ordered(model)

    def updated(self, interest: ObjectInterest) -> Packet:
        target = self.command.target
        if target is None:
            msg = "an update without a target"
            raise MappingError(msg)
        model: _Model = {interest.id_field: _id(target.record_id)}
        named: set[str] = set()
        for path, value in self.command.values.items():
            _place(model, path, self._spelled(_field(interest.fields, path), value))
            named.update(path.split("."))
        for lines in interest.lines:
            wishes = self.command.rows.get(lines.path, ())
            if not wishes:
                continue
            template = _template(self.command.packet.get(lines.path))
            rows = [self._row(lines, wish, template) for wish in wishes]
            model[lines.path] = rows
            named.add(lines.path)
            named.update(key for row in rows for key in row)
        deletes_rows = any(self.command.removes.values())
        return Packet(interest.object_name, _ordered(model), tuple(sorted(named)), deletes_rows)

    def _row(self, lines: LinesInterest, wish: RowWish, template: _Model) -> _Model:
        """Return one row; one that stands already carries its id and the wished fields only."""
        row: _Model = {} if wish.target_id else deepcopy(template)
        for path, value in wish.values.items():
            if value is not None or wish.target_id:
                _place(row, path, self._spelled(_field(lines.fields, path), value))
        if wish.target_id:
            row = {lines.id_field: _id(wish.target_id), **row}
        return row

    def _spelled(self, field: FieldInterest, value: JsonValue) -> JsonValue:
        return vendor_value(field, value, self.command.numbers, self.zone)


def _field(fields: Iterable[FieldInterest], path: str) -> FieldInterest:
    for field in fields:
        if field.path == path:
            return field
    return FieldInterest(path)


def _place(model: _Model, path: str, value: JsonValue) -> None:
    *groups, key = path.split(".")
    for group in groups:
        model = model.setdefault(group, {})
    model[key] = value


def _template(rows: JsonValue) -> _Model:
    """Return the one row of a template, without an id: the ERP gives ids."""
    if not isinstance(rows, list) or not rows or not isinstance(rows[0], dict):
        return {}
    return {key: value for key, value in rows[0].items() if key.upper() != "FENTRYID"}


def _ordered(model: _Model) -> _Model:
    """Return heads, then sub-heads, then rows, each in the order they had."""
    return dict(sorted(model.items(), key=lambda item: _depth(item[1])))


def _depth(value: object) -> int:
    if isinstance(value, list):
        return 2
    is_sub_head = isinstance(value, dict) and (
        len(value) > 1 or any(isinstance(inner, dict | list) for inner in value.values())
    )
    return 1 if is_sub_head else 0


def _id(text: str) -> JsonValue:
    return int(text) if text.isdecimal() else text
