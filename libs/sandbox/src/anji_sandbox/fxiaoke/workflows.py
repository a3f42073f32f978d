"""What a tenant's workflow does after a write: another write, by the system user.

Which workflows a tenant has is its own affair: a switch names what they write. Source: reference
sections 2.2 (`triggerWorkFlow`, default true), 3.3 (``-10000`` is the system) and 7.7.
"""

from dataclasses import replace

from anji_sandbox.fxiaoke.calls import Call
from anji_sandbox.fxiaoke.objects import ObjectSpec
from anji_sandbox.fxiaoke.records import Batch

__all__ = ["SYSTEM_USER", "run_workflow"]

SYSTEM_USER = "-10000"


def run_workflow(call: Call, batch: Batch, spec: ObjectSpec, record_id: str) -> None:
    """Write what the workflow of an object writes, where the call lets it and it is news."""
    values = call.shop.switches.workflow_changes.get(spec.name)
    record = call.records.get(spec, record_id)
    if not values or record is None or not call.flag("triggerWorkFlow", default=True):
        return
    if any(record.get(name) != value for name, value in values.items()):
        by_system = replace(batch, open_user_id=SYSTEM_USER, action="update")
        call.records.change(by_system, spec, record, values)
        call.store.calls["workflow change"] += 1
