"""Void, delete, recover, lock and hand over records.

Deleting is a second step after voiding; only lines of price books can be deleted at once.
Source: reference sections 2.6 and 2.7.
"""

from anji_sandbox.fxiaoke.calls import Call
from anji_sandbox.fxiaoke.codes import RefusedError
from anji_sandbox.fxiaoke.fields import POOL_FIELDS
from anji_sandbox.fxiaoke.lines import touch_head
from anji_sandbox.fxiaoke.objects import ObjectSpec
from anji_sandbox.fxiaoke.records import Batch
from anji_sandbox.fxiaoke.seen import NO_PERMISSION_WORDS, existing
from anji_sandbox.store import Record

_DELETED_AT_ONCE = frozenset({"PriceBookProductObj"})

__all__ = ["change_owner", "delete", "invalid", "lock", "recover", "unlock"]


def invalid(call: Call) -> Record:
    """Void one record, or on the custom path many."""
    spec = call.object_of_data()
    if call.on_custom_path and "idList" in call.data:
        ids = call.ids("idList")
    else:
        ids = [str(call.data.get("object_data_id"))]
    found = [existing(call, spec, record_id) for record_id in ids]
    codes = call.shop.switches.codes
    for record in found:
        if record.get("lock_status") == "1":
            raise RefusedError(codes.locked, "the record is locked")
        if record["life_status"] != "normal":
            words = f"only normal records can be voided, this one is {record['life_status']}"
            raise RefusedError(codes.not_normal, words)
    with call.batch("invalid", raises_time=call.shop.switches.void_raises_time) as batch:
        for record in found:
            _set_status(call, batch, spec, record)
            _follow(call, batch, spec, record)
            if spec.head_field:
                touch_head(call, batch, spec, record)
    return {}


def recover(call: Call) -> Record:
    """Make voided records what they were before."""
    spec, found = _voided(call)
    with call.batch("recover", raises_time=call.shop.switches.void_raises_time) as batch:
        for record in found:
            _set_status(call, batch, spec, record)
            _follow(call, batch, spec, record)
    return {}


def delete(call: Call) -> Record:
    """Delete voided records for ever, and the lines of them."""
    spec, found = _voided(call, but=_DELETED_AT_ONCE)
    with call.batch("delete") as batch:
        for record in found:
            for line_spec in _line_specs(call, spec):
                for line in call.records.lines(line_spec, record["_id"]):
                    _delete(call, batch, line_spec, line)
            _delete(call, batch, spec, record)
    return {}


def _delete(call: Call, batch: Batch, spec: ObjectSpec, record: Record) -> None:
    """Forget a record, or mark it, as the tenant's switch says."""
    if call.shop.switches.deleted_records == "marked":
        call.records.change(batch, spec, record, {"is_deleted": True})
    else:
        call.records.delete(batch, spec, record["_id"])


def change_owner(call: Call) -> Record:
    """Hand records over: `data.Data` with a list of ids and owners."""
    spec = call.object_of_data()
    codes = call.shop.switches.codes
    rows = call.data.get("Data")
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise RefusedError(codes.required_missing, "Data is empty")
    changes = []
    for row in rows:
        record = existing(call, spec, row.get("objectDataId"))
        owner_id = row.get("ownerId")
        # A list, or text like "[1000]": the documents contradict each other.
        first = owner_id[0] if isinstance(owner_id, list) and owner_id else owner_id
        owner = call.shop.company.employee(str(first).strip("[]"))
        if owner is None:
            raise RefusedError(codes.unknown_employee, f"no such employee: {owner_id}")
        if record.get(POOL_FIELDS.get(spec.name, "")) and not record.get("owner"):
            raise RefusedError(codes.in_pool, NO_PERMISSION_WORDS)
        changes.append((record, owner))
    raises_time = call.shop.switches.change_owner_raises_time
    with call.batch("changeOwner", raises_time=raises_time) as batch:
        for record, owner in changes:
            call.records.change(batch, spec, record, {"owner": [owner.open_user_id]})
    return {}


def lock(call: Call) -> Record:
    """Lock records, by default with their lines."""
    return _set_lock(call, "1")


def unlock(call: Call) -> Record:
    """Unlock records, by default with their lines."""
    return _set_lock(call, "0")


def _voided(call: Call, but: frozenset[str] = frozenset()) -> tuple[ObjectSpec, list[Record]]:
    spec = call.object_of_data()
    found = [existing(call, spec, record_id) for record_id in call.ids("idList")]
    for record in found:
        if record["life_status"] != "invalid" and spec.name not in but:
            words = f"{record['_id']} is not voided"
            raise RefusedError(call.shop.switches.codes.not_voided, words)
    return spec, found


def _line_specs(call: Call, spec: ObjectSpec) -> list[ObjectSpec]:
    return [line_spec for line_spec in call.shop.objects.values() if line_spec.head == spec.name]


def _set_status(call: Call, batch: Batch, spec: ObjectSpec, record: Record) -> None:
    if batch.action == "invalid":
        values = {"life_status": "invalid", "life_status_before_invalid": record["life_status"]}
    else:
        before = record.get("life_status_before_invalid", "normal")
        values = {"life_status": before, "life_status_before_invalid": None}
    call.records.change(batch, spec, record, values)


def _follow(call: Call, batch: Batch, spec: ObjectSpec, head: Record) -> None:
    """Void or recover the lines of a head, where the tenant does so."""
    if not call.shop.switches.void_takes_lines:
        return
    for line_spec in _line_specs(call, spec):
        for line in call.records.lines(line_spec, head["_id"]):
            if (line["life_status"] == "invalid") == (batch.action == "recover"):
                _set_status(call, batch, line_spec, line)


def _set_lock(call: Call, status: str) -> Record:
    # One path for both kinds of objects. Source: reference section 2.1.
    spec = call.object_of_any_path(call.data.get("dataObjectApiName"))
    found = [(spec, existing(call, spec, each)) for each in call.ids("dataIds")]
    if call.data.get("detailObjStrategy", 1) == 1:
        for _, head in tuple(found):
            for line_spec in _line_specs(call, spec):
                lines = call.records.lines(line_spec, head["_id"])
                found.extend((line_spec, line) for line in lines)
    with call.batch("lock", raises_time=call.shop.switches.void_raises_time) as batch:
        for each_spec, record in found:
            user = [call.caller.open_user_id] if status == "1" else None
            values = {"lock_status": status, "lock_user": user}
            call.records.change(batch, each_spec, record, values)
    return {}
