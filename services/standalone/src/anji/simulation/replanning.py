"""An operator who plans the own mappings and applies that, again where links were left out."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from anji.applying import open_applying
from anji.simulation.tally import put_in_force
from anji.simulation.variants import PLANNED
from anji.simulation.world import World
from anji_mapper.mapping.model import Mappings
from anji_mapper.planning import planner
from anji_mapper.plans import PlanFile, PlanHeader, PlanWriter
from anji_mapper.starts import Start

__all__ = ["owed_plans", "replanned"]


def owed_plans(world: World) -> list[str]:
    """Return which variants were in force that are left by a plan, by name."""
    return [name for name in PLANNED if world.tally[put_in_force(name)]]


async def replanned(world: World, variants: Sequence[str]) -> list[str]:
    """Plan the own mappings after each of these variants; return after which there is more to do.

    Raises:
        RejectedError: other mappings are in force.
    """
    return [name for name in variants if await _is_left(world, name, world.variants[name])]


async def _is_left(world: World, name: str, old: Mappings) -> bool:
    now, new = world.clock.now(), world.mappings
    header = PlanHeader(f"{now:%H%M%S.%f} {name}", now, "", {x.name: x.version for x in new.types})
    with TemporaryDirectory(prefix="plan-") as made:
        folder = Path(made)
        path = folder / "plan.jsonl"
        async with planner(world.broker, old, new, Start(), folder=folder, now=now) as found:
            with PlanWriter.open(path, header) as writer:
                for link in found.run():
                    writer.add(link)
        plan = PlanFile(path)
        async with open_applying(plan, new, world.broker, world.clock, folder) as applying:
            counts = await applying.run(sends=True)
    told = ", ".join(f"{count} {each}" for each, count in sorted(counts.items()))
    in_flight = found.tally.in_flight
    world.journal.note("operator", f"applies a plan after {name}: {told}; {in_flight} in flight")
    return bool(plan.links or in_flight)
