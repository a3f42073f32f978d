"""The CRM's source as a service: callbacks and polls to published changes, on a real sandbox."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest

from anji_common.broker.embedded_broker import EmbeddedBroker
from anji_common.clock import SystemClock
from anji_common.errors import ConfigurationError
from anji_common.events.changes import Change
from anji_common.events.signals import Signal, SignalKind
from anji_common.http_transport import HttpTransport
from anji_common.interest import Interest
from anji_common.refs import Ref, System
from anji_common.runtime import Runtime
from anji_common.topics import changes_topic, declared_topics
from anji_fxiaoke.callback import CallbackDesk
from anji_fxiaoke.service import connection_of, run_source
from anji_sandbox.faults import Fault
from anji_sandbox.fxiaoke import FxiaokeCore, FxiaokeSwitches
from anji_sandbox.http import serve
from anji_sandbox.store import Store
from labs.fxiaoke_lab import ACCOUNT, INTEREST, LINES, Lab, Person, on_a_crm, settings_of
from labs.memory_broker import all_records, memory_runtime


@dataclass
class Room:
    """A CRM, its source running on a broker, and a postman for callbacks."""

    lab: Lab
    runtime: Runtime
    desk: CallbackDesk

    async def changes(self, object_name: str = "AccountObj") -> list[Change]:
        topic = changes_topic(System.FXIAOKE, object_name)
        return [Change.from_record(each) for each in await all_records(self.runtime.broker, topic)]

    async def post_callbacks(self) -> None:
        now = self.lab.clock.now().timestamp()
        for event_id, body in self.lab.crm.due_callbacks(now):
            answer = await self.desk.handle_callback(body)
            is_accepted = self.lab.crm.callback_accepts(200, answer)
            self.lab.crm.callback_answered(event_id, is_accepted, now)

    async def wait(self, seconds: float) -> None:
        await self.lab.clock.sleep(seconds)


def quantities(change: Change) -> list[object]:
    rows = (change.data or {})[LINES]
    assert isinstance(rows, list)
    return [row["quantity"] for row in rows if isinstance(row, dict)]


def in_a_room(
    test: Callable[[Room], Coroutine[Any, Any, None]],
    switches: FxiaokeSwitches | None = None,
    **more: Any,  # noqa: ANN401 - passed on
) -> None:
    async def run(lab: Lab) -> None:
        lab.crm.callback_url = "http://anji.test/fxiaoke/callback"
        async with memory_runtime(lab.clock, INTEREST) as runtime:
            source = asyncio.create_task(
                run_source(lab.settings, INTEREST, runtime, lab.transport)
            )
            await lab.clock.sleep(1.0)
            try:
                await test(Room(lab, runtime, CallbackDesk(lab.settings, INTEREST, runtime)))
                assert not source.done(), source
            finally:
                source.cancel()
                await asyncio.wait([source])

    on_a_crm(run, switches=switches, **more)


def test_a_callback_brings_its_record_at_once_and_once() -> None:
    async def test(room: Room) -> None:
        record_id = room.lab.person.make("AccountObj", name="甲")
        await room.post_callbacks()
        await room.wait(0.5)
        (change,) = await room.changes()
        await room.wait(120.0)

        assert change.ref.record_id == record_id
        assert change.data is not None
        assert change.data["name"] == "甲"
        assert await room.changes() == [change]

    in_a_room(test)


def test_a_lost_callback_costs_time_and_no_change() -> None:
    async def test(room: Room) -> None:
        room.lab.person.make("AccountObj", name="甲")
        await room.wait(6.0)

        assert len(await room.changes()) == 1

    in_a_room(test)


def test_a_callback_of_a_line_brings_its_document() -> None:
    async def test(room: Room) -> None:
        room.lab.person.make_order(("2", "1"))
        await room.post_callbacks()
        await room.wait(3.0)
        room.lab.person.edit(LINES, room.lab.person.all(LINES)[0]["_id"], quantity="9")
        await room.post_callbacks()
        await room.wait(0.5)

        before, after = await room.changes("SalesOrderObj")
        assert [quantities(before), quantities(after)] == [["2", "1"], ["9", "1"]]
        assert after.revision > before.revision

    in_a_room(test)


def test_callbacks_doubled_late_and_in_disorder_publish_each_version_once() -> None:
    async def test(room: Room) -> None:
        record_id = room.lab.person.make("AccountObj", name="v0")
        for number in range(1, 30):
            await room.post_callbacks()
            await room.wait(0.7)
            room.lab.person.edit("AccountObj", record_id, name=f"v{number}")
        for _ in range(10):
            await room.post_callbacks()
            await room.wait(10.0)

        changes = await room.changes()
        revisions = [change.revision for change in changes]
        names = [str((change.data or {})["name"]) for change in changes]
        assert revisions == sorted(set(revisions))
        assert len(set(names)) == len(names)
        assert names[-1] == "v29"

    in_a_room(
        test,
        FxiaokeSwitches(
            callback_doubled_share=0.3, callback_late_share=0.4, callback_lost_share=0.2
        ),
    )


def test_a_signalled_read_answers_its_command() -> None:
    async def test(room: Room) -> None:
        record_id = room.lab.person.make("AccountObj", name="甲")
        await room.wait(10.0)
        signal = Signal(
            system=System.FXIAOKE,
            object_name="AccountObj",
            kind=SignalKind.READ,
            at=room.lab.clock.now(),
            ref=Ref(System.FXIAOKE, "AccountObj", record_id),
            answers="1-2",
        )
        await room.runtime.broker.publish([signal.to_message()])
        await room.wait(0.5)

        assert [change.answers for change in await room.changes()] == [None, "1-2"]

    in_a_room(test)


def test_while_callbacks_come_a_day_costs_a_seventh_of_a_pack() -> None:
    async def test(room: Room) -> None:
        for _ in range(12):
            room.lab.person.make_order()
            room.lab.person.make("DeliveryNoteObj", name="a")
            await room.post_callbacks()
            await room.wait(600.0)

        client = connection_of(room.lab.settings, room.runtime, room.lab.transport).client
        assert len(await room.changes("SalesOrderObj")) == 12
        assert sum(client.caller.tally.calls.values()) * 12 < 15_000

    in_a_room(test)


def test_an_outage_loses_nothing() -> None:
    async def test(room: Room) -> None:
        room.lab.faults.add(Fault(kind="html", calls=None))
        made = [room.lab.person.make("AccountObj", name=f"{n}") for n in range(5)]
        await room.post_callbacks()
        await room.wait(600.0)
        assert await room.changes() == []
        room.lab.faults.clear()
        await room.wait(60.0)

        assert sorted(change.ref.record_id for change in await room.changes()) == sorted(made)

    in_a_room(test)


def test_the_token_is_renewed_when_its_time_comes() -> None:
    async def test(room: Room) -> None:
        await room.wait(8_000.0)
        room.lab.person.make("AccountObj", name="甲")
        await room.wait(301.0)

        assert len(await room.changes()) == 1
        assert room.lab.crm.store.calls["token"] == 3  # the source twice, the person once

    in_a_room(test, poll_seconds=300.0, most_poll_seconds=300.0)


def test_another_enterprises_token_stops_the_source() -> None:
    async def run(lab: Lab) -> None:
        async with memory_runtime(lab.clock, INTEREST) as runtime:
            settings = lab.settings.model_copy(update={"corp_id": "FSCID_ANOTHER"})
            with pytest.raises(ConfigurationError, match="ANJI_FXIAOKE_CORP_ID"):
                await run_source(settings, INTEREST, runtime, lab.transport)

    on_a_crm(run)


async def test_over_real_http_a_poll_becomes_a_change() -> None:
    interest = Interest(System.FXIAOKE, (ACCOUNT,))
    clock, crm = SystemClock(), FxiaokeCore(Store())
    broker = EmbeddedBroker(None, clock=clock, partitions=1)
    await broker.declare(declared_topics({System.FXIAOKE: ("AccountObj",)}))
    runtime = Runtime(broker, clock, Random(1))
    async with serve(crm) as server:
        transport = HttpTransport(server.url, system="fxiaoke", clock=clock)
        settings = settings_of(crm, url=server.url, poll_seconds=0.02, most_poll_seconds=0.02)
        source = asyncio.create_task(run_source(settings, interest, runtime, transport))
        while not crm.store.calls["data/query AccountObj"]:
            await clock.sleep(0.01)

        record_id = Person(crm, clock).make("AccountObj", name="甲")

        topic = changes_topic(System.FXIAOKE, "AccountObj")
        async with asyncio.timeout(10.0):
            while not (records := await all_records(broker, topic)):
                await clock.sleep(0.02)
        source.cancel()
        await asyncio.wait([source])
        await transport.close()
    await broker.close()

    (change,) = map(Change.from_record, records)
    assert change.ref.record_id == record_id
