"""Months of steady traffic on files: what of them stays on disk, and what a start reads of it.

The same customers are edited on both sides while months pass for the topics: every time for which
they keep something is made so much shorter that an hour is a month. So each hour all of what is
kept for 30 days is replaced once. What a start reads is counted in records, which are as many on
every machine; a restart is an end in order, and a start.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from shutil import rmtree

from anji.simulation.chance import seeded
from anji.simulation.days import customers, edit_both
from anji.simulation.run import FIRST_CALM_SECONDS
from anji.simulation.world import FILE, Layout, World
from anji_common.broker.embedded_broker import EmbeddedBroker, EmbeddedTimes
from anji_common.broker.port import Reader
from anji_common.clock import Clock
from anji_common.messages import Record
from anji_common.refs import System
from anji_common.testing.virtual_time import run_virtually
from anji_common.topics import Topic, declared_topics
from anji_mapper.mapping.model import Mappings

__all__ = ["MONTH_AN_HOUR", "Remains", "leave_behind"]

_HOUR_SECONDS = 3600.0
MONTH_AN_HOUR = 720
"""By what the times are divided for which topics keep something."""
_SETTLING_SECONDS = 120.0
"""Until what people did has reached both sides, or a start has read what it reads."""
_UPKEEP_SECONDS = 601.0
"""After which the broker has looked at all of its topics once more."""


@dataclass(frozen=True, slots=True)
class Remains:
    """What is there after so many hours."""

    hours: float
    edits: int
    rows: Mapping[str, int]
    """Records in the broker's file, by topic."""
    broker_kib: float
    """The broker's file."""
    views_kib: float
    """The files of all views of all processes, after an end in order: their logs are empty."""
    journals_kib: float
    """The write-ahead logs of all these while they are in use: used again from the beginning."""
    read_by_start: Mapping[str, int]
    """Records that a start of all processes reads for its views, by topic; nothing is edited."""
    read_without_views: Mapping[str, int]
    """The same where the files of the views are lost."""


class _Counting(EmbeddedBroker):
    """Counts by topic what is read outside of groups: what views and the meter of calls read."""

    def __init__(
        self,
        read: Counter[str],
        path: Path | None,
        *,
        clock: Clock,
        partitions: int,
        times: EmbeddedTimes,
    ) -> None:
        super().__init__(path, clock=clock, partitions=partitions, times=times)
        self._read = read

    async def reader(self, topic: str, starts: Mapping[int, int]) -> Reader:
        return _CountingReader(await super().reader(topic, starts), self._read)


class _CountingReader:
    def __init__(self, reader: Reader, read: Counter[str]) -> None:
        self._reader = reader
        self._read = read

    async def poll(self, *, max_records: int = 500, wait_seconds: float = 0.0) -> list[Record]:
        found = await self._reader.poll(max_records=max_records, wait_seconds=wait_seconds)
        self._read.update(record.topic for record in found)
        return found

    def position(self, partition: int) -> int:
        return self._reader.position(partition)

    async def close(self) -> None:
        await self._reader.close()


def leave_behind(  # noqa: PLR0913 - all but three are told by name
    hours: float,
    mappings: Mappings,
    folder: Path,
    *,
    edits_per_hour: int,
    samples: int,
    faster: int = MONTH_AN_HOUR,
    seed: int = 1,
) -> Sequence[Remains]:
    """Live so long in `folder`; return as many samples, evenly spread, the last at the end."""
    history = _History(mappings, folder, seed)
    ends = [hours * number / samples for number in range(1, samples + 1)]
    return run_virtually(history.lived(ends, edits_per_hour, faster))


class _History:
    def __init__(self, mappings: Mappings, folder: Path, seed: int) -> None:
        self._mappings = mappings
        self._folder = folder
        self._seed = seed
        self._read: Counter[str] = Counter()

    async def lived(
        self, ends: Sequence[float], edits_per_hour: int, faster: int
    ) -> list[Remains]:
        """Live until the last of `ends`, in hours; return what is there at each."""
        layout = Layout(
            partitions=(2,),
            poll_seconds=(120.0,),
            folder=self._folder,
            opened=partial(_Counting, self._read),
        )
        chance, found, edits = seeded("history", self._seed), list[Remains](), 0
        async with World.begun(self._seed, self._mappings, layout=layout) as world:
            topics = declared_topics(world.objects)
            await world.broker.declare([_shortened(each, faster) for each in topics])
            await world.clock.sleep(FIRST_CALM_SECONDS)
            ids = await customers(world)
            for end in ends:
                while world.clock.monotonic() < end * _HOUR_SECONDS:
                    if edits % edits_per_hour == 0:  # a sign-in lasts two hours
                        world.crm_user = world.vendors.crm_user(world.clock)
                    edits += 1
                    await edit_both(world, chance.choice(ids), str(edits))
                    await world.clock.sleep(_HOUR_SECONDS / edits_per_hour)
                found.append(await self._remains(world, end, edits))
        return found

    async def _remains(self, world: World, hours: float, edits: int) -> Remains:
        world.journal.lines.clear()  # the simulation's own diary
        for system in System:
            world.vendors.networks[system].store.calls.clear()
        await world.clock.sleep(_UPKEEP_SECONDS)
        rows = Counter(line.who for line in await world.told())
        journals_kib = _kib(self._folder.rglob("*-wal"))
        await _end(world)
        views_kib = _kib(self._folder.glob("*/*.sqlite"))
        by_start = await self._read_by_start(world)
        await _end(world)
        without_views = await self._without_views(world)
        _start(world)
        return Remains(
            hours=hours,
            edits=edits,
            rows=rows,
            broker_kib=_kib([self._folder / FILE]),
            views_kib=views_kib,
            journals_kib=journals_kib,
            read_by_start=by_start,
            read_without_views=without_views,
        )

    async def _without_views(self, world: World) -> dict[str, int]:
        """Return what a start reads that finds no views. The old ones are put back: they age."""
        kept = {path: path.with_suffix(".kept") for path in self._states()}
        for path, aside in kept.items():
            path.rename(aside)
        found = await self._read_by_start(world)
        await _end(world)
        for path, aside in kept.items():
            rmtree(path)
            aside.rename(path)
        return found

    def _states(self) -> list[Path]:
        return [path for path in self._folder.iterdir() if path.is_dir()]

    async def _read_by_start(self, world: World) -> dict[str, int]:
        """Start all processes; return how many records they read, by topic."""
        self._read.clear()
        _start(world)
        await world.clock.sleep(_SETTLING_SECONDS)
        return dict(sorted(self._read.items()))


def _start(world: World) -> None:
    for process in world.processes.values():
        process.start()


async def _end(world: World) -> None:
    for process in world.processes.values():
        await process.kill()


def _shortened(topic: Topic, faster: int) -> Topic:
    """Return a topic that keeps everything for a shorter time."""
    kept = topic.retention_seconds
    return replace(
        topic,
        retention_seconds=None if kept is None else kept // faster,
        min_compaction_lag_seconds=topic.min_compaction_lag_seconds // faster,
        tombstone_seconds=topic.tombstone_seconds // faster,
    )


def _kib(files: Iterable[Path]) -> float:
    return sum(path.stat().st_size for path in files) / 1024
