"""A snapshot of the CRM goes on after a crash and lets live changes pass; satellites tell."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anji_common.events.changes import Change
from anji_common.events.signals import Signal, SignalKind
from anji_common.interest import FieldInterest, Interest, LinesInterest, ObjectInterest
from anji_common.refs import System
from anji_common.runtime import Runtime
from anji_common.topics import changes_topic
from anji_fxiaoke.service import run_source
from anji_sandbox.fxiaoke import FxiaokeLimits
from labs.fxiaoke_lab import ACCOUNT, INTEREST, Lab, on_a_crm
from labs.memory_broker import all_records, memory_runtime
from labs.sandbox_transport import SandboxTransport

DAY_SECONDS = 86_400.0
ADDRESS = "AccountAddrObj"


@asynccontextmanager
async def sourcing(
    lab: Lab, runtime: Runtime, interest: Interest = INTEREST
) -> AsyncIterator[SandboxTransport]:
    """Run a source in a process of its own as long as the context lasts."""
    transport = SandboxTransport(lab.crm, lab.clock, latency_seconds=0.1)
    source = asyncio.create_task(run_source(lab.settings, interest, runtime, transport))
    try:
        yield transport
        assert not source.done(), source
    finally:
        source.cancel()
        await asyncio.wait([source])


async def changes(runtime: Runtime) -> list[Change]:
    topic = changes_topic(System.FXIAOKE, "AccountObj")
    return [Change.from_record(each) for each in await all_records(runtime.broker, topic)]


async def old_accounts(lab: Lab, count: int) -> set[str]:
    """Make accounts over many days before the installation begins."""
    made = set()
    for n in range(count):
        made.add(lab.person.make("AccountObj", name=f"客户{n}"))
        await lab.clock.sleep(DAY_SECONDS / 4)
    return made


async def ask(runtime: Runtime) -> None:
    signal = Signal(
        system=System.FXIAOKE,
        object_name="AccountObj",
        kind=SignalKind.SNAPSHOT,
        at=runtime.clock.now(),
    )
    await runtime.broker.publish([signal.to_message()])


def test_a_snapshot_that_is_killed_again_and_again_ends_whole_and_nothing_is_told_twice() -> None:
    async def test(lab: Lab) -> None:
        old = await old_accounts(lab, 300)
        async with memory_runtime(lab.clock, INTEREST) as runtime:
            async with sourcing(lab, runtime):
                await lab.clock.sleep(5.0)
                assert await changes(runtime) == []  # nothing old enters by itself
                await ask(runtime)
            rounds = 0
            while len(await changes(runtime)) < 300 and rounds < 60:
                rounds += 1
                async with sourcing(lab, runtime):
                    await lab.clock.sleep(1.0 + 0.25 * rounds)

            found = [change.ref.record_id for change in await changes(runtime)]
            assert rounds > 1
            assert set(found) == old
            assert len(found) == 300

    on_a_crm(test, limits=FxiaokeLimits(calls_per_window=10**6), calls_per_window=10**6)


def test_live_changes_pass_a_snapshot_that_waits_for_calls() -> None:
    async def test(lab: Lab) -> None:
        await old_accounts(lab, 300)
        async with memory_runtime(lab.clock, INTEREST) as runtime, sourcing(lab, runtime):
            await lab.clock.sleep(5.0)
            await ask(runtime)
            await lab.clock.sleep(2.0)
            edited = lab.person.all("AccountObj")[50]["_id"]
            lab.person.edit("AccountObj", edited, name="改过")
            await lab.clock.sleep(10.0)

            told = [each for each in await changes(runtime) if each.ref.record_id == edited]
            assert [(each.data or {})["name"] for each in told][-1] == "改过"
            await lab.clock.sleep(600.0)
            told = [each for each in await changes(runtime) if each.ref.record_id == edited]
            assert [(each.data or {})["name"] for each in told][-1] == "改过"
            assert len({each.ref for each in await changes(runtime)}) == 300

    on_a_crm(test, calls_per_window=80, bulk_reserve=0.9)


def test_a_satellite_that_changes_brings_its_head_with_all_satellites() -> None:
    lines = LinesInterest(ADDRESS, "_id", (FieldInterest("address"),), "account_id")
    head = ObjectInterest("AccountObj", "_id", "name", ACCOUNT.fields, (lines,))
    interest = Interest(System.FXIAOKE, (head,))

    async def test(lab: Lab) -> None:
        async with memory_runtime(lab.clock, interest) as runtime:
            async with sourcing(lab, runtime, interest):
                await lab.clock.sleep(5.0)
                account = lab.person.make("AccountObj", name="甲")
                await lab.clock.sleep(20.0)
                lab.person.make(ADDRESS, account_id=account, address="南京路 1")
                await lab.clock.sleep(20.0)

            before, after = await changes(runtime)
            rows = (after.data or {})[ADDRESS]
            assert (before.data or {})[ADDRESS] == []
            assert isinstance(rows, list)
            assert [row["address"] for row in rows if isinstance(row, dict)] == ["南京路 1"]
            assert after.revision > before.revision

    on_a_crm(test)
