"""Puts a packet over a record: fields, sub-heads and rows, as Save's options say.

Pure but for new ids: the record given is a draft that nobody else sees.
Source: reference "k3cloud-webapi.md", sections 2.1, 3.2, 4.1 and 9.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from anji_sandbox.k3cloud.body import lowered
from anji_sandbox.k3cloud.codes import Code, Refusal, unknown_key
from anji_sandbox.k3cloud.context import Context
from anji_sandbox.k3cloud.forms import HEAD, Entity, Field, Form, is_custom
from anji_sandbox.k3cloud.records import Record
from anji_sandbox.k3cloud.values import is_blank, true_text

__all__ = ["Json", "SaveOptions", "lay_packet", "read_options", "record_id_of", "refuse_order"]

Json = dict[str, Any]

_ROW_IDS = ("fentryid", "fdetailid")


@dataclass(frozen=True, slots=True)
class SaveOptions:
    """The keys of a Save packet beside its Model."""

    only: frozenset[str]
    """NeedUpDateFields in lower case; empty means all."""
    returned: tuple[str, ...]
    deletes_rows: bool
    refuses_repeats: bool
    submits_and_audits: bool
    verifies: bool
    validates: bool
    adjusts: bool
    creator: int


def read_options(data: Mapping[str, Any]) -> SaveOptions:
    """Return the options of a packet, with the documented defaults."""
    given = lowered(dict(data))
    creator = str(given.get("creator") or 0)
    return SaveOptions(
        only=frozenset(key.lower() for key in _texts(given.get("needupdatefields"))),
        returned=tuple(_texts(given.get("needreturnfields"))),
        deletes_rows=true_text(given.get("isdeleteentry", True)),
        refuses_repeats=true_text(given.get("validaterepeatjson", False)),
        submits_and_audits=true_text(given.get("isautosubmitandaudit", False)),
        verifies=true_text(given.get("isverifybasedatafield", False)),
        validates=true_text(given.get("validateflag", True)),
        adjusts=true_text(given.get("isautoadjustfield", False)),
        creator=int(creator) if creator.isdecimal() else 0,
    )


def record_id_of(form: Form, model: Mapping[str, Any]) -> int:
    """Return the id that a packet carries; 0 means a new record."""
    found = lowered(dict(model)).get(form.key.lower())
    return _row_number(found)


def lay_packet(
    context: Context, form: Form, record: Record, model: Mapping[str, Any], options: SaveOptions
) -> None:
    """Change `record` into what the packet says.

    Raises:
        Refusal: a key, value, reference or row id that does not exist, or of the wrong kind.
    """
    laying = _Laying(context, form, options)
    laying.fields(HEAD, record["head"], model, record)
    if options.deletes_rows and context.switches.wipes_absent_entities:
        named = {key.lower() for key in model}
        for key in tuple(record["rows"]):
            if key.lower() not in named:
                record["rows"][key] = []
    if context.switches.renumbers_untouched_entities:
        for rows in record["rows"].values():
            _renumber(context, rows)


def refuse_order(
    context: Context, form: Form, model: Mapping[str, Any], options: SaveOptions
) -> None:
    """Check that what an order's rows need stands before them, where that matters.

    Raises:
        Refusal: it does not.
    """
    if not context.switches.order_matters or options.adjusts or not options.validates:
        return
    lower = [str(key).lower() for key in model]
    wanted = ("fsaleorderfinance", "fsaleorderentry")
    if form.form_id != "SAL_SaleOrder" or any(each not in lower for each in wanted):
        return
    finance, entry = (lower.index(each) for each in wanted)
    if finance > entry:
        text = "第1行分录，未免费的物料，含税单价不能小于等于0"
        raise Refusal(Code.INVALID, text, "FTaxPrice")


@dataclass(frozen=True, slots=True)
class _Laying:
    context: Context
    form: Form
    options: SaveOptions

    def fields(
        self, group: str, head: Json, packet: Mapping[str, Any], record: Record | None
    ) -> None:
        """Lay the fields of one entity over `head`; `record` is given for the head only."""
        only = self._only(group)
        for key, value in packet.items():
            lower = str(key).lower()
            entity = self.form.entities.get(lower)
            if entity is not None and entity.parent == group and record is not None:
                self._entity(entity, value, record)
                continue
            if self._is_id(group, lower):
                continue
            field = self._field(group, str(key))
            if field.readonly or (only and lower not in only):
                continue
            head[field.key] = self._stored(field, value)

    def _stored(self, field: Field, value: object) -> object:
        switches = self.context.switches
        try:
            stored = self.context.values.stored(field, value)
        except Refusal as refusal:
            is_unknown = refusal.code == Code.NO_SUCH_FIELD_OR_VALUE
            drops = switches.unknown_references == "drop" and not self.options.verifies
            if is_unknown and drops:
                return 0
            raise
        most = switches.longest_texts.get(f"{self.form.form_id}.{field.key}")
        if most is not None and len(str(stored)) > most:
            text = f"字段“{field.title}”的长度不能超过{most}"
            raise Refusal(Code.INVALID, text, field.key)
        return stored

    def _entity(self, entity: Entity, value: object, record: Record) -> None:
        if self.options.only and entity.key.lower() not in self.options.only:
            return
        if entity.single:
            packets = _packets(entity, value)
            if packets:
                self.fields(entity.key, record["head"], packets[0], record)
            return
        stored = record["rows"].get(entity.key, [])
        record["rows"][entity.key] = self._rows(entity, stored, _packets(entity, value))

    def _rows(
        self, entity: Entity, stored: Sequence[Record], packets: Sequence[Mapping[str, Any]]
    ) -> list[Record]:
        by_id = {row["id"]: row for row in stored}
        sent: list[Record] = []
        for packet in packets:
            row_id = _row_id(packet)
            if row_id and row_id not in by_id:
                text = f"单据体实体【{entity.title}】分录内码[“{row_id}”]不存在"
                raise Refusal(Code.NOT_FOUND, text, entity.key)
            if not row_id and is_blank(cast("Json", packet)):
                continue
            row = by_id[row_id] if row_id else self._new_row()
            self._fill_row(entity, row, packet)
            sent.append(row)
        if not self.options.deletes_rows:
            sent = [*stored, *(row for row in sent if row["id"] not in by_id)]
        for seq, row in enumerate(sent, 1):
            row["seq"] = seq
        if self.context.switches.renumbers_entry_ids:
            _renumber(self.context, sent)
        return sent

    def _fill_row(self, entity: Entity, row: Record, packet: Mapping[str, Any]) -> None:
        under = {each.key.lower(): each for each in self.form.rows_under(entity.key)}
        plain = {key: value for key, value in packet.items() if key.lower() not in under}
        self.fields(entity.key, row["head"], plain, None)
        if self.options.deletes_rows and self.context.switches.wipes_absent_rows_below:
            named = {key.lower() for key in packet}
            row["rows"] = {key: rows for key, rows in row["rows"].items() if key.lower() in named}
        for key, value in packet.items():
            sub = under.get(key.lower())
            if sub is not None:
                stored = row["rows"].get(sub.key, [])
                row["rows"][sub.key] = self._rows(sub, stored, _packets(sub, value))

    def _new_row(self) -> Record:
        return {"id": self.context.records.next_id(), "seq": 0, "head": {}, "rows": {}}

    def _field(self, group: str, key: str) -> Field:
        form = self.form
        found = form.field_of(group, key)
        if found is None or self._is_refused(found, group, key):
            entity = form.entities.get(group.lower())
            raise unknown_key(key, form.title if entity is None else entity.title)
        if is_custom(key) and (group, key.lower()) not in form.fields:
            spelled = self.context.records.custom_key(form, found.entity, key, learn=True)
            return form.field_of(group, spelled or key) or found
        return found

    def _is_refused(self, found: Field, group: str, key: str) -> bool:
        """Say whether the tenant lacks a field that its form could have."""
        switches, is_defined = self.context.switches, (group, key.lower()) in self.form.fields
        return (
            f"{self.form.form_id}.{key}" in switches.absent_fields
            or (switches.custom_fields == "refuse" and not is_defined)
            or (switches.model_keys_mind_case and is_defined and found.key != key)
        )

    def _only(self, group: str) -> frozenset[str]:
        """Return the listed keys, or nothing where a listed entity has none of its own listed."""
        only = self.options.only
        listed = any(
            (group, key) in self.form.fields
            or (is_custom(key) and (HEAD, key) not in self.form.fields)
            for key in only
        )
        return only if group == HEAD or listed else frozenset()

    def _is_id(self, group: str, lower: str) -> bool:
        return lower in _ROW_IDS if group else lower == self.form.key.lower()


def _renumber(context: Context, rows: Sequence[Record]) -> None:
    """Give rows new ids."""
    if rows:
        context.note_habit("rows renumbered")
    for row in rows:
        row["id"] = context.records.next_id()


def _row_id(packet: Mapping[str, Any]) -> int:
    given = lowered(dict(packet))
    return _row_number(next((given[key] for key in _ROW_IDS if key in given), 0))


def _row_number(value: object) -> int:
    text = str(value or 0).strip() or "0"
    if not text.isdecimal():
        raise Refusal(Code.PARAMETER, f"内码“{text}”不是有效的数值", None)
    return int(text)


def _packets(entity: Entity, value: object) -> list[Mapping[str, Any]]:
    found = [value] if isinstance(value, Mapping) else value
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(each, Mapping) for each in found):
        raise Refusal(Code.PARAMETER, f"{entity.key} 需数组格式", entity.key)
    return found


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [each.strip() for each in value.split(",") if each.strip()]
    return [str(each) for each in value] if isinstance(value, list) else []
