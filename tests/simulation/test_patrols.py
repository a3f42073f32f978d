"""Patrols go by the vendor's clock, however wrong it is."""

import pytest

from anji.simulation.scene import PATIENCE_SECONDS, Scene
from anji.simulation.world import World
from anji_common.events.signals import Signal, SignalKind
from anji_common.refs import System
from anji_common.testing.virtual_time import run_virtually
from anji_mapper.mapping.folder import load_mappings

_HOUR_SECONDS = 3600.0
_POLL_SECONDS = 5.0
_FORMS = 4


async def _calls_of_a_quiet_time(hours_ahead: float, seconds: float) -> int:
    """Return how often our source asks an ERP whose clock is so many hours ahead of ours."""
    async with World.begun(12, load_mappings()) as world:
        world.vendors.weather[System.K3CLOUD].clock.skew_seconds = hours_ahead * _HOUR_SECONDS
        scene = Scene(world)
        await scene.sleep(PATIENCE_SECONDS)
        await scene.customer("Ann")
        begun = sum(world.vendors.erp.store.calls.values())
        await scene.sleep(seconds)
        return sum(world.vendors.erp.store.calls.values()) - begun


@pytest.mark.slow
@pytest.mark.parametrize("hours_ahead", [-3.0, 5.0])
def test_before_a_patrol_is_due_nothing_is_read_but_by_polls(hours_ahead: float) -> None:
    seconds = 0.5 * _HOUR_SECONDS
    polls = _FORMS * seconds / (0.9 * _POLL_SECONDS)

    assert run_virtually(_calls_of_a_quiet_time(hours_ahead, seconds)) <= polls


async def _asked_for_both_at_once() -> int:
    """Return how often the ERP is asked while a snapshot and a patrol are wanted at once."""
    async with World.begun(12, load_mappings()) as world:
        scene = Scene(world)
        await scene.sleep(PATIENCE_SECONDS)
        await scene.customer("Ann")
        begun = sum(world.vendors.erp.store.calls.values())
        asked = [
            Signal(
                system=System.K3CLOUD, object_name="BD_Customer", kind=kind, at=world.clock.now()
            )
            for kind in (SignalKind.SNAPSHOT, SignalKind.PROBE)
        ]
        await world.broker.publish([each.to_message() for each in asked])
        await scene.sleep(PATIENCE_SECONDS)
        return sum(world.vendors.erp.store.calls.values()) - begun


@pytest.mark.slow
@pytest.mark.timeout(60)
def test_a_source_does_not_spin_while_a_page_of_a_snapshot_is_on_its_way() -> None:
    """Without end, under virtual time: a spinning task lets no time pass."""
    assert run_virtually(_asked_for_both_at_once()) > 0
