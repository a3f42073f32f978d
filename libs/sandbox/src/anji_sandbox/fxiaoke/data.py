"""Create, get and update of records, with their lines.

Source: reference sections 2.2 to 2.4, 2.8.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from anji_sandbox.fxiaoke.calls import Call, rendered
from anji_sandbox.fxiaoke.codes import RefusedError
from anji_sandbox.fxiaoke.fields import (
    check_required,
    check_unique,
    fill_owner,
    keep_owner,
    stored_values,
    take_specified,
)
from anji_sandbox.fxiaoke.objects import SYSTEM_FIELDS, ObjectSpec
from anji_sandbox.fxiaoke.records import Batch
from anji_sandbox.store import Record

__all__ = ["check_editable", "create", "existing", "get", "touch_head", "update"]

_Rows = list[tuple[ObjectSpec, Mapping[str, Any]]]


def create(call: Call) -> Record:
    """Store a record and its lines; the answer tells the id."""
    switches = call.shop.switches
    spec, given = _object_data(call)
    values = stored_values(call, spec, given)
    take_specified(call, given, values)
    check_required(call, spec, values, spec.fields)
    fill_owner(call, spec, values)
    check_unique(call, spec, values, "")
    if spec.name in switches.approval_objects and call.flag("triggerApprovalFlow", default=True):
        values["life_status"] = "under_review"
    rows = _rows(call, spec)
    with call.batch() as batch:
        head = call.records.create(batch, spec, _filled(values))
        line_ids: dict[str, list[str]] = {}
        for line_spec, row in rows:
            line = _create_line(call, batch, line_spec, head, row)
            line_ids.setdefault(line_spec.name, []).append(line["_id"])
        if spec.head_field:
            touch_head(call, batch, spec, head)
    answer: Record = {}
    if not spec.is_custom or switches.custom_create_tells_id:
        answer["dataId"] = head["_id"]
    if call.flag("includeDetailIds", default=False) and switches.detail_ids_in_answer:
        answer["detailIds"] = line_ids
    return answer


def get(call: Call) -> Record:
    """Return one record; empty fields are left out unless `includeNull`."""
    spec = call.object_of_data()
    if spec.name in call.shop.switches.hidden_objects:
        words = "no data permission for this operation"
        raise RefusedError(call.shop.switches.codes.no_permission, words)
    record = existing(call, spec, call.data.get("objectDataId"))
    shown = rendered(call, spec, record)
    if call.flag("includeNull", default=False):
        shown = {**dict.fromkeys([*SYSTEM_FIELDS, *spec.fields]), **shown}
    return {"data": shown}


def update(call: Call) -> Record:
    """Change the fields that were sent, and no other."""
    spec, given = _object_data(call)
    before = existing(call, spec, given.get("_id"))
    check_editable(call, before)
    rows = _rows(call, spec)
    with call.batch() as batch:
        _change(call, batch, spec, before, given)
        _update_lines(call, batch, before, rows)
    return {"dataId": before["_id"]}


def existing(call: Call, spec: ObjectSpec, record_id: object) -> Record:
    """Return the record.

    Raises:
        RefusedError: there is none.
    """
    record = call.records.get(spec, record_id) if isinstance(record_id, str) else None
    if record is None:
        words = f"{spec.name} {record_id} does not exist or was deleted"
        raise RefusedError(call.shop.switches.codes.not_found, words)
    return record


def check_editable(call: Call, record: Record) -> None:
    """Refuse the edit of a record that is locked or voided.

    Raises:
        RefusedError: it is.
    """
    switches = call.shop.switches
    skips_lock = call.on_custom_path and call.data.get("skipDataStatusValidate") is True
    if record.get("lock_status") == "1" and not skips_lock:
        raise RefusedError(switches.codes.locked, "the record is locked")
    if record.get("life_status") == "invalid" and switches.edit_of_voided == "refuse":
        raise RefusedError(switches.codes.not_normal, "the record is voided")


def touch_head(call: Call, batch: Batch, line_spec: ObjectSpec, line: Record) -> None:
    """Raise the head's time after a line was written by itself, where the tenant does so."""
    head_spec = call.shop.objects.get(line_spec.head)
    if head_spec is None or not call.shop.switches.line_change_touches_head:
        return
    head = call.records.get(head_spec, str(line.get(line_spec.head_field)))
    if head is not None:
        touching = replace(batch, action="update", raises_time=True)
        call.records.change(touching, head_spec, head, {})


def _object_data(call: Call) -> tuple[ObjectSpec, Mapping[str, Any]]:
    given = call.data.get("object_data")
    if not isinstance(given, dict):
        raise RefusedError(call.shop.switches.codes.bad_body, "object_data is empty")
    return call.object_named(given.get("dataObjectApiName")), given


def _filled(values: Record) -> Record:
    return {name: value for name, value in values.items() if value is not None}


def _rows(call: Call, spec: ObjectSpec) -> _Rows:
    """Return the rows of `data.details`, a map of lists by detail object."""
    details = call.data.get("details")
    codes = call.shop.switches.codes
    if details is None:
        return []
    if not isinstance(details, dict):
        raise RefusedError(codes.wrong_type, "details must be a map of lists")
    found: _Rows = []
    for name, rows in details.items():
        line_spec = call.object_named(name)
        if line_spec.head != spec.name or not isinstance(rows, list):
            raise RefusedError(codes.wrong_type, f"{name} is no list of lines of {spec.name}")
        if not all(isinstance(row, dict) for row in rows):
            raise RefusedError(codes.wrong_type, f"a line of {name} is no map of fields")
        found.extend((line_spec, row) for row in rows)
    return found


def _create_line(
    call: Call,
    batch: Batch,
    line_spec: ObjectSpec,
    head: Record,
    row: Mapping[str, Any],
) -> Record:
    values = stored_values(call, line_spec, row)
    values[line_spec.head_field] = head["_id"]
    values["owner"] = values.get("owner") or head.get("owner")
    check_required(call, line_spec, values, line_spec.fields)
    check_unique(call, line_spec, values, "")
    return call.records.create(batch, line_spec, _filled(values))


def _change(
    call: Call,
    batch: Batch,
    spec: ObjectSpec,
    before: Record,
    given: Mapping[str, Any],
) -> None:
    values = stored_values(call, spec, given)
    keep_owner(call, values, before)
    check_required(call, spec, values, values)
    check_unique(call, spec, values, before["_id"])
    call.records.change(batch, spec, before, values)
    if spec.head_field:
        touch_head(call, batch, spec, before)


def _update_lines(call: Call, batch: Batch, head: Record, rows: _Rows) -> None:
    """Do with the lines of an update what this tenant does: nothing, merge or replace."""
    mode = call.shop.switches.details_on_update
    if mode == "ignore":
        return
    seen: set[str] = set()
    for line_spec, row in rows:
        if row.get("_id"):
            line = existing(call, line_spec, row["_id"])
            _change(call, batch, line_spec, line, row)
        else:
            line = _create_line(call, batch, line_spec, head, row)
        seen.add(line["_id"])
    if mode == "replace":
        for name in call.data.get("details") or {}:
            for line in call.records.lines(call.object_named(name), head["_id"]):
                if line["_id"] not in seen:
                    call.records.delete(batch, call.object_named(name), line["_id"])
