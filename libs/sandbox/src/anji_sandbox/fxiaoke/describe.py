"""What objects and fields there are.

`includeDetail` is taken and changes nothing: what it adds is not shown. Options are those of
``objects.json``; a real tenant has others. Source: reference section 3.1 and 10; the forms of
dates and money are S13's.
"""

from anji_sandbox.fxiaoke.calls import Call
from anji_sandbox.fxiaoke.objects import SYSTEM_FIELDS, FieldSpec, ObjectSpec
from anji_sandbox.store import Record

__all__ = ["describe", "list_objects"]

_DECIMALS = {"currency": 2, "number": 2, "percentile": 2}
_LENGTHS = {"text": 100, "long_text": 2000}
"""Told, not enforced: no source shows them."""
_FORMATS = {"date_time": "yyyy-MM-dd HH:mm", "date": "yyyy-MM-dd"}


def list_objects(call: Call) -> Record:
    """Return every object of the tenant as `data.objects`."""
    return {
        "data": {
            "objects": [
                {
                    "describeApiName": spec.name,
                    "describeDisplayName": spec.label,
                    "defineType": "custom" if spec.is_custom else "package",
                    "isActive": spec.name not in call.shop.switches.inactive_objects,
                    "iconPath": "",
                    "iconIndex": 0,
                    "hideButton": False,
                    "publicObject": False,
                }
                for spec in call.shop.objects.values()
            ]
        }
    }


def describe(call: Call) -> Record:
    """Return the fields of one object; `apiName` at the top level or in `data`."""
    name = call.body.get("apiName")
    if name is None and isinstance(call.body.get("data"), dict):
        name = call.body["data"].get("apiName")
    spec = call.object_of_any_path(name)
    fields = {**SYSTEM_FIELDS, **spec.fields}
    described = {
        "api_name": spec.name,
        "display_name": spec.label,
        "label": spec.label,
        "define_type": "custom" if spec.is_custom else "package",
        "is_active": True,
        "fields": {field.name: _described(call, spec, field) for field in fields.values()},
    }
    return {"data": {"describe": described}}


def _described(call: Call, spec: ObjectSpec, field: FieldSpec) -> Record:
    switches = call.shop.switches
    is_owner = field.name == "owner" and not spec.head_field and switches.owner_required
    described: Record = {
        "api_name": field.name,
        "label": field.name,
        "type": field.type,
        "is_required": field.is_required or is_owner,
        "is_active": True,
        "is_unique": field.name == "_id" or f"{spec.name}.{field.name}" in switches.unique_fields,
        "is_index": True,
        "define_type": field.defined_by,
        "description": "unverified: no source shows this field" if field.is_unverified else "",
        "help_text": "",
    }
    if field.type in _DECIMALS:
        described["decimal_places"] = _DECIMALS[field.type]
    if field.type in _LENGTHS:
        described["max_length"] = _LENGTHS[field.type]
    if field.type in _FORMATS:
        described |= {"date_format": _FORMATS[field.type], "time_zone": "GMT+8"}
    if field.type == "currency":
        described["currency_unit"] = "￥"
    if field.default is not None:
        described["default_value"] = field.default
    if field.type.startswith("select"):
        described["options"] = [
            {"label": label, "value": value, "child_options": []} for value, label in field.options
        ]
    if field.target:
        described["target_api_name"] = field.target
    return described
