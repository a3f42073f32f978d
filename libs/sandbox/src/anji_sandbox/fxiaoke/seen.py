"""Which records a caller may see, and which may be changed.

Source: reference sections 1.3 and 7.2 (what may not be seen is left out silently by queries), 2.4
(locked), 2.6 (voided). Codes of refusals are not published and are switches.
"""

from collections.abc import Callable

from anji_sandbox.fxiaoke.calls import Call
from anji_sandbox.fxiaoke.codes import RefusedError
from anji_sandbox.fxiaoke.objects import ObjectSpec
from anji_sandbox.store import Record

__all__ = ["NO_PERMISSION_WORDS", "check_editable", "existing", "is_hidden", "sees"]

NO_PERMISSION_WORDS = "no data permission for this operation"


def is_hidden(call: Call, spec: ObjectSpec) -> bool:
    """Say whether the caller may see no record of the object."""
    return spec.name in call.shop.switches.hidden_objects


def sees(call: Call) -> Callable[[Record], bool] | None:
    """Return what tells whether the caller sees a record, or `None` if all are seen."""
    caller = call.caller
    if caller.employee_id not in call.shop.switches.own_records_only:
        return None
    return lambda record: caller.open_user_id in (record.get("owner") or ())


def existing(
    call: Call, spec: ObjectSpec, record_id: object, *, also_deleted: bool = False
) -> Record:
    """Return the record.

    Raises:
        RefusedError: there is none, or the caller may not see it.
    """
    codes = call.shop.switches.codes
    record = call.records.get(spec, record_id) if isinstance(record_id, str) else None
    if is_hidden(call, spec):
        raise RefusedError(codes.no_permission, NO_PERMISSION_WORDS)
    if record is None or (record.get("is_deleted") and not also_deleted):
        words = f"{spec.name} {record_id} does not exist or was deleted"
        raise RefusedError(codes.not_found, words)
    is_seen = sees(call)
    if is_seen is not None and not is_seen(record):
        raise RefusedError(codes.no_permission, NO_PERMISSION_WORDS)
    return record


def check_editable(call: Call, record: Record) -> None:
    """Refuse the edit of a record that is locked, voided or in review.

    Raises:
        RefusedError: it is.
    """
    switches = call.shop.switches
    skips_lock = call.on_custom_path and call.data.get("skipDataStatusValidate") is True
    if record.get("lock_status") == "1" and not skips_lock:
        raise RefusedError(switches.codes.locked, "the record is locked")
    status = record.get("life_status")
    if status == "invalid" and switches.edit_of_voided == "refuse":
        raise RefusedError(switches.codes.not_normal, "the record is voided")
    if status in ("under_review", "in_change") and switches.edit_in_review == "refuse":
        raise RefusedError(switches.codes.not_normal, f"the record is {status}")
