"""The shipped create packets, filled as the writers fill them, are what the sandbox ERP takes."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from pydantic import JsonValue

from anji_common.events.commands import Action, Command, CommandNumber, RowWish
from anji_common.refs import Ref, System
from anji_k3cloud.packets import packet_of
from anji_mapper.mapping.folder import load_mappings
from anji_mapper.mapping.model import Row
from labs.k3cloud_client import Caller, make_caller

BEIJING = timezone(timedelta(hours=8))
CLIENT, MATERIAL = "k3cloud/BD_Customer/1", "k3cloud/BD_MATERIAL/2"
NUMBERS = {CLIENT: "CUST0001", MATERIAL: "M-1"}


def saved(
    caller: Caller,
    link: str,
    source: Row,
    values: dict[str, JsonValue],
    rows: dict[str, tuple[RowWish, ...]] | None = None,
) -> int:
    """Make one record of a link type from a CRM head, and return its id."""
    found = load_mappings().named(link)
    assert found is not None
    interest = found.erp.interest
    command = Command(
        seat=Ref(System.FXIAOKE, found.crm.object_name, "65f000000000000000000001"),
        number=CommandNumber(1, 1),
        system=System.K3CLOUD,
        object_name=found.erp.object_name,
        action=Action.CREATE,
        link_type=link,
        mapping_version=found.version,
        issued_at=datetime(2026, 1, 5, tzinfo=UTC),
        values={**values, str(interest.marker_field): "fxiaoke/X/65f000000000000000000001"},
        rows=rows or {},
        numbers=NUMBERS,
        packet=found.erp.filled(source),
    )
    model: Any = packet_of(command, interest, BEIJING).model
    return caller.make(interest.object_name, dict(model))


def test_the_erp_takes_a_customer_a_product_and_an_order() -> None:
    caller = make_caller()
    saved(
        caller,
        "customer",
        {"contact_name__c": "王芳", "contact_mobile__c": "13900000000"},
        {"FNumber": "CUST0001", "FName": "示例公司", "FCustTypeId": "KHLB001_SYS"},
    )
    saved(caller, "product", {}, {"FNumber": "M-1", "FName": "螺丝"})
    line = RowWish(
        source_id="l1",
        values={"FMaterialId": MATERIAL, "FQty": "2", "FTaxPrice": "11.3", "F_ANJI_LINE": "l1"},
    )

    order_id = saved(
        caller,
        "sales_order",
        {"delivery_date": None, "order_time": "2026-01-05"},
        {"FBillNo": "DD-1", "FCustId": CLIENT, "FDate": "2026-01-05"},
        {"FSaleOrderEntry": (line,)},
    )

    keys = "FCustId.FNumber,FMaterialId.FNumber,FQty,FTaxPrice,FDeliveryDate,F_ANJI_LINE"
    assert caller.status("Submit", "SAL_SaleOrder", {"Ids": str(order_id)})["IsSuccess"]
    assert caller.status("Audit", "SAL_SaleOrder", {"Ids": str(order_id)})["IsSuccess"]
    assert caller.query("SAL_SaleOrder", keys, "FBillNo='DD-1'") == [
        ["CUST0001", "M-1", 2.0, 11.3, "2026-01-05T00:00:00", "l1"]
    ]
    assert caller.query("BD_Customer", "FMOBILE,FCustTypeId.FNumber", "FNumber='CUST0001'") == [
        ["13900000000", "KHLB001_SYS"]
    ]
