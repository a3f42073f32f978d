"""Bills and base data on the page for people: seen, made, edited, submitted, audited, shipped.

A form has the inputs of the head, of its sub-heads (``FSaleOrderFinance.FSettleCurrId``) and of
its rows (``FSaleOrderEntry.0.FQty``) with a blank row at the end; a row that a person empties is
taken away. What is done here is done by the person whom the credentials name, by the same services
that clients call. Rows under rows are shown nowhere and stay as they are.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from anji_sandbox.core import FormField
from anji_sandbox.k3cloud.answers import Json
from anji_sandbox.k3cloud.bill_forms import NOTICE, ORDER, OUTBOUND
from anji_sandbox.k3cloud.body import Call
from anji_sandbox.k3cloud.context import Context
from anji_sandbox.k3cloud.forms import HEAD, Entity, Field, Form, Kind
from anji_sandbox.k3cloud.operations import operations_of
from anji_sandbox.k3cloud.records import Record
from anji_sandbox.k3cloud.services import Services

__all__ = ["actions", "inputs", "listing", "save_filled"]

_MOST_OPTIONS = 200
_FLAGS = (("true", "true"), ("false", "false"))
_STEPS = {
    "Z": ("submit", "delete"),
    "A": ("submit", "delete"),
    "D": ("submit", "delete"),
    "B": ("audit", "cancelassign"),
    "C": ("unaudit",),
}
_PUSHES = {
    ORDER.form_id: (NOTICE.form_id, OUTBOUND.form_id),
    NOTICE.form_id: (OUTBOUND.form_id,),
}
_SHIP = "ship"


def listing(context: Context, form: Form) -> Mapping[str, Json]:
    """Return the records of a form by id, with the columns in which they say something."""
    return _Listing(context, form)


class _Listing(Mapping[str, Json]):
    """Computes the columns of those records only that are looked at."""

    def __init__(self, context: Context, form: Form) -> None:
        self._context = context
        self._form = form
        self._records = context.records.of(form)

    def __getitem__(self, record_id: str) -> Json:
        return _columns(self._context, self._form, self._records.by_id[int(record_id)])

    def __iter__(self) -> Iterator[str]:
        return iter([str(each) for each in self._records.ids])

    def __len__(self) -> int:
        return len(self._records.ids)


def inputs(
    context: Context, form: Form, record_id: str, given: Mapping[str, str]
) -> tuple[FormField, ...]:
    """Return the inputs of a record, or of a new one.

    Raises:
        LookupError: there is no such record.
    """
    record = _record(context, form, record_id) if record_id else {"head": {}, "rows": {}}
    found = [*_head_inputs(context, form, record), *_row_inputs(context, form, record)]
    if record_id:
        return tuple(found)
    return tuple(_with(each, given.get(each.name)) for each in found)


def actions(context: Context, form: Form, record_id: str) -> tuple[str, ...]:
    """Return what else can be done with a record as it is now."""
    head = _record(context, form, record_id)["head"]
    state = head.get("FDocumentStatus", "")
    pushes = _PUSHES.get(form.form_id, ()) if state == "C" else ()
    ship = (_SHIP,) if pushes else ()
    steps = () if form.is_readonly else (*_STEPS.get(state, ()), *operations_of(form))
    return (*ship, *(f"push {each}" for each in pushes), *steps)


def save_filled(
    context: Context, services: Services, form: Form, record_id: str, given: Mapping[str, str]
) -> str:
    """Do what a filled form asks; return the record's id.

    Raises:
        LookupError: there is no such record or action.
        ValueError: the vendor refuses.
    """
    desk = _Desk(context, services)
    action = given.get("#action", "")
    if not action:
        model = _model(context, form, record_id, given)
        return str(desk.do("save", form.form_id, {"Model": model})["Result"]["Id"])
    if action not in actions(context, form, record_id):
        raise LookupError(action)
    kind, _, target = action.partition(" ")
    if kind in ("push", _SHIP):
        desk.push(form.form_id, record_id, target or OUTBOUND.form_id, ships=kind == _SHIP)
    elif kind in operations_of(form):
        desk.do("excuteoperation", form.form_id, {"Ids": record_id}, opnumber=kind)
    else:
        desk.do(kind, form.form_id, {"Ids": record_id})
    return record_id


@dataclass(frozen=True, slots=True)
class _Desk:
    """A person's calls."""

    context: Context
    services: Services

    def do(self, service: str, form_id: str, data: Json, **more: object) -> Any:  # noqa: ANN401 - JSON
        call = Call({"formid": form_id, "data": data, **more})
        answer: Any = self.services.answer(self.context, service, call)
        for each in answer["Result"]["ResponseStatus"]["Errors"]:
            where = f"{each['FieldName']}: " if each["FieldName"] else ""
            raise ValueError(where + each["Message"])
        return answer

    def push(self, form_id: str, record_id: str, target: str, *, ships: bool) -> None:
        data = {"Ids": record_id, "TargetFormId": target, "IsEnableDefaultRule": True}
        answer = self.do("push", form_id, data)
        if not ships:
            return
        made = answer["Result"]["ResponseStatus"]["SuccessEntitys"]
        ids = {"Ids": ",".join(str(each["Id"]) for each in made)}
        for step in ("submit", "audit"):
            self.do(step, target, ids)


def _record(context: Context, form: Form, record_id: str) -> Record:
    found = context.records.of(form).by_id.get(int(record_id) if record_id.isdecimal() else 0)
    if found is None:
        msg = f"{form.form_id} has no record {record_id}"
        raise LookupError(msg)
    return found


def _columns(context: Context, form: Form, record: Record) -> Json:
    found: Json = {form.key: record["id"]}
    for field in _ordered(form):
        text = _text(context, field, record["head"].get(field.key))
        if text not in ("", "false"):
            found[field.key] = text
    for entity in form.rows_under(HEAD):
        rows = record["rows"].get(entity.key, ())
        if rows:
            found[entity.key] = [_row_told(context, form, entity, row) for row in rows]
    return found


def _row_told(context: Context, form: Form, entity: Entity, row: Record) -> Json:
    told = ((each.key, _text(context, each, row["head"].get(each.key)))
            for each in form.stored_in(entity.key))  # fmt: skip
    return {key: text for key, text in told if text not in ("", "0", "false")}


def _ordered(form: Form) -> list[Field]:
    """Return the fields of a head: what people look for first, what the system keeps last."""
    first = (form.number, form.name, "FDocumentStatus")

    def place(field: Field) -> int:
        if field.key in first:
            return first.index(field.key)
        return len(first) + field.readonly

    return sorted(form.stored_in(HEAD), key=place)


def _head_inputs(context: Context, form: Form, record: Record) -> Iterator[FormField]:
    for field in _ordered(form):
        name = f"{field.group}.{field.key}" if field.group else field.key
        yield _input(context, form, field, name, record["head"])


def _row_inputs(context: Context, form: Form, record: Record) -> Iterator[FormField]:
    for entity in form.rows_under(HEAD):
        fields = form.stored_in(entity.key)
        heads = [row["head"] for row in record["rows"].get(entity.key, ())]
        blanks: list[Json] = [] if form.is_readonly else [{}]
        for at, head in enumerate([*heads, *blanks]):
            for field in fields:
                yield _input(context, form, field, f"{entity.key}.{at}.{field.key}", head)


def _input(context: Context, form: Form, field: Field, name: str, head: Json) -> FormField:
    return FormField(
        name=name,
        type=f"{field.title} {field.target or field.kind}",
        value=_text(context, field, head.get(field.key)),
        options=_options(context, field),
        is_required=field.must and field.default is None,
        is_fixed=field.readonly or form.is_readonly or field.kind is Kind.FLEX,
    )


def _options(context: Context, field: Field) -> tuple[tuple[str, str], ...]:
    if field.kind is Kind.FLAG:
        return _FLAGS
    target = context.records.forms.get(field.target) if field.target else None
    if target is None or field.readonly:
        return ()
    records = context.records.of(target)
    if len(records.ids) > _MOST_OPTIONS:
        return ()
    heads = [records.by_id[each]["head"] for each in records.ids]
    numbers = dict.fromkeys(head.get(target.number) for head in heads if head.get(target.number))
    names = {head.get(target.number): head.get(target.name) or "" for head in heads}
    return tuple((str(each), f"{each} {names[each]}".strip()) for each in numbers)


def _text(context: Context, field: Field, value: object) -> str:
    """Return a stored value as a person writes it."""
    match field.kind:
        case Kind.REFERENCE:
            named = int(value) if isinstance(value, int) else 0
            return context.values.number_of(field.target, named) or ""
        case Kind.FLAG:
            return "true" if value else "false"
        case Kind.NUMBER | Kind.INTEGER if value in (None, 0, 0.0):
            return ""
        case Kind.FLEX:
            parts = value.items() if isinstance(value, dict) else ()
            return ";".join(f"{key}={each}" for key, each in parts)
        case _:
            return "" if value is None else str(value).rstrip()


def _with(field: FormField, text: str | None) -> FormField:
    if text is None or field.is_fixed:
        return field
    return FormField(field.name, field.type, text, field.options, field.is_required)


def _model(context: Context, form: Form, record_id: str, given: Mapping[str, str]) -> Json:
    """Return the packet of a filled form."""
    record = _record(context, form, record_id) if record_id else {"head": {}, "rows": {}}
    model: Json = {form.key: int(record_id or 0)}
    for field in form.stored_in(HEAD):
        name = f"{field.group}.{field.key}" if field.group else field.key
        if name in given and not field.readonly:
            target = model.setdefault(field.group, {}) if field.group else model
            target[field.key] = _sent(field, given[name])
    for entity in form.rows_under(HEAD):
        rows = list(_sent_rows(form, entity, record, given))
        if rows or record["rows"].get(entity.key):
            model[entity.key] = rows
    return model


def _sent_rows(
    form: Form, entity: Entity, record: Record, given: Mapping[str, str]
) -> Iterator[Json]:
    stored = record["rows"].get(entity.key, ())
    for at in range(len(stored) + 1):
        filled = {
            field.key: (field, given[name])
            for field in form.stored_in(entity.key)
            if (name := f"{entity.key}.{at}.{field.key}") in given and not field.readonly
        }
        if any(text.strip() not in ("", "false") for _, text in filled.values()):
            row_id = {"FEntryID": stored[at]["id"]} if at < len(stored) else {}
            yield row_id | {key: _sent(field, text) for key, (field, text) in filled.items()}


def _sent(field: Field, text: str) -> object:
    return {"FNumber": text.strip()} if field.kind is Kind.REFERENCE else text
