"""Commands to ERP records that stand already: steps, operations, edits, pushes."""

from typing import Any

from pydantic import JsonValue

from anji_common.events.commands import Action, Command, CommandNumber, Operation, Push
from anji_common.refs import Ref, System
from labs.erp_lab import Erp, new_customer, new_order, seat
from labs.k3cloud_client import order_model

__all__ = [
    "a_push",
    "an_order",
    "an_order_customer",
    "calls",
    "edit",
    "held",
    "on_order",
    "operation",
]


def calls(erp: Erp, service: str) -> int:
    counted = erp.k3cloud.store.calls.items()
    return sum(count for name, count in counted if name.split()[0] == service)


def an_order(erp: Erp, *, audited: bool = False, **more: Any) -> Ref:  # noqa: ANN401 - a packet's values
    """Let a person make an order of two lines."""
    person = erp.person()
    if not person.query("BD_Customer", "FCUSTID", "FNumber='C1'"):
        person.make_parties()
    record_id = person.make(
        "SAL_SaleOrder", order_model(2, 3, **more), IsAutoSubmitAndAudit=audited
    )
    return Ref(System.K3CLOUD, "SAL_SaleOrder", str(record_id))


def on_order(ref: Ref, **content: object) -> Command:
    return new_order(1, ref, {}).model_copy(
        update={
            "number": CommandNumber(1, 2),
            "target": ref,
            "values": {},
            "rows": {},
            "packet": {},
            "look_ups": (),
            "numbers": {},
            **content,
        }
    )


def operation(ref: Ref, which: Operation, **content: object) -> Command:
    return on_order(ref, action=Action.OPERATE, operation=which).model_copy(
        update={"object_name": ref.object_name, **content}
    )


def edit(ref: Ref, values: dict[str, JsonValue], **content: object) -> Command:
    return on_order(ref, action=Action.UPDATE, values=values, **content)


async def held(erp: Erp, ref: Ref) -> Any:  # noqa: ANN401 - an observed record, taken apart by tests
    (found,) = await erp.target.read([operation(ref, Operation.AUDIT)])
    assert found is not None
    return found


def an_order_customer(erp: Erp) -> Ref:
    person = erp.person()
    person.make_parties()
    found = person.query("BD_Customer", "FCUSTID", "FNumber='C1'")[0][0]
    return Ref(System.K3CLOUD, "BD_Customer", str(found))


def a_push(n: int, source: Ref, number: str, **content: object) -> Command:
    marker = str(seat(n, "DeliveryNoteObj"))
    return new_customer(n).model_copy(
        update={
            "seat": seat(n, "DeliveryNoteObj"),
            "object_name": "SAL_DELIVERYNOTICE",
            "values": {"FCarriageNO": f"SF{n}", "F_ANJI_MARKER": marker},
            "packet": {},
            "push": Push(source=source, source_number=number),
            "look_ups": new_customer(n).look_ups[:0],
            **content,
        }
    )
