"""Lines that people remove, between both sandboxes: what becomes of the other side's."""

import pytest

from anji.people import Json
from anji_common.events.notices import NoticeKind
from anji_common.refs import System
from anji_sandbox.faults import Fault
from labs.quiet_world import DAY_MS, QuietWorld, play

pytestmark = pytest.mark.timeout(240)

REOPENS = {"sales_order": {"on_audited": "reopen"}}
LINES = "SalesOrderProductObj"


async def an_order(world: QuietWorld, *quantities: str) -> str:
    """Make an order with these lines in the CRM, wait until it is audited in the ERP."""
    product = await world.product("P-1")
    customer = await world.customer("C-1")
    lines = [{"product_id": product, "quantity": each, "sales_price": "10"} for each in quantities]
    head = {"name": "DD-1", "account_id": customer, "order_time": DAY_MS}
    order = await world.crm.create("SalesOrderObj", head, {LINES: lines})
    await world.until(lambda: erp_holds(world, *quantities), "DD-1 audited")
    await world.rest()
    return order


async def erp_holds(world: QuietWorld, *quantities: str, status: str = "C") -> bool:
    rows = await world.erp_rows("SAL_SaleOrder", "FID,FDocumentStatus,FQty")
    wanted = sorted(map(float, quantities))
    return sorted(row["FQty"] for row in rows) == wanted and {
        row["FDocumentStatus"] for row in rows
    } == {status}


async def crm_lines(world: QuietWorld) -> list[Json]:
    return [each for each in await world.crm.every(LINES) if each["life_status"] == "normal"]


async def crm_holds(world: QuietWorld, *quantities: str) -> bool:
    held = sorted(float(each["quantity"]) for each in await crm_lines(world))
    return held == sorted(map(float, quantities))


async def remove_in_the_crm(world: QuietWorld, quantity: str) -> None:
    (line,) = [
        each for each in await crm_lines(world) if float(each["quantity"]) == float(quantity)
    ]
    about = {"dataObjectApiName": LINES}
    await world.crm.call("data/invalid", {**about, "object_data_id": line["_id"]})
    await world.crm.call("data/delete", {**about, "idList": [line["_id"]]})


async def rows_in_the_erp(world: QuietWorld) -> tuple[int, dict[float, int]]:
    rows = await world.erp_rows("SAL_SaleOrder", "FID,FQty,FSaleOrderEntry_FEntryId")
    return rows[0]["FID"], {row["FQty"]: row["FSaleOrderEntry_FEntryId"] for row in rows}


async def save_in_the_erp(world: QuietWorld, *kept: Json) -> None:
    """Let a person un-audit the order, save it with just these rows, and audit it again."""
    record_id, _ = await rows_in_the_erp(world)
    await world.erp.do("UnAudit", "SAL_SaleOrder", {"Numbers": ["DD-1"]})
    model = {"FID": record_id, "FSaleOrderEntry": list(kept)}
    await world.erp.save("SAL_SaleOrder", model)
    await world.erp.finish("SAL_SaleOrder", "DD-1")


@pytest.mark.parametrize("renumbers", [False, True])
def test_a_line_that_a_person_removes_in_the_crm_goes_in_the_erp(*, renumbers: bool) -> None:
    async def story(world: QuietWorld) -> None:
        world.world.vendors.erp.switches.renumbers_entry_ids = renumbers
        order = await an_order(world, "1", "2", "3")
        before = [each["_id"] for each in await crm_lines(world)]

        await remove_in_the_crm(world, "2")
        await world.crm.update("SalesOrderObj", order, remark="少一行")
        await world.until(lambda: erp_holds(world, "1", "3"), "the row is gone")
        await world.rest(120)

        assert await erp_holds(world, "1", "3")
        assert {each["_id"] for each in await crm_lines(world)} < set(before)
        assert await world.problems() == {}

    play(story, REOPENS)


def test_a_removal_that_moves_no_date_is_found_by_the_sources_round() -> None:
    async def story(world: QuietWorld) -> None:
        await an_order(world, "1", "2")
        await remove_in_the_crm(world, "2")
        await world.probe(System.FXIAOKE, "SalesOrderObj")

        await world.until(lambda: erp_holds(world, "1"), "the row is gone")
        assert await world.problems() == {}

    play(story, REOPENS)


def test_a_row_that_a_person_removes_in_the_erp_goes_in_the_crm() -> None:
    async def story(world: QuietWorld) -> None:
        await an_order(world, "1", "2", "3")
        _, rows = await rows_in_the_erp(world)

        await save_in_the_erp(world, {"FEntryID": rows[1.0]}, {"FEntryID": rows[3.0]})
        await world.until(lambda: crm_holds(world, "1", "3"), "the line is gone")
        await world.rest(120)

        assert await erp_holds(world, "1", "3")
        assert await crm_holds(world, "1", "3")
        assert await world.problems() == {}

    play(story)


def test_removed_in_the_erp_and_edited_in_the_crm_the_edit_wins_with_a_notice() -> None:
    async def story(world: QuietWorld) -> None:
        await an_order(world, "1", "2")
        _, rows = await rows_in_the_erp(world)
        (line,) = [each for each in await crm_lines(world) if float(each["quantity"]) == 2]

        await save_in_the_erp(world, {"FEntryID": rows[1.0]})
        await world.crm.update(LINES, line["_id"], quantity="9")
        await world.until(lambda: erp_holds(world, "1", "9"), "the row is back")
        await world.rest(120)

        assert await crm_holds(world, "1", "9")
        assert len(await world.world.told_of(NoticeKind.LINE_RETURNED)) == 1
        assert await world.problems() == {}

    play(story, REOPENS)


def test_removed_in_the_crm_and_edited_in_the_erp_the_edit_wins_with_a_notice() -> None:
    async def story(world: QuietWorld) -> None:
        order = await an_order(world, "1", "2")
        _, rows = await rows_in_the_erp(world)

        await remove_in_the_crm(world, "2")
        await save_in_the_erp(world, {"FEntryID": rows[1.0]}, {"FEntryID": rows[2.0], "FQty": 8})
        await world.crm.update("SalesOrderObj", order, remark="少一行")
        await world.until(lambda: crm_holds(world, "1", "8"), "the line is back")
        await world.rest(120)

        assert await erp_holds(world, "1", "8")
        assert len(await world.world.told_of(NoticeKind.LINE_RETURNED)) == 1
        back = next(each for each in await crm_lines(world) if float(each["quantity"]) == 8)
        assert back["anji_line__c"] == str(rows[2.0])
        assert await world.problems() == {}

    play(story, REOPENS)


def test_a_line_of_an_audited_order_stays_where_the_erp_refuses_and_its_words_are_told() -> None:
    async def story(world: QuietWorld) -> None:
        order = await an_order(world, "1", "2")

        await remove_in_the_crm(world, "2")
        await world.crm.update("SalesOrderObj", order, remark="少一行")
        await world.rest(120)

        assert await erp_holds(world, "1", "2")
        (problem,) = (await world.problems()).values()
        assert "已审核" in problem.words

    play(story)


def test_a_row_that_a_person_adds_in_the_erp_is_a_marked_line_of_the_crm() -> None:
    async def story(world: QuietWorld) -> None:
        await an_order(world, "1")
        _, rows = await rows_in_the_erp(world)
        product = {"FMaterialId": {"FNumber": "P-1"}, "FUnitID": {"FNumber": "Pcs"}}
        new = {**product, "FQty": 4, "FTaxPrice": 10, "FDeliveryDate": "2026-01-10"}

        await save_in_the_erp(world, {"FEntryID": rows[1.0]}, new)
        await world.until(lambda: crm_holds(world, "1", "4"), "the line is made")
        await world.rest(120)

        _, rows = await rows_in_the_erp(world)
        line = next(each for each in await crm_lines(world) if float(each["quantity"]) == 4)
        assert line["anji_line__c"] == str(rows[4.0])
        assert await crm_holds(world, "1", "4")

    play(story)


def test_an_edit_of_lines_that_was_cut_off_overwrites_no_line_that_a_person_edits() -> None:
    async def story(world: QuietWorld) -> None:
        await an_order(world, "1", "2")
        _, rows = await rows_in_the_erp(world)
        first, second = sorted(await crm_lines(world), key=lambda each: float(each["quantity"]))
        faults = world.world.vendors.networks[System.FXIAOKE].faults
        cut_off = Fault(kind="drop_before", endpoint="*/data/update", contains=second["_id"])
        faults.add(cut_off)

        await save_in_the_erp(
            world, {"FEntryID": rows[1.0], "FQty": 11}, {"FEntryID": rows[2.0], "FQty": 12}
        )
        await world.until(lambda: crm_holds(world, "11", "2"), "the first line is written")
        await world.crm.update(LINES, first["_id"], quantity="20")
        await world.until(lambda: erp_holds(world, "20", "12"), "the person's edit flows")
        await world.rest(300)

        assert await crm_holds(world, "20", "12")
        assert await erp_holds(world, "20", "12")
        assert await world.problems() == {}

    play(story, REOPENS)
