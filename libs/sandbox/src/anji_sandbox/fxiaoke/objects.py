"""The objects of the sandbox CRM and their fields, as data (``objects.json`` beside this file).

A field is written ``name:type`` with these marks: ``!`` required, ``?`` unverified (the reference
does not show its name: it stands for one that a real tenant has, and describe says so),
``>Object`` the target of a reference, ``=Object.field`` the sum of a field over the records that
refer to this one. Where the reference shows a field without its type, the type is the one that
the shown values have. Fields under "custom" end in ``__c``: what an integrator adds to a tenant;
any other key that ends so is taken as it comes.
Source: reference sections 3.3 (system fields) and 4 (preset objects).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

import orjson

__all__ = [
    "COMPANIONS",
    "OBJECTS",
    "SYSTEM_FIELDS",
    "FieldSpec",
    "ObjectSpec",
    "object_spec",
    "read_objects",
]

COMPANIONS = ("__r", "__l", "__o", "__v", "__p", "__e", "__relation_ids")
"""Endings of what goes along with a field; only ``__o``, the text of "other", is written."""
_FIELD = re.compile(r"(\w+):(\w+?)(!?)(\??)(?:>(\w+))?(?:=(\w+)\.(\w+))?$")
_WITH_COMPANION = frozenset({"department", "department_many", "employee", "employee_many"})
_FILE_TYPES = frozenset({"file_attachment", "image", "signature"})
_KEYS = frozenset({"label", "auto_name", "fields", "custom", "options", "defaults"})


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field: its type decides its form on the wire."""

    name: str
    type: str
    is_required: bool = False
    target: str = ""
    """The object that a reference points to."""
    defined_by: str = "package"
    is_unverified: bool = False
    summed: tuple[str, str] | None = None
    """Object and field that are summed up over the records that refer to this one."""
    options: tuple[tuple[str, str], ...] = ()
    """Value and label of each known option; a real tenant has others."""
    default: str | None = None
    """What a new record gets where the caller gives nothing."""


@dataclass(frozen=True, slots=True)
class ObjectSpec:
    """One object of the CRM."""

    name: str
    label: str
    fields: Mapping[str, FieldSpec]
    auto_name: str = ""
    """Records without a name get this and a number."""
    head_field: str = ""
    """Of a detail object: the field that holds its head's id."""
    head: str = field(default="")
    sums: tuple[FieldSpec, ...] = ()
    """The fields that hold sums over other records."""
    references: tuple[FieldSpec, ...] = ()
    """The fields that have a companion: references, employees, departments."""
    files: tuple[str, ...] = ()
    """The names of fields that hold files."""

    @property
    def is_custom(self) -> bool:
        """Say whether the object is the tenant's own."""
        return self.name.endswith("__c")

    def field(self, name: str) -> FieldSpec | None:
        """Return a declared field, own or system, or `None`."""
        return self.fields.get(name) or SYSTEM_FIELDS.get(name)


def object_spec(  # noqa: PLR0913 - each is a key of an object in the file
    name: str,
    label: str,
    fields: str,
    *,
    auto_name: str = "",
    options: Mapping[str, list[str]] | None = None,
    defaults: Mapping[str, str] | None = None,
) -> ObjectSpec:
    """Return an object from a line of fields such as ``name:text! order_id:master_detail>X``.

    Raises:
        ValueError: a field is not written so.
    """
    read = _fields(fields, "package", options or {}, defaults or {})
    heads = [spec for spec in read.values() if spec.type == "master_detail"]
    head_field, head = (heads[0].name, heads[0].target) if heads else ("", "")
    return ObjectSpec(
        name,
        label,
        read,
        auto_name,
        head_field,
        head,
        sums=tuple(spec for spec in read.values() if spec.summed),
        references=tuple(
            spec
            for spec in {**SYSTEM_FIELDS, **read}.values()
            if spec.type in _WITH_COMPANION or spec.target
        ),
        files=tuple(name for name, spec in read.items() if spec.type in _FILE_TYPES),
    )


def read_objects(given: object) -> dict[str, ObjectSpec]:
    """Return objects from JSON: a map by API name, as ``objects.json`` has it.

    Raises:
        ValueError: it is no such map, or a field is not written as it must be.
    """
    if not isinstance(given, dict):
        msg = "objects are a map by their API names"
        raise ValueError(msg)  # noqa: TRY004 - a value of a file or a request, not a caller's slip
    return {name: _read_object(name, each) for name, each in given.items()}


def _read_object(name: str, given: object) -> ObjectSpec:
    if not isinstance(given, dict) or not set(given) <= _KEYS or "label" not in given:
        msg = f"object {name} is a map with label and some of: {', '.join(sorted(_KEYS))}"
        raise ValueError(msg)
    lines: list[Any] = [*given.get("fields", ()), *given.get("custom", ())]
    return object_spec(
        name,
        str(given["label"]),
        " ".join(map(str, lines)),
        auto_name=str(given.get("auto_name", "")),
        options=given.get("options"),
        defaults=given.get("defaults"),
    )


def _fields(
    text: str,
    defined_by: str,
    options: Mapping[str, list[str]] | None = None,
    defaults: Mapping[str, str] | None = None,
) -> dict[str, FieldSpec]:
    fields = {}
    for word in text.split():
        read = _FIELD.match(word)
        if read is None:
            msg = f"a field is written name:type, with marks from !?>=, not: {word}"
            raise ValueError(msg)
        name, kind, required, unverified, target, summed, summed_field = read.groups()
        fields[name] = FieldSpec(
            name,
            kind,
            is_required=bool(required),
            target=target or "",
            defined_by="custom" if name.endswith("__c") else defined_by,
            is_unverified=bool(unverified),
            summed=(summed, summed_field) if summed else None,
            options=_options((options or {}).get(name, ())),
            default=(defaults or {}).get(name),
        )
    return fields


def _options(given: list[str] | tuple[()]) -> tuple[tuple[str, str], ...]:
    """Read ``value=label``; without a label the value is shown."""
    pairs = (each.partition("=") for each in given)
    return tuple((value, label or value) for value, _, label in pairs)


SYSTEM_FIELDS: Mapping[str, FieldSpec] = _fields(
    """
    _id:text name:text owner:employee owner_department:text data_own_department:department
    data_own_organization:department created_by:employee create_time:date_time
    last_modified_by:employee last_modified_time:date_time life_status:select_one
    life_status_before_invalid:select_one lock_status:select_one lock_rule:lock_rule
    lock_user:employee record_type:record_type relevant_team:embedded_object_list tenant_id:text
    is_deleted:true_or_false version:text package:text object_describe_api_name:text
    object_describe_id:text order_by:number extend_obj_data_id:text out_owner:employee
    out_tenant_id:text out_resources:text partner_id:object_reference mc_currency:select_one
    mc_exchange_rate:number mc_exchange_rate_version:text mc_functional_currency:select_one
    """,
    "system",
    {
        "life_status": [
            "ineffective=未生效",
            "under_review=审核中",
            "normal=正常",
            "in_change=变更中",
            "invalid=作废",
        ],
        "lock_status": ["0=未锁定", "1=锁定"],
    },
)

OBJECTS: Mapping[str, ObjectSpec] = read_objects(
    orjson.loads(files("anji_sandbox.fxiaoke").joinpath("objects.json").read_bytes())
)
