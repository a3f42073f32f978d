"""The shipped link types beside customer, product, order and shipment, between both sandboxes."""

import pytest

from anji.simulation.vendors import open_vendors
from anji_common.clock import SystemClock
from anji_common.refs import System
from anji_mapper.mapping.compile import compile_mappings
from anji_mapper.mapping.folder import find_folder, read_folder
from anji_mapper.mapping.model import Mappings
from labs.mapping_files import changed
from labs.quiet_world import DAY_MS, SEED, QuietWorld, play

pytestmark = pytest.mark.timeout(240)

_PATROL_SECONDS = 7300.0
"""What moves no date in the ERP is found by its patrol, once an hour."""

_NINE_OCLOCK_MS = 9 * 3_600_000


def used(*names: str) -> dict[str, dict[str, str]]:
    return {name: {"used": "yes"} for name in names}


def test_a_contact_crosses_gets_its_number_and_edits_flow_both_ways() -> None:
    async def story(world: QuietWorld) -> None:
        customer = await world.customer("C-1")
        fields = {"name": "王芳", "account_id": customer, "mobile1": "13900000000"}
        contact = await world.crm.create("ContactObj", fields)
        await world.crm.create("ContactObj", {"name": "谁都不是"})

        async def numbered() -> object:
            return (await world.crm_record("ContactObj", _id=contact)).get("erp_number__c")

        await world.until(numbered, "the ERP's number in the CRM")
        row = await world.erp_row("BD_CommonContact", "FCONTACTID,FNumber,FName,FMobile")
        model = {"FCONTACTID": row["FCONTACTID"], "FMobile": "13800000000"}
        await world.erp.change("BD_CommonContact", model)
        await world.crm.update("ContactObj", contact, name="王芳芳")
        await world.rest()

        row = await world.erp_row("BD_CommonContact", "FNumber,FName,FMobile")
        assert row == {"FNumber": await numbered(), "FName": "王芳芳", "FMobile": "13800000000"}
        assert (await world.crm_record("ContactObj", _id=contact))["mobile1"] == "13800000000"
        assert await world.problems() == {}

    play(story, used("contact"))


def test_a_payment_becomes_an_audited_receipt_with_its_lines() -> None:
    async def story(world: QuietWorld) -> None:
        customer = await world.customer("C-1")
        lines = [
            {"payment_amount": "100.5", "payment_term": "2", "account_id": customer},
            {"payment_amount": "20", "account_id": customer},
        ]
        fields = {"name": "HK-1", "account_id": customer, "payment_time": DAY_MS}
        payment = await world.crm.create("PaymentObj", fields, {"OrderPaymentObj": lines})

        where = "FBillNo='HK-1' and FDocumentStatus='C'"
        await world.until(
            lambda: world.erp_rows("AR_RECEIVEBILL", "FBillNo", where), "HK-1 audited"
        )

        keys = (
            "FRECAMOUNTFOR_E,FRECTOTALAMOUNTFOR,FSETTLETYPEID.FNumber,FCONTACTUNIT.FNumber,"
            "FPAYUNIT.FNumber,FDATE"
        )
        rows = await world.erp_rows("AR_RECEIVEBILL", keys)
        assert sorted(tuple(row.values()) for row in rows) == [
            (20.0, 20.0, "JSFS01_SYS", "C-1", "C-1", "2026-01-05T00:00:00"),
            (100.5, 100.5, "JSFS04_SYS", "C-1", "C-1", "2026-01-05T00:00:00"),
        ]
        data = {"dataObjectApiName": "PaymentObj", "object_data_id": payment}
        await world.crm.call("data/invalid", data)

        async def is_cancelled() -> bool:
            rows = await world.erp_rows("AR_RECEIVEBILL", "FBillNo,FCancelStatus")
            return {row["FCancelStatus"] for row in rows} == {"B"}

        await world.until(is_cancelled, "the receipt is cancelled")
        assert await world.problems() == {}

    play(story, used("payment"))


def test_an_audited_return_is_a_returned_goods_note() -> None:
    async def story(world: QuietWorld) -> None:
        customer, product = await world.customer("C-1"), await world.product("P-1")
        row = {"FMaterialId": {"FNumber": "P-1"}, "FRealQty": 3, "FTaxPrice": 9.5}
        made = await world.erp.save(
            "SAL_RETURNSTOCK",
            {"FRetcustId": {"FNumber": "C-1"}, "FHeadNote": "破损", "FEntity": [row]},
        )
        await world.rest()
        before = await world.crm.every("ReturnedGoodsInvoiceObj")
        await world.erp.finish("SAL_RETURNSTOCK", made["Number"])

        async def note() -> object:
            return await world.crm_record("ReturnedGoodsInvoiceObj", erp_number__c=made["Number"])

        await world.until(note, "the note")
        found = await world.crm_record("ReturnedGoodsInvoiceObj")
        (line,) = await world.crm.every("ReturnedGoodsInvoiceProductObj")
        assert before == []
        assert (found["account_id"], found["remark"]) == (customer, "破损")
        assert (line["product_id"], line["quantity"], line["sales_price"]) == (product, "3", "9.5")
        assert line["returned_goods_invoice_id"] == found["_id"]

    play(story, used("return"))


def test_an_audited_receivable_is_an_invoice_record() -> None:
    async def story(world: QuietWorld) -> None:
        customer = await world.customer("C-1")
        await world.product("P-1")
        row = {"FMATERIALID": {"FNumber": "P-1"}, "FPriceQty": 2, "FTaxPrice": 113}
        model = {
            "FCUSTOMERID": {"FNumber": "C-1"},
            "FDATE": "2026-01-05",
            "FEntityDetail": [{**row, "FEntryTaxRate": 13}],
        }
        made = await world.erp.save("AR_receivable", model)
        await world.erp.finish("AR_receivable", made["Number"])

        async def record() -> object:
            return await world.crm_record("InvoiceApplicationObj", erp_number__c=made["Number"])

        await world.until(record, "the invoice record")
        found = await world.crm_record("InvoiceApplicationObj")
        (line,) = await world.crm.every("InvoiceApplicationLinesObj")
        assert (found["account_id"], found["invoice_date"]) == (customer, DAY_MS - _NINE_OCLOCK_MS)
        assert (line["invoiced_amount"], line["tax_amount"]) == ("226", "26")

    play(story, used("receivable"))


def test_an_audited_outbound_is_a_delivery_note_of_its_order() -> None:
    async def story(world: QuietWorld) -> None:
        customer, product = await world.customer("C-1"), await world.product("P-1")
        order = await world.order("DD-1", customer, product)
        number = await world.erp.push("SAL_SaleOrder", "DD-1", "SAL_OUTSTOCK")
        row = await world.erp_row("SAL_OUTSTOCK", "FID,FEntity_FEntryId", f"FBillNo='{number}'")
        entry = {"FEntryID": row["FEntity_FEntryId"], "FStockID": {"FNumber": "CK001"}}
        model = {"FID": row["FID"], "FCarriageNO": "SF-1", "FEntity": [entry]}
        await world.erp.change("SAL_OUTSTOCK", model)
        await world.erp.finish("SAL_OUTSTOCK", number)

        async def note() -> object:
            return await world.crm_record("DeliveryNoteObj", erp_number__c=number)

        await world.until(note, "the delivery note")
        found = await world.crm_record("DeliveryNoteObj")
        (line,) = await world.crm.every("DeliveryNoteProductObj")
        (ordered,) = await world.crm.every("SalesOrderProductObj")
        assert (found["sales_order_id"], found["waybill__c"]) == (order, "SF-1")
        assert (line["sales_order_product_id"], line["delivery_num"]) == (ordered["_id"], "5")

    play(story, {**used("outbound"), "shipment": {"used": "no"}})


def test_status_and_shipped_quantities_of_an_order_come_back() -> None:
    async def story(world: QuietWorld) -> None:
        customer, product = await world.customer("C-1"), await world.product("P-1")
        await world.order("DD-1", customer, product)
        number = await world.erp.push("SAL_SaleOrder", "DD-1", "SAL_OUTSTOCK")
        row = await world.erp_row("SAL_OUTSTOCK", "FID,FEntity_FEntryId", f"FBillNo='{number}'")
        entry = {"FEntryID": row["FEntity_FEntryId"], "FStockID": {"FNumber": "CK001"}}
        await world.erp.change("SAL_OUTSTOCK", {"FID": row["FID"], "FEntity": [entry]})
        await world.erp.finish("SAL_OUTSTOCK", number)

        async def status() -> bool:
            (order,) = await world.crm.every("SalesOrderObj")
            return bool(order.get("erp_status__c") == "已审核")

        async def shipped() -> bool:
            (line,) = await world.crm.every("SalesOrderProductObj")
            return bool(line.get("erp_shipped__c") == "5")

        await world.until(status, "the order's status in the CRM")
        await world.until(shipped, "the shipped quantity in the CRM", seconds=_PATROL_SECONDS)

    play(story, {"sales_order": {"status_back": "yes"}})


def test_what_lies_in_a_stock_is_listed_in_the_crm_and_follows_what_is_shipped() -> None:
    async def story(world: QuietWorld) -> None:
        await world.customer("C-1")
        product = await world.product("P-1")
        put = {"material": "P-1", "stock": "CK001", "quantity": 10}
        world.world.vendors.erp.administer("POST", "stock", put)

        async def lies(quantity: str) -> bool:
            found = await world.crm_record("StockObj", product_id=product)
            return bool(found.get("quantity") == quantity)

        await world.until(lambda: lies("10"), "the stock in the CRM")
        row = {
            "FMaterialID": {"FNumber": "P-1"},
            "FUnitID": {"FNumber": "Pcs"},
            "FRealQty": 4,
            "FStockID": {"FNumber": "CK001"},
        }
        model = {"FCustomerID": {"FNumber": "C-1"}, "FEntity": [row]}
        made = await world.erp.save("SAL_OUTSTOCK", model)
        await world.erp.finish("SAL_OUTSTOCK", made["Number"])

        await world.until(lambda: lies("6"), "what was shipped is taken off")
        found = await world.crm_record("StockObj", product_id=product)
        assert found["erp_stock__c"] == "CK001"
        assert await world.problems() == {}

    play(story, used("stock"))


def test_where_a_shipment_is_stands_on_its_delivery_note() -> None:
    async def story(world: QuietWorld) -> None:
        customer, product = await world.customer("C-1"), await world.product("P-1")
        await world.order("DD-1", customer, product)
        number = await world.erp.push("SAL_SaleOrder", "DD-1", "SAL_DELIVERYNOTICE")
        row = await world.erp_row("SAL_DELIVERYNOTICE", "FID", f"FBillNo='{number}'")
        trace = {"FCarryBillNo": "SF-7", "FTraceStatus": "已签收"}
        model = {"FID": row["FID"], "FDeliNoticeTrace": [trace]}
        await world.erp.change("SAL_DELIVERYNOTICE", model)
        await world.erp.finish("SAL_DELIVERYNOTICE", number)

        async def note() -> object:
            return await world.crm_record("DeliveryNoteObj", erp_number__c=number)

        await world.until(note, "the delivery note")
        found = await world.crm_record("DeliveryNoteObj")
        assert (found["waybill__c"], found["trace_status__c"]) == ("SF-7", "已签收")
        assert len(await world.crm.every("DeliveryNoteProductObj")) == 1

    numbers = {"waybill_from": "FDeliNoticeTrace[0].FCarryBillNo", "trace": "yes"}
    play(story, {"shipment": numbers})


def test_an_orders_owner_is_its_salesman_by_a_table() -> None:
    async def story(world: QuietWorld) -> None:
        customer, product = await world.customer("C-1"), await world.product("P-1")
        await world.order("DD-1", customer, product)

        row = await world.erp_row("SAL_SaleOrder", "FBillNo,FSalerId.FNumber")
        assert row["FSalerId.FNumber"] == "0002_GW000001_1"

    owner = open_vendors(SEED, SystemClock()).crm.credentials["person_open_user_id"]
    table = f"{owner}=0002_GW000001_1"
    play(story, {"sales_order": {"by_owner": "yes", "salesmen": table}})


def test_customers_of_one_crm_are_made_in_the_organisation_of_their_variant() -> None:
    async def story(world: QuietWorld) -> None:
        await world.customer("C-1")
        branch = await world.customer("C-2", remark="分公司")
        await world.crm.update("AccountObj", branch, remark="总公司", tel="021")
        await world.rest()

        keys = "FNumber,FCreateOrgId.FNumber,FUseOrgId.FNumber,FTEL"
        rows = await world.erp_rows("BD_Customer", keys)
        assert [(*row.values(),) for row in rows] == [
            ("C-1", "100", "100", " "),
            ("C-2", "101", "101", "021"),
        ]
        told = [each.words for each in await world.world.told() if "reassigned" in each.words]
        assert len(told) == 1
        assert "was of branch, is of no variant now" in told[0]

    play(story, mappings=with_a_branch("customer", 'organisation: "101"'))


def with_a_branch(link: str, settings: str, **changes: str) -> Mappings:
    """Return the shipped mappings; records with the remark 分公司 are of a variant `branch`."""
    texts = read_folder(find_folder())
    file = f"mappings/{link}.yaml"
    for old, new in changes.items():
        texts[file] = changed(texts[file], f"  {old}: ", f"  {old}: {new} # ")
    condition = "crm: {field: remark, is: 分公司}"
    texts[file] += f"\nvariants:\n  - {{name: branch, {condition}, settings: {{{settings}}}}}\n"
    return compile_mappings(texts)


def test_a_customer_that_moves_is_given_to_the_other_organisation_and_stays_one_link() -> None:
    async def story(world: QuietWorld) -> None:
        customer = await world.customer("C-1")
        await world.crm.update("AccountObj", customer, remark="分公司", tel="021")
        await world.rest()
        await world.crm.update("AccountObj", customer, tel="022")
        await world.rest()

        keys = "FNumber,FCreateOrgId.FNumber,FUseOrgId.FNumber,FTEL"
        rows = [(*row.values(),) for row in await world.erp_rows("BD_Customer", keys)]
        assert [row[:3] for row in rows] == [("C-1", "100", "100"), ("C-1", "100", "101")]
        assert rows[0][3] == "022"  # the link is with the record that it was with
        assert await world.problems() == {}

    settings = 'organisation: "101", allocate_to: "2"'
    play(story, mappings=with_a_branch("customer", settings, organisation_changed="allocate"))


def test_an_order_that_moves_is_put_to_a_person_and_no_second_bill_is_made() -> None:
    async def story(world: QuietWorld) -> None:
        customer, product = await world.customer("C-1"), await world.product("P-1")
        order = await world.order("DD-1", customer, product)
        await world.crm.update("SalesOrderObj", order, remark="分公司")
        await world.rest()

        rows = await world.erp_rows("SAL_SaleOrder", "FBillNo,FSaleOrgId.FNumber")
        assert [(*row.values(),) for row in rows] == [("DD-1", "100")]
        ((key, problem),) = (await world.problems()).items()
        assert "is of branch now, the one in the ERP was made under no variant" in problem.words
        await world.decide(key, "organisation", System.K3CLOUD)
        await world.rest()
        assert await world.problems() == {}
        assert len(await world.erp_rows("SAL_SaleOrder", "FBillNo")) == 1

    settings = 'organisation: "101"'
    play(story, mappings=with_a_branch("sales_order", settings, on_audited="reopen"))
