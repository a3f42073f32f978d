"""What must hold of an installation at rest besides that both sides agree.

Links are one to one, nobody waits for what exists, and no command was without a difference: read
from the topics, as anybody may.
"""

from collections.abc import Collection, Iterator

from anji.looking import Links
from anji.simulation.world import World
from anji.whole_topics import whole_topic
from anji_common.events.commands import Action, Command
from anji_common.events.crosswalk import CrosswalkRow, RowState
from anji_common.refs import Ref, System
from anji_common.topics import CROSSWALK, Lane, commands_topic
from anji_common.views import View
from anji_mapper.link.state import Stage
from anji_mapper.mapping.model import Mappings

__all__ = ["broken_links", "commands_without_a_difference", "tells_status"]

_REF = "ref:"


async def broken_links(world: World, *, but: Collection[str] = ()) -> list[str]:
    """Return which rows do not point at each other, and which links wait for what exists.

    And which have a problem, now that both sides agree; `but` are ids of records in the CRM that
    people let stand otherwise than their partners, or have deleted. What was made a second time of
    such a one is told, and stands.
    """
    rows = await _rows(world)
    found = [words for row in rows.values() if (words := _broken(row, rows))]
    async with Links.read(world.broker, world.mappings) as links:
        for seat in links.all():
            own = seat.side(seat.key.system)
            is_gone, marker = own.is_gone, None if own.seen is None else own.seen.marker
            if seat.stage is Stage.LINKED and not is_gone and str(seat.key) not in rows:
                found.append(f"{seat.key} is linked and has no row")
            names = {seat.key.record_id, (marker or "").rpartition("/")[2]}
            told = seat.problem if names.isdisjoint(but) else None
            if told is not None and await _stands(world, seat.key):
                found.append(f"{seat.key} has a problem with nothing: {told.words}")
            found += [
                f"{seat.key} waits for {token}, which exists"
                for token in seat.waits
                if (row := rows.get(token.removeprefix(_REF))) is not None and _is_linked(row)
            ]
    return sorted(found)


async def _rows(world: World) -> dict[str, CrosswalkRow]:
    view = View(world.broker, CROSSWALK.name)
    await view.start()
    rows = {key: CrosswalkRow.model_validate_json(value) for key, value in view.scan()}
    await view.close()
    return rows


async def _stands(world: World, ref: Ref) -> bool:
    """Whether a record of the CRM is there: of one that is gone no patrol may have told yet."""
    if ref.system is not System.FXIAOKE:
        return True
    found = await world.crm_user.every(ref.object_name)
    return any(each["_id"] == ref.record_id for each in found)


def _is_linked(row: CrosswalkRow) -> bool:
    return row.state is RowState.LINKED and row.counterpart is not None


def _broken(row: CrosswalkRow, rows: dict[str, CrosswalkRow]) -> str:
    if not _is_linked(row):
        return ""
    other = rows.get(str(row.counterpart))
    if other is None or other.counterpart != row.ref:
        held = None if other is None else other.counterpart
        return f"{row.ref} is linked with {row.counterpart}, that one with {held}"
    if {here: there for there, here in other.lines.items()} != row.lines:
        return f"the lines of {row.ref} and {other.ref} do not belong together"
    return ""


async def commands_without_a_difference(world: World) -> list[str]:
    """Return which updates wished for nothing but what the link had seen to stand there."""
    found: list[str] = []
    for system in System:
        for lane in Lane:
            topic = commands_topic(system, lane)
            async for record in whole_topic(world.broker, topic):
                each = Command.from_record(record)
                if each.action is Action.UPDATE and not any(_differences(each)):
                    found.append(f"{each.seat} {each.number} to {system}")
    return found


def tells_status(mappings: Mappings) -> bool:
    """Whether the CRM is told how the ERP's orders stand."""
    orders = [each for each in mappings.types if each.name == "sales_order"]
    return any(pair.crm == "erp_closed__c" for each in orders for pair in each.pairs)


def _differences(command: Command) -> Iterator[bool]:
    """Give what an update changes; one that only takes a record on has no values at all."""
    has_values = bool(command.values or any(command.rows.values()))
    yield not has_values
    yield any(command.removes.values())
    for path, wished in command.values.items():
        yield command.base.get(path) != wished
    for wishes in command.rows.values():
        for wish in wishes:
            base = wish.base or {}
            yield wish.target_id is None
            yield any(base.get(path) != wished for path, wished in wish.values.items())
