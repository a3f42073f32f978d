"""The lines of a document: those that come in one call with their head.

Source: reference sections 2.2, 2.4 and 2.8; what `details` do in an update is a switch.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from anji_sandbox.fxiaoke.calls import Call
from anji_sandbox.fxiaoke.codes import RefusedError
from anji_sandbox.fxiaoke.fields import (
    check_required,
    check_unique,
    keep_owner,
    stored_values,
    with_defaults,
)
from anji_sandbox.fxiaoke.objects import ObjectSpec
from anji_sandbox.fxiaoke.records import Batch
from anji_sandbox.fxiaoke.seen import existing
from anji_sandbox.store import Record

__all__ = [
    "Rows",
    "change",
    "checked_values",
    "create_line",
    "filled",
    "rows_of",
    "touch_head",
    "update_lines",
]

Rows = list[tuple[ObjectSpec, Mapping[str, Any]]]


def rows_of(call: Call, spec: ObjectSpec) -> Rows:
    """Return the rows of `data.details`: by detail object a list, or a map that is one row.

    Raises:
        RefusedError: it is something else, or there are more than the tenant takes.
    """
    details = call.data.get("details")
    codes, most = call.shop.switches.codes, call.shop.switches.most_lines
    if details is None:
        return []
    if not isinstance(details, dict):
        raise RefusedError(codes.wrong_type, "details must be a map of lists")
    found: Rows = []
    for name, given in details.items():
        rows = [given] if isinstance(given, dict) and given else given or []
        line_spec = call.object_of_any_path(name)
        if line_spec.head != spec.name or not isinstance(rows, list):
            raise RefusedError(codes.wrong_type, f"{name} is no list of lines of {spec.name}")
        if not all(isinstance(row, dict) for row in rows):
            raise RefusedError(codes.wrong_type, f"a line of {name} is no map of fields")
        found.extend((line_spec, row) for row in rows)
    if most is not None and len(found) > most:
        raise RefusedError(codes.wrong_type, f"details has {len(found)} lines, {most} are taken")
    return found


def create_line(
    call: Call, batch: Batch, line_spec: ObjectSpec, head: Record, row: Mapping[str, Any]
) -> Record:
    """Store one line of a head; it takes the head's owner."""
    values = with_defaults(line_spec, stored_values(call, line_spec, row))
    values[line_spec.head_field] = head["_id"]
    values["owner"] = values.get("owner") or head.get("owner")
    check_required(call, line_spec, values, line_spec.fields)
    check_unique(call, line_spec, values, "")
    return call.records.create(batch, line_spec, filled(values))


def checked_values(
    call: Call, spec: ObjectSpec, before: Record, given: Mapping[str, Any]
) -> Record:
    """Return the given fields of a record that exists, in their stored form.

    Raises:
        RefusedError: one of them is not taken.
    """
    values = stored_values(call, spec, given)
    keep_owner(call, values, before)
    check_required(call, spec, values, values)
    check_unique(call, spec, values, before["_id"])
    return values


def change(
    call: Call, batch: Batch, spec: ObjectSpec, before: Record, given: Mapping[str, Any]
) -> None:
    """Store the given fields of a record, head or line, and no other."""
    call.records.change(batch, spec, before, checked_values(call, spec, before, given))
    if spec.head_field:
        touch_head(call, batch, spec, before)


def update_lines(call: Call, batch: Batch, head: Record, rows: Rows) -> None:
    """Do with the lines of an update what this tenant does: nothing, merge or replace."""
    mode = call.shop.switches.details_on_update
    if mode == "ignore":
        return
    seen: set[str] = set()
    for line_spec, row in rows:
        if row.get("_id"):
            line = existing(call, line_spec, row["_id"])
            change(call, batch, line_spec, line, row)
        else:
            line = create_line(call, batch, line_spec, head, row)
        seen.add(line["_id"])
    if mode == "replace":
        for name in call.data.get("details") or {}:
            line_spec = call.object_of_any_path(name)
            for line in call.records.lines(line_spec, head["_id"]):
                if line["_id"] not in seen:
                    call.records.delete(batch, line_spec, line["_id"])


def touch_head(call: Call, batch: Batch, line_spec: ObjectSpec, line: Record) -> None:
    """Raise the head's time after a line was written by itself, where the tenant does so."""
    head_spec = call.shop.objects.get(line_spec.head)
    if head_spec is None or not call.shop.switches.line_change_touches_head:
        return
    head = call.records.get(head_spec, str(line.get(line_spec.head_field)))
    if head is not None:
        touching = replace(batch, action="update", raises_time=True)
        call.records.change(touching, head_spec, head, {})


def filled(values: Record) -> Record:
    """Return the values that are not empty."""
    return {name: value for name, value in values.items() if value is not None}
