"""The clauses that a world at rest is asked for see what breaks them."""

from anji.simulation.clauses import broken_links, commands_without_a_difference
from anji.simulation.world import World
from anji_common.events.commands import Action, Command, CommandNumber
from anji_common.events.crosswalk import CrosswalkRow
from anji_common.refs import Ref, System
from anji_common.testing.virtual_time import EPOCH, run_virtually
from anji_mapper.mapping.folder import load_mappings

_ONE, _TWO = (Ref(System.FXIAOKE, "AccountObj", each) for each in ("1", "2"))
_PARTNER = Ref(System.K3CLOUD, "BD_Customer", "9")


def _row(ref: Ref, counterpart: Ref) -> CrosswalkRow:
    return CrosswalkRow(ref=ref, counterpart=counterpart, link_type="customer", updated_at=EPOCH)


def _update(base: str) -> Command:
    return Command(
        seat=_ONE,
        number=CommandNumber(1, 1),
        system=System.K3CLOUD,
        object_name="BD_Customer",
        action=Action.UPDATE,
        link_type="customer",
        mapping_version="v1",
        issued_at=EPOCH,
        target=_PARTNER,
        values={"FName": "Ann"},
        base={"FName": base},
    )


def test_two_records_that_are_linked_with_one_are_found() -> None:
    async def story() -> list[str]:
        async with World.begun(1, load_mappings()) as world:
            pair = [_row(_ONE, _PARTNER), _row(_PARTNER, _ONE)]
            await world.broker.publish([each.to_message() for each in pair])
            assert await broken_links(world) == []
            await world.broker.publish([_row(_TWO, _PARTNER).to_message()])
            return await broken_links(world)

    assert run_virtually(story()) == [f"{_TWO} is linked with {_PARTNER}, that one with {_ONE}"]


def test_an_update_that_wishes_for_what_stands_there_is_found() -> None:
    async def story() -> list[str]:
        async with World.begun(1, load_mappings()) as world:
            await world.processes["k3cloud-writer"].kill()
            await world.broker.publish([_update("Bea").to_message()])
            assert await commands_without_a_difference(world) == []
            await world.broker.publish([_update("Ann").to_message()])
            return await commands_without_a_difference(world)

    assert run_virtually(story()) == [f"{_ONE} 1-1 to k3cloud"]
