"""Queries that say yes and leave rows out, at the very moment when deletes are looked for."""

import asyncio
from dataclasses import replace
from random import Random

import pytest

from anji_common.broker.embedded_broker import EmbeddedBroker
from anji_common.events.changes import Change
from anji_common.events.signals import Signal, SignalKind
from anji_common.refs import System
from anji_common.runtime import Runtime
from anji_common.testing.virtual_time import LoopClock, run_virtually
from anji_common.topics import changes_topic, declared_topics
from anji_fxiaoke.service import run_source
from anji_k3cloud.service import Connection
from anji_k3cloud.service import run_source as run_erp_source
from anji_sandbox.core import Answer, Request, StoredCore
from anji_sandbox.leaving_out import LEAVING_OUT, Leaving, left_out
from anji_sandbox.store import Store
from labs import erp_lab, fxiaoke_lab
from labs.memory_broker import all_records, memory_runtime
from labs.sandbox_transport import SandboxTransport

_RECORDS = 9
_ROUND_SECONDS = 31.0
_HITS = 3
"""Answers that left rows out, by each way and share: both reads of a round, and one more."""
_MOST_ROUNDS = 40
"""Which of two answers is struck is a matter of the seed: so many rounds are enough for any."""


class Leaky:
    """A vendor whose queries by id leave rows out, so often."""

    def __init__(self, core: StoredCore, by_id: bytes, seed: int) -> None:
        self._core = core
        self._by_id = by_id
        self._chance = Random(seed)
        self.how: Leaving | None = None
        self.share = 0.0
        self.hits = 0

    @property
    def name(self) -> str:
        return self._core.name

    @property
    def store(self) -> Store:
        return self._core.store

    def handle(self, request: Request, now: float) -> Answer:
        answer = self._core.handle(request, now)
        if self.how is None or self._by_id not in request.body:
            return answer
        if self._chance.random() >= self.share:
            return answer
        self.hits += 1
        return replace(answer, body=left_out(answer.body, self.how))


async def troubled(leaky: Leaky, runtime: Runtime, system: System, name: str) -> set[str]:
    """Let patrols go round while rows are missing; return who was told to be gone."""
    for how in LEAVING_OUT:
        for share in (1.0, 0.5):
            leaky.how, leaky.share, leaky.hits = how, share, 0
            for _ in range(_MOST_ROUNDS):
                await probe(runtime, system, name)
                if leaky.hits >= _HITS:
                    break
            assert leaky.hits >= _HITS, f"{how}, {share}: rows were left out {leaky.hits} times"
    leaky.how = None
    return await gone(runtime, system, name)


async def probe(runtime: Runtime, system: System, name: str) -> None:
    now = runtime.clock.now()
    signal = Signal(system=system, object_name=name, kind=SignalKind.PROBE, at=now)
    await runtime.broker.publish([signal.to_message()])
    await runtime.clock.sleep(_ROUND_SECONDS)


async def gone(runtime: Runtime, system: System, name: str) -> set[str]:
    records = await all_records(runtime.broker, changes_topic(system, name))
    changes = [Change.from_record(each) for each in records]
    return {each.ref.record_id for each in changes if each.data is None}


@pytest.mark.parametrize("seed", range(5))
def test_nobody_in_the_crm_is_gone_for_rows_that_were_left_out(seed: int) -> None:
    async def test(lab: fxiaoke_lab.Lab) -> None:
        leaky = Leaky(lab.crm, b'"IN"', seed)
        async with memory_runtime(lab.clock, fxiaoke_lab.INTEREST) as runtime:
            transport = SandboxTransport(leaky, lab.clock)
            work = run_source(lab.settings, fxiaoke_lab.INTEREST, runtime, transport)
            source = asyncio.create_task(work)
            await lab.clock.sleep(1.0)
            made = [lab.person.make("AccountObj", name=f"客户{n}") for n in range(_RECORDS)]
            await lab.clock.sleep(30.0)

            assert await troubled(leaky, runtime, System.FXIAOKE, "AccountObj") == set()

            data = {"dataObjectApiName": "AccountObj", "object_data_id": made[4]}
            lab.person.call("data/invalid", data)
            delete = {"dataObjectApiName": "AccountObj", "idList": [made[4]]}
            lab.person.call("data/delete", delete)
            for _ in range(5):  # rounds that were put off end first
                await probe(runtime, System.FXIAOKE, "AccountObj")
            assert await gone(runtime, System.FXIAOKE, "AccountObj") == {made[4]}
            source.cancel()
            await asyncio.wait([source])

    fxiaoke_lab.on_a_crm(test)


@pytest.mark.parametrize("seed", range(5))
def test_nobody_in_the_erp_is_gone_for_rows_that_were_left_out(seed: int) -> None:
    async def test() -> None:
        clock = LoopClock(asyncio.get_running_loop())
        broker = EmbeddedBroker(None, clock=clock, partitions=3)
        await broker.declare(declared_topics({System.K3CLOUD: ("BD_Customer", "SAL_SaleOrder")}))
        erp = erp_lab.make_erp(clock)
        leaky = Leaky(erp.k3cloud, b" in (", seed)
        settings = erp_lab.settings_of(erp.k3cloud, patrol_seconds=None)
        connection = Connection.over(
            settings, clock, SandboxTransport(leaky, clock, base_path="/k3cloud/")
        )
        runtime = Runtime(broker, clock, Random(1))
        work = run_erp_source(connection, erp_lab.INTEREST, runtime)
        source = asyncio.create_task(work)
        await clock.sleep(30.0)
        person = erp.person()
        made = [person.make("BD_Customer", {"FName": f"客户{n}"}) for n in range(_RECORDS)]
        await clock.sleep(30.0)

        assert await troubled(leaky, runtime, System.K3CLOUD, "BD_Customer") == set()

        person.do("Delete", "BD_Customer", {"Ids": str(made[4])})
        for _ in range(5):  # rounds that were put off end first
            await probe(runtime, System.K3CLOUD, "BD_Customer")
        assert await gone(runtime, System.K3CLOUD, "BD_Customer") == {str(made[4])}
        source.cancel()
        await asyncio.wait([source])
        await broker.close()

    run_virtually(test())
