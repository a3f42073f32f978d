"""The page on which people see and make bills, submit, audit and ship, as a browser uses it."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from anji_sandbox.http import serve
from labs.k3cloud_client import Caller, make_caller, order_model
from labs.page_browser import Browser

ORDER = "SAL_SaleOrder"
ROW = "FSaleOrderEntry.0."
FILLED = {
    "FCustId": "C1",
    "FSalerId": "0001_GW000001_1",
    f"{ROW}FMaterialId": "M1",
    f"{ROW}FUnitID": "Pcs",
    f"{ROW}FQty": "3",
    f"{ROW}FTaxPrice": "11.3",
    f"{ROW}FDeliveryDate": "2026-01-10",
}


@pytest.fixture
def caller() -> Caller:
    found = make_caller()
    found.make_parties()
    return found


@pytest.fixture
async def browser(caller: Caller) -> AsyncIterator[Browser]:
    async with (
        serve(caller.core, now=lambda: caller.now) as server,
        aiohttp.ClientSession() as session,
    ):
        yield Browser(session, server.url + "/")


async def test_every_form_is_a_link_and_shows_what_its_records_say(browser: Browser) -> None:
    text = await browser.open()

    assert all(f"{each} (" in text for each in ("BD_Customer", ORDER, "STK_Inventory"))
    assert "客户一" in await browser.open(kind="BD_Customer")


async def test_a_person_makes_an_order_submits_audits_and_ships_it(
    browser: Browser, caller: Caller
) -> None:
    await browser.open(kind=ORDER, new="1")
    await browser.send(**FILLED)
    for action in ("submit", "audit", "ship"):
        await browser.send(action)

    keys = "FBillNo,FDocumentStatus,FCloseStatus,FCreatorId.FName,FQty,FStockOutQty,FTaxPrice"
    assert caller.query(ORDER, keys) == [["XSDD000001", "C", "B", "张伟", 3.0, 3.0, 11.3]]
    shipped = caller.query("SAL_OUTSTOCK", "FDocumentStatus,FSoorDerno,FRealQty")
    assert shipped == [["C", "XSDD000001", 3.0]]


async def test_a_notice_is_pushed_and_shipped_from_the_page(
    browser: Browser, caller: Caller
) -> None:
    order = caller.make(ORDER, order_model(2), IsAutoSubmitAndAudit=True)

    await browser.open(kind=ORDER, id=str(order))
    await browser.send("push SAL_DELIVERYNOTICE")
    notice = caller.query("SAL_DELIVERYNOTICE", "FID")[0][0]
    await browser.open(kind="SAL_DELIVERYNOTICE", id=str(notice))
    for action in ("submit", "audit", "ship"):
        await browser.send(action)

    assert caller.query("SAL_DELIVERYNOTICE", "FDocumentStatus,FRemainOutQty") == [["C", 0.0]]
    assert caller.query("SAL_OUTSTOCK", "FSrcType") == [["SAL_DELIVERYNOTICE"]]


async def test_a_row_is_changed_another_added_and_an_emptied_one_taken_away(
    browser: Browser, caller: Caller
) -> None:
    order = caller.make(ORDER, order_model(1, 2, FNote="by call"))
    before = caller.query(ORDER, "FSaleOrderEntry_FEntryId")
    added = {
        f"FSaleOrderEntry.2.{name.removeprefix(ROW)}": text
        for name, text in FILLED.items()
        if name.startswith(ROW)
    }
    await browser.open(kind=ORDER, id=str(order))
    emptied = {each: "" for each in browser.form_fields() if each.startswith(ROW)}

    await browser.send(**emptied, **added, **{"FSaleOrderEntry.1.FQty": "5"})

    rows = caller.query(ORDER, "FSaleOrderEntry_FEntryId,FQty,FNote")
    assert [each[1:] for each in rows] == [[5.0, "by call"], [3.0, "by call"]]
    assert rows[0][0] == before[1][0]


async def test_what_the_vendor_refuses_is_told_and_what_was_typed_stays(
    browser: Browser, caller: Caller
) -> None:
    await browser.open(kind=ORDER, new="1")

    text = await browser.send(**{**FILLED, "FSalerId": ""})

    assert "字段“销售员”是必填项" in text
    assert browser.form_fields()[f"{ROW}FTaxPrice"] == "11.3"
    assert caller.query(ORDER, "FID") == []


async def test_base_data_is_forbidden_and_allowed_again(browser: Browser, caller: Caller) -> None:
    customer = str(caller.query("BD_Customer", "FCUSTID")[0][0])
    await browser.open(kind="BD_Customer", id=customer)

    await browser.send("Forbid")
    forbidden = caller.query("BD_Customer", "FForbidStatus")
    await browser.send("Enable")

    assert (forbidden, caller.query("BD_Customer", "FForbidStatus")) == ([["B"]], [["A"]])


async def test_a_deleted_record_leads_back_to_its_form(browser: Browser, caller: Caller) -> None:
    order = caller.make(ORDER, order_model(1))
    await browser.open(kind=ORDER, id=str(order))

    await browser.send("delete")

    assert browser.place.endswith(f"?kind={ORDER}")
    assert "has no record" in await browser.open(kind=ORDER, id=str(order))
