"""``anji fxiaoke check``: a line for each thing that was looked at, well or what to do."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from typer.testing import CliRunner

from anji.sandboxes import settings_of as settings_for
from anji_common.broker.embedded_broker import EmbeddedBroker
from anji_common.clock import SystemClock
from anji_common.errors import ConfigurationError, VendorUnavailableError
from anji_common.events.signals import Signal
from anji_common.interest import FieldInterest, FieldKind, Interest, ObjectInterest
from anji_common.refs import System
from anji_common.runtime import Runtime
from anji_common.topics import SIGNALS, declared_topics
from anji_common.transport import Answer, Call
from anji_fxiaoke.callback import CallbackDesk
from anji_fxiaoke.checking import Line, check
from anji_fxiaoke.cli import Room, fxiaoke_app
from anji_fxiaoke.service import make_client
from anji_sandbox.fxiaoke import FxiaokeCore, FxiaokeLimits, FxiaokeSwitches
from anji_sandbox.http import serve
from anji_sandbox.store import Store
from labs.fxiaoke_lab import ACCOUNT, INTEREST, Lab, on_a_crm, settings_of
from labs.memory_broker import all_records, memory_runtime
from labs.processes import heard_out
from labs.sandbox_transport import SandboxTransport

CALLBACK: dict[str, Any] = {"callback_url": "http://anji.test/fxiaoke/callback"}


class ToTheDesk:
    """The port `Transport` to a callback desk, without sockets."""

    def __init__(self, desk: CallbackDesk | None) -> None:
        self._desk = desk

    async def send(self, call: Call) -> Answer:
        if self._desk is None:
            msg = "nobody listens"
            raise VendorUnavailableError(msg)
        assert call.path == "fxiaoke/callback"
        return Answer(200, {}, await self._desk.handle_callback(call.body))

    async def close(self) -> None:
        pass


async def lines(lab: Lab, interest: Interest = INTEREST) -> dict[str, list[Line]]:
    async with memory_runtime(lab.clock, INTEREST) as runtime:
        callback = ToTheDesk(CallbackDesk(lab.settings, INTEREST, runtime))
        found: dict[str, list[Line]] = {}
        async for line in check(lab.client, lab.metadata, interest, lab.settings, callback):
            found.setdefault(line.subject, []).append(line)
        return found


def problems(found: dict[str, list[Line]], subject: str) -> list[str]:
    return [line.words for line in found[subject] if not line.is_well]


def test_a_tenant_that_is_well_has_no_line_to_do_but_for_its_fields() -> None:
    async def test(lab: Lab) -> None:
        found = await lines(lab, Interest(System.FXIAOKE, (ORDER_AS_IT_IS,)))

        assert list(found) == [
            "credentials", "acting employee", "calls", "SalesOrderObj", "callback",
        ]  # fmt: skip
        assert all(line.is_well for group in found.values() for line in group)
        assert "集成账号" in found["acting employee"][0].words

    on_a_crm(test, **CALLBACK)


ORDER_AS_IT_IS = ObjectInterest("SalesOrderObj", "_id", "name", (FieldInterest("remark"),))


def test_a_field_that_the_tenant_does_not_have_is_named() -> None:
    wanted = replace(ACCOUNT, fields=(*ACCOUNT.fields, FieldInterest("nobody__c")))

    async def test(lab: Lab) -> None:
        found = await lines(lab, Interest(System.FXIAOKE, (wanted,)))

        words = "nobody__c: the tenant has no such field: make it, or mend the mapping"
        assert words in problems(found, "AccountObj")

    on_a_crm(test, **CALLBACK)


def test_a_kind_that_contradicts_the_tenants_type_is_named() -> None:
    wrong = FieldInterest("order_time", FieldKind.DECIMAL)

    async def test(lab: Lab) -> None:
        interest = ObjectInterest("SalesOrderObj", "_id", "name", (wrong,))

        found = await lines(lab, Interest(System.FXIAOKE, (interest,)))

        assert problems(found, "SalesOrderObj") == [
            "order_time is a date_time, and the mapping reads it as decimal"
        ]

    on_a_crm(test, **CALLBACK)


def test_a_marker_that_the_crm_would_not_guard_is_named() -> None:
    async def test(lab: Lab) -> None:
        marked = ObjectInterest("AccountObj", "_id", "name", (), marker_field="account_no")

        found = await lines(lab, Interest(System.FXIAOKE, (marked,)))

        (words,) = problems(found, "AccountObj")
        assert words.startswith("account_no is not unique")

    on_a_crm(test, **CALLBACK)


def test_an_object_that_is_not_there_is_named_and_the_rest_looked_at() -> None:
    async def test(lab: Lab) -> None:
        strange = ObjectInterest("NoSuchObj", "_id", "name", ())

        found = await lines(lab, Interest(System.FXIAOKE, (strange, ORDER_AS_IT_IS)))

        assert problems(found, "NoSuchObj")[0].startswith("the tenant has no such object")
        assert problems(found, "SalesOrderObj") == []

    on_a_crm(test, **CALLBACK)


def test_what_the_acting_employee_may_not_see_is_said() -> None:
    async def test(lab: Lab) -> None:
        lab.person.make("AccountObj", name="甲")

        found = await lines(lab, Interest(System.FXIAOKE, (ACCOUNT,)))

        assert "may not see them" in found["AccountObj"][-1].words

    hidden = FxiaokeSwitches(hidden_objects=frozenset({"AccountObj"}))
    on_a_crm(test, switches=hidden, **CALLBACK)


@pytest.mark.parametrize(
    ("wrong", "subject", "words"),
    [
        ({"app_secret": "wrong"}, "credentials", "mend the app's credentials"),
        ({"open_user_id": "FSUID_NOBODY"}, "acting employee", "openUserId not found"),
    ],
)
def test_what_stops_everything_is_the_last_line(
    wrong: dict[str, Any], subject: str, words: str
) -> None:
    async def test(lab: Lab) -> None:
        found = await lines(lab)

        assert list(found)[-1] == subject
        assert words in problems(found, subject)[0]

    on_a_crm(test, **{**CALLBACK, **wrong})


def test_a_tenant_without_calls_is_told_to_buy_some() -> None:
    async def test(lab: Lab) -> None:
        found = await lines(lab)

        assert "buy calls" in found[list(found)[-1]][0].words

    on_a_crm(test, limits=FxiaokeLimits(daily_calls=0), **CALLBACK)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"enterprise_account": "another"}, "another enterprise's event"),
        ({}, "set ANJI_FXIAOKE_CALLBACK_URL"),
    ],
)
def test_a_callback_that_does_not_lead_here_is_said(more: dict[str, Any], words: str) -> None:
    async def test(lab: Lab) -> None:
        interest = Interest(System.FXIAOKE, ())
        async with memory_runtime(lab.clock, INTEREST) as runtime:
            desk = CallbackDesk(
                lab.settings.model_copy(update=more or {"enterprise_account": None}),
                INTEREST,
                runtime,
            )
            found = [
                line
                async for line in check(
                    lab.client, lab.metadata, interest, lab.settings, ToTheDesk(desk)
                )
            ]

        assert not found[-1].is_well
        assert words in found[-1].words

    on_a_crm(test, **(CALLBACK if more else {}))


def test_a_callback_where_nothing_listens_yet_is_told_as_such_and_is_no_mistake() -> None:
    async def test(lab: Lab) -> None:
        interest = Interest(System.FXIAOKE, ())
        found = [
            line
            async for line in check(
                lab.client, lab.metadata, interest, lab.settings, ToTheDesk(None)
            )
        ]

        line = found[-1]
        assert (line.is_well, line.is_known) == (True, False)
        assert "nothing listens at http://anji.test/fxiaoke/callback yet" in line.words

    on_a_crm(test, **CALLBACK)


async def typed(home: Path, known: dict[str, str], *words: str) -> tuple[int, str]:
    command = str(Path(sys.executable).with_name("anji"))
    process = await asyncio.create_subprocess_exec(
        command, "fxiaoke", *words,
        env={"ANJI_HOME": str(home), "PATH": "/usr/bin:/bin", **known},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    told, _ = await asyncio.wait_for(heard_out(process), 60.0)
    return process.returncode or 0, told.decode()


def test_a_source_is_asked_by_command(tmp_path: Path) -> None:
    clock, crm = SystemClock(), FxiaokeCore(Store())
    file = tmp_path / "broker.sqlite"

    @asynccontextmanager
    async def runtime() -> AsyncIterator[Runtime]:
        broker = EmbeddedBroker(file, clock=clock, partitions=2)
        await broker.declare(declared_topics({System.FXIAOKE: ("AccountObj",)}))
        yield Runtime(broker, clock, Random(1))
        await broker.close()

    @asynccontextmanager
    async def room() -> AsyncIterator[Room]:
        settings, transport = settings_of(crm), SandboxTransport(crm, clock)
        client, metadata = make_client(settings, transport, clock, Random(1))
        yield Room(settings, INTEREST, client, metadata, runtime, None)

    async def signals() -> list[Signal]:
        async with runtime() as found:
            records = await all_records(found.broker, SIGNALS.name)
            return [Signal.from_record(each) for each in records]

    commands = CliRunner()
    asked = commands.invoke(fxiaoke_app(room), ["probe", "AccountObj"])
    unknown = commands.invoke(fxiaoke_app(room), ["approve", "NoSuchObj"])
    calls = commands.invoke(fxiaoke_app(room), ["calls"])

    (signal,) = asyncio.run(signals())
    assert asked.stdout == "the source of AccountObj is asked: probe\n"
    assert (signal.object_name, signal.kind.value) == ("AccountObj", "probe")
    assert isinstance(unknown.exception, ConfigurationError)
    assert "no mapping reads NoSuchObj" in str(unknown.exception)
    assert calls.stdout == "no calls were told in that time\n"


async def test_the_commands_as_they_are_typed(tmp_path: Path) -> None:
    crm = FxiaokeCore(Store())
    async with serve(crm) as server:
        known = dict(settings_for({"fxiaoke": {**crm.credentials, "url": server.url}}))
        objects = await typed(tmp_path, known, "objects")
        described = await typed(tmp_path, known, "describe", "SalesOrderObj")
        checked = await typed(tmp_path, known, "check")

    assert objects[0] == described[0] == 0
    assert "SalesOrderProductObj" in objects[1]
    rows = [line.split() for line in described[1].splitlines()]
    assert ["account_id", "account_id", "object_reference", "yes", "AccountObj"] in rows
    assert checked[0] == 1
    assert "ok    credentials: a token of the style corp" in checked[1]
    assert "to do callback: set ANJI_FXIAOKE_CALLBACK_URL" in checked[1]
