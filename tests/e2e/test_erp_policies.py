"""What mapping files say beyond fields, between two sandboxes over HTTP and a real `anji up`.

A company's own folder of mappings lets a changed order be un-audited and audited again, gives new
customers to another organisation, puts a file to each order, and pushes the ERP's delivery notice
from the order that the CRM's note names.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from anji.people import CrmUser, ErpUser
from anji_mapper.mapping.folder import find_folder
from anji_sandbox.faults import Fault
from labs.installation import Company, begun, company, until
from labs.mapping_files import changed
from labs.typed import asked

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

_BRANCH = "2"
"""The id of the sandbox's second organisation, whose number is 101."""
DELIVERY = """\
link: delivery
creates: crm
crm: {object: DeliveryNoteObj, id: _id, number: name}
erp:
  object: SAL_DELIVERYNOTICE
  id: FID
  number: FBillNo
  is_bill: true
  marker: F_ANJI_MARKER
  finish: audited
  push: {link: sales_order, record: sales_order_id, line: sales_order_product_id}
fields:
  - {crm: waybill__c, erp: FCarriageNO}
lines:
  - crm: {path: DeliveryNoteProductObj, id: _id, head: delivery_note_id}
    erp: {path: FEntity, id: FEntryID}
    fields:
      - {crm: product_id, erp: FMaterialID, lens: {reference: product}, direction: to_erp}
      - {crm: delivery_num, erp: FQty, lens: decimal, direction: to_erp}
"""
FILE = """\
  attachments:
    - {name: "CRM-{name}.txt", text: "订单 {name}，备注：{remark}"}
"""


def own_mappings(folder: Path) -> Path:
    """Return a folder with the shipped mappings as this company has changed them."""
    texts = {path.name: path.read_text() for path in find_folder().glob("*.yaml")}
    del texts["shipment.yaml"]
    order = changed(texts["sales_order.yaml"], "on_audited: refuse", "on_audited: reopen")
    texts["sales_order.yaml"] = changed(order, "  finish: audited\n", f"  finish: audited\n{FILE}")
    customer = texts["customer.yaml"]
    texts["customer.yaml"] = changed(customer, 'allocate_to: ""', f'allocate_to: "{_BRANCH}"')
    texts["delivery.yaml"] = DELIVERY
    made = folder / "mappings"
    made.mkdir()
    for name, text in texts.items():
        (made / name).write_text(text)
    return made


@dataclass(frozen=True, slots=True)
class Desk:
    """What a person sits at."""

    both: Company
    crm: CrmUser
    erp: ErpUser
    settings: Mapping[str, str]

    async def asks(self, *words: str) -> str:
        """Return what an `anji` command prints; it must end well."""
        return await asked({**self.settings, "COLUMNS": "200"}, *words, within_seconds=60)

    async def until_shown(self, words: str) -> None:
        """Wait until the list of problems holds those words."""

        async def is_so() -> bool:
            return words in await self.asks("problems", "list")

        await until(is_so, f"problems list shows {words!r}")

    async def orders(self, *keys: str) -> list[list[object]]:
        """Return cells of all orders of the ERP."""
        rows = await self.erp.every("SAL_SaleOrder", ["FBillNo", *keys])
        return [[row[key] for key in keys] for row in rows]

    async def until_orders(self, expected: list[list[object]], *keys: str) -> None:
        """Wait until the ERP's orders hold that."""

        async def is_so() -> bool:
            return await self.orders(*keys) == expected

        await until(is_so, f"orders hold {expected}")

    async def make_order(self) -> tuple[str, str, str]:
        """Make a customer, a product and an order of it; return the ids of order and product."""
        account = await self.crm.create("AccountObj", {"name": "示例公司", "tel": "1"})
        product = await self.crm.create(
            "ProductObj", {"name": "螺丝", "product_code": "M-1", "price": "2"}
        )
        line = {"product_id": product, "quantity": "5", "sales_price": "2"}
        other = {"product_id": product, "quantity": "7", "sales_price": "2"}
        head = {"name": "DD-1", "account_id": account, "order_time": 1767571200000, "remark": "旧"}
        order = await self.crm.create(
            "SalesOrderObj", head, {"SalesOrderProductObj": [line, other]}
        )
        return order, product, account


@asynccontextmanager
async def at_work(folder: Path) -> AsyncIterator[Desk]:
    """Yield a desk before an Anji that has begun."""
    mappings = own_mappings(folder)
    log = folder / "anji.log"
    async with company(folder) as both, both.people() as (crm, erp, _):
        settings = {**both.settings, "ANJI_MAPPINGS_DIR": str(mappings)}
        async with begun(settings, log):
            yield Desk(both, crm, erp, settings)


async def test_a_company_says_how_records_are_made_changed_given_and_pushed(
    tmp_path: Path,
) -> None:
    async with at_work(tmp_path) as desk:
        assert "no mistake" in await desk.asks("mapping", "check")

        order, product, account = await desk.make_order()
        await desk.until_orders([["旧", "C"]], "FNote", "FDocumentStatus")
        rows = await desk.erp.every("BD_Customer", ["FNumber", "FUseOrgId.FNumber"])
        assert sorted(str(row["FUseOrgId.FNumber"]) for row in rows) == ["100", "101"]
        calls = desk.both.erp_core.store.calls
        uploads = [name for name in calls if "attachmentupload" in name]
        assert sum(calls[name] for name in uploads) == 1

        await desk.crm.update("SalesOrderObj", order, remark="新")
        await desk.until_orders([["新", "C"]], "FNote", "FDocumentStatus")

        note = {"sales_order_id": order, "account_id": account, "waybill__c": "SF1"}
        lines = await desk.crm.every("SalesOrderProductObj")
        chosen = next(each["_id"] for each in lines if each["quantity"] in ("7", "7.00", 7))
        part = {"product_id": product, "delivery_num": "3", "sales_order_product_id": chosen}
        await desk.crm.create("DeliveryNoteObj", note, {"DeliveryNoteProductObj": [part]})
        wanted = [{"FBillNo": "", "FCarriageNO": "SF1", "FDocumentStatus": "C", "FQty": 3.0}]

        async def is_pushed() -> bool:
            keys = ["FBillNo", "FCarriageNO", "FDocumentStatus", "FQty"]
            found = await desk.erp.every("SAL_DELIVERYNOTICE", keys)
            return [{**row, "FBillNo": ""} for row in found] == wanted

        await until(is_pushed, "the notice is pushed, filled and audited")
        sources = await desk.erp.every("SAL_DELIVERYNOTICE", ["FSrcBillNo"])
        assert [row["FSrcBillNo"] for row in sources] == ["DD-1"]
        assert "no link has a problem" in await desk.asks("problems", "list")


async def test_an_audit_that_is_refused_is_seen_and_taken_up_by_a_person(tmp_path: Path) -> None:
    words = "单据编号为“DD-1”的销售订单，客户信用额度不足！"
    async with at_work(tmp_path) as desk:
        faults = desk.both.servers["k3cloud"][1].faults
        faults.add(
            Fault(
                kind="code",
                endpoint="*.Audit.*",
                contains="SAL_SaleOrder",
                code=11,
                words=words,
            )
        )

        await desk.make_order()
        await desk.until_orders([["B"]], "FDocumentStatus")
        await desk.until_shown(words)
        saves = desk.both.made("SAL_SaleOrder update") + desk.both.made("SAL_SaleOrder create")

        assert "1 of 1 links" in await desk.asks("problems", "retry", "DD-1", "--apply")
        await desk.until_orders([["C"]], "FDocumentStatus")
        await desk.until_shown("no link has a problem")

        again = desk.both.made("SAL_SaleOrder update") + desk.both.made("SAL_SaleOrder create")
        assert again == saves
