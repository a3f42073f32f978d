"""Every shipped link type at once, by a real `anji up` between both sandboxes over HTTP."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from anji.people import CrmUser, ErpUser
from labs.installation import begun, company, until
from labs.typed import asked

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

_NINE_MS = 1_767_574_800_000
_ON = ("contact", "payment", "return", "receivable", "stock", "employee", "lead")
_CONFIG = "".join(f'[mapping.{name}]\nused = "yes"\n' for name in _ON) + (
    '[mapping.sales_order]\nstatus_back = "yes"\nsync_status = "sync_status__c"\n'
    '[mapping.shipment]\ntrace = "yes"\n[mapping.customer]\nfinance = "yes"\n'
)


def in_the_erp(erp: ErpUser, form: str, key: str, value: str) -> Callable[[], Awaitable[bool]]:
    async def is_there() -> bool:
        return any(row[key] == value for row in await erp.every(form, [key]))

    return is_there


def in_the_crm(
    crm: CrmUser, name: str, field: str, value: object
) -> Callable[[], Awaitable[bool]]:
    async def is_there() -> bool:
        return any(each.get(field) == value for each in await crm.every(name))

    return is_there


async def crm_first(crm: CrmUser, erp: ErpUser) -> None:
    """Customer, product, contact, order and payment of the CRM stand in the ERP."""
    fields = {"name": "安济", "erp_number__c": "C-1", "tel": "1"}
    customer = await crm.create("AccountObj", fields)
    product = await crm.create("ProductObj", {"name": "螺丝", "product_code": "P-1", "price": "2"})
    await crm.create("ContactObj", {"name": "王芳", "account_id": customer})
    line = {"product_id": product, "quantity": "5", "sales_price": "10"}
    order = {"name": "DD-1", "account_id": customer, "order_time": _NINE_MS}
    await crm.create("SalesOrderObj", order, {"SalesOrderProductObj": [line]})
    paid = {"name": "HK-1", "account_id": customer, "payment_time": _NINE_MS}
    row = {"payment_amount": "50", "account_id": customer}
    await crm.create("PaymentObj", paid, {"OrderPaymentObj": [row]})
    for form, key, value in (
        ("BD_Customer", "FNumber", "C-1"),
        ("BD_MATERIAL", "FNumber", "P-1"),
        ("BD_CommonContact", "FName", "王芳"),
        ("AR_RECEIVEBILL", "FBillNo", "HK-1"),
    ):
        await until(in_the_erp(erp, form, key, value), f"{form} {value}")
    await until(in_the_crm(crm, "SalesOrderObj", "erp_status__c", "已审核"), "the order's status")
    await until(
        in_the_crm(crm, "SalesOrderObj", "sync_status__c", "已同步"), "the order is in step"
    )


async def erp_first(crm: CrmUser, erp: ErpUser) -> None:
    """Delivery with its trace, return and receivable of the ERP stand in the CRM."""
    number = await erp.push("SAL_SaleOrder", "DD-1", "SAL_DELIVERYNOTICE")
    rows = await erp.every("SAL_DELIVERYNOTICE", ["FID"], f"FBillNo='{number}'")
    trace = {"FCarryBillNo": "SF-7", "FTraceStatus": "已签收"}
    model = {"FID": rows[0]["FID"], "FDeliNoticeTrace": [trace]}
    await erp.change("SAL_DELIVERYNOTICE", model)
    await erp.finish("SAL_DELIVERYNOTICE", number)
    row = {"FMaterialId": {"FNumber": "P-1"}, "FRealQty": 3, "FTaxPrice": 9.5}
    back = {"FRetcustId": {"FNumber": "C-1"}, "FEntity": [row]}
    returned = await erp.save("SAL_RETURNSTOCK", back)
    await erp.finish("SAL_RETURNSTOCK", returned["Number"])
    due = {"FMATERIALID": {"FNumber": "P-1"}, "FPriceQty": 2, "FTaxPrice": 113}
    bill = {"FCUSTOMERID": {"FNumber": "C-1"}, "FDATE": "2026-01-05", "FEntityDetail": [due]}
    receivable = await erp.save("AR_receivable", bill)
    await erp.finish("AR_receivable", receivable["Number"])
    for name, field, value in (
        ("DeliveryNoteObj", "trace_status__c", "已签收"),
        ("ReturnedGoodsInvoiceObj", "erp_number__c", returned["Number"]),
        ("InvoiceApplicationObj", "erp_number__c", receivable["Number"]),
    ):
        await until(in_the_crm(crm, name, field, value), f"{name} {value}")


async def lead_and_people(crm: CrmUser, erp: ErpUser) -> None:
    """A lead becomes a customer, and people are made by nobody but people."""
    lead = await crm.create("LeadsObj", {"name": "李雷", "company": "线索公司"})
    wanted = {"AccountObj": {"erp_number__c": "C-9"}}
    await crm.call("leads/transfer", {"leadsId": lead, "dataList": wanted})
    await until(in_the_erp(erp, "BD_Customer", "FNumber", "C-9"), "the lead's customer")
    await erp.save("BD_Empinfo", {"FStaffNumber": "0101", "FName": "陈晨"})
    person = {"name": "陈晨", "employee_number": "0101", "user_id": "2001"}
    await crm.create("PersonnelObj", person)


async def test_every_link_type_crosses_over_http(tmp_path: Path) -> None:
    config = tmp_path / "anji.toml"
    config.write_text(_CONFIG)
    async with company(tmp_path) as both, both.people() as (crm, erp, _):
        settings = {**both.settings, "ANJI_CONFIG": str(config)}
        async with begun(settings, tmp_path / "anji.log"):
            begins = 2 * (4 + len(_ON) - 1) + 1
            log = tmp_path / "anji.log"
            await until(
                lambda: log.read_bytes().count(b"source.begun") >= begins, "all sources began"
            )
            await crm_first(crm, erp)
            await erp_first(crm, erp)
            both.erp_core.administer(
                "POST", "stock", {"material": "P-1", "stock": "CK001", "quantity": 10}
            )
            await until(in_the_crm(crm, "StockObj", "quantity", "10"), "the stock")
            await lead_and_people(crm, erp)

            async def all_linked() -> bool:
                links = await asked(settings, "links", "--type", "employee")
                return "linked" in links

            await until(all_linked, "the person is matched")
            problems = await asked(settings, "problems", "list")

    assert problems == "no link has a problem\n"
