"""Close, un-audit, void, cancel, delete and merge, by a real `anji up` over HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from anji.people import CrmUser, ErpUser, Json
from labs.installation import StillNotError, begun, company, until
from labs.typed import asked

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

_NINE_MS = 1_767_574_800_000
_CONFIG = """\
[mapping.sales_order]
closes = "yes"
closed_back = "yes"
status_back = "yes"
"""
_SOON = {
    # The ERP's states move no date, and what is gone shows in no window: the patrol finds both.
    "ANJI_K3CLOUD_PATROL_SECONDS": "2",
    "ANJI_K3CLOUD_CONFIRM_SECONDS": "1",
    "ANJI_FXIAOKE_PATROL_SECONDS": "2",
    "ANJI_FXIAOKE_CONFIRM_SECONDS": "1",
}


@dataclass
class Both:
    """The people of both systems, and Anji's command line."""

    settings: Mapping[str, str]
    crm: CrmUser
    erp: ErpUser

    async def until_erp(self, form: str, number: str, **wanted: str) -> None:
        key = "FBillNo" if form.startswith("SAL_") else "FNumber"

        async def is_so() -> bool:
            rows = await self.erp.every(form, [key, *wanted], f"{key}='{number}'")
            return [{path: row[path] for path in wanted} for row in rows] == [wanted]

        await until(is_so, f"{form} {number} {wanted}")

    async def until_crm(self, name: str, record_id: str, **wanted: object) -> None:
        async def is_so() -> bool:
            found = await self.record(name, record_id)
            return {path: found.get(path) for path in wanted} == wanted

        await until(is_so, f"{name} {wanted}")

    async def until_void(self, name: str, record_id: str) -> None:
        async def is_void() -> bool:  # a query may leave voided records out
            found = await self.record(name, record_id)
            return not found or found["life_status"] == "invalid"

        await until(is_void, f"{name} {record_id} is void")

    async def record(self, name: str, record_id: str) -> Json:
        found = [each for each in await self.crm.every(name) if each["_id"] == record_id]
        return found[0] if found else {}

    async def void(self, name: str, record_id: str) -> None:
        about = {"dataObjectApiName": name, "object_data_id": record_id}
        await self.crm.call("data/invalid", about)

    async def until_told(self, words: str, *command: str) -> str:
        """Wait until a command shows these words, and return what it shows."""
        shown = ""

        async def is_told() -> bool:
            nonlocal shown
            shown = await asked(self.settings, *command)
            return words in shown

        try:
            await until(is_told, f"anji {' '.join(command)}: {words}")
        except StillNotError as error:
            error.add_note(shown)
            raise
        return shown

    async def order(self, number: str, customer: str, product: str) -> str:
        line = {"product_id": product, "quantity": "5", "sales_price": "10"}
        head = {"name": number, "account_id": customer, "order_time": _NINE_MS}
        order = await self.crm.create("SalesOrderObj", head, {"SalesOrderProductObj": [line]})
        await self.until_erp("SAL_SaleOrder", number, FDocumentStatus="C", FCloseStatus="A")
        return order


async def closed_and_unaudited(both: Both, order: str) -> None:
    """Close and open from either side; un-audit, edit and audit again."""
    crm, erp = both.crm, both.erp
    await crm.update("SalesOrderObj", order, closed__c="true")
    await both.until_erp("SAL_SaleOrder", "DD-1", FCloseStatus="B")
    await both.until_crm("SalesOrderObj", order, erp_closed__c="已关闭")
    await crm.update("SalesOrderObj", order, closed__c="")
    await both.until_erp("SAL_SaleOrder", "DD-1", FCloseStatus="A")
    await both.until_crm("SalesOrderObj", order, erp_closed__c="未关闭")

    await erp.operate("SAL_SaleOrder", "DD-1", "YLBillClose")
    await both.until_crm("SalesOrderObj", order, erp_closed__c="已关闭", erp_status__c="已审核")
    await erp.operate("SAL_SaleOrder", "DD-1", "YLUnBillClose")
    await both.until_crm("SalesOrderObj", order, erp_closed__c="未关闭")

    await erp.do("UnAudit", "SAL_SaleOrder", {"Numbers": ["DD-1"]})
    await both.until_crm("SalesOrderObj", order, erp_status__c="重新审核")
    await crm.update("SalesOrderObj", order, remark="趁现在")
    await both.until_erp("SAL_SaleOrder", "DD-1", FNote="趁现在", FDocumentStatus="D")
    await erp.finish("SAL_SaleOrder", "DD-1")
    await both.until_crm("SalesOrderObj", order, erp_status__c="已审核")


async def voided_and_cancelled(both: Both, order: str) -> None:
    """Void in the CRM and recover; cancel in the ERP and take that back."""
    await both.void("SalesOrderObj", order)
    await both.until_erp("SAL_SaleOrder", "DD-1", FCancelStatus="B", FDocumentStatus="D")
    about = {"dataObjectApiName": "SalesOrderObj", "idList": [order]}
    await both.crm.call("data/recover", about)
    await both.until_erp("SAL_SaleOrder", "DD-1", FCancelStatus="A", FDocumentStatus="D")
    await both.until_crm("SalesOrderObj", order, life_status="normal")

    await both.erp.operate("SAL_SaleOrder", "DD-1", "Cancel")
    await both.until_void("SalesOrderObj", order)
    await both.erp.operate("SAL_SaleOrder", "DD-1", "UnCancel")
    await both.until_crm("SalesOrderObj", order, life_status="normal")


async def merged(both: Both, loser: str, kept: str, product: str) -> None:
    """Merge two customers; the loser's ERP record is forbidden once a person has approved."""
    order = await both.order("DD-2", loser, product)
    await both.erp.do("UnAudit", "SAL_SaleOrder", {"Numbers": ["DD-2"]})
    await both.until_crm("SalesOrderObj", order, erp_status__c="重新审核")
    await both.crm.update("SalesOrderObj", order, account_id=kept)
    await both.void("AccountObj", loser)
    key = f"fxiaoke/AccountObj/{loser}"
    await both.until_told(key, "problems", "list")
    await both.until_erp("BD_Customer", "C-1", FForbidStatus="A")
    said = await asked(both.settings, "problems", "decide", key, "is:void", "crm")
    assert "--apply decides it" in said
    await asked(both.settings, "problems", "decide", key, "is:void", "crm", "--apply")
    await both.until_erp("BD_Customer", "C-1", FForbidStatus="B")
    await both.until_erp("BD_Customer", "C-2", FForbidStatus="A")

    rows = await both.erp.every("SAL_SaleOrder", ["FBillNo", "FCustId.FNumber"])
    customers = {row["FBillNo"]: row["FCustId.FNumber"] for row in rows}
    assert customers["DD-2"] == "C-2"


async def deleted_while_edited(both: Both, customer: str) -> None:
    """Delete in the CRM and edit in the ERP at once: a person says which of both holds."""
    (row,) = await both.erp.every("BD_Customer", ["FCUSTID"], "FNumber='C-3'")
    await both.void("AccountObj", customer)
    await both.erp.change("BD_Customer", {"FCUSTID": row["FCUSTID"], "FTEL": "erp"})
    about = {"dataObjectApiName": "AccountObj", "idList": [customer]}
    await both.crm.call("data/delete", about)
    key = f"fxiaoke/AccountObj/{customer}"
    await both.until_told(key, "deletes", "list")
    await asked(both.settings, "deletes", "refuse", key, "--apply")
    await both.until_told("no delete waits", "deletes", "list")
    await both.until_erp("BD_Customer", "C-3", FTEL="erp", FForbidStatus="A")


async def test_states_deletes_and_a_merge_go_over_http_as_people_decide(tmp_path: Path) -> None:
    config = tmp_path / "anji.toml"
    config.write_text(_CONFIG)
    async with company(tmp_path) as two, two.people() as (crm, erp, _):
        settings = {**two.settings, **_SOON, "ANJI_CONFIG": str(config)}
        both = Both(settings, crm, erp)
        async with begun(settings, tmp_path / "anji.log"):
            made = [
                await crm.create("AccountObj", {"name": f"客户{n}", "erp_number__c": f"C-{n}"})
                for n in range(1, 5)
            ]
            fields = {"name": "螺丝", "product_code": "P-1", "price": "2"}
            product = await crm.create("ProductObj", fields)
            for number in range(1, 5):
                await both.until_erp("BD_Customer", f"C-{number}", FForbidStatus="A")
            order = await both.order("DD-1", made[1], product)

            await closed_and_unaudited(both, order)
            await voided_and_cancelled(both, order)
            await merged(both, made[0], made[1], product)
            await deleted_while_edited(both, made[2])

            await both.until_told("no link has a problem", "problems", "list")
