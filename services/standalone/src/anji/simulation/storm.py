"""What goes wrong in a simulation, and when: all of it follows from the seed."""

from random import Random

from anji.simulation.world import LATEST_COMMIT_SECONDS, World
from anji_common.refs import System
from anji_sandbox.faults import Fault

__all__ = ["Storm"]

_WRITES = ("*/data/create", "*/data/update", "*Save.common.kdsvc")


class Storm:
    """Kills processes, loses and delays answers, takes vendors away."""

    def __init__(self, world: World, chance: Random) -> None:
        self._world = world
        self._chance = chance
        self.kills = 0
        self.outages = 0

    def rise(self) -> None:
        """Let answers of both vendors be lost from now on."""
        shares = [self._chance.choice((0.0, 0.02, 0.1)) for _ in range(5)]
        for faults in (self._world.vendors.crm_faults, self._world.vendors.erp_faults):
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
            faults.add(
                Fault(kind="html", calls=None, share=shares[3]),
                Fault(kind="bad_gateway", calls=None, share=shares[4] / 2),
            )

    async def blow(self, seconds: float) -> None:
        """Kill and take away, for that long."""
        clock = self._world.clock
        end = clock.monotonic() + seconds
        while clock.monotonic() < end:
            await clock.sleep(self._chance.expovariate(1 / 15.0))
            if self._chance.random() < 0.8:  # noqa: PLR2004 - a share
                await self._kill()
            else:
                await self._take_away()

    def lie_down(self) -> None:
        """Let everything be well from now on; what was to be committed late still is."""
        self._world.vendors.crm_faults.clear()
        self._world.vendors.erp_faults.clear()
        for process in self._world.processes:
            process.start()

    @property
    def hits(self) -> int:
        """How many calls were spoilt."""
        vendors = self._world.vendors
        return vendors.crm_faults.hits + vendors.erp_faults.hits

    async def _kill(self) -> None:
        process = self._chance.choice(self._world.processes)
        self.kills += 1
        await process.kill()
        await self._world.clock.sleep(self._chance.choice((0.0, 0.5, 10.0)))
        process.start()

    async def _take_away(self) -> None:
        system = self._chance.choice(tuple(System))
        weather = self._world.vendors.weather[system]
        self._world.journal.note("storm", f"{system} is down")
        self.outages += 1
        weather.is_down = True
        await self._world.clock.sleep(self._chance.uniform(1.0, 30.0))
        weather.is_down = False
        self._world.journal.note("storm", f"{system} is back")
