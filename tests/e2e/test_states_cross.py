"""Void, cancel, forbid and delete, between both sandboxes."""

import pytest

from anji.looking import Links
from anji_common.refs import System
from anji_mapper.mapping.compile import compile_mappings
from anji_mapper.mapping.folder import find_folder, read_folder
from labs.mapping_files import changed
from labs.quiet_world import QuietWorld, play

pytestmark = pytest.mark.timeout(240)

FORBIDDEN = "FNumber,FForbidStatus"
CANCELLED = "FBillNo,FDocumentStatus,FCancelStatus"
_PATROL_SECONDS = 7300.0
"""The ERP's states move no date: its patrol finds them, once an hour."""


async def _void(world: QuietWorld, object_name: str, record_id: str) -> None:
    data = {"dataObjectApiName": object_name, "object_data_id": record_id}
    await world.crm.call("data/invalid", data)


async def _asked_about_the_delete(world: QuietWorld, key: str) -> None:
    """Have the CRM's customers looked for, and wait until a person is asked about this one."""

    async def is_asked() -> bool:
        found = (await world.problems()).get(key)
        return found is not None and "is deleted" in found.words

    await world.probe(System.FXIAOKE, "AccountObj")
    await world.until(is_asked, "the question")


async def _recover(world: QuietWorld, object_name: str, record_id: str) -> None:
    await world.crm.call("data/recover", {"dataObjectApiName": object_name, "idList": [record_id]})


def test_a_voided_product_is_forbidden_and_a_recovered_one_is_enabled() -> None:
    async def story(world: QuietWorld) -> None:
        product = await world.product("P-1")

        async def status(wanted: str) -> bool:
            row = await world.erp_row("BD_MATERIAL", FORBIDDEN, "FNumber='P-1'")
            return bool(row["FForbidStatus"] == wanted)

        await _void(world, "ProductObj", product)
        await world.until(lambda: status("B"), "P-1 forbidden")
        await _recover(world, "ProductObj", product)
        await world.until(lambda: status("A"), "P-1 enabled")
        assert await world.problems() == {}

    play(story)


def test_a_material_that_the_erp_forbids_is_voided_in_the_crm() -> None:
    async def story(world: QuietWorld) -> None:
        product = await world.product("P-1")
        await world.erp.operate("BD_MATERIAL", "P-1", "Forbid")

        async def is_void() -> bool:
            found = await world.crm_record("ProductObj", _id=product)
            return not found or found["life_status"] == "invalid"

        await world.until(is_void, "the product is void", seconds=_PATROL_SECONDS)

    play(story)


def test_what_a_person_takes_back_in_the_erp_before_its_source_has_looked_is_no_lost_edit() -> (
    None
):
    async def story(world: QuietWorld) -> None:
        order = await world.order("DD-1", await world.customer("C-1"), await world.product("P-1"))

        async def shows(closed: str) -> bool:
            return bool(await world.crm_record("SalesOrderObj", erp_closed__c=closed))

        await world.until(lambda: shows("未关闭"), "open")
        await world.rest()
        await world.crm.update("SalesOrderObj", order, closed__c="true")
        await world.until(lambda: shows("已关闭"), "closed")
        # It is again as the source published it last, and no date has moved in between.
        await world.erp.operate("SAL_SaleOrder", "DD-1", "YLUnBillClose")
        await world.until(lambda: shows("未关闭"), "open again", seconds=_PATROL_SECONDS)
        assert await world.problems() == {}

    play(story, {"sales_order": {"closes": "yes", "closed_back": "yes"}})


def test_a_voided_order_is_unaudited_and_cancelled() -> None:
    async def story(world: QuietWorld) -> None:
        order = await world.order("DD-1", await world.customer("C-1"), await world.product("P-1"))

        await _void(world, "SalesOrderObj", order)

        async def is_cancelled() -> bool:
            row = await world.erp_row("SAL_SaleOrder", CANCELLED)
            return bool(row["FCancelStatus"] == "B")

        await world.until(is_cancelled, "DD-1 cancelled")
        row = await world.erp_row("SAL_SaleOrder", CANCELLED)
        assert row["FDocumentStatus"] == "D"
        assert await world.problems() == {}

    play(story)


def test_an_order_that_has_shipped_stays_and_the_erps_words_are_the_problem() -> None:
    async def story(world: QuietWorld) -> None:
        order = await world.order("DD-1", await world.customer("C-1"), await world.product("P-1"))
        number = await world.erp.push("SAL_SaleOrder", "DD-1", "SAL_DELIVERYNOTICE")
        await world.erp.finish("SAL_DELIVERYNOTICE", number)
        await world.erp.operate("SAL_SaleOrder", "DD-1", "YLBillClose")

        await _void(world, "SalesOrderObj", order)

        await world.until(world.problems, "a problem")
        (problem,) = (await world.problems()).values()
        assert "单据已关闭，不允许反审核" in problem.words
        row = await world.erp_row("SAL_SaleOrder", CANCELLED)
        assert (row["FDocumentStatus"], row["FCancelStatus"]) == ("C", "A")

    play(story)


@pytest.mark.parametrize(("winner", "status"), [(System.FXIAOKE, "B"), (System.K3CLOUD, "A")])
def test_of_two_merged_customers_the_losers_erp_record_is_forbidden_when_approved(
    winner: System, status: str
) -> None:
    async def story(world: QuietWorld) -> None:
        product = await world.product("P-1")
        loser, kept = await world.customer("C-1"), await world.customer("C-2")
        order = await world.order("DD-1", loser, product)

        # The CRM's merge: what the loser had is the other's, and the loser is void.
        await world.crm.update("SalesOrderObj", order, account_id=kept)
        await _void(world, "AccountObj", loser)
        key = f"fxiaoke/AccountObj/{loser}"

        async def is_asked() -> bool:
            return key in await world.problems()

        await world.until(is_asked, "the question")
        waiting = await world.erp_row("BD_Customer", FORBIDDEN, "FNumber='C-1'")
        await world.decide(key, "is:void", winner)
        await world.rest()

        assert waiting["FForbidStatus"] == "A"
        rows = await world.erp_rows("BD_Customer", FORBIDDEN)
        states = {row["FNumber"]: row["FForbidStatus"] for row in rows}
        assert (states["C-1"], states["C-2"]) == (status, "A")
        assert key not in await world.problems()

    play(story)


def test_a_customer_that_was_deleted_is_forbidden_when_approved_and_its_link_ends() -> None:
    async def story(world: QuietWorld) -> None:
        customer = await world.customer("C-1")
        await world.customer("C-2")  # were it the only one, its delete would be held
        await _void(world, "AccountObj", customer)
        await world.crm.call(
            "data/delete", {"dataObjectApiName": "AccountObj", "idList": [customer]}
        )
        key = f"fxiaoke/AccountObj/{customer}"
        await _asked_about_the_delete(world, key)
        await world.decide(key, "is:deleted", System.FXIAOKE)
        await world.rest()

        row = await world.erp_row("BD_Customer", FORBIDDEN, "FNumber='C-1'")
        assert row["FForbidStatus"] == "B"
        assert await world.problems() == {}

    play(story)


def test_a_field_that_both_changed_is_asked_about_while_the_others_flow() -> None:
    async def story(world: QuietWorld) -> None:
        customer = await world.customer("C-1", tel="1", fax="1")
        key = f"fxiaoke/AccountObj/{customer}"
        row = await world.erp_row("BD_Customer", "FCUSTID", "FNumber='C-1'")
        await world.rest()
        await world.erp.change("BD_Customer", {"FCUSTID": row["FCUSTID"], "FTEL": "erp"})
        await world.crm.update("AccountObj", customer, tel="crm", fax="2")

        async def is_asked() -> bool:
            return key in await world.problems()

        await world.until(is_asked, "the question")
        await world.rest()
        held = await world.erp_row("BD_Customer", "FTEL,FFAX", "FNumber='C-1'")
        await world.decide(key, "tel", System.K3CLOUD)

        async def is_decided() -> bool:
            found = await world.crm_record("AccountObj", _id=customer)
            return bool(found["tel"] == "erp")

        await world.until(is_decided, "the ERP's value in the CRM")
        assert held == {"FTEL": "erp", "FFAX": "2"}
        assert await world.problems() == {}

    texts = read_folder(find_folder())
    name = "mappings/customer.yaml"
    texts[name] = changed(texts[name], "erp: FTEL,", "erp: FTEL, conflict: ask,")
    play(story, mappings=compile_mappings(texts))


def test_an_edit_of_a_record_whose_other_side_was_deleted_stays_where_a_person_says_so() -> None:
    async def story(world: QuietWorld) -> None:
        customer = await world.customer("C-1", tel="1")
        await world.customer("C-2")  # were it the only one, its delete would be held
        row = await world.erp_row("BD_Customer", "FCUSTID", "FNumber='C-1'")
        await _void(world, "AccountObj", customer)
        await world.erp.change("BD_Customer", {"FCUSTID": row["FCUSTID"], "FTEL": "erp"})
        about = {"dataObjectApiName": "AccountObj", "idList": [customer]}
        await world.crm.call("data/delete", about)
        key = f"fxiaoke/AccountObj/{customer}"
        await _asked_about_the_delete(world, key)
        await world.decide(key, "is:deleted", System.K3CLOUD)
        await world.rest()

        stands = await world.erp_row("BD_Customer", "FTEL,FForbidStatus", "FNumber='C-1'")
        assert stands == {"FTEL": "erp", "FForbidStatus": "A"}
        assert await world.problems() == {}

    play(story)


def test_an_order_that_people_close_in_the_crm_is_closed_in_the_erp_and_opened_again() -> None:
    async def story(world: QuietWorld) -> None:
        order = await world.order("DD-1", await world.customer("C-1"), await world.product("P-1"))

        async def stands(closed: str, note: str) -> bool:
            row = await world.erp_row("SAL_SaleOrder", "FCloseStatus,FDocumentStatus,FNote")
            return row == {"FCloseStatus": closed, "FDocumentStatus": "C", "FNote": note}

        await world.crm.update("SalesOrderObj", order, closed__c="true")
        await world.until(lambda: stands("B", " "), "DD-1 closed")
        await world.crm.update("SalesOrderObj", order, remark="晚一点")
        await world.rest()
        assert await stands("B", " "), "values wait while it is closed"
        await world.crm.update("SalesOrderObj", order, closed__c="")
        await world.until(lambda: stands("A", "晚一点"), "DD-1 open again, with what had waited")
        assert await world.problems() == {}

    play(story, {"sales_order": {"closes": "yes", "on_audited": "reopen"}})


def test_what_the_erp_closes_opens_and_unaudits_is_shown_and_nothing_is_written_there() -> None:
    async def story(world: QuietWorld) -> None:
        await world.order("DD-1", await world.customer("C-1"), await world.product("P-1"))

        async def shows(status: str, closed: str) -> bool:
            (order,) = await world.crm.every("SalesOrderObj")
            shown = (order.get("erp_status__c"), order.get("erp_closed__c"))
            return shown == (status, closed)

        await world.until(lambda: shows("已审核", "未关闭"), "audited and open")
        await world.erp.operate("SAL_SaleOrder", "DD-1", "YLBillClose")
        await world.until(lambda: shows("已审核", "已关闭"), "closed", seconds=_PATROL_SECONDS)
        await world.erp.operate("SAL_SaleOrder", "DD-1", "YLUnBillClose")
        await world.until(lambda: shows("已审核", "未关闭"), "open", seconds=_PATROL_SECONDS)
        await world.erp.do("UnAudit", "SAL_SaleOrder", {"Numbers": ["DD-1"]})
        await world.until(
            lambda: shows("重新审核", "未关闭"), "un-audited", seconds=_PATROL_SECONDS
        )
        (order,) = await world.crm.every("SalesOrderObj")
        await world.crm.update("SalesOrderObj", order["_id"], remark="趁现在")

        async def stands(status: str) -> bool:
            row = await world.erp_row("SAL_SaleOrder", "FDocumentStatus,FNote")
            return row == {"FDocumentStatus": status, "FNote": "趁现在"}

        await world.until(lambda: stands("D"), "an edit flows while it is un-audited")
        await world.rest(300)
        assert await stands("D"), "only people audit it again"
        await world.erp.finish("SAL_SaleOrder", "DD-1")
        await world.until(lambda: shows("已审核", "未关闭"), "audited again")
        assert await stands("C")
        assert await world.problems() == {}

    play(story, {"sales_order": {"closes": "yes", "closed_back": "yes", "status_back": "yes"}})


def test_an_order_that_the_erp_cancels_is_voided_in_the_crm_and_back() -> None:
    async def story(world: QuietWorld) -> None:
        order = await world.order("DD-1", await world.customer("C-1"), await world.product("P-1"))

        async def is_void() -> bool:
            found = await world.crm_record("SalesOrderObj", _id=order)
            return not found or found["life_status"] == "invalid"

        async def is_there() -> bool:
            return not await is_void()

        await world.erp.do("UnAudit", "SAL_SaleOrder", {"Numbers": ["DD-1"]})
        await world.erp.operate("SAL_SaleOrder", "DD-1", "Cancel")
        await world.until(is_void, "the order is void", seconds=_PATROL_SECONDS)
        await world.erp.operate("SAL_SaleOrder", "DD-1", "UnCancel")
        await world.until(is_there, "the order is there again", seconds=_PATROL_SECONDS)
        await world.rest()
        assert await world.problems() == {}

    play(story)


def test_a_delete_is_found_when_it_is_asked_for_though_the_crms_clock_is_hours_ahead() -> None:
    async def story(world: QuietWorld) -> None:
        world.world.vendors.weather[System.FXIAOKE].clock.skew_seconds += 5 * 3600.0
        await world.rest()  # Anji has signed in anew
        products = [await world.product(f"P-{number}") for number in range(3)]
        await world.rest()
        await _void(world, "ProductObj", products[0])
        data = {"dataObjectApiName": "ProductObj", "idList": [products[0]]}
        await world.crm.call("data/delete", data)

        await world.probe(System.FXIAOKE, "ProductObj")

        async def is_gone() -> bool:
            async with Links.read(world.world.broker, world.world.mappings) as links:
                seat = links.one(f"fxiaoke/ProductObj/{products[0]}")
                return seat is not None and seat.crm.is_gone

        await world.until(is_gone, "the product is known to be gone")

    play(story)
