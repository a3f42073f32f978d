"""What no window of the CRM shows: removed lines, silent voids, records that are gone."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from anji_common.events.changes import Change
from anji_common.events.notices import Notice
from anji_common.events.signals import Signal, SignalKind
from anji_common.refs import System
from anji_common.runtime import Runtime
from anji_common.sourcing.signalling import ask_source
from anji_common.topics import NOTICES, SIGNALS, changes_topic
from anji_fxiaoke.service import run_source
from anji_sandbox.fxiaoke import FxiaokeCore, FxiaokeSwitches
from labs.fxiaoke_lab import INTEREST, LINES, Lab, on_a_crm
from labs.memory_broker import all_records, memory_runtime
from labs.sandbox_transport import SandboxTransport

SILENT = FxiaokeSwitches(void_raises_time=False, line_change_touches_head=False)


@dataclass
class Room:
    lab: Lab
    runtime: Runtime

    async def changes(self, name: str = "AccountObj") -> list[Change]:
        topic = changes_topic(System.FXIAOKE, name)
        return [Change.from_record(each) for each in await all_records(self.runtime.broker, topic)]

    async def gone(self) -> set[str]:
        return {each.ref.record_id for each in await self.changes() if each.data is None}

    async def signal(self, kind: SignalKind, name: str = "AccountObj") -> None:
        signal = Signal(
            system=System.FXIAOKE, object_name=name, kind=kind, at=self.lab.clock.now()
        )
        await self.runtime.broker.publish([signal.to_message()])

    async def wait(self, seconds: float) -> None:
        await self.lab.clock.sleep(seconds)

    async def accounts(self, count: int) -> list[str]:
        """Make accounts, and wait until they are published."""
        made = [self.lab.person.make("AccountObj", name=f"客户{n}") for n in range(count)]
        await self.wait(30.0)
        return made

    def delete(self, name: str, *ids: str) -> None:
        for each in ids:
            data = {"dataObjectApiName": name, "object_data_id": each}
            self.lab.person.call("data/invalid", data)
        self.lab.person.call("data/delete", {"dataObjectApiName": name, "idList": list(ids)})


@asynccontextmanager
async def sourcing(room: Room, transport: SandboxTransport) -> AsyncIterator[None]:
    """Run a source as long as the context lasts."""
    work = run_source(room.lab.settings, INTEREST, room.runtime, transport)
    source = asyncio.create_task(work)
    await room.wait(1.0)
    try:
        yield
        assert not source.done(), source
    finally:
        source.cancel()
        await asyncio.wait([source])


def in_a_room(
    test: Callable[[Room], Coroutine[Any, Any, None]],
    switches: FxiaokeSwitches | None = None,
    **more: Any,  # noqa: ANN401 - passed on
) -> None:
    async def run(lab: Lab) -> None:
        async with memory_runtime(lab.clock, INTEREST) as runtime:
            room = Room(lab, runtime)
            async with sourcing(room, lab.transport):
                await test(room)

    on_a_crm(run, switches=switches, **more)


def test_a_deleted_record_is_gone_after_two_looks_and_not_before() -> None:
    async def test(room: Room) -> None:
        made = await room.accounts(5)
        room.delete("AccountObj", made[2])
        await room.wait(30.0)
        assert await room.gone() == set()  # no window shows it

        await room.signal(SignalKind.PROBE)
        await room.wait(50.0)
        assert await room.gone() == set()
        await room.wait(30.0)

        assert await room.gone() == {made[2]}
        tombstones = [each for each in await room.changes() if each.data is None]
        assert len(tombstones) == 1

    in_a_room(test)


def test_a_patrol_goes_round_by_itself_and_costs_little() -> None:
    async def test(room: Room) -> None:
        made = await room.accounts(90)
        room.delete("AccountObj", made[7])
        await room.wait(400.0)
        before = room.lab.crm.store.calls["data/query AccountObj"]
        await room.wait(600.0)
        polls = 600 / 60 + 2

        assert await room.gone() == {made[7]}
        assert room.lab.crm.store.calls["data/query AccountObj"] - before <= 3 + polls

    in_a_room(test, patrol_seconds=600.0)


def test_records_that_cannot_be_seen_for_a_while_are_not_taken_for_gone() -> None:
    async def test(lab: Lab) -> None:
        hidden = FxiaokeSwitches(hidden_objects=frozenset({"AccountObj"}))
        blind = SandboxTransport(FxiaokeCore(lab.crm.store, hidden), lab.clock)
        async with memory_runtime(lab.clock, INTEREST) as runtime:
            room = Room(lab, runtime)
            async with sourcing(room, lab.transport):
                await room.accounts(30)
            async with sourcing(room, blind):  # as if a right had been taken away
                await room.signal(SignalKind.PROBE)
                await room.wait(120.0)
                assert await room.gone() == set()
            async with sourcing(room, lab.transport):  # and given back
                await room.signal(SignalKind.APPROVE)
                await room.wait(30.0)
                assert await room.gone() == set()

            (notice,) = [
                Notice.from_record(each)
                for each in await all_records(runtime.broker, NOTICES.name)
            ]
            assert notice.kind.value == "deletes held"
            assert notice.words.startswith("30 of 30 records of AccountObj are gone")
            assert "anji fxiaoke approve AccountObj" in notice.words
            assert "anji fxiaoke probe AccountObj" in notice.words

    on_a_crm(test)


def test_what_was_made_while_it_was_hidden_is_found_when_it_is_hidden_no_more() -> None:
    async def test(lab: Lab) -> None:
        switches = FxiaokeSwitches(own_records_only=frozenset({"1000"}))
        blind = SandboxTransport(FxiaokeCore(lab.crm.store, switches), lab.clock)
        async with memory_runtime(lab.clock, INTEREST) as runtime:
            room = Room(lab, runtime)
            async with sourcing(room, lab.transport):
                known = await room.accounts(2)
            async with sourcing(room, blind):
                hidden = await room.accounts(2)
                order = lab.person.make_order(("2", "1"))
                await room.wait(120.0)
            async with sourcing(room, lab.transport):
                await room.wait(120.0)
                assert {each.ref.record_id for each in await room.changes()} == {*known}

                for name in ("AccountObj", "SalesOrderObj"):
                    await room.signal(SignalKind.PROBE, name)
                await room.wait(30.0)

            found = [each.ref.record_id for each in await room.changes()]
            assert {*known, *hidden} < {*found}  # and the order's customer
            assert len(found) == len({*found})
            (change,) = await room.changes("SalesOrderObj")
            rows = (change.data or {})[LINES]
            assert isinstance(rows, list)
            assert (change.ref.record_id, len(rows)) == (order, 2)

    on_a_crm(test)


def test_what_is_older_than_the_installation_is_found_by_no_patrol() -> None:
    async def test(lab: Lab) -> None:
        async with memory_runtime(lab.clock, INTEREST) as runtime:
            room = Room(lab, runtime)
            await room.accounts(3)
            async with sourcing(room, lab.transport):
                made = await room.accounts(1)
                await room.wait(90.0)
                await room.signal(SignalKind.PROBE)
                await room.wait(60.0)

                assert [each.ref.record_id for each in await room.changes()] == made

    on_a_crm(test)


def test_what_is_held_is_gone_when_a_person_approves() -> None:
    async def test(room: Room) -> None:
        made = await room.accounts(6)
        room.delete("AccountObj", *made[:4])
        await room.signal(SignalKind.PROBE)
        await room.wait(120.0)
        assert await room.gone() == set()

        await room.signal(SignalKind.APPROVE)
        await room.wait(30.0)

        assert await room.gone() == set(made[:4])

    in_a_room(test)


def test_an_approval_that_comes_again_does_not_approve_what_is_held_by_then() -> None:
    """A group that is put back hears it once more."""

    async def test(room: Room) -> None:
        made = await room.accounts(12)
        room.delete("AccountObj", *made[:6])
        await room.signal(SignalKind.PROBE)
        await room.wait(120.0)
        await ask_source(room.runtime, INTEREST, SignalKind.APPROVE, "AccountObj")
        await room.wait(30.0)
        assert await room.gone() == set(made[:6])
        room.delete("AccountObj", *made[6:10])
        await room.signal(SignalKind.PROBE)
        await room.wait(120.0)

        told = [
            Signal.from_record(each)
            for each in await all_records(room.runtime.broker, SIGNALS.name)
        ]
        again = [each.to_message() for each in told if each.kind is SignalKind.APPROVE]
        await room.runtime.broker.publish(again)
        await room.wait(120.0)

        assert len(again) == 1
        assert await room.gone() == set(made[:6])

    in_a_room(test)


def test_a_removed_line_is_found_though_nothing_has_a_new_date() -> None:
    async def test(room: Room) -> None:
        room.lab.person.make_order(("2", "1"))
        await room.wait(90.0)
        line = room.lab.person.all(LINES)[0]["_id"]
        room.delete(LINES, line)
        await room.wait(90.0)
        assert len(await room.changes("SalesOrderObj")) == 1

        await room.signal(SignalKind.PROBE, "SalesOrderObj")
        await room.wait(30.0)

        before, after = await room.changes("SalesOrderObj")
        rows = [(each.data or {})[LINES] for each in (before, after)]
        assert [len(each) for each in rows if isinstance(each, list)] == [2, 1]
        assert after.revision > before.revision

    in_a_room(test, SILENT)


def test_a_void_that_moves_no_date_is_found_as_a_change() -> None:
    async def test(room: Room) -> None:
        (made,) = await room.accounts(1)
        await room.wait(90.0)
        data = {"dataObjectApiName": "AccountObj", "object_data_id": made}
        room.lab.person.call("data/invalid", data)
        await room.signal(SignalKind.PROBE)
        await room.wait(30.0)

        statuses = [(each.data or {})["life_status"] for each in await room.changes()]
        assert statuses == ["normal", "invalid"]

    in_a_room(test, SILENT)


def test_a_void_that_moves_the_date_is_a_change_like_any_other() -> None:
    async def test(room: Room) -> None:
        order = room.lab.person.make_order(("1",))
        await room.wait(30.0)
        data = {"dataObjectApiName": "SalesOrderObj", "object_data_id": order}
        room.lab.person.call("data/invalid", data)
        await room.wait(30.0)

        changes = await room.changes("SalesOrderObj")
        assert [(each.data or {})["life_status"] for each in changes] == ["normal", "invalid"]

    in_a_room(test)


def test_a_restart_in_the_middle_of_a_round_goes_on_with_it() -> None:
    async def test(lab: Lab) -> None:
        async with memory_runtime(lab.clock, INTEREST) as runtime:
            room = Room(lab, runtime)
            async with sourcing(room, lab.transport):
                made = await room.accounts(5)
                room.delete("AccountObj", made[0])
                await room.signal(SignalKind.PROBE)
                await room.wait(35.0)
            async with sourcing(room, lab.transport):
                await room.wait(35.0)

                assert await room.gone() == {made[0]}

    on_a_crm(test)
