"""What has to come of a record that a person deletes in the ERP."""

from random import Random

import pytest

from anji.simulation.erasures import Erasures
from anji.simulation.scene import PATIENCE_SECONDS, REST_SECONDS, Scene
from anji.simulation.sight import FORMS, ORDER, partner
from anji.simulation.world import World
from anji_common.events.signals import SignalKind
from anji_common.refs import System
from anji_common.runtime import Runtime
from anji_common.sourcing.signalling import ask_source
from anji_common.testing.virtual_time import run_virtually
from anji_mapper.mapping.folder import load_mappings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]


async def _judged_after_all_was_lost(*, is_said: bool) -> list[str]:
    """Void an order, delete its bill, lose links and crosswalk, with or without a word of that."""
    async with World.begun(12, load_mappings()) as world:
        scene, erasures = Scene(world), Erasures(world)
        await scene.audited_order()
        (order,) = await scene.crm.every(ORDER)
        about = {"dataObjectApiName": ORDER, "object_data_id": order["_id"]}
        await scene.crm.call("data/invalid", about)
        await scene.sleep(PATIENCE_SECONDS)
        bill = await partner(world, ORDER, order["_id"])
        assert bill is not None
        erasures.made_at[order["_id"]] = 0.0  # long ago: its making is answered
        await erasures.erase(ORDER, order["_id"], bill[FORMS[ORDER][1]])
        runtime = Runtime(world.broker, world.clock, Random(1))
        interest = world.mappings.interest(System.K3CLOUD)
        for kind in (SignalKind.PROBE, SignalKind.APPROVE):  # the only bill that there is: held
            await ask_source(runtime, interest, kind, FORMS[ORDER][0])
            await scene.sleep(REST_SECONDS)
        await world.rebuild(loses_crosswalk=True)
        if not is_said:
            world.forgotten.crosswalk_lost_at = -1.0
        await scene.sleep(REST_SECONDS)
        return await erasures.wrong()


def test_a_void_order_has_no_link_where_all_that_told_of_its_bill_is_lost() -> None:
    assert run_virtually(_judged_after_all_was_lost(is_said=True)) == []


def test_an_order_whose_link_is_not_held_though_the_crosswalk_stands_is_found() -> None:
    (words,) = run_virtually(_judged_after_all_was_lost(is_said=False))

    assert words.endswith("deleted in the ERP: its link is not held")
