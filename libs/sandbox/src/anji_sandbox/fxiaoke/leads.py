"""The conversion of a lead: it yields an account, and more if asked for.

`data.leadsId` names the lead, `data.dataList` by object what it becomes: the fields of a new
record, or the `_id` of one that is there. A new account without a name gets the lead's company or
name, and every new record the fields that it has in common with the lead. What the answer says is
a switch. Source: reference section 2.1 for the path; the body is S17's, a source that the
reference names without showing it.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from anji_sandbox.fxiaoke.calls import Call
from anji_sandbox.fxiaoke.codes import RefusedError
from anji_sandbox.fxiaoke.data import create_record
from anji_sandbox.fxiaoke.objects import ObjectSpec
from anji_sandbox.fxiaoke.seen import check_editable, existing
from anji_sandbox.store import Record

__all__ = ["transfer"]

_SHARED = ("tel", "email", "address", "remark", "company", "job_title")
"""Fields that the reference shows under one name on a lead and on what it becomes."""
_RENAMED = {"ContactObj": {"mobile": "mobile1", "tel": "tel1", "address": "add"}}


def transfer(call: Call) -> Record:
    """Make the records of `dataList`, or take those that are there, and close the lead."""
    codes = call.shop.switches.codes
    lead_spec = call.object_of_any_path("LeadsObj")
    lead = existing(call, lead_spec, call.data.get("leadsId"))
    check_editable(call, lead)
    if lead.get("transform_time"):
        raise RefusedError(codes.not_normal, f"lead {lead['_id']} was converted already")
    wanted = call.data.get("dataList")
    if not isinstance(wanted, dict) or not all(isinstance(each, dict) for each in wanted.values()):
        raise RefusedError(codes.bad_body, "dataList is no map of objects")
    if "AccountObj" not in wanted:
        raise RefusedError(codes.required_missing, "dataList has no AccountObj")
    made: dict[str, str] = {}
    with call.batch() as batch:
        for name in sorted(wanted):  # AccountObj first: the others refer to it
            made[name] = _made(call, call.object_of_any_path(name), wanted[name], lead, made)
        values = {"transform_time": batch.time_ms, "account_id": made["AccountObj"]}
        known = {name: value for name, value in values.items() if name in lead_spec.fields}
        call.records.change(batch, lead_spec, lead, known)
    return {"data": made} if call.shop.switches.lead_transfer_tells_ids else {}


def _made(
    call: Call, spec: ObjectSpec, given: Mapping[str, Any], lead: Record, made: Mapping[str, str]
) -> str:
    """Return the id of the record that a lead becomes, new or there already."""
    if given.get("_id"):
        return str(existing(call, spec, given["_id"])["_id"])
    # Not a field of the account, but of how it takes the lead.
    own = {name: value for name, value in given.items() if name != "is_main_leads"}
    account_id = made.get("AccountObj")
    start = {"account_id": account_id} if account_id and "account_id" in spec.fields else {}
    values = {**_carried(spec, lead), **start, **own}
    one = replace(call, body={**call.body, "data": {"object_data": values}})
    head, _ = create_record(one, spec, values)
    return str(head["_id"])


def _carried(spec: ObjectSpec, lead: Record) -> Record:
    """Return the fields of a new record that the lead has already."""
    own_names = _RENAMED.get(spec.name, {})
    carried = {
        own_names.get(name, name): lead[name]
        for name in (*_SHARED, *own_names)
        if name in lead and own_names.get(name, name) in spec.fields
    }
    name = lead.get("company") if spec.name == "AccountObj" else None
    return {"name": name or lead["name"], "owner": lead.get("owner"), **carried}
