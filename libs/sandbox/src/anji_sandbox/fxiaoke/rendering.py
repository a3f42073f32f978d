"""Records as a caller gets them: sums, companions, and employees by the id form asked for.

Sums and companions are read when a record is shown and never stored, so they follow what they are
made of; `findSimple` shows no sums. Source: reference sections 1.4, 2.5 and 3.2 `[docs]`; the form
of the companions of employees is not shown there.
"""

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

from anji_sandbox.fxiaoke.calls import Call
from anji_sandbox.fxiaoke.company import department_named
from anji_sandbox.fxiaoke.files import media_paths
from anji_sandbox.fxiaoke.objects import FieldSpec, ObjectSpec
from anji_sandbox.fxiaoke.values import EMPLOYEE_TYPES
from anji_sandbox.store import Record

__all__ = ["rendered", "summed", "sums_shown"]


def rendered(
    call: Call,
    spec: ObjectSpec,
    record: Record,
    projection: frozenset[str] = frozenset(),
    *,
    with_sums: bool = True,
) -> Record:
    """Return the record as this caller gets it; an empty projection asks for everything."""
    shown = record
    if with_sums and spec.sums:
        shown = summed(call, sums_shown(call, spec, projection), spec, record)
    if projection:
        shown = {name: value for name, value in shown.items() if name in projection}
        asked = [each for each in spec.references if f"{each.name}__r" in projection]
    else:
        asked = list(spec.references) if call.shop.switches.companions else []
    if asked:
        shown = {**shown, **_companions(call, asked, record)}
    if call.wants_media_ids and spec.files:
        told = {name: media_paths(call.store, shown[name]) for name in spec.files if name in shown}
        shown = {**shown, **told} if told else shown
    return shown if call.wants_open_user_ids else _with_employee_ids(call, spec, shown)


def sums_shown(
    call: Call, spec: ObjectSpec, names: frozenset[str] = frozenset()
) -> list[FieldSpec]:
    """Return which fields of an object are summed up here, of those named if any are."""
    computes_all = call.shop.switches.currency_sums == "computed"
    return [
        each
        for each in spec.sums
        if (computes_all or each.type == "count") and (not names or each.name in names)
    ]


def summed(call: Call, sums: Iterable[FieldSpec], spec: ObjectSpec, record: Record) -> Record:
    """Return the record with its sums, as queries see the records they are made of."""
    found = dict(record)
    for each in sums:
        object_name, field_name = each.summed or ("", "")
        other = call.shop.objects.get(object_name)
        joining = () if other is None else _joining(other, spec)
        if other is None or not joining:
            continue
        index = call.records.index(other, call.now)
        parts = index.by_value(joining[0], [record["_id"]])
        amounts = (_amount(part.get(field_name)) for part in parts if _counts(part))
        found[each.name] = format(sum(amounts, Decimal(0)), "f")
    return found


def _joining(other: ObjectSpec, spec: ObjectSpec) -> tuple[str, ...]:
    """Return the fields by which one object refers to another."""
    return tuple(each.name for each in other.fields.values() if each.target == spec.name)


def _counts(record: Record) -> bool:
    return bool(record["life_status"] != "invalid" and not record.get("is_deleted"))


def _amount(value: object) -> Decimal:
    try:
        return Decimal(str(value)) if value is not None else Decimal(0)
    except InvalidOperation:  # stored in a wrong form, where a switch lets it
        return Decimal(0)


def _companions(call: Call, fields: Iterable[FieldSpec], record: Record) -> Record:
    found: Record = {}
    for each in fields:
        value = record.get(each.name)
        told = None if value is None else _companion(call, each, value)
        if told:
            found[f"{each.name}__r"] = told if each.target else told[0]
            if each.type.endswith("_many"):
                found[f"{each.name}__l"] = told
    return found


def _companion(call: Call, field: FieldSpec, value: object) -> str | list[Record] | None:
    """Return the name of a referred record, or what is known of employees or departments."""
    if field.target:
        target = call.shop.objects.get(field.target)
        other = None if target is None else call.records.get(target, str(value))
        return None if other is None else other.get("name")
    values = value if isinstance(value, list) else [value]
    if field.type in EMPLOYEE_TYPES:
        return [_employee(call, str(each)) for each in values]
    known = [department_named(str(each)) for each in values]
    return [
        {"deptId": each.department_id, "deptName": each.name, "status": 0}
        for each in known
        if each
    ]


def _employee(call: Call, user: str) -> Record:
    employee = call.shop.company.employee(user)
    if employee is None:
        return {"id": user}
    shown_id = employee.open_user_id if call.wants_open_user_ids else employee.employee_id
    return {"id": shown_id, "name": employee.name}


def _with_employee_ids(call: Call, spec: ObjectSpec, record: Record) -> Record:
    shown = {}
    for name, value in record.items():
        field = spec.field(name)
        if field is not None and field.type in EMPLOYEE_TYPES and isinstance(value, list):
            known = [(each, call.shop.company.employee(each)) for each in value]
            shown[name] = [other.employee_id if other else each for each, other in known]
        else:
            shown[name] = value
    return shown
