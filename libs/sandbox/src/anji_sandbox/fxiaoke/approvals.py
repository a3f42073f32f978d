"""Approvals of records: their instances, and what ends them.

A record of an object with a flow is `under_review` until a task of its one instance is done:
``agree`` makes it `normal`, ``reject`` `ineffective`. Where a switch lets updates wait too, theirs
is `in_change` and keeps its old values until then. Every flow here has one step. Source:
reference section 2.1 for paths and the query's parameters; the forms of the answers are S4's, a
source that the reference names without showing them.
"""

from collections.abc import Mapping
from typing import Any

from anji_sandbox.derived import secret
from anji_sandbox.fxiaoke.calls import Call
from anji_sandbox.fxiaoke.codes import RefusedError
from anji_sandbox.fxiaoke.objects import ObjectSpec
from anji_sandbox.store import Record

__all__ = ["act", "decide", "instance", "instances", "instances_of_record", "start_approval"]

_INSTANCES = "#approvals"
_STATES = {"agree": "pass", "reject": "reject"}
_LIFE_STATUS = {"agree": "normal", "reject": "ineffective"}
_DEFAULT_SIZE = 20
_HELD = "#held"
"""What an update would write, kept until it is agreed to."""


def start_approval(
    call: Call, spec: ObjectSpec, record: Record, held: Record | None = None
) -> None:
    """Open the instance that a new record waits for, or an update whose values are held."""
    number = call.store.next_number("approval")
    instance_id = secret(call.shop.company.seed, "approval", number)[:24]
    now_ms = int(call.now * 1000)
    call.store.put(
        _INSTANCES,
        instance_id,
        {
            "instanceId": instance_id,
            "instanceName": f"{spec.label} {record.get('name', '')}".strip(),
            "dataId": record["_id"],
            "triggerType": "Create" if held is None else "Update",
            "state": "in_progress",
            "createTime": now_ms,
            "lastModifyTime": now_ms,
            "flowApiName": f"flow_{spec.name}",
            "applicantOpenUserId": call.caller.open_user_id,
            "objectApiName": spec.name,
            **({} if held is None else {_HELD: held}),
        },
    )


def instances(call: Call) -> Record:
    """Return a page of the instances that fit `flowApiName`, `state`, times and object."""
    fitting = [_shown(each) for each in call.store.all(_INSTANCES) if _fits(call.body, each)]
    size = _count(call, "pageSize", _DEFAULT_SIZE)
    start = (_count(call, "pageNumber", 1) - 1) * size
    result = {"total": len(fitting), "instanceList": fitting[start : start + size]}
    return {"queryResult": result}


def instances_of_record(call: Call) -> Record:
    """Return the instances of the record that `dataId` names."""
    record_id = call.body.get("dataId")
    every = call.store.all(_INSTANCES)
    found = [_shown(each) for each in every if each["dataId"] == record_id]
    return {"instances": found}


def instance(call: Call) -> Record:
    """Return one instance, by `instanceId`, with its only task."""
    found = _instance(call, call.body.get("instanceId"))
    is_open = found["state"] == "in_progress"
    task = {
        "id": found["instanceId"],
        "type": "single",
        "state": found["state"],
        "flowApiName": found["flowApiName"],
        "createTime": found["createTime"],
        "modifyTime": found["lastModifyTime"],
        "opinions": found.get("opinions", []),
        "unCompletePersons": [call.shop.company.employees[1].open_user_id] if is_open else [],
    }
    return {"instanceDetail": {"instance": _shown(found), "tasks": [task]}}


def act(call: Call) -> Record:
    """Agree to a task or reject it: `taskId`, `actionType`, `opinion`."""
    _end(call, _instance(call, call.body.get("taskId")), str(call.body.get("actionType")))
    return {}


def decide(call: Call, record_id: str, action: str) -> None:
    """Agree to the open instance of a record or reject it.

    Raises:
        RefusedError: the record waits for none.
    """
    for each in call.store.all(_INSTANCES):
        if each["dataId"] == record_id and each["state"] == "in_progress":
            _end(call, each, action)
            return
    words = f"{record_id} waits for no approval"
    raise RefusedError(call.shop.switches.codes.not_normal, words)


def _end(call: Call, found: Record, action: str) -> None:
    codes = call.shop.switches.codes
    if action not in _STATES:
        raise RefusedError(codes.bad_body, f"actionType {action} is none of: agree, reject")
    if found["state"] != "in_progress":
        raise RefusedError(codes.not_normal, f"{found['instanceId']} is {found['state']} already")
    spec = call.object_of_any_path(found["objectApiName"])
    record = call.records.get(spec, found["dataId"])
    now_ms = int(call.now * 1000)
    opinion = {
        "actionType": action,
        "opinion": str(call.body.get("opinion") or ""),
        "replyTime": now_ms,
        "openUserId": call.caller.open_user_id,
    }
    ended = {"state": _STATES[action], "lastModifyTime": now_ms, "endTime": now_ms}
    with call.batch() as batch:
        call.store.put(_INSTANCES, found["instanceId"], {**found, **ended, "opinions": [opinion]})
        if record is not None:
            call.records.change(batch, spec, record, _outcome(found, action))


def _outcome(found: Record, action: str) -> Record:
    """Return what the end of an approval writes into its record."""
    held = found.get(_HELD)
    if held is None:
        return {"life_status": _LIFE_STATUS[action]}
    return {**(held if action == "agree" else {}), "life_status": "normal"}


def _shown(found: Record) -> Record:
    return {name: value for name, value in found.items() if name not in ("opinions", _HELD)}


def _instance(call: Call, instance_id: object) -> Record:
    found = call.store.get(_INSTANCES, str(instance_id))
    if found is None:
        words = f"approval {instance_id} does not exist"
        raise RefusedError(call.shop.switches.codes.not_found, words)
    return found


def _fits(asked: Mapping[str, Any], each: Record) -> bool:
    since, until = asked.get("startTime"), asked.get("endTime")
    return (
        all(
            asked.get(name) in (None, "", each[name])
            for name in ("flowApiName", "state", "objectApiName")
        )
        and (not isinstance(since, int) or each["createTime"] >= since)
        and (not isinstance(until, int) or each["createTime"] <= until)
    )


def _count(call: Call, name: str, default: int) -> int:
    value = call.body.get(name)
    return value if isinstance(value, int) and value > 0 else default
