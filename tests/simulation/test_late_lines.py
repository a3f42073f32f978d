"""Lines that a query of the CRM shows some time after their head."""

import asyncio

import pytest

from anji.simulation.scene import PATIENCE_SECONDS, REST_SECONDS, Scene
from anji.simulation.world import World
from anji_common.refs import System
from anji_common.testing.virtual_time import run_virtually
from anji_mapper.mapping.folder import load_mappings
from anji_sandbox.faults import Fault

_LAG_SECONDS = 0.8
_NOTE, _LINES = "DeliveryNoteObj", "DeliveryNoteProductObj"


async def _a_writer_dies_in_the_create_of_a_note() -> tuple[int, int]:
    """Return how many notes and lines there are in the end."""
    async with World.begun(12, load_mappings()) as world:
        scene = Scene(world)
        await scene.sleep(PATIENCE_SECONDS)
        world.vendors.crm.switches.query_lag_by_object = {_LINES: _LAG_SECONDS}
        order = await scene.audited_order()
        lost = Fault(kind="drop_after", endpoint="*/data/create", contains=_NOTE)
        scene.faults(System.FXIAOKE).add(lost)
        notice = await scene.erp.push("SAL_SaleOrder", order, "SAL_DELIVERYNOTICE")
        await scene.erp.finish("SAL_DELIVERYNOTICE", notice)
        await scene.struck(System.FXIAOKE)
        writer = world.processes["fxiaoke-writer"]
        await writer.kill()
        writer.start()
        await scene.sleep(REST_SECONDS)
        notes, lines = await asyncio.gather(scene.crm.every(_NOTE), scene.crm.every(_LINES))
        return len(notes), len(lines)


@pytest.mark.slow
def test_lines_that_do_not_show_yet_are_not_made_again() -> None:
    assert run_virtually(_a_writer_dies_in_the_create_of_a_note()) == (1, 1)
