"""Mappings that are replaced while everything runs."""

import pytest

from anji.simulation.scene import PATIENCE_SECONDS, REST_SECONDS, Scene
from anji.simulation.variants import VARIANTS, company
from anji.simulation.world import World
from anji_common.refs import System
from anji_common.testing.virtual_time import run_virtually

_HOUR_SECONDS = 3600.0
_, _WITHOUT_ADDRESS, _ = VARIANTS


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
