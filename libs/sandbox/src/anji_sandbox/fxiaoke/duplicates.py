"""The duplicate rules of the tenant: fields whose values a new record may not share.

Custom objects ask them only with `checkDuplicateSearch` `[docs]`; what a preset create does, and
how a hit is told, is open. Source: reference sections 2.2 and 2.9.
"""

from anji_sandbox.fxiaoke.calls import Call
from anji_sandbox.fxiaoke.codes import RefusedError
from anji_sandbox.fxiaoke.objects import ObjectSpec
from anji_sandbox.store import Record

__all__ = ["check_duplicates"]


def check_duplicates(call: Call, spec: ObjectSpec, values: Record) -> None:
    """Refuse a new record that is like one which is there, as queries see it.

    Raises:
        RefusedError: it is.
    """
    if not _asks(call, spec):
        return
    for name, value in values.items():
        if value is None or f"{spec.name}.{name}" not in call.shop.switches.duplicate_rules:
            continue
        alike = call.records.index(spec, call.now).by_value(name, [str(value)])
        if any(record["life_status"] != "invalid" for record in alike):
            words = f"duplicate rule: {spec.name} with {name} {value} exists: {alike[0]['_id']}"
            raise RefusedError(call.shop.switches.codes.duplicate, words)


def _asks(call: Call, spec: ObjectSpec) -> bool:
    if spec.is_custom:
        return call.flag("checkDuplicateSearch", default=False)
    options = call.data.get("optionInfo")
    is_off = isinstance(options, dict) and options.get("isDuplicateSearch") is False
    return call.shop.switches.duplicates_on_preset == "refuse" and not is_off
