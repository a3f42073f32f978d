"""One installation and both vendors, put together for a simulation."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anji_fxiaoke.service
import anji_k3cloud.service
import anji_mapper.service
from anji.simulation.chance import seeded
from anji.simulation.controls import RULE_BOOK, RuleBook
from anji.simulation.force import forceful
from anji.simulation.habits import Habits, lag_seconds
from anji.simulation.journal import Journal, Line
from anji.simulation.postman import Postman
from anji.simulation.processes import Process
from anji.simulation.rebuilding import Forgotten, rebuilt
from anji.simulation.set_up import fxiaoke_settings, k3cloud_settings, mapper_settings
from anji.simulation.tally import Tally
from anji.simulation.transport import SimulatedTransport
from anji.simulation.vendors import open_vendors
from anji.supervise import Service
from anji.whole_topics import whole_topic
from anji_common.broker.embedded_broker import EmbeddedBroker, EmbeddedTimes
from anji_common.broker.port import Reader
from anji_common.clock import Clock
from anji_common.events.notices import Notice, NoticeKind
from anji_common.events.signals import Signal, SignalKind
from anji_common.messages import Message
from anji_common.refs import System
from anji_common.runtime import Runtime
from anji_common.testing.virtual_time import EPOCH, LoopClock
from anji_common.topics import CROSSWALK, LINKS, NOTICES, attempts_topic, declared_topics
from anji_common.views import View
from anji_common.writing.attempts import AttemptRow
from anji_common.writing.settings import WriterSettings
from anji_fxiaoke.callback import CallbackDesk
from anji_k3cloud.service import Connection
from anji_mapper.link.step import Reducer
from anji_mapper.mapping.model import Mappings

__all__ = [
    "FILE",
    "LATEST_COMMIT_SECONDS",
    "LONGEST_PAUSE_SECONDS",
    "USUAL",
    "WRITING",
    "Layout",
    "World",
]

FILE = "broker.sqlite"
"""The broker's, in a layout's folder."""

_TIMES = EmbeddedTimes(upkeep_seconds=300.0)
"""Compaction looks at each log a few times in a history."""
_CONFIRM_SECONDS = 15.0
"""Until what a patrol of the CRM does not find is asked for again."""
LATEST_COMMIT_SECONDS = 20.0
"""No vendor of a simulation carries a call out later than this; the writers' V is longer."""
LONGEST_PAUSE_SECONDS = 9.0
"""No writer of a simulation stands still longer than this; the writers' P is longer."""

WRITING = WriterSettings(
    age_seconds=2.0,
    pause_seconds=4 * LONGEST_PAUSE_SECONDS,  # half of it for what a target itself waits
    processing_seconds=LATEST_COMMIT_SECONDS + 5.0,
    max_tries=1000,  # nobody is there to decide: an attempt is never given up
    idle_seconds=300.0,
)


@dataclass(frozen=True, slots=True)
class Layout:
    """How an installation is set up: the seed chooses."""

    partitions: tuple[int, ...] = (2, 2, 3, 4)
    """Of every topic. Whatever crosses a partition crosses two as well, and cheaper."""
    poll_seconds: tuple[float, ...] = (5.0, 10.0, 15.0)
    """Between two polls of an object."""
    folder: Path | None = None
    """Where the broker and the views have their files; `None` keeps all in memory."""
    opened: Callable[..., EmbeddedBroker] = EmbeddedBroker
    """Makes the broker."""


USUAL = Layout()


class World:
    """Everything that one seed makes."""

    def __init__(  # noqa: PLR0913, PLR0917 - what a world is made of
        self,
        seed: int,
        mappings: Mappings,
        clock: Clock,
        journal: Journal,
        rules: RuleBook,
        writing: WriterSettings = WRITING,
        habits: Habits | None = None,
        layout: Layout = USUAL,
        variants: Mapping[str, Mappings] | None = None,
    ) -> None:
        self.chance = seeded("world", seed)
        self.clock = clock
        self.journal = journal
        self.mappings = self._own_mappings = mappings
        self.variants = variants or {}
        """Mappings that may take the place of the installation's own, by name."""
        self.tally = Tally()
        self.forgotten = Forgotten()
        self._rules = rules
        self._seed = seed
        self.vendors = open_vendors(seed, clock)
        if habits is not None:
            habits.turn(self.vendors)
            self.tally.update(habits.names)
        self.crm_lag_seconds = lag_seconds(self.vendors)
        self._are_clocks_apart = habits is not None and habits.are_clocks_apart
        self._writing = self._suited(writing)
        chance = seeded("installation", seed)
        partitions = chance.choice(layout.partitions)
        self.folder = layout.folder
        file = None if layout.folder is None else layout.folder / FILE
        self.broker = layout.opened(file, partitions=partitions, clock=clock, times=_TIMES)
        self.crm_user = self.vendors.crm_user(clock)
        self.erp_user = self.vendors.erp_user(clock)
        self._interest = {system: mappings.interest(system) for system in System}
        self._k3cloud = k3cloud_settings(
            self.vendors.erp.credentials, poll_seconds=chance.choice(layout.poll_seconds)
        )
        more = {"lines_lag_seconds": self.crm_lag_seconds} if self.crm_lag_seconds else {}
        more["confirm_seconds"] = _CONFIRM_SECONDS
        self._fxiaoke = fxiaoke_settings(
            self.vendors.crm.credentials, poll_seconds=chance.choice(layout.poll_seconds), **more
        )
        self._desk: CallbackDesk | None = None
        self._made = {
            "fxiaoke-source": self._fxiaoke_source,
            "fxiaoke-writer": self._fxiaoke_writer,
            "fxiaoke-callback": self._fxiaoke_callback,
            "k3cloud-source": self._k3cloud_source,
            "k3cloud-writer": self._k3cloud_writer,
            "mapper": self._mapper,
        }
        self.processes = {name: self._process(name, name) for name in self._made}
        self.stand_ins: list[Process] = []
        self._postman: asyncio.Task[None] | None = None
        self._notices: Reader | None = None

    @classmethod
    @asynccontextmanager
    async def begun(  # noqa: PLR0913, PLR0917 - as the world itself
        cls,
        seed: int,
        mappings: Mappings,
        rules: RuleBook = RULE_BOOK,
        writing: WriterSettings = WRITING,
        variants: Mapping[str, Mappings] | None = None,
        layout: Layout = USUAL,
    ) -> AsyncIterator["World"]:
        """Yield a world on the running loop in which every process runs; end it after."""
        clock = LoopClock(asyncio.get_running_loop())
        journal = Journal(clock)
        with journal.of_logs():
            world = cls(
                seed, mappings, clock, journal, rules, writing, layout=layout, variants=variants
            )
            await world.start()
            try:
                yield world
            finally:
                await world.close()

    async def start(self) -> None:
        """Declare the topics and start every process."""
        await self.broker.declare(declared_topics(self.objects))
        for process in self.processes.values():
            process.start()
        network = self.vendors.networks[System.FXIAOKE]
        vendor_clock = self.vendors.weather[System.FXIAOKE].clock
        postman = Postman(
            self.vendors.crm,
            network,
            self.clock,
            vendor_clock,
            lambda: self._desk,
            seeded("postman", self._seed),
            self.tally,
            self.journal,
        )
        self._postman = asyncio.create_task(postman.work(), name="postman")

    def stand_in(self, name: str, *, by_force: bool) -> Process:
        """Start a second process of a service; `by_force` takes every task from the first."""
        process = self._process(f"{name}'", name, by_force=by_force)
        self.stand_ins.append(process)
        process.start()
        return process

    async def rebuild(self, *, loses_crosswalk: bool) -> None:
        """Lose the links, and make them anew while no mapper runs."""
        await self.processes["mapper"].kill()
        lost = (LINKS, CROSSWALK) if loses_crosswalk else (LINKS,)
        for topic in lost:
            self.journal.note("rebuild", f"{topic.name} is lost")
            await self._lose(topic.name)
        runtime = Runtime(self.broker, self.clock, seeded("rebuild", self._seed))
        await rebuilt(self.mappings, runtime, self.journal)
        self.forgotten.rebuilt(self._own_mappings, self.mappings, lost, self.clock.monotonic())
        self.processes["mapper"].start()

    async def remap(self, name: str | None, *, mapper_first: float | None = None) -> None:
        """Put other mappings (`None`: the own ones) in force, as an operator does.

        All services are started again, or first the mapper and the others so many seconds later.
        Then what is read of otherwise is read anew: what is mapped now may never have been.
        """
        self.journal.note("operator", f"puts in force: {name or 'the own mappings'}")
        self.mappings = self._own_mappings if name is None else self.variants[name]
        if mapper_first is not None:
            await self._restart(["mapper"])
            await self.clock.sleep(mapper_first)
        before = {each for interest in self._interest.values() for each in interest.objects}
        self._interest = {system: self.mappings.interest(system) for system in System}
        others = [each for each in self.processes if each != "mapper"]
        await self._restart(others if mapper_first is not None else [*others, "mapper"])
        signals = [
            Signal(
                system=system,
                object_name=each.object_name,
                kind=SignalKind.SNAPSHOT,
                at=self.clock.now(),
            )
            for system, interest in self._interest.items()
            for each in interest.objects
            if each not in before
        ]
        await self.broker.publish([each.to_message() for each in signals])

    @property
    def is_remapped(self) -> bool:
        """Whether other mappings than the own ones are in force."""
        return self.mappings is not self._own_mappings

    async def _restart(self, names: Sequence[str]) -> None:
        for name in names:
            await self.processes[name].kill()
        for name in names:
            self.processes[name].start()

    async def open_attempts(self) -> int:
        """Return how many commands have no result though their writer took them up."""
        found = 0
        for system in System:
            view = View(self.broker, attempts_topic(system))
            await view.start()
            found += sum(not AttemptRow.model_validate_json(row).is_idle for _, row in view.scan())
            await view.close()
        return found

    async def told_of(self, *kinds: NoticeKind) -> list[Notice]:
        """Return what people were told of these kinds since they looked last at any."""
        if self._notices is None:
            starts = await self.broker.beginnings(NOTICES.name)
            self._notices = await self.broker.reader(NOTICES.name, dict(starts))
        ends, found = await self.broker.ends(NOTICES.name), list[Notice]()
        while any(self._notices.position(each) < end for each, end in ends.items()):
            new = [Notice.from_record(each) for each in await self._notices.poll()]
            self.tally.update(f"people were told: {each.kind}" for each in new)
            found += new
        return [each for each in found if each.kind in kinds]

    async def _lose(self, topic: str) -> None:
        """Remove every key: whoever reads the topic from its beginning finds nothing."""
        view = View(self.broker, topic)
        await view.start()
        await self.broker.publish([Message(topic, key, None) for key, _ in view.scan()])
        await view.close()

    async def close(self) -> None:
        """End everything."""
        async with AsyncExitStack() as ends:
            ends.push_async_callback(self.broker.close)
            for process in (*self.processes.values(), *self.stand_ins):
                ends.push_async_callback(process.kill)
            if self._postman is not None:
                self._postman.cancel()

    async def told(self) -> list[Line]:
        """Return every record of every topic, in order of time: what who told whom."""
        found: list[Line] = []
        for topic in declared_topics(self.objects):
            async for record in whole_topic(self.broker, topic.name):
                seconds = record.timestamp_ms / 1000 - EPOCH.timestamp()
                value = (record.value or b"gone").decode(errors="replace")
                key = (record.key or b"").decode(errors="replace")
                found.append(Line(seconds, topic.name, f"{record.place} {key} {value}"))
        return sorted(found, key=lambda line: line.seconds)

    @property
    def objects(self) -> dict[System, tuple[str, ...]]:
        """The objects that are read, by system."""
        return {
            system: tuple(each.object_name for each in interest.objects)
            for system, interest in self._interest.items()
        }

    def _process(self, name: str, service: str, *, by_force: bool = False) -> Process:
        broker = forceful(self.broker, self.clock) if by_force else self.broker

        state = None if self.folder is None else self.folder / name

        def runtime() -> Runtime:
            return Runtime(broker, self.clock, seeded(name, self._seed), state)

        return Process(name, self._made[service], runtime, self.journal)

    def _transport(self, system: System, who: str) -> SimulatedTransport:
        return self.vendors.transport(system, self.clock, self.chance, self.journal, who)

    def _suited(self, writing: WriterSettings) -> WriterSettings:
        """Return how writers are set up for such vendors, as docs/reliability.md asks."""
        suited = {"processing_seconds": writing.processing_seconds + self.crm_lag_seconds}
        if self._are_clocks_apart:
            suited["known_seconds"] = 0.0
        return writing.model_copy(update=suited)

    def _fxiaoke_source(self, runtime: Runtime) -> Sequence[Service]:
        transport = self._transport(System.FXIAOKE, "fxiaoke-source")
        interest = self._interest[System.FXIAOKE]

        async def run() -> None:
            await anji_fxiaoke.service.run_source(self._fxiaoke, interest, runtime, transport)

        return [Service("fxiaoke-source", run)]

    def _fxiaoke_writer(self, runtime: Runtime) -> Sequence[Service]:
        transport = self._transport(System.FXIAOKE, "fxiaoke-writer")
        interest = self._interest[System.FXIAOKE]

        async def run() -> None:
            await anji_fxiaoke.service.run_writer(
                self._fxiaoke,
                interest,
                runtime,
                transport,
                self._writing,
                rules=self._rules.writer,
            )

        return [Service("fxiaoke-writer", run)]

    def _fxiaoke_callback(self, runtime: Runtime) -> Sequence[Service]:
        async def run() -> None:
            self._desk = CallbackDesk(self._fxiaoke, self._interest[System.FXIAOKE], runtime)
            try:
                await asyncio.Event().wait()
            finally:
                self._desk = None

        return [Service("fxiaoke-callback", run)]

    def _k3cloud_source(self, runtime: Runtime) -> Sequence[Service]:
        transport = self._transport(System.K3CLOUD, "k3cloud-source")
        interest = self._interest[System.K3CLOUD]

        async def run() -> None:
            erp = Connection.over(self._k3cloud, runtime.clock, transport)
            await anji_k3cloud.service.run_source(erp, interest, runtime)

        return [Service("k3cloud-source", run)]

    def _k3cloud_writer(self, runtime: Runtime) -> Sequence[Service]:
        transport = self._transport(System.K3CLOUD, "k3cloud-writer")
        interest = self._interest[System.K3CLOUD]

        async def run() -> None:
            erp = Connection.over(self._k3cloud, runtime.clock, transport)
            await anji_k3cloud.service.run_writer(
                erp, interest, runtime, self._writing, rules=self._rules.writer
            )

        return [Service("k3cloud-writer", run)]

    def _mapper(self, runtime: Runtime) -> Sequence[Service]:
        async def run() -> None:
            reducer = Reducer(self._rules.reducer)
            await anji_mapper.service.run(
                self.mappings, mapper_settings(), runtime, reducer=reducer
            )

        return [Service("mapper", run)]
