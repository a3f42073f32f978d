"""Directed histories: one accident each, on an installation where all else is quiet.

Some rules prevent accidents that chance meets too rarely to show what they are good for. Each
history here brings one about, step by step: with all rules it ends well, and without its rule
(`CONTROLS`) it does not.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from anji.simulation.controls import RULE_BOOK, RuleBook
from anji.simulation.directed_rules import MORE
from anji.simulation.run import FIRST_CALM_SECONDS
from anji.simulation.scene import PATIENCE_SECONDS, QUERIES, REST_SECONDS, SAVES, Scene
from anji.simulation.world import World
from anji_common.events.notices import NoticeKind
from anji_common.refs import System
from anji_common.testing.virtual_time import run_virtually
from anji_mapper.mapping.model import Mappings
from anji_sandbox.faults import Fault

__all__ = ["HISTORIES", "History", "play"]

_SEED = 12
"""Four partitions, and polls of 5 s."""
_PAIRS = 8
"""So many orders that one of them lives with another mapper than its customer."""
_MS = 1000
_LINES = "SalesOrderProductObj"
_ENTRY_ID = "FSaleOrderEntry_FEntryId"
_NO = 30001
"""Any code that no table tells otherwise refuses one record."""


async def _an_old_read_comes_late(scene: Scene) -> bool:
    """The ERP was read before our write, and what was read is published after the result."""
    crm_id, erp_id = await scene.customer("Ann")
    late = Fault(kind="delay", endpoint=QUERIES, contains="BD_Customer", delay_seconds=8.0)
    await scene.erp.change("BD_Customer", {"FCUSTID": erp_id, "FDescription": "x"})
    scene.faults(System.K3CLOUD).add(late)
    await scene.struck(System.K3CLOUD)
    await scene.crm.update("AccountObj", crm_id, name="Bea")
    before = scene.world.vendors.writes[System.FXIAOKE]
    await scene.sleep(REST_SECONDS)
    written = scene.world.vendors.writes[System.FXIAOKE] - before
    return await scene.names(crm_id) == {"Bea"} and written == 1  # the remark, and no revert


async def _an_edit_after_a_write_whose_answer_was_lost(scene: Scene) -> bool:
    """The write took effect, and a person changed what it had written: nobody loses it unheard."""
    crm_id, erp_id = await scene.customer("Ann")
    scene.faults(System.K3CLOUD).add(Fault(kind="drop_after", endpoint=SAVES))
    await scene.crm.update("AccountObj", crm_id, name="Bea")
    await scene.struck(System.K3CLOUD)
    await scene.erp.change("BD_Customer", {"FCUSTID": erp_id, "FName": "Cid"})
    await scene.sleep(REST_SECONDS)
    told = await scene.world.told_of(NoticeKind.CONFLICT_DECIDED)
    return await scene.names(crm_id) == {"Cid"} or any(
        notice.details.get("field") == "name~FName" for notice in told
    )


async def _a_writer_dies_while_the_vendor_is_slow(scene: Scene) -> bool:
    """The vendor makes the record only after the writer's successor has looked for it."""
    slow = Fault(kind="commit_late", endpoint=SAVES, delay_seconds=15.0)
    scene.faults(System.K3CLOUD).add(slow)
    await scene.crm.create("AccountObj", {"name": "Ann", "tel": "1"})
    await scene.struck(System.K3CLOUD)
    writer = scene.world.processes["k3cloud-writer"]
    await writer.kill()
    writer.start()
    await scene.sleep(REST_SECONDS)
    return len(await scene.customers("Ann")) == 1


async def _a_mapper_dies_when_what_it_waits_for_has_come(scene: Scene) -> bool:
    """Orders wait for their customers; the rows come while the mapper of some stands still."""
    product = await scene.crm.create("ProductObj", {"name": "P", "product_code": "P"})
    await scene.sleep(PATIENCE_SECONDS)
    other = scene.world.stand_in("mapper", by_force=False)
    writer = scene.world.processes["k3cloud-writer"]
    writer.freeze()
    for number in range(_PAIRS):
        customer = await scene.crm.create("AccountObj", {"name": f"C{number}", "tel": "1"})
        head = {
            "name": f"SO{number}",
            "account_id": customer,
            "order_time": int(scene.world.clock.now().timestamp() * _MS),
        }
        line = {"product_id": product, "quantity": "1", "sales_price": "1"}
        await scene.crm.create("SalesOrderObj", head, {"SalesOrderProductObj": [line]})
    await scene.sleep(PATIENCE_SECONDS / 2)
    other.freeze()
    writer.thaw()
    await scene.sleep(PATIENCE_SECONDS)
    await other.kill()
    await scene.sleep(REST_SECONDS)
    return len(await scene.erp.every("SAL_SaleOrder", ["FBillNo"])) >= _PAIRS


async def _a_line_is_removed_here_and_edited_there(scene: Scene) -> bool:
    """Neither of two people knows of the other: what was edited is there, on both sides."""
    product = await scene.crm.create("ProductObj", {"name": "P", "product_code": "P"})
    customer, _ = await scene.customer("Ann")
    moment = int(scene.world.clock.now().timestamp() * _MS)
    head = {"name": "SO1", "account_id": customer, "order_time": moment}
    lines = [{"product_id": product, "quantity": each, "sales_price": "1"} for each in "12"]
    order = await scene.crm.create("SalesOrderObj", head, {_LINES: lines})
    await scene.sleep(PATIENCE_SECONDS)
    row = (await scene.erp.every("SAL_SaleOrder", ["FID", _ENTRY_ID], "FQty=2"))[0]
    scene.world.processes["mapper"].freeze()
    line = next(each for each in await scene.crm.every(_LINES) if float(each["quantity"]) > 1)
    about = {"dataObjectApiName": _LINES}
    await scene.crm.call("data/invalid", {**about, "object_data_id": line["_id"]})
    await scene.crm.call("data/delete", {**about, "idList": [line["_id"]]})
    await scene.crm.update("SalesOrderObj", order, remark="one line less")
    await scene.erp.do("UnAudit", "SAL_SaleOrder", {"Numbers": ["SO1"]})
    edited = [{"FEntryID": row[_ENTRY_ID], "FQty": 9}]
    await scene.erp.save(
        "SAL_SaleOrder", {"FID": row["FID"], "FSaleOrderEntry": edited}, IsDeleteEntry="false"
    )
    scene.world.processes["mapper"].thaw()
    await scene.sleep(REST_SECONDS)
    ours = [float(each["quantity"]) for each in await scene.crm.every(_LINES)]
    theirs = [each["FQty"] for each in await scene.erp.every("SAL_SaleOrder", ["FID", "FQty"])]
    return sorted(ours) == sorted(theirs) == [1.0, 9.0]


async def _one_of_two_new_lines_is_refused(scene: Scene) -> bool:
    """The other one was made, and its row is edited meanwhile: it is not made again."""
    number = await scene.audited_order()
    (row,) = await scene.erp.every("SAL_SaleOrder", ["FID", _ENTRY_ID])
    head = {"FID": row["FID"]}
    pieces = {key: {"FNumber": "Pcs"} for key in ("FUnitID", "FPriceUnitId", "FStockUnitID")}
    day = {"FDeliveryDate": "2026-01-05", "FMaterialId": {"FNumber": "P"}, **pieces}
    new = [{**day, "FQty": each, "FTaxPrice": each} for each in (6, 7)]
    writer = scene.world.processes["fxiaoke-writer"]
    writer.freeze()
    await scene.erp.do("UnAudit", "SAL_SaleOrder", {"Numbers": [number]})
    await scene.erp.save("SAL_SaleOrder", {**head, "FSaleOrderEntry": new}, IsDeleteEntry="false")
    await scene.sleep(PATIENCE_SECONDS / 2)
    rows = await scene.erp.every("SAL_SaleOrder", [_ENTRY_ID, "FTaxPrice"], "FTaxPrice=6")
    edited = [{"FEntryID": rows[0][_ENTRY_ID], "FQty": 9}]
    await scene.erp.save(
        "SAL_SaleOrder", {**head, "FSaleOrderEntry": edited}, IsDeleteEntry="false"
    )
    await scene.sleep(PATIENCE_SECONDS / 2)
    no = Fault(kind="code", endpoint="*/data/create", contains='"quantity":"7"', code=_NO)
    scene.faults(System.FXIAOKE).add(no)
    source = scene.world.processes["fxiaoke-source"]
    source.freeze()  # it has not read the first line when the refusal of the second is told
    writer.thaw()
    await scene.sleep(PATIENCE_SECONDS / 2)
    source.thaw()
    await scene.sleep(REST_SECONDS)
    ours = [float(each["quantity"]) for each in await scene.crm.every(_LINES)]
    return scene.faults(System.FXIAOKE).hits == 1 and sorted(ours) == [1.0, 7.0, 9.0]


@dataclass(frozen=True, slots=True)
class History:
    """One accident, and the rule that prevents it."""

    control: str
    """Of `CONTROLS`."""
    runs: Callable[[Scene], Awaitable[bool]]
    """Plays it; returns whether it ended well."""


HISTORIES: Mapping[str, History] = {
    each.control: each
    for each in (
        History("floor", _an_old_read_comes_late),
        History("waiting", _a_mapper_dies_when_what_it_waits_for_has_come),
        History("base", _an_edit_after_a_write_whose_answer_was_lost),
        History("line edit", _a_line_is_removed_here_and_edited_there),
        History("line half made", _one_of_two_new_lines_is_refused),
        History("attempts", _a_writer_dies_while_the_vendor_is_slow),
        *(History(control, runs) for control, runs in MORE.items()),
    )
}


def play(history: History, mappings: Mappings, rules: RuleBook = RULE_BOOK) -> bool:
    """Return whether a history ends well under these rules."""
    return run_virtually(_played(history, mappings, rules))


async def _played(history: History, mappings: Mappings, rules: RuleBook) -> bool:
    async with World.begun(_SEED, mappings, rules) as world:
        await world.clock.sleep(FIRST_CALM_SECONDS)
        return await history.runs(Scene(world))
