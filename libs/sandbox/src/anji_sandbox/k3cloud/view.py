"""View: one whole record under the names of its entity properties.

Source: reference "k3cloud-webapi.md", section 3.4. Property names are the keys without their
``F``, but for FCreateDate and FModifyDate and custom fields; nobody has published the full list.
"""

from typing import Any

from anji_sandbox.k3cloud.answers import Json
from anji_sandbox.k3cloud.body import Call, lowered
from anji_sandbox.k3cloud.codes import Code, Refusal
from anji_sandbox.k3cloud.context import Context
from anji_sandbox.k3cloud.credentials import LCID
from anji_sandbox.k3cloud.forms import HEAD, Field, Form, Kind, is_custom
from anji_sandbox.k3cloud.records import Record, master_of

__all__ = ["view"]

_KEPT = ("FCreateDate", "FModifyDate")


def view(context: Context, form: Form, call: Call) -> Json:
    """Answer View by id or number.

    Raises:
        Refusal: neither is given, or there is no such record.
    """
    data = lowered(call.data())
    record_id, number = str(data.get("id") or "").strip(), str(data.get("number") or "").strip()
    if record_id in ("", "0") and not number:
        raise Refusal(Code.NO_BILL_ID, "编码值或内码值必须传其一", None)
    records = context.records.of(form)
    record = records.find_number(number) if number else None
    if record is None and record_id.isdecimal():
        record = records.by_id.get(int(record_id))
    if record is None:
        text = "传递的编码值不存在" if number else "传递的内码值不存在"
        raise Refusal(Code.NO_SUCH_FIELD_OR_VALUE, text, None)
    return {"Result": {"ResponseStatus": None, "Result": _document(context, form, record)}}


def _document(context: Context, form: Form, record: Record) -> Json:
    found: Json = {"Id": record["id"], "msterID": master_of(record)}
    if form.is_bill:
        del found["msterID"]
    found |= _properties(context, form, HEAD, HEAD, record["head"])
    for entity in form.entities.values():
        if entity.single:
            sub = _properties(context, form, HEAD, entity.key, record["head"])
            found[_property(entity.key)] = [{"Id": record["id"], **sub}]
    return found | _rows(context, form, HEAD, record)


def _rows(context: Context, form: Form, parent: str, holder: Record) -> Json:
    return {
        _property(entity.key): [
            {
                "Id": row["id"],
                "Seq": row["seq"],
                **_properties(context, form, entity.key, entity.key, row["head"]),
                **_rows(context, form, entity.key, row),
            }
            for row in holder["rows"].get(entity.key, ())
        ]
        for entity in form.rows_under(parent)
    }


def _properties(context: Context, form: Form, entity: str, group: str, head: Json) -> Json:
    found: Json = {}
    fields = [each for each in form.stored_in(entity) if each.group == group]
    if group in (HEAD, entity):
        known = {each.key for each in form.stored_in(entity)}
        custom = (each for each in head if is_custom(each) and each not in known)
        fields += [Field(each, Kind.TEXT, each, entity, group) for each in custom]
    for field in fields:
        found |= _told(context, field, head.get(field.key))
    return found


def _told(context: Context, field: Field, value: Any) -> Json:  # noqa: ANN401 - any JSON value
    name = _property(field.key)
    answered = context.values.answered(field, value)
    match field.kind:
        case Kind.NAME:
            return {
                name: [{"Key": LCID, "Value": answered}],
            }
        case Kind.REFERENCE if not value:
            return {f"{name}_Id": 0, name: None}
        case Kind.REFERENCE:
            return {
                f"{name}_Id": value,
                name: {
                    "Id": value,
                    "msterID": context.values.master_of(field.target, value),
                    "Number": context.values.number_of(field.target, value),
                    "Name": [{"Key": LCID, "Value": context.values.name_of(field.target, value)}],
                },
            }
        case _:
            return {name: answered}


def _property(key: str) -> str:
    if key in _KEPT or is_custom(key):
        return key
    return key[3:] if key.startswith("FT_") else key.removeprefix("F")
