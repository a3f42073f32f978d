"""Mappings that are replaced while everything runs."""

import pytest

from anji.simulation.replanning import replanned
from anji.simulation.scene import PATIENCE_SECONDS, REST_SECONDS, Scene
from anji.simulation.variants import FILTERED, REMAPPED, VARIANTS, company
from anji.simulation.world import World
from anji_common.refs import System
from anji_common.testing.virtual_time import run_virtually

_HOUR_SECONDS = 3600.0
_WITHOUT_ADDRESS = VARIANTS[1]


async def _edited_while_it_was_not_mapped(hours_ahead: float) -> list[str]:
    """Return the ERP's addresses in the end; the CRM's clock is so many hours ahead of ours."""
    own, variants = company()
    async with World.begun(12, own, variants=variants) as world:
        world.vendors.weather[System.FXIAOKE].clock.skew_seconds = hours_ahead * _HOUR_SECONDS
        scene = Scene(world)
        await scene.sleep(PATIENCE_SECONDS)
        customer, _ = await scene.customer("Ann")
        await world.remap(_WITHOUT_ADDRESS)
        await scene.crm.update("AccountObj", customer, address="here")
        await scene.sleep(REST_SECONDS)
        before = await scene.erp.every("BD_Customer", ["FADDRESS"], "FName='Ann'")
        await world.remap(None)
        await scene.sleep(REST_SECONDS)
        after = await scene.erp.every("BD_Customer", ["FADDRESS"], "FName='Ann'")
        return [str(row["FADDRESS"]).strip() for row in (*before, *after)]


@pytest.mark.slow
@pytest.mark.parametrize("hours_ahead", [0.0, 5.0])
def test_what_was_edited_while_it_was_not_mapped_crosses_once_it_is(hours_ahead: float) -> None:
    assert run_virtually(_edited_while_it_was_not_mapped(hours_ahead)) == ["", "here"]


async def _customers(scene: Scene) -> dict[str, str]:
    rows = await scene.erp.every("BD_Customer", ["FName", "FTEL"])
    return {row["FName"]: row["FTEL"] for row in rows}


async def _filtered_meanwhile() -> list[dict[str, str]]:
    """Return the ERP's customers and telephones while a filter is in force, then after a plan."""
    own, variants = company()
    async with World.begun(12, own, variants=variants) as world:
        scene = Scene(world)
        await scene.sleep(PATIENCE_SECONDS)
        linked, _ = await scene.customer("Ann")
        await world.remap(FILTERED)
        await scene.crm.update("AccountObj", linked, tel="2")
        await scene.crm.create("AccountObj", {"name": "Bob", "tel": "3"})
        await scene.sleep(REST_SECONDS)
        meanwhile = await _customers(scene)
        await world.remap(None)
        await scene.sleep(REST_SECONDS)
        before = await _customers(scene)
        left = [FILTERED]
        while left:
            left = await replanned(world, left)
            await scene.sleep(PATIENCE_SECONDS)
        return [meanwhile, before, await _customers(scene)]


@pytest.mark.slow
def test_a_filter_keeps_new_records_back_and_no_linked_ones_until_a_plan_after_it() -> None:
    kept = {"Ann": "2"}
    assert run_virtually(_filtered_meanwhile()) == [kept, kept, {**kept, "Bob": "3"}]


async def _said_otherwise_meanwhile() -> list[str]:
    """Return an order's status in the CRM under another word, under the own one, after a plan."""
    own, variants = company()
    async with World.begun(12, own, variants=variants) as world:
        scene = Scene(world)
        await scene.sleep(PATIENCE_SECONDS)

        async def status() -> str:
            (order,) = await scene.crm.every("SalesOrderObj")
            return str(order["erp_status__c"])

        await world.remap(REMAPPED)
        await scene.audited_order()
        found = [await status()]
        await world.remap(None)
        await scene.sleep(REST_SECONDS)
        found.append(await status())
        left = [REMAPPED]
        while left:
            left = await replanned(world, left)
            await scene.sleep(PATIENCE_SECONDS)
        return [*found, await status()]


@pytest.mark.slow
def test_what_was_said_by_another_value_map_is_said_anew_by_a_plan_after_it() -> None:
    assert run_virtually(_said_otherwise_meanwhile()) == ["审核完", "审核完", "已审核"]
