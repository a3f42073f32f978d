"""What objects and fields there are. Source: reference section 3.1 and 10."""

from anji_sandbox.fxiaoke.calls import Call
from anji_sandbox.fxiaoke.objects import SYSTEM_FIELDS, FieldSpec
from anji_sandbox.store import Record

__all__ = ["describe", "list_objects"]

_DECIMALS = {"currency": 2, "number": 2, "percentile": 2}


def list_objects(call: Call) -> Record:
    """Return every object of the tenant as `data.objects`."""
    return {
        "data": {
            "objects": [
                {
                    "describeApiName": spec.name,
                    "describeDisplayName": spec.label,
                    "defineType": "custom" if spec.is_custom else "package",
                    "isActive": True,
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
        "fields": {field.name: _described(field) for field in fields.values()},
    }
    return {"data": {"describe": described}}


def _described(field: FieldSpec) -> Record:
    described: Record = {
        "api_name": field.name,
        "label": field.name,
        "type": field.type,
        "is_required": field.is_required,
        "is_active": True,
        "is_unique": field.name == "_id",
        "is_index": True,
        "define_type": field.defined_by,
        "description": "",
        "help_text": "",
    }
    if field.type in _DECIMALS:
        described["decimal_places"] = _DECIMALS[field.type]
    if field.type.startswith("select"):
        described["options"] = []
    if field.target:
        described["target_api_name"] = field.target
    return described
