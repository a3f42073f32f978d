"""The accidents of a simulation, one method each: begun, suffered, and over when it returns."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from random import Random

from anji.simulation.tally import LINKS_LOST, LINKS_LOST_WHOLLY, Tally, put_in_force
from anji.simulation.transport import Trap
from anji.simulation.world import LONGEST_PAUSE_SECONDS, World
from anji_common.refs import System
from anji_common.topics import Lane, commands_topic
from anji_common.writing.engine import writer_group
from anji_mapper.decode import input_topics
from anji_mapper.service import GROUP

__all__ = ["Accidents"]

_LONGEST_FREEZE_SECONDS = 40.0
_LONGEST_STAND_IN_SECONDS = 25.0
_LONGEST_OUTAGE_SECONDS = 25.0
_TRAP_SECONDS = 15.0
_LONGEST_JUMP_SECONDS = 5.0
_LONGEST_REPLAY_SECONDS = 120.0
_LONGEST_ROLLOUT_SECONDS = 20.0


class Accidents:
    """What can happen to a service or a vendor of a world."""

    def __init__(self, world: World, chance: Random) -> None:
        self._world = world
        self._chance = chance

    @property
    def _tally(self) -> Tally:
        return self._world.tally

    async def crash(self, name: str) -> None:
        """A process dies, and is started again sooner or later."""
        self._tally[f"crash of {name}"] += 1
        await self._again(name)

    async def crash_in_a_call(self, name: str) -> None:
        """A writer dies while the vendor is, or has just been, carrying out what it wrote."""
        system = System(name.removesuffix("-writer"))
        weather = self._world.vendors.weather[system]
        trap = weather.trap = Trap(name, self._chance.choice(("before", "after")))
        with suppress(TimeoutError):
            async with asyncio.timeout(_TRAP_SECONDS):
                await trap.sprung.wait()
        if trap.sprung.is_set():
            self._tally[f"crash in a call that writes to {system}"] += 1
            await self._again(name)
        elif weather.trap is trap:
            weather.trap = None

    async def freeze(self, name: str) -> None:
        """A process stands still for a while, and nobody takes its place."""
        self._tally[f"freeze of {name}"] += 1
        process = self._world.processes[name]
        process.freeze()
        await self._sleep(0.5, self._longest_freeze(name))
        process.thaw()

    async def take_over(self, name: str) -> None:
        """A process stands still, another takes its tasks; it thaws and does not know."""
        self._tally[f"take-over from {name}"] += 1
        process = self._world.processes[name]
        longest = self._longest_freeze(name)
        process.freeze()
        await self._sleep(0.0, longest / 2)
        other = self._world.stand_in(name, by_force=True)
        await self._sleep(0.0, longest / 2)
        process.thaw()
        await self._sleep(0.0, _LONGEST_STAND_IN_SECONDS)
        await other.kill()

    async def rebalance(self, name: str) -> None:
        """A second process joins and takes its share; then one of the two dies."""
        self._tally[f"rebalance of {name}"] += 1
        other = self._world.stand_in(name, by_force=False)
        await self._sleep(0.0, _LONGEST_STAND_IN_SECONDS)
        if self._chance.random() < 0.5:  # noqa: PLR2004 - heads or tails
            await self._again(name)
            await self._sleep(0.0, _LONGEST_STAND_IN_SECONDS)
        await other.kill()

    async def deliver_again(self, name: str) -> None:
        """A group is put back: what it had moved past comes once more."""
        if name == GROUP:
            group, topics = GROUP, input_topics(self._world.mappings)
            self._tally["changes and results delivered again"] += 1
        else:
            system = System(name.removesuffix("-writer"))
            group = writer_group(system)
            topics = tuple(commands_topic(system, lane) for lane in Lane)
            self._tally["commands delivered again"] += 1
        broker = self._world.broker
        behind = max(lag.seconds for lag in await broker.lag(group, topics))  # back, not ahead
        back = behind + self._chance.uniform(0.0, _LONGEST_REPLAY_SECONDS)
        self._world.journal.note("storm", f"{group} is put back by {back:.3f} s")
        await broker.reset(group, topics, self._world.clock.now() - timedelta(seconds=back))

    async def lose_links(self, _name: str) -> None:
        """The links are lost in mid-traffic, sometimes the crosswalk as well, and are rebuilt."""
        loses_crosswalk = self._chance.random() < 0.5  # noqa: PLR2004 - heads or tails
        self._tally[LINKS_LOST_WHOLLY if loses_crosswalk else LINKS_LOST] += 1
        await self._world.rebuild(loses_crosswalk=loses_crosswalk)

    async def remap(self, _name: str) -> None:
        """The mappings are replaced in mid-traffic, for all services at once or mapper first."""
        world = self._world
        names: list[str | None] = [*world.variants]
        if not names:
            return
        name = self._chance.choice([*names, None] if world.is_remapped else names)
        first = self._chance.choice((None, self._chance.uniform(0.0, _LONGEST_ROLLOUT_SECONDS)))
        self._tally[f"mappings replaced, {'everywhere' if first is None else 'mapper first'}"] += 1
        if name is not None:
            self._tally[put_in_force(name)] += 1
        await world.remap(name, mapper_first=first)

    async def outage(self, name: str) -> None:
        """Nobody reaches a vendor for a while."""
        self._tally[f"outage of {name}"] += 1
        weather = self._world.vendors.weather[System(name)]
        self._world.journal.note("storm", f"{name} is down")
        weather.is_down = True
        await self._sleep(1.0, _LONGEST_OUTAGE_SECONDS)
        weather.is_down = False
        self._world.journal.note("storm", f"{name} is back")

    async def clock_jump(self, name: str) -> None:
        """A vendor's clock jumps ahead."""
        self._tally[f"clock of {name} jumps"] += 1
        seconds = self._chance.uniform(0.0, _LONGEST_JUMP_SECONDS)
        self._world.journal.note("storm", f"the clock of {name} jumps by {seconds:.3f} s")
        self._world.vendors.weather[System(name)].clock.skew_seconds += seconds

    async def _again(self, name: str) -> None:
        process = self._world.processes[name]
        await process.kill()
        await self._world.clock.sleep(self._chance.choice((0.0, 0.5, 10.0)))
        process.start()

    async def _sleep(self, least: float, most: float) -> None:
        await self._world.clock.sleep(self._chance.uniform(least, most))

    def _longest_freeze(self, name: str) -> float:
        """Writers: less than P; whoever stands still longer may double (``protocol.md`` 12)."""
        return LONGEST_PAUSE_SECONDS if name.endswith("-writer") else _LONGEST_FREEZE_SECONDS
