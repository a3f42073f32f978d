"""Lines edited, removed and added in one change, so that each looks like another one's past."""

import pytest

from anji.people import Json
from anji_common.refs import System
from labs.quiet_world import DAY_MS, QuietWorld, play

pytestmark = pytest.mark.timeout(240)

REOPENS = {"sales_order": {"on_audited": "reopen"}}
LINES, ENTRY = "SalesOrderProductObj", "FSaleOrderEntry"


async def an_order(world: QuietWorld) -> tuple[str, str, dict[str, str]]:
    """Return product, order and its lines by quantity (1, 2 and 3), audited in the ERP."""
    product = await world.product("P-1")
    customer = await world.customer("C-1")
    lines = [{"product_id": product, "quantity": each, "sales_price": "10"} for each in "123"]
    head = {"name": "DD-1", "account_id": customer, "order_time": DAY_MS}
    order = await world.crm.create("SalesOrderObj", head, {LINES: lines})

    async def is_audited() -> bool:
        rows = await erp_rows(world)
        return {each["FDocumentStatus"] for each in rows} == {"C"} and len(rows) == 3

    await world.until(is_audited, "DD-1 audited")
    await world.rest()
    return product, order, {quantity: line for line, quantity in (await crm_lines(world)).items()}


async def erp_rows(world: QuietWorld) -> list[Json]:
    fields = "FID,FDocumentStatus,FQty,F_ANJI_LINE,FSaleOrderEntry_FEntryId"
    return await world.erp_rows("SAL_SaleOrder", fields)


async def crm_lines(world: QuietWorld) -> dict[str, str]:
    """Return each line's quantity by its id."""
    return {
        each["_id"]: f"{float(each['quantity']):g}"
        for each in await world.crm.every(LINES)
        if each["life_status"] == "normal"
    }


async def come_to(world: QuietWorld, *quantities: str) -> tuple[dict[str, str], dict[str, str]]:
    """Wait until both sides hold lines with these quantities, for good.

    Returns quantities by CRM line id: as the CRM holds them, and as marked rows of the ERP do.
    """

    async def agree() -> bool:
        lines, rows = await crm_lines(world), await erp_rows(world)
        held = [sorted(lines.values()), sorted(f"{row['FQty']:g}" for row in rows)]
        return held == [sorted(quantities)] * 2

    await world.until(agree, f"both sides hold {quantities}")
    await world.rest(300)
    assert await agree()
    assert await world.problems() == {}
    rows = await erp_rows(world)
    return await crm_lines(world), {row["F_ANJI_LINE"]: f"{row['FQty']:g}" for row in rows}


@pytest.mark.parametrize("renumbers", [False, True])
@pytest.mark.parametrize("like_the_removed", [False, True])
def test_lines_that_people_mix_in_the_crm_are_the_same_lines_in_the_erp(
    *, renumbers: bool, like_the_removed: bool
) -> None:
    async def story(world: QuietWorld) -> None:
        world.world.vendors.erp.switches.renumbers_entry_ids = renumbers
        product, order, lines = await an_order(world)
        about = {"dataObjectApiName": LINES}
        quantity = "3" if like_the_removed else "1"

        await world.crm.update(LINES, lines["1"], quantity="2")
        await world.crm.update(LINES, lines["2"], quantity="1")
        await world.crm.call("data/invalid", {**about, "object_data_id": lines["3"]})
        await world.crm.call("data/delete", {**about, "idList": [lines["3"]]})
        new = {"product_id": product, "quantity": quantity, "sales_price": "10"}
        added = await world.crm.create(LINES, {**new, "order_id": order})
        await world.crm.update("SalesOrderObj", order, remark="换行")

        _, rows = await come_to(world, "1", "2", quantity)
        assert (rows[lines["1"]], rows[lines["2"]]) == ("2", "1")
        # A line removed and typed again is the row that stands: nothing is written for it.
        assert (lines["3"] if like_the_removed else added) in rows

        await world.crm.update(LINES, added, quantity="7")
        _, rows = await come_to(world, "1", "2", "7")
        assert (rows[lines["1"]], rows[lines["2"]]) == ("2", "1")

    play(story, REOPENS)


@pytest.mark.parametrize("renumbers", [False, True])
@pytest.mark.parametrize("like_the_removed", [False, True])
def test_rows_that_people_mix_in_the_erp_are_the_same_lines_in_the_crm(
    *, renumbers: bool, like_the_removed: bool
) -> None:
    async def story(world: QuietWorld) -> None:
        world.world.vendors.erp.switches.renumbers_entry_ids = renumbers
        _, _, lines = await an_order(world)
        quantity = "3" if like_the_removed else "1"
        rows = {f"{row['FQty']:g}": row for row in await erp_rows(world)}
        one, two = (rows[each]["FSaleOrderEntry_FEntryId"] for each in "12")

        await world.erp.do("UnAudit", "SAL_SaleOrder", {"Numbers": ["DD-1"]})
        product = {"FMaterialId": {"FNumber": "P-1"}, "FUnitID": {"FNumber": "Pcs"}}
        new = {**product, "FQty": int(quantity), "FTaxPrice": 10, "FDeliveryDate": "2026-01-10"}
        entry = [{"FEntryID": one, "FQty": 2}, {"FEntryID": two, "FQty": 1}, new]
        await world.erp.save("SAL_SaleOrder", {"FID": rows["1"]["FID"], ENTRY: entry})
        await world.erp.finish("SAL_SaleOrder", "DD-1")

        held, _ = await come_to(world, "1", "2", quantity)
        assert (held[lines["1"]], held[lines["2"]]) == ("2", "1")
        (third,) = set(held) - {lines["1"], lines["2"]}
        assert (third == lines["3"]) is like_the_removed

        await world.crm.update(LINES, third, quantity="9")
        await world.probe(System.FXIAOKE, "SalesOrderObj")
        held, rows_now = await come_to(world, "1", "2", "9")
        assert held == {lines["1"]: "2", lines["2"]: "1", third: "9"}
        assert (rows_now[lines["1"]], rows_now[lines["2"]]) == ("2", "1")

    play(story, REOPENS)
