"""What the CRM says of its objects and fields, and what that means for reading them. Pure.

A mapping names fields; of what kind each one is, the tenant's own description knows best. It
decides where the mapping says nothing (text is the default) and adds nothing else: a kind that a
mapping names stays, because a date may well be read out of a date and time.

Source: docs/vendors/fxiaoke.md, sections 3.1 (describe) and 3.2 (field types and their values).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import orjson

from anji_common.errors import UndecodableError
from anji_common.interest import FieldInterest, FieldKind, LinesInterest, ObjectInterest
from anji_common.values import frozen

__all__ = [
    "FieldDescription",
    "ObjectDescription",
    "ObjectName",
    "completed",
    "described_from",
    "names_from",
    "reads_as",
]

_KINDS: Mapping[str, tuple[FieldKind, ...]] = {
    **dict.fromkeys(("number", "currency", "percentile"), (FieldKind.DECIMAL,)),
    "date": (FieldKind.DATE, FieldKind.TIME),
    "date_time": (FieldKind.TIME, FieldKind.DATE),
    "true_or_false": (FieldKind.BOOLEAN,),
    **dict.fromkeys(("select_one", "select_many", "record_type"), (FieldKind.CHOICE,)),
    **dict.fromkeys(("country", "province", "city", "district"), (FieldKind.CHOICE,)),
    **dict.fromkeys(
        ("object_reference", "object_reference_many", "master_detail"), (FieldKind.REFERENCE,)
    ),
    **dict.fromkeys(
        ("employee", "employee_many", "department", "department_many"), (FieldKind.EMPLOYEE,)
    ),
}
"""Type → the kinds that its values can be read as, the usual one first. Not here: texts, files
(their paths), and what is computed, which may be of any type."""

_ALWAYS_TOLD = frozenset({"_id", "last_modified_time", "last_modified_by", "version"})
"""Told by the change itself."""
_NO_CONTENT = frozenset(
    {"embedded_object_list", "group", "tag", "array", "signature", "lock_rule"}
)
"""Types whose values have no documented form."""


@dataclass(frozen=True, slots=True)
class ObjectName:
    """One object of the tenant."""

    object_name: str
    label: str
    is_custom: bool
    is_active: bool


@frozen
class FieldDescription:
    """One field as the tenant has it."""

    path: str
    label: str
    type: str
    is_required: bool = False
    is_active: bool = True
    is_unique: bool = False
    target: str = ""
    """The object that a reference points to."""
    options: Mapping[str, str] = field(default_factory=dict)
    """Value → label, of a choice."""


@dataclass(frozen=True, slots=True)
class ObjectDescription:
    """One object as the tenant has it."""

    object_name: str
    label: str
    fields: Mapping[str, FieldDescription]


def names_from(data: Any) -> list[ObjectName]:  # noqa: ANN401 - JSON of the vendor's
    """Return the objects that an ``object/list`` tells.

    Raises:
        UndecodableError: it is no such answer.
    """
    rows = data.get("objects") if isinstance(data, dict) else None
    if not isinstance(rows, list):
        msg = "object/list: no list of objects"
        raise UndecodableError(msg)
    return [
        ObjectName(
            object_name=str(row["describeApiName"]),
            label=str(row.get("describeDisplayName") or ""),
            is_custom=str(row["describeApiName"]).endswith("__c"),
            is_active=row.get("isActive") is not False,
        )
        for row in rows
        if isinstance(row, dict) and row.get("describeApiName")
    ]


def described_from(object_name: str, data: Any) -> ObjectDescription:  # noqa: ANN401 - JSON of the vendor's
    """Return what an ``object/describe`` tells.

    Raises:
        UndecodableError: it is no such answer.
    """
    found = data.get("describe") if isinstance(data, dict) else None
    fields = found.get("fields") if isinstance(found, dict) else None
    if not isinstance(found, dict) or not isinstance(fields, dict):
        msg = f"object/describe {object_name}: no map of fields"
        raise UndecodableError(msg)
    label = found.get("display_name") or found.get("label") or object_name
    return _described(object_name, str(label), orjson.dumps(fields))


@lru_cache(maxsize=128)  # every service of a process asks, and is told the same for months
def _described(object_name: str, label: str, fields: bytes) -> ObjectDescription:
    told = orjson.loads(fields).items()
    known = {path: _field(path, each) for path, each in told if isinstance(each, dict)}
    return ObjectDescription(object_name, label, known)


def reads_as(described: FieldDescription, kind: FieldKind) -> bool:
    """Whether values of a field can be read as `kind`."""
    kinds = _KINDS.get(described.type)
    return kinds is None or kind in kinds or kind is FieldKind.TEXT


def completed(
    interest: ObjectInterest,
    descriptions: Mapping[str, ObjectDescription],
    *,
    with_all_fields: bool = False,
) -> ObjectInterest:
    """Return the interest with the kinds that the tenant's descriptions tell.

    Args:
        interest: As the mappings have it.
        descriptions: By object, of the head and of its lines; what is missing stays as mapped.
        with_all_fields: Add the fields that no mapping names.
    """
    lines = tuple(
        replace(each, fields=_fields(each, descriptions.get(each.path), with_all_fields))
        for each in interest.lines
    )
    head = _fields(interest, descriptions.get(interest.object_name), with_all_fields)
    return replace(interest, fields=head, lines=lines)


def _fields(
    interest: ObjectInterest | LinesInterest,
    described: ObjectDescription | None,
    with_all_fields: bool,  # noqa: FBT001 - passed on
) -> tuple[FieldInterest, ...]:
    if described is None:
        return interest.fields
    named = [_kinded(each, described.fields.get(each.path)) for each in interest.fields]
    if not with_all_fields:
        return tuple(named)
    known = {each.path for each in named} | _ALWAYS_TOLD | {interest.id_field}
    others = [
        _kinded(FieldInterest(path), each)
        for path, each in sorted(described.fields.items())
        if path not in known and each.is_active and each.type not in _NO_CONTENT
    ]
    return (*named, *others)


def _kinded(field_: FieldInterest, described: FieldDescription | None) -> FieldInterest:
    kinds = None if described is None else _KINDS.get(described.type)
    if described is None or kinds is None or field_.kind is not FieldKind.TEXT:
        return field_
    kind = kinds[0]
    if kind is not FieldKind.REFERENCE:
        return replace(field_, kind=kind)
    if not described.target:  # a reference to nobody knows what stays the id that it is
        return field_
    return replace(field_, kind=kind, refers_to=described.target)


def _field(path: str, told: Mapping[str, Any]) -> FieldDescription:
    options = told.get("options")
    return FieldDescription(
        path=path,
        label=str(told.get("label") or path),
        type=str(told.get("type") or ""),
        is_required=told.get("is_required") is True,
        is_active=told.get("is_active") is not False,
        is_unique=told.get("is_unique") is True,
        target=str(told.get("target_api_name") or ""),
        options={
            str(each["value"]): str(each.get("label") or "")
            for each in (options if isinstance(options, list) else ())
            if isinstance(each, dict) and "value" in each
        },
    )
