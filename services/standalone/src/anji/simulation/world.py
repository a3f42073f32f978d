"""One installation and both vendors, put together for a simulation."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

import anji_fxiaoke.service
import anji_k3cloud.service
import anji_mapper.service
from anji.people import CrmUser, ErpUser
from anji.simulation.chance import seeded
from anji.simulation.journal import Journal, Line
from anji.simulation.processes import Process
from anji.simulation.transport import SimulatedTransport, Weather
from anji.supervise import Service
from anji_common.broker.embedded_broker import EmbeddedBroker
from anji_common.clock import Clock
from anji_common.errors import AnjiError
from anji_common.refs import System
from anji_common.runtime import Runtime
from anji_common.testing.virtual_time import EPOCH
from anji_common.topics import declared_topics
from anji_common.writing.settings import WriterSettings
from anji_fxiaoke.callback import CallbackDesk
from anji_fxiaoke.settings import FxiaokeSettings
from anji_k3cloud.service import Connection
from anji_k3cloud.settings import K3CloudSettings
from anji_mapper.link.step import Reducer
from anji_mapper.mapping.model import Mappings
from anji_mapper.settings import MapperSettings
from anji_sandbox.faults import Faults, FaultyCore
from anji_sandbox.fxiaoke import FxiaokeCore, FxiaokeLimits, FxiaokeSwitches
from anji_sandbox.k3cloud import K3CloudCore
from anji_sandbox.store import Store

__all__ = ["LATEST_COMMIT_SECONDS", "Vendors", "World"]

_PARTITIONS = 4
_PLENTY = 10**9
LATEST_COMMIT_SECONDS = 20.0
"""No vendor of a simulation carries a call out later than this; the writers' V is longer."""

_WRITING = WriterSettings(
    age_seconds=2.0,
    pause_seconds=5.0,
    processing_seconds=LATEST_COMMIT_SECONDS + 5.0,
    max_tries=1000,  # nobody is there to decide: an attempt is never given up
)
_ERP_PATH = "/k3cloud/"
_POST_EVERY_SECONDS = 0.25


@dataclass(slots=True)
class Vendors:
    """Both sandboxes' cores, and what their networks do."""

    crm: FxiaokeCore
    erp: K3CloudCore
    crm_faults: Faults
    erp_faults: Faults
    weather: dict[System, Weather]

    @property
    def writes(self) -> dict[str, int]:
        """How much was written to each, by whomever."""
        return {core.name: sum(core.store.writes.values()) for core in (self.crm, self.erp)}


class World:
    """Everything that one seed makes."""

    def __init__(
        self, seed: int, mappings: Mappings, clock: Clock, journal: Journal, reducer: Reducer
    ) -> None:
        self.chance = seeded("world", seed)
        self.clock = clock
        self.journal = journal
        self.mappings = mappings
        self._reducer = reducer
        self._seed = seed
        self.vendors = self._vendors()
        self.broker = EmbeddedBroker(None, partitions=_PARTITIONS, clock=clock)
        self.crm_user = CrmUser(
            SimulatedTransport(self.vendors.crm, clock), self.vendors.crm.credentials
        )
        self.erp_user = ErpUser(
            SimulatedTransport(self.vendors.erp, clock, base_path=_ERP_PATH),
            self.vendors.erp.credentials,
        )
        self._interest = {system: mappings.interest(system) for system in System}
        self._fxiaoke = self._fxiaoke_settings()
        self._k3cloud = self._k3cloud_settings()
        self._desk: CallbackDesk | None = None
        self.processes = [
            self._process("fxiaoke-source", self._fxiaoke_source),
            self._process("fxiaoke-writer", self._fxiaoke_writer),
            self._process("fxiaoke-callback", self._fxiaoke_callback),
            self._process("k3cloud-source", self._k3cloud_source),
            self._process("k3cloud-writer", self._k3cloud_writer),
            self._process("mapper", self._mapper),
        ]
        self._postman: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Declare the topics and start every process."""
        await self.broker.declare(declared_topics(self._objects))
        for process in self.processes:
            process.start()
        self._postman = asyncio.create_task(self._post(), name="postman")

    async def close(self) -> None:
        """End everything."""
        async with AsyncExitStack() as ends:
            ends.push_async_callback(self.broker.close)
            for process in self.processes:
                ends.push_async_callback(process.kill)
            if self._postman is not None:
                self._postman.cancel()

    async def told(self) -> list[Line]:
        """Return every record of every topic, in order of time: what who told whom."""
        found: list[Line] = []
        for topic in declared_topics(self._objects):
            beginnings = dict(await self.broker.beginnings(topic.name))
            ends = await self.broker.ends(topic.name)
            reader = await self.broker.reader(topic.name, beginnings)
            while any(reader.position(each) < end for each, end in ends.items()):
                for record in await reader.poll(wait_seconds=0.1):
                    seconds = record.timestamp_ms / 1000 - EPOCH.timestamp()
                    value = (record.value or b"gone").decode(errors="replace")
                    key = (record.key or b"").decode(errors="replace")
                    found.append(Line(seconds, topic.name, f"{record.place} {key} {value}"))
            await reader.close()
        return sorted(found, key=lambda line: line.seconds)

    @property
    def _objects(self) -> dict[System, tuple[str, ...]]:
        return {
            system: tuple(each.object_name for each in interest.objects)
            for system, interest in self._interest.items()
        }

    def _vendors(self) -> Vendors:
        switches = FxiaokeSwitches(
            callback_lost_share=0.1, callback_doubled_share=0.1, callback_late_share=0.2
        )
        limits = FxiaokeLimits(calls_per_window=_PLENTY, daily_calls=_PLENTY)
        crm = FxiaokeCore(
            Store(), switches, limits, seed=str(self._seed), callback_url="http://anji.invalid"
        )
        erp = K3CloudCore(Store(), seed=self._seed)
        return Vendors(
            crm,
            erp,
            Faults(seed=f"crm {self._seed}"),
            Faults(seed=f"erp {self._seed}"),
            {system: Weather() for system in System},
        )

    def _process(self, name: str, made: Callable[[Runtime], Sequence[Service]]) -> Process:
        def runtime() -> Runtime:
            return Runtime(self.broker, self.clock, seeded(name, self._seed))

        return Process(name, made, runtime, self.journal)

    def _transport(self, system: System, who: str) -> SimulatedTransport:
        is_crm = system is System.FXIAOKE
        core = self.vendors.crm if is_crm else self.vendors.erp
        faults = self.vendors.crm_faults if is_crm else self.vendors.erp_faults
        return SimulatedTransport(
            FaultyCore(core, faults),
            self.clock,
            base_path="/" if is_crm else _ERP_PATH,
            weather=self.vendors.weather[system],
            chance=self.chance,
            journal=self.journal,
            who=who,
        )

    def _fxiaoke_settings(self) -> FxiaokeSettings:
        known = {
            name: value
            for name, value in self.vendors.crm.credentials.items()
            if not name.startswith("person_")
        }
        return FxiaokeSettings.model_validate(
            {
                **known,
                "url": "http://crm.invalid",
                "calls_per_window": _PLENTY,
                "calls_per_day": None,
            }
        )

    def _k3cloud_settings(self) -> K3CloudSettings:
        known = {
            name: value
            for name, value in self.vendors.erp.credentials.items()
            if not name.startswith("person_")
        }
        return K3CloudSettings.model_validate({**known, "url": "http://erp.invalid"})

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
                self._fxiaoke, interest, runtime, transport, _WRITING
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
            await anji_k3cloud.service.run_writer(erp, interest, runtime, _WRITING)

        return [Service("k3cloud-writer", run)]

    def _mapper(self, runtime: Runtime) -> Sequence[Service]:
        async def run() -> None:
            settings = MapperSettings.model_validate({})
            await anji_mapper.service.run(self.mappings, settings, runtime, reducer=self._reducer)

        return [Service("mapper", run)]

    async def _post(self) -> None:
        """Carry the CRM's callbacks to whoever takes them in."""
        crm = self.vendors.crm
        while True:
            await self.clock.sleep(_POST_EVERY_SECONDS)
            now = self.clock.now().timestamp()
            for event_id, body in crm.due_callbacks(now):
                desk = self._desk
                accepted = False
                if desk is not None:
                    try:
                        accepted = crm.callback_accepts(200, await desk.handle_callback(body))
                    except AnjiError as error:
                        self.journal.note("callback", str(error))
                crm.callback_answered(event_id, accepted, self.clock.now().timestamp())
