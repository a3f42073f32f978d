"""Create, get and update of records, with their lines.

Source: reference sections 2.2 to 2.4, 2.8.
"""

from collections.abc import Mapping
from typing import Any

from anji_sandbox.fxiaoke.approvals import start_approval
from anji_sandbox.fxiaoke.calls import Call
from anji_sandbox.fxiaoke.codes import RefusedError
from anji_sandbox.fxiaoke.duplicates import check_duplicates
from anji_sandbox.fxiaoke.fields import (
    check_required,
    check_unique,
    fill_owner,
    stored_values,
    take_specified,
    with_defaults,
)
from anji_sandbox.fxiaoke.lines import (
    change,
    checked_values,
    create_line,
    filled,
    rows_of,
    touch_head,
    update_lines,
)
from anji_sandbox.fxiaoke.objects import SYSTEM_FIELDS, ObjectSpec
from anji_sandbox.fxiaoke.rendering import rendered
from anji_sandbox.fxiaoke.seen import check_editable, existing
from anji_sandbox.fxiaoke.workflows import run_workflow
from anji_sandbox.store import Record

__all__ = ["create", "create_record", "get", "update"]


def create(call: Call) -> Record:
    """Store a record and its lines; the answer tells the id."""
    switches = call.shop.switches
    spec, given = _object_data(call)
    head, line_ids = create_record(call, spec, given)
    answer: Record = {}
    if not spec.is_custom or switches.custom_create_tells_id:
        answer["dataId"] = head["_id"]
    if call.flag("includeDetailIds", default=False) and switches.detail_ids_in_answer:
        answer["detailIds"] = line_ids
    return answer


def create_record(
    call: Call, spec: ObjectSpec, given: Mapping[str, Any]
) -> tuple[Record, dict[str, list[str]]]:
    """Store a record and the lines of the call; return it and the lines' ids by object.

    Raises:
        RefusedError: a field or a line is not taken; nothing was stored.
    """
    values = with_defaults(spec, stored_values(call, spec, given))
    take_specified(call, given, values)
    check_required(call, spec, values, spec.fields)
    fill_owner(call, spec, values)
    check_unique(call, spec, values, "")
    check_duplicates(call, spec, values)
    rows = rows_of(call, spec)
    line_ids: dict[str, list[str]] = {}
    with call.batch() as batch:
        needs_approval = _needs_approval(call, spec)
        if needs_approval:
            values["life_status"] = "under_review"
        head = call.records.create(batch, spec, filled(values))
        if needs_approval:
            start_approval(call, spec, head)
        for line_spec, row in rows:
            line = create_line(call, batch, line_spec, head, row)
            line_ids.setdefault(line_spec.name, []).append(line["_id"])
        if spec.head_field:
            touch_head(call, batch, spec, head)
        run_workflow(call, batch, spec, head["_id"])
    return head, line_ids


def get(call: Call) -> Record:
    """Return one record; empty fields are left out unless `includeNull`."""
    spec = call.object_of_data()
    record = existing(call, spec, call.data.get("objectDataId"), also_deleted=True)
    shown = rendered(call, spec, record)
    if call.flag("includeNull", default=False):
        shown = {**dict.fromkeys([*SYSTEM_FIELDS, *spec.fields]), **shown}
    return {"data": shown}


def update(call: Call) -> Record:
    """Change the fields that were sent, and no other."""
    spec, given = _object_data(call)
    before = existing(call, spec, given.get("_id"))
    check_editable(call, before)
    rows = rows_of(call, spec)
    is_held = call.shop.switches.approval_of_updates == "hold" and _needs_approval(call, spec)
    with call.batch() as batch:
        if is_held:
            held = checked_values(call, spec, before, given)
            call.records.change(batch, spec, before, {"life_status": "in_change"})
            start_approval(call, spec, before, held=held)
            return {"dataId": before["_id"]}
        change(call, batch, spec, before, given)
        update_lines(call, batch, before, rows)
        run_workflow(call, batch, spec, before["_id"])
    return {"dataId": before["_id"]}


def _needs_approval(call: Call, spec: ObjectSpec) -> bool:
    is_asked = call.flag("triggerApprovalFlow", default=True)
    return is_asked and spec.name in call.shop.switches.approval_objects


def _object_data(call: Call) -> tuple[ObjectSpec, Mapping[str, Any]]:
    given = call.data.get("object_data")
    if not isinstance(given, dict):
        raise RefusedError(call.shop.switches.codes.bad_body, "object_data is empty")
    return call.object_named(given.get("dataObjectApiName")), given
