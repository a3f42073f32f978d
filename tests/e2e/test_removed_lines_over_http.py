"""Lines that people remove, by a real `anji up` between both sandboxes over HTTP."""

from pathlib import Path

import pytest

from anji.people import CrmUser, ErpUser, Json
from anji_mapper.mapping.folder import find_folder
from labs.installation import begun, company, until
from labs.mapping_files import changed
from labs.typed import asked

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

LINES = "SalesOrderProductObj"
_NINE_MS = 1_767_574_800_000


def reopening(folder: Path) -> Path:
    """Return a folder with the shipped mappings, where a changed order is audited again."""
    made = folder / "mappings"
    made.mkdir()
    for path in find_folder().glob("*.yaml"):
        text = path.read_text()
        if path.name == "sales_order.yaml":
            text = changed(text, "on_audited: refuse", "on_audited: reopen")
        (made / path.name).write_text(text)
    return made


async def in_the_crm(crm: CrmUser) -> dict[float, Json]:
    lines = await crm.every(LINES)
    return {float(each["quantity"]): each for each in lines if each["life_status"] == "normal"}


async def in_the_erp(erp: ErpUser) -> dict[float, int]:
    """Return the rows of the one order, once it is audited: quantity → entry id."""
    keys = ["FID", "FDocumentStatus", "FQty", "FSaleOrderEntry_FEntryId"]
    rows = await erp.every("SAL_SaleOrder", keys)
    return {row["FQty"]: row[keys[3]] for row in rows if row["FDocumentStatus"] == "C"}


async def remove_in_the_crm(crm: CrmUser, quantity: float) -> None:
    line = (await in_the_crm(crm))[quantity]
    about = {"dataObjectApiName": LINES}
    await crm.call("data/invalid", {**about, "object_data_id": line["_id"]})
    await crm.call("data/delete", {**about, "idList": [line["_id"]]})


async def save_in_the_erp(
    erp: ErpUser, rows: dict[float, int], edited: dict[float, float]
) -> None:
    """Keep these rows, by a person who takes the audit back for it."""
    (row, *_) = await erp.every("SAL_SaleOrder", ["FID"])
    kept = [
        {"FEntryID": entry, "FQty": edited.get(quantity, quantity)}
        for quantity, entry in rows.items()
    ]
    await erp.do("UnAudit", "SAL_SaleOrder", {"Numbers": ["DD-1"]})
    await erp.save("SAL_SaleOrder", {"FID": row["FID"], "FSaleOrderEntry": kept})
    await erp.finish("SAL_SaleOrder", "DD-1")


async def test_lines_that_people_remove_go_on_the_other_side_or_come_back(tmp_path: Path) -> None:
    async with company(tmp_path) as both, both.people() as (crm, erp, _):
        settings = {**both.settings, "ANJI_MAPPINGS_DIR": str(reopening(tmp_path))}

        async def until_both_hold(*quantities: float) -> None:
            async def is_so() -> bool:
                found = (sorted(await in_the_crm(crm)), sorted(await in_the_erp(erp)))
                return found == ([*quantities], [*quantities])

            await until(is_so, f"both sides hold {quantities}")

        async with begun(settings, tmp_path / "anji.log"):
            account = await crm.create("AccountObj", {"name": "示例公司", "tel": "1"})
            fields = {"name": "螺丝", "product_code": "M-1", "price": "2"}
            product = await crm.create("ProductObj", fields)
            head = {"name": "DD-1", "account_id": account, "order_time": _NINE_MS}
            lines = [
                {"product_id": product, "quantity": str(each), "sales_price": "2"}
                for each in (1, 2, 3, 4)
            ]
            order = await crm.create("SalesOrderObj", head, {LINES: lines})
            await until_both_hold(1, 2, 3, 4)

            await remove_in_the_crm(crm, 2)
            await crm.update("SalesOrderObj", order, remark="少一行")
            await until_both_hold(1, 3, 4)

            rows = await in_the_erp(erp)
            del rows[3]
            await save_in_the_erp(erp, rows, {})
            await until_both_hold(1, 4)

            await remove_in_the_crm(crm, 4)
            await save_in_the_erp(erp, rows, {4: 9})
            await crm.update("SalesOrderObj", order, remark="再少一行")
            await until_both_hold(1, 9)

            shown = {**settings, "COLUMNS": "200"}
            problems = await asked(shown, "problems", "list", within_seconds=60)
            assert "no link has a problem" in problems
