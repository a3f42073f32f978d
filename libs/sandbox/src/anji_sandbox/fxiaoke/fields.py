"""What may be written into a record: fields, their forms, owner, required and unique ones.

Source: reference sections 2.2, 2.4, 3.2, 3.3; every refusal's code is a switch.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from anji_sandbox.fxiaoke.calls import Call
from anji_sandbox.fxiaoke.codes import RefusedError
from anji_sandbox.fxiaoke.files import stored_path
from anji_sandbox.fxiaoke.objects import COMPANIONS, SYSTEM_FIELDS, FieldSpec, ObjectSpec
from anji_sandbox.fxiaoke.values import (
    EMPLOYEE_TYPES,
    FILE_TYPES,
    WrongValueError,
    stored_value,
)
from anji_sandbox.store import Record

__all__ = [
    "POOL_FIELDS",
    "check_required",
    "check_unique",
    "fill_owner",
    "keep_owner",
    "stored_values",
    "take_specified",
    "with_defaults",
]

POOL_FIELDS: Mapping[str, str] = {"AccountObj": "high_seas_id", "LeadsObj": "leads_pool_id"}
"""Of objects that may lie in a public pool, without an owner: the field that names the pool."""
_ENVELOPE = frozenset({"_id", "dataObjectApiName", "object_describe_api_name"})
_WRITABLE_SYSTEM = frozenset(
    {"name", "owner", "record_type", "partner_id", "out_owner", "data_own_department"}
    | {name for name in SYSTEM_FIELDS if name.startswith("mc_")}
)
"""System fields that a caller may give; the others are taken and not used."""


def stored_values(call: Call, spec: ObjectSpec, given: Mapping[str, Any]) -> Record:
    """Return the given fields in their stored form; a cleared one is `None`.

    Raises:
        RefusedError: a field does not exist, or a value does not fit its field.
    """
    values: Record = {}
    if call.on_custom_path and call.data.get("needConvertLookup") is True:
        given = _looked_up(call, spec, given)
    for name, value in given.items():
        if name in _ENVELOPE or (name in SYSTEM_FIELDS and name not in _WRITABLE_SYSTEM):
            continue
        field = spec.field(name)
        if field is not None or name.endswith("__c"):
            values[name] = _stored(call, spec, name, field, value)
        elif name.endswith(COMPANIONS):
            if name.endswith("__o"):
                values[name] = value
        elif call.shop.switches.unknown_fields == "refuse":
            words = f"field {name} does not exist on {spec.name}"
            raise RefusedError(call.shop.switches.codes.unknown_field, words)
        elif call.shop.switches.unknown_fields == "store":
            values[name] = value
    return values


def _stored(
    call: Call,
    spec: ObjectSpec,
    name: str,
    field: FieldSpec | None,
    value: object,
) -> object:
    switches = call.shop.switches
    try:
        stored = stored_value(field, value, call.shop.company, switches)
    except WrongValueError as error:
        is_employee = field is not None and field.type in EMPLOYEE_TYPES
        if switches.wrong_types == "store" and not is_employee:
            return value
        unknown = is_employee and isinstance(value, list)
        code = switches.codes.unknown_employee if unknown else switches.codes.wrong_type
        raise RefusedError(code, f"field {name} of {spec.name} {error}") from error
    if field is not None and field.type in FILE_TYPES:
        stored = stored_path(call.store, stored)
    if field is not None and field.options and switches.unknown_options == "refuse":
        _check_options(call, spec, field, stored)
    if switches.check_references and field is not None and stored is not None:
        target = call.shop.objects.get(field.target)
        if target is not None and call.records.get(target, str(stored)) is None:
            words = f"field {name}: {field.target} {stored} does not exist"
            raise RefusedError(switches.codes.not_found, words)
    return stored


def _looked_up(call: Call, spec: ObjectSpec, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields with references found by the names in their ``__r``.

    Raises:
        RefusedError: no record has that name.
    """
    found = dict(given)
    for field in spec.fields.values():
        target = call.shop.objects.get(field.target)
        name = found.pop(f"{field.name}__r", None) if target is not None else None
        if target is None or name is None:
            continue
        records = call.records.index(target, call.now).by_value("name", [str(name)])
        if not records:
            words = f"field {field.name}__r: {target.name} {name} does not exist"
            raise RefusedError(call.shop.switches.codes.not_found, words)
        found[field.name] = records[0]["_id"]
    return found


def _check_options(call: Call, spec: ObjectSpec, field: FieldSpec, stored: object) -> None:
    known = {value for value, _ in field.options} | {None}
    for value in stored if isinstance(stored, list) else [stored]:
        if value not in known:
            words = f"field {field.name} of {spec.name} has no option {value}"
            raise RefusedError(call.shop.switches.codes.wrong_type, words)


def with_defaults(spec: ObjectSpec, values: Record) -> Record:
    """Return the values of a new record, with the defaults of fields that were not given."""
    defaults = {
        field.name: field.default for field in spec.fields.values() if field.default is not None
    }
    return {**defaults, **values} if defaults else values


def take_specified(call: Call, given: Mapping[str, Any], values: Record) -> None:
    """Take time and creator of a record from elsewhere, where the call says so."""
    if call.flag("hasSpecifyTime", default=False) and isinstance(given.get("create_time"), int):
        values["create_time"] = given["create_time"]
    creators = given.get("created_by")
    if call.flag("hasSpecifyCreatedBy", default=False) and isinstance(creators, list):
        known = [call.shop.company.employee(each) for each in creators]
        values["created_by"] = [each.open_user_id for each in known if each]


def fill_owner(call: Call, spec: ObjectSpec, values: Record) -> None:
    """Give a new head its owner; lines take their head's.

    Raises:
        RefusedError: the tenant wants the caller to say it.
    """
    if values.get("owner") or spec.head_field or values.get(POOL_FIELDS.get(spec.name, "")):
        return
    if call.shop.switches.owner_required and call.data.get("fillOutOwner") is not True:
        words = f"required field owner of {spec.name} is not filled"
        raise RefusedError(call.shop.switches.codes.required_missing, words)
    values["owner"] = [call.caller.open_user_id]


def keep_owner(call: Call, values: Record, before: Record) -> None:
    """Take the owner out of the values of an update.

    Raises:
        RefusedError: it is another owner; that is changeOwner's.
    """
    owner = values.pop("owner", before.get("owner"))
    if owner != before.get("owner") and call.shop.switches.owner_on_update == "refuse":
        words = "owner cannot be changed by update, use changeOwner"
        raise RefusedError(call.shop.switches.codes.no_permission, words)


def check_required(
    call: Call, spec: ObjectSpec, values: Mapping[str, object], names: Iterable[str]
) -> None:
    """Refuse when one of the named fields is required and empty.

    Raises:
        RefusedError: it is.
    """
    for name in names:
        field = spec.fields.get(name)
        if field is not None and field.is_required and values.get(name) is None:
            words = f"required field {name} of {spec.name} is not filled"
            raise RefusedError(call.shop.switches.codes.required_missing, words)


def check_unique(call: Call, spec: ObjectSpec, values: Record, own_id: str) -> None:
    """Refuse a value that another record holds, in a field that the tenant made unique.

    Raises:
        RefusedError: another record holds it.
    """
    for name, value in values.items():
        if value is None or f"{spec.name}.{name}" not in call.shop.switches.unique_fields:
            continue
        if call.records.holder(spec, name, value) not in (None, own_id):
            words = f"field {name} of {spec.name} must be unique: {value} exists"
            raise RefusedError(call.shop.switches.codes.unique, words)
