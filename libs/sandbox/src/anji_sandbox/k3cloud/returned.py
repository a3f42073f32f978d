"""NeedReturnData: the stored values that a save was asked to tell.

Source: reference "k3cloud-webapi.md", sections 2.1, 3.1 and 9 (keys a form lacks are not refused).
The shape is open; here rows are lists and references ``{Id, FNumber, FName}``.
"""

from collections.abc import Iterable
from typing import Any

from anji_sandbox.k3cloud.context import Context
from anji_sandbox.k3cloud.forms import HEAD, Field, Form, Kind
from anji_sandbox.k3cloud.records import Record

__all__ = ["Json", "needed_data"]

Json = dict[str, Any]


def needed_data(context: Context, form: Form, record: Record, keys: Iterable[str]) -> Json:
    """Return the requested values: head fields by key, row fields as ``Entity.Key`` in lists."""
    found: Json = {}
    for key in keys:
        group, _, name = key.rpartition(".")
        entity = form.entities.get(group.lower())
        if entity is None or entity.single:
            _head_value(context, form, record, name, found)
            continue
        rows = record["rows"].get(entity.key, [])
        told = found.setdefault(entity.key, [{} for _ in rows])
        for row, target in zip(rows, told, strict=True):
            if name.lower() in ("fentryid", "fseq"):
                target[name] = row["id" if name.lower() == "fentryid" else "seq"]
            elif field := form.field_of(entity.key, name):
                target[name] = _told(context, field, row["head"].get(field.key))
    return found


def _head_value(context: Context, form: Form, record: Record, key: str, found: Json) -> None:
    if key.lower() in (form.key.lower(), "fid"):
        found[key] = record["id"]
        return
    for field in form.by_key.get(key.lower(), ()) or _custom(form, key):
        if field.entity == HEAD:
            found[key] = _told(context, field, record["head"].get(field.key))


def _custom(form: Form, key: str) -> tuple[Field, ...]:
    field = form.field_of(HEAD, key)
    return () if field is None else (field,)


def _told(context: Context, field: Field, value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if field.kind is not Kind.REFERENCE:
        return context.values.answered(field, value)
    if not value:
        return None
    return {
        "Id": value,
        "FNumber": context.values.number_of(field.target, value),
        "FName": context.values.name_of(field.target, value),
    }
