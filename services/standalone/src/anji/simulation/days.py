"""A long time of steady traffic under virtual time: what grows with it, and should not.

The same customers are edited on both sides, hour after hour, so that only history grows: topics
keep it (in SQLite's own memory here), and nothing else may. What our own code has allocated is
told by `tracemalloc`, filtered by package; what the sandboxes hold is none of ours.
"""

import asyncio
import gc
import tracemalloc
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from anji.simulation.chance import seeded
from anji.simulation.run import FIRST_CALM_SECONDS
from anji.simulation.world import World
from anji_common.refs import System
from anji_common.testing.virtual_time import run_virtually
from anji_mapper.mapping.model import Mappings

__all__ = ["Sample", "customers", "edit_both", "live"]

_HOUR_SECONDS = 3600.0
_CUSTOMERS = 10
_PACKAGES = ("anji_common", "anji_fxiaoke", "anji_k3cloud", "anji_mapper")


@dataclass(frozen=True, slots=True)
class Sample:
    """What is held at one moment."""

    hours: float
    edits: int
    kib: float
    """Allocated by our own packages."""
    files: int
    """Open in this process."""
    tasks: int
    """Of asyncio."""


def live(
    hours: float, mappings: Mappings, *, edits_per_hour: int, samples: int, seed: int = 1
) -> Sequence[Sample]:
    """Live so long; return as many samples, evenly spread, the last one at the end."""
    tracemalloc.start()
    try:
        return run_virtually(_lived(hours, mappings, edits_per_hour, samples, seed))
    finally:
        tracemalloc.stop()


async def _lived(
    hours: float, mappings: Mappings, edits_per_hour: int, samples: int, seed: int
) -> list[Sample]:
    found: list[Sample] = []
    chance = seeded("days", seed)
    async with World.begun(seed, mappings) as world:
        await world.clock.sleep(FIRST_CALM_SECONDS)
        ids = await customers(world)
        pause = _HOUR_SECONDS / edits_per_hour
        edits, each_sample = 0, hours * _HOUR_SECONDS / samples
        for number in range(1, samples + 1):
            world.crm_user = world.vendors.crm_user(world.clock)  # a sign-in lasts two hours
            end = number * each_sample
            while world.clock.monotonic() < end:
                edits += 1
                await edit_both(world, chance.choice(ids), str(edits))
                await world.clock.sleep(pause)
            found.append(_sample(world, number * hours / samples, edits))
    return found


async def customers(world: World) -> list[str]:
    """Make the customers that are edited from then on; return their ids in the CRM."""
    return [
        await world.crm_user.create("AccountObj", {"name": f"n{each}", "tel": "0"})
        for each in range(_CUSTOMERS)
    ]


async def edit_both(world: World, customer: str, word: str) -> None:
    """Both sides edit one customer, each a field of its own."""
    await world.crm_user.update("AccountObj", customer, tel=word)
    rows = await world.erp_user.every("BD_Customer", ["FCUSTID", "F_ANJI_MARKER"])
    for row in rows:
        if str(row["F_ANJI_MARKER"]).endswith(customer):
            await world.erp_user.change(
                "BD_Customer", {"FCUSTID": row["FCUSTID"], "FADDRESS": word}
            )


def _sample(world: World, hours: float, edits: int) -> Sample:
    world.journal.lines.clear()  # the simulation's own diary
    for system in System:
        world.vendors.networks[system].store.calls.clear()
    gc.collect()
    filters = [tracemalloc.Filter(inclusive=True, filename_pattern=f"*/{p}/*") for p in _PACKAGES]
    snapshot = tracemalloc.take_snapshot().filter_traces(filters)
    size = sum(each.size for each in snapshot.statistics("filename"))
    files = len(list(Path("/proc/self/fd").iterdir()))
    return Sample(hours, edits, size / 1024, files, len(asyncio.all_tasks()))
