"""Public pools (公海, 线索池): take a record out, give it back, remove it.

A record lies in a pool while its pool field is filled and it has no owner. Source: reference
section 2.7 `[docs]`; that the caller becomes the owner is not stated there.
"""

from anji_sandbox.fxiaoke.calls import Call
from anji_sandbox.fxiaoke.codes import RefusedError
from anji_sandbox.fxiaoke.fields import POOL_FIELDS
from anji_sandbox.fxiaoke.objects import ObjectSpec
from anji_sandbox.fxiaoke.seen import NO_PERMISSION_WORDS, existing
from anji_sandbox.store import Record

__all__ = ["choose", "give_back", "remove"]

_REASONS = ("0", "1", "2", "other")


def choose(call: Call) -> Record:
    """Take records out of their pool: the caller owns them then."""
    spec, found = _records(call, "objectIds")
    for record in found:
        if record.get("owner") or not record.get(POOL_FIELDS[spec.name]):
            raise RefusedError(call.shop.switches.codes.no_permission, NO_PERMISSION_WORDS)
    owner: Record = {"owner": [call.caller.open_user_id]}
    return _changed(call, spec, found, owner)


def give_back(call: Call) -> Record:
    """Give records back to a pool, with a reason; nobody owns them then."""
    spec, found = _records(call, "objectIds")
    reason = call.data.get("backReason")
    if reason not in _REASONS:
        words = f"backReason {reason} is none of: {', '.join(_REASONS)}"
        raise RefusedError(call.shop.switches.codes.bad_body, words)
    values: Record = {
        "owner": None,
        POOL_FIELDS[spec.name]: _pool(call),
        "back_reason": reason,
        "back_reason__o": call.data.get("backReason__o"),
    }
    return _changed(call, spec, found, values)


def remove(call: Call) -> Record:
    """Take records out of a pool for good, with their owner, another, or none."""
    spec, found = _records(call, "objectIDs")
    _pool(call)
    values: Record = {POOL_FIELDS[spec.name]: None}
    if call.data.get("isKeepOwner") is not True:
        owner = call.shop.company.employee(str(call.data.get("owner", "")).strip("[]"))
        values["owner"] = [owner.open_user_id] if owner else None
    return _changed(call, spec, found, values)


def _records(call: Call, ids: str) -> tuple[ObjectSpec, list[Record]]:
    name = str(call.data.get("apiName"))
    if name not in POOL_FIELDS:
        words = f"{name} has no pool, only: {', '.join(POOL_FIELDS)}"
        raise RefusedError(call.shop.switches.codes.bad_body, words)
    spec = call.object_named(name)
    return spec, [existing(call, spec, each) for each in call.ids(ids)]


def _pool(call: Call) -> str:
    pool_id = call.data.get("objectPoolId")
    if not isinstance(pool_id, str) or not pool_id:
        raise RefusedError(call.shop.switches.codes.required_missing, "objectPoolId is empty")
    return pool_id


def _changed(call: Call, spec: ObjectSpec, found: list[Record], values: Record) -> Record:
    raises_time = call.shop.switches.change_owner_raises_time
    with call.batch("changeOwner", raises_time=raises_time) as batch:
        for record in found:
            call.records.change(batch, spec, record, values)
    return {}
