"""More directed histories: of rules whose accidents need several coincidences at once."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from anji.looking import Links, decision
from anji.simulation.scene import PATIENCE_SECONDS, REST_SECONDS, SAVES, Scene
from anji_common.events.notices import NoticeKind
from anji_common.events.signals import SignalKind
from anji_common.refs import System
from anji_common.runtime import Runtime
from anji_common.sourcing.signalling import ask_source
from anji_common.topics import attempts_topic
from anji_mapper.link.state import ProblemKind
from anji_sandbox.faults import Fault

__all__ = ["MORE"]

_CUSTOMER = "BD_Customer"
_FREEZE_SECONDS = 100.0
"""Longer than a simulation's quarantine: whoever takes over writes again meanwhile."""


async def _both(scene: Scene, crm_id: str, erp_id: int, ours: str, theirs: str) -> tuple[str, str]:
    """Return a field of a customer as the CRM and as the ERP hold it."""
    found = [one for one in await scene.crm.every("AccountObj") if one["_id"] == crm_id]
    rows = await scene.erp.every(_CUSTOMER, ["FCUSTID", theirs], f"FCUSTID={erp_id}")
    return str(found[0].get(ours) or ""), str(rows[0][theirs] or "")


def _late_reads() -> Fault:
    """The next read of customers in the CRM is answered after several polls of the ERP."""
    return Fault(kind="delay", endpoint="*/data/query", contains="AccountObj", delay_seconds=20.0)


async def _a_read_from_before_our_write_shows_a_persons_edit(scene: Scene) -> bool:
    """It is published after our write's answer: its other fields look like a revert."""
    crm_id, erp_id = await scene.customer("Ann")
    scene.faults(System.FXIAOKE).add(_late_reads())
    await scene.crm.update("AccountObj", crm_id, remark="x")
    await scene.struck(System.FXIAOKE)
    await scene.erp.change(_CUSTOMER, {"FCUSTID": erp_id, "FTEL": "2"})
    before = scene.world.vendors.writes[System.K3CLOUD]
    await scene.sleep(REST_SECONDS)
    written = scene.world.vendors.writes[System.K3CLOUD] - before
    return await _both(scene, crm_id, erp_id, "tel", "FTEL") == ("2", "2") and written == 1


async def _what_came_of_a_write_in_doubt_is_edited(scene: Scene) -> bool:
    """The ERP trimmed it, a source read that, and a person went on from there: no conflict."""
    crm_id, erp_id = await scene.customer("Ann")
    writer = scene.world.processes["k3cloud-writer"]
    scene.faults(System.K3CLOUD).add(Fault(kind="drop_after", endpoint=SAVES))
    await scene.crm.update("AccountObj", crm_id, name=" Bea ")
    await scene.struck(System.K3CLOUD)
    writer.freeze()
    await scene.sleep(PATIENCE_SECONDS / 2)
    await scene.erp.change(_CUSTOMER, {"FCUSTID": erp_id, "FName": "Cid"})
    writer.thaw()
    await scene.sleep(REST_SECONDS)
    told = await scene.world.told_of(NoticeKind.CONFLICT_DECIDED)
    return await scene.names(crm_id) == {"Cid"} and not told


async def _a_frozen_writer_thaws_after_its_successor_wrote(scene: Scene) -> bool:
    """It stood still between its attempt and its call, for longer than the quarantine."""
    broker, topic = scene.world.broker, attempts_topic(System.K3CLOUD)
    reader = await broker.reader(topic, dict(await broker.ends(topic)))
    writer = scene.world.processes["k3cloud-writer"]

    async def freeze() -> None:
        while not await reader.poll(wait_seconds=PATIENCE_SECONDS):
            pass
        writer.freeze()

    watcher = asyncio.create_task(freeze())
    await scene.crm.create("AccountObj", {"name": "Ann", "tel": "1"})
    await watcher
    await reader.close()
    await scene.sleep(1.0)
    other = scene.world.stand_in("k3cloud-writer", by_force=True)
    await scene.sleep(_FREEZE_SECONDS)
    writer.thaw()
    await scene.sleep(1.0)
    await other.kill()
    await scene.sleep(REST_SECONDS)
    return len(await scene.customers("Ann")) == 1


async def _the_erp_cuts_blanks(scene: Scene) -> bool:
    """What came back is how the ERP writes what we sent, and no edit of anybody."""
    crm_id, erp_id = await scene.customer("Ann")
    before = scene.world.vendors.writes[System.FXIAOKE]
    await scene.crm.update("AccountObj", crm_id, remark=" x ")
    await scene.sleep(REST_SECONDS)
    written = scene.world.vendors.writes[System.FXIAOKE] - before
    held = await _both(scene, crm_id, erp_id, "remark", "FDescription")
    return held == (" x ", "x") and written == 1  # the person's


async def _a_workflow_rewrites_what_we_write(scene: Scene) -> bool:
    """The second time it is known for what the CRM makes of it, and stays there."""
    crm_id, erp_id = await scene.customer("Ann")
    scene.world.vendors.crm.switches.workflow_changes = {"AccountObj": {"remark": "W"}}
    for words in ("x", "x"):
        await scene.erp.change(_CUSTOMER, {"FCUSTID": erp_id, "FDescription": words})
        await scene.sleep(REST_SECONDS)
    return await _both(scene, crm_id, erp_id, "remark", "FDescription") == ("W", "x")


async def _a_poll_sees_our_record_before_the_result(scene: Scene) -> bool:
    """It carries our marker: it begins no counterpart of its own."""
    slow = Fault(kind="delay", endpoint=SAVES, contains="BD_MATERIAL", delay_seconds=20.0)
    scene.faults(System.K3CLOUD).add(slow)
    await scene.crm.create("ProductObj", {"name": "P", "price": "1"})
    await scene.sleep(REST_SECONDS)
    codes = [one.get("product_code") for one in await scene.crm.every("ProductObj")]
    return len(codes) == 1 and bool(codes[0])


async def _the_holder_of_a_partner_is_deleted(scene: Scene) -> bool:
    """Whoever was refused that partner gets it, once a person has said that it is deleted."""
    crm_id, erp_id = await scene.customer("Ann")
    rows = await scene.erp.every(_CUSTOMER, ["FCUSTID", "FNumber"], f"FCUSTID={erp_id}")
    number = rows[0]["FNumber"]
    await scene.crm.create("AccountObj", {"name": "Bea", "tel": "1", "erp_number__c": number})
    await scene.sleep(REST_SECONDS)
    refused = await scene.customers("Bea")
    about = {"dataObjectApiName": "AccountObj"}
    await scene.crm.call("data/invalid", {**about, "object_data_id": crm_id})
    await scene.crm.call("data/delete", {**about, "idList": [crm_id]})
    await _probe(scene, "AccountObj")
    await scene.sleep(REST_SECONDS)
    await _decide(scene, f"fxiaoke/AccountObj/{crm_id}", "is:deleted")
    await scene.sleep(REST_SECONDS)
    return not refused and [row["FCUSTID"] for row in await scene.customers("Bea")] == [erp_id]


async def _what_nobody_has_read_is_deleted(scene: Scene) -> bool:
    """Its source stood still since we made it: after a refused write the patrol looks for it."""
    await scene.customer("Ann")
    await scene.customer("Bea")  # the only one of a kind would be held
    source = scene.world.processes["k3cloud-source"]
    source.freeze()
    crm_id, erp_id = await scene.customer("Cid")
    await scene.erp.do("Delete", _CUSTOMER, {"Ids": str(erp_id)})
    source.thaw()
    await scene.crm.update("AccountObj", crm_id, tel="2")
    await scene.sleep(REST_SECONDS)
    await _probe(scene, _CUSTOMER, System.K3CLOUD)
    await scene.sleep(REST_SECONDS)
    async with Links.read(scene.world.broker, scene.world.mappings) as links:
        seat = links.one(f"fxiaoke/AccountObj/{crm_id}")
    problem = None if seat is None else seat.problem
    is_told = problem is not None and problem.kind is ProblemKind.GONE
    return is_told and not await scene.customers("Cid")


async def _edits_while_the_source_stands_still(scene: Scene) -> bool:
    """What the writer read back settles a write: the next need not wait for the source."""
    crm_id, erp_id = await scene.customer("Ann")
    scene.world.processes["k3cloud-source"].freeze()
    for words in ("2", "3"):
        await scene.crm.update("AccountObj", crm_id, tel=words)
        await scene.sleep(REST_SECONDS)
    return await _both(scene, crm_id, erp_id, "tel", "FTEL") == ("3", "3")


async def _a_person_takes_back_what_was_done_to_a_record(scene: Scene) -> bool:
    """Its source has not looked meanwhile, and no date tells: it is as it was published last."""
    made = await scene.crm.create("ProductObj", {"name": "P", "product_code": "P"})
    await scene.sleep(REST_SECONDS)  # no window of the source reaches back to it
    about = {"dataObjectApiName": "ProductObj", "object_data_id": made}
    await scene.crm.call("data/invalid", about)

    async def is_forbidden() -> bool:
        keys = ["FNumber", "FForbidStatus"]
        rows = await scene.erp.every("BD_MATERIAL", keys, "FNumber='P'")
        return bool(rows[0]["FForbidStatus"] == "B")

    await scene.until(is_forbidden, "the material is not forbidden")
    await scene.sleep(2.0)  # its writer has read it back
    await scene.erp.operate("BD_MATERIAL", "P", "Enable")
    await scene.sleep(REST_SECONDS)
    await _probe(scene, "BD_MATERIAL", System.K3CLOUD)
    await scene.sleep(REST_SECONDS)
    product = next(each for each in await scene.crm.every("ProductObj") if each["_id"] == made)
    return bool(product["life_status"] == "normal")


async def _probe(scene: Scene, object_name: str, system: System = System.FXIAOKE) -> None:
    """Have a source look which records are gone, or have changed without a date."""
    world = scene.world
    runtime = Runtime(world.broker, world.clock, world.chance)
    interest = world.mappings.interest(system)
    await ask_source(runtime, interest, SignalKind.PROBE, object_name)


async def _decide(scene: Scene, link: str, field: str) -> None:
    """Answer a question for the CRM, as `anji problems decide` does."""
    world = scene.world
    async with Links.read(world.broker, world.mappings) as links:
        seat = links.one(link)
        if seat is None:
            msg = f"there is no link {link}"
            raise AssertionError(msg)
        entry = decision(seat, field, System.FXIAOKE, "simulation", world.clock)
    await world.broker.publish([entry.to_message()])


async def _a_bill_that_is_not_audited(scene: Scene) -> bool:
    """The filter of the mapping leaves it out; it crosses when it is audited."""
    number = await scene.audited_order()
    notice = await scene.erp.push("SAL_SaleOrder", number, "SAL_DELIVERYNOTICE")
    await scene.sleep(PATIENCE_SECONDS)
    drafts = await scene.crm.every("DeliveryNoteObj")
    await scene.erp.finish("SAL_DELIVERYNOTICE", notice)
    await scene.sleep(REST_SECONDS)
    return not drafts and len(await scene.crm.every("DeliveryNoteObj")) == 1


async def _a_writer_dies_in_a_message(scene: Scene) -> bool:
    """Nobody knows whether it was sent; people are told twice by no means."""
    number = await scene.audited_order()
    slow = Fault(kind="delay", endpoint="*/message/send", delay_seconds=15.0)
    scene.faults(System.FXIAOKE).add(slow)
    notice = await scene.erp.push("SAL_SaleOrder", number, "SAL_DELIVERYNOTICE")
    await scene.erp.finish("SAL_DELIVERYNOTICE", notice)
    await scene.struck(System.FXIAOKE)
    writer = scene.world.processes["fxiaoke-writer"]
    await writer.kill()
    writer.start()
    await scene.sleep(REST_SECONDS)
    return scene.world.vendors.crm.store.calls["message/send"] == 1


MORE: Mapping[str, Callable[[Scene], Awaitable[bool]]] = {
    "unmoved": _a_person_takes_back_what_was_done_to_a_record,
    "marker": _a_poll_sees_our_record_before_the_result,
    "unread": _what_nobody_has_read_is_deleted,
    "ending": _the_holder_of_a_partner_is_deleted,
    "ours": _a_read_from_before_our_write_shows_a_persons_edit,
    "read back": _edits_while_the_source_stands_still,
    "effect": _what_came_of_a_write_in_doubt_is_edited,
    "age": _a_frozen_writer_thaws_after_its_successor_wrote,
    "rendition": _the_erp_cuts_blanks,
    "rewritten": _a_workflow_rewrites_what_we_write,
    "message": _a_writer_dies_in_a_message,
    "filter": _a_bill_that_is_not_audited,
}
"""By control; each returns whether it ended well."""
