"""What goes wrong in a simulation, and when: all of it follows from the seed."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count
from random import Random

from anji.simulation.accidents import Accidents
from anji.simulation.cuts import WHOLE, Cut
from anji.simulation.habits import shown
from anji.simulation.pace import Pace
from anji.simulation.tally import SERVICES, WORKERS, Tally
from anji.simulation.world import LATEST_COMMIT_SECONDS, World
from anji_common.refs import System
from anji_sandbox.faults import Fault, Kind

__all__ = ["Storm"]

_WRITES = ("*/data/create", "*/data/update", "*Save.common.kdsvc")
_LATEST_ANSWER_SECONDS = 12.0
_SHARES = (0.0, 0.05, 0.2)
"""Of the answers that are lost or late, by seed: few calls are made in a history."""
_DAYS_SHARES = (0.0, 0.02, 0.1)
_NAMES: dict[Kind, str] = {
    "drop_before": "answer lost, nothing done",
    "drop_after": "answer lost, all done",
    "commit_late": "answer lost, done late",
    "delay": "answer late",
    "html": "page of HTML for an answer",
    "bad_gateway": "bad gateway",
}


class Storm:
    """Kills and freezes processes, loses and delays answers, takes vendors away."""

    def __init__(self, world: World, chance: Random, cut: Cut = WHOLE) -> None:
        self._cut = cut
        self.parts: list[str] = []
        """Names of what happens, as far as it has been decided."""
        self._world = world
        self._chance = chance
        self._accidents = Accidents(world, chance)
        self._struck: set[str] = set()

    @property
    def tally(self) -> Tally:
        """What happened so far, by name."""
        tally = Tally(self._world.tally)
        tally.update(shown(self._world.vendors))
        for faults in self._world.vendors.faults:
            for kind, hits in faults.hits_by_kind.items():
                tally[_NAMES[kind]] += hits
        return tally

    def rise(self) -> None:
        """Let answers of both vendors be lost or late from now on."""
        likely = _DAYS_SHARES if self._cut.is_day else _SHARES
        shares = [self._chance.choice(likely) for _ in range(6)]
        shares = [share * self._cut.has(f"f{each}") for each, share in enumerate(shares)]
        self.parts += [f"f{each}" for each, share in enumerate(shares) if share]
        for faults in self._world.vendors.faults:
            for endpoint in _WRITES:
                late = self._chance.uniform(1.0, LATEST_COMMIT_SECONDS)
                faults.add(
                    Fault(kind="drop_before", endpoint=endpoint, calls=None, share=shares[0]),
                    Fault(kind="drop_after", endpoint=endpoint, calls=None, share=shares[1]),
                    Fault(
                        kind="commit_late",
                        endpoint=endpoint,
                        calls=None,
                        share=shares[2],
                        delay_seconds=late,
                    ),
                )
            slow = self._chance.uniform(1.0, _LATEST_ANSWER_SECONDS)
            faults.add(
                Fault(kind="html", calls=None, share=shares[3]),
                Fault(kind="bad_gateway", calls=None, share=shares[4] / 2),
                Fault(kind="delay", calls=None, share=shares[5] / 2, delay_seconds=slow),
            )

    async def blow(self, pace: Pace) -> None:
        """Let accidents happen in each flurry; return when the last is over."""
        clock, busy = self._world.clock, 0.0
        begin = clock.monotonic()
        async with asyncio.TaskGroup() as together:
            for place in count():
                busy += self._chance.expovariate(1 / pace.pause_seconds)
                if busy >= pace.busy_seconds:
                    return
                await clock.sleep(begin + pace.at(busy) - clock.monotonic())
                name, accident = self._next()
                if name not in self._struck and self._cut.has(f"a{place}"):
                    self.parts.append(f"a{place}")
                    self._struck.add(name)
                    together.create_task(self._happen(name, accident))

    async def lie_down(self) -> None:
        """Let everything be well from now on; what was to be committed late still is."""
        for faults in self._world.vendors.faults:
            faults.clear()
        for process in self._world.stand_ins:
            await process.kill()
        for process in self._world.processes.values():
            process.start()
        if self._world.is_remapped:
            await self._world.remap(None)

    def _next(self) -> tuple[str, Callable[[str], Awaitable[None]]]:
        """Return what happens next, and to whom."""
        accidents = self._accidents
        kinds: list[tuple[float, tuple[str, ...], Callable[[str], Awaitable[None]]]] = [
            (0.30, SERVICES, accidents.crash),
            (0.10, ("fxiaoke-writer", "k3cloud-writer"), accidents.crash_in_a_call),
            (0.15, WORKERS, accidents.freeze),
            (0.12, WORKERS, accidents.take_over),
            (0.10, WORKERS, accidents.rebalance),
            (0.10, ("mapper", "fxiaoke-writer", "k3cloud-writer"), accidents.deliver_again),
            (0.10, tuple(System), accidents.outage),
            (0.03, tuple(System), accidents.clock_jump),
            (0.04, ("mapper",), accidents.lose_links),
            (0.04, ("mapper",), accidents.remap),
        ]
        (_, names, accident), *_ = self._chance.choices(kinds, [each[0] for each in kinds])
        return self._chance.choice(names), accident

    async def _happen(self, name: str, accident: Callable[[str], Awaitable[None]]) -> None:
        try:
            await accident(name)
        finally:
            self._struck.discard(name)
