"""The callback, against events as the sandbox CRM sends them: verify, keep, answer."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import aiohttp
import orjson
import pytest

from anji_common.clock import SystemClock
from anji_common.errors import ConfigurationError, UndecodableError
from anji_common.events.signals import Signal, SignalKind
from anji_common.messages import Record
from anji_common.runtime import Runtime
from anji_common.topics import CALLBACKS
from anji_fxiaoke.callback import CallbackDesk, serve_callbacks
from anji_sandbox.fxiaoke import FxiaokeCore, FxiaokeSwitches
from anji_sandbox.store import Store
from labs.fxiaoke_lab import INTEREST, LINES, Lab, Person, on_a_crm, settings_of
from labs.memory_broker import all_records, memory_runtime

Test = Callable[[Lab, CallbackDesk, Runtime], Coroutine[Any, Any, None]]
SLOWLY = FxiaokeSwitches(callback_retry_seconds=60.0)


def with_a_desk(test: Test, **more: object) -> None:
    async def run(lab: Lab) -> None:
        lab.crm.callback_url = "http://anji.test/fxiaoke/callback"
        async with memory_runtime(lab.clock, INTEREST) as runtime:
            settings = lab.settings.model_copy(update=more)
            await test(lab, CallbackDesk(settings, INTEREST, runtime), runtime)

    on_a_crm(run, switches=SLOWLY)


def events(lab: Lab) -> list[bytes]:
    return [body for _, body in lab.crm.due_callbacks(lab.clock.now().timestamp())]


async def kept(runtime: Runtime) -> list[Record]:
    return await all_records(runtime.broker, CALLBACKS.name)


def test_an_event_is_kept_and_answered_as_the_vendor_wants() -> None:
    async def test(lab: Lab, desk: CallbackDesk, runtime: Runtime) -> None:
        record_id = lab.person.make("AccountObj", name="甲")
        (event,) = events(lab)

        answer = await desk.handle_callback(event)

        (record,) = await kept(runtime)
        signal = Signal.from_record(record)
        assert lab.crm.callback_accepts(200, answer)
        assert signal.kind is SignalKind.READ
        assert str(signal.ref) == f"fxiaoke/AccountObj/{record_id}"
        assert record.text_key == "fxiaoke/AccountObj"
        assert record.header("callbacktype") == "update"

    with_a_desk(test)


def test_an_event_of_a_line_asks_for_a_look_at_its_heads_object() -> None:
    async def test(lab: Lab, desk: CallbackDesk, runtime: Runtime) -> None:
        lab.person.make_order(("1",))

        for event in events(lab):
            await desk.handle_callback(event)

        found = {
            record.header("callbackobject"): Signal.from_record(record)
            for record in await kept(runtime)
        }
        assert found[LINES].ref is None
        assert found[LINES].object_name == "SalesOrderObj"

    with_a_desk(test)


def test_an_event_that_was_sent_again_is_taken_too() -> None:
    async def test(lab: Lab, desk: CallbackDesk, runtime: Runtime) -> None:
        lab.person.make("AccountObj", name="甲")
        events(lab)
        await lab.clock.sleep(120.0)
        events(lab)  # the first try has failed by now; the next one waits
        await lab.clock.sleep(120.0)
        (again,) = events(lab)

        answer = await desk.handle_callback(again)

        assert "retryTimes" in orjson.loads(again)
        assert lab.crm.callback_accepts(200, answer)
        assert len(await kept(runtime)) == 1

    with_a_desk(test)


def test_an_event_of_an_object_that_nobody_maps_is_answered_and_dropped() -> None:
    async def test(lab: Lab, desk: CallbackDesk, runtime: Runtime) -> None:
        lab.person.make("ProductObj", name="甲")
        (event,) = events(lab)

        answer = await desk.handle_callback(event)

        assert lab.crm.callback_accepts(200, answer)
        assert await kept(runtime) == []

    with_a_desk(test)


@pytest.mark.parametrize("name", ["timestamp", "nonce", "messageId", "enterpriseAccount"])
def test_a_changed_envelope_is_refused(name: str) -> None:
    async def test(lab: Lab, desk: CallbackDesk, runtime: Runtime) -> None:
        lab.person.make("AccountObj", name="甲")
        (event,) = events(lab)
        forged = orjson.loads(event)
        forged[name] = f"{forged[name]}0"

        answer = await desk.handle_callback(orjson.dumps(forged))

        assert not lab.crm.callback_accepts(200, answer)
        assert await kept(runtime) == []

    with_a_desk(test)


def test_a_replayed_event_is_refused() -> None:
    async def test(lab: Lab, desk: CallbackDesk, runtime: Runtime) -> None:
        lab.person.make("AccountObj", name="甲")
        (event,) = events(lab)
        await lab.clock.sleep(601.0)

        answer = await desk.handle_callback(event)

        assert not lab.crm.callback_accepts(200, answer)
        assert await kept(runtime) == []

    with_a_desk(test)


def test_another_enterprises_event_is_refused() -> None:
    async def test(lab: Lab, desk: CallbackDesk, runtime: Runtime) -> None:
        lab.person.make("AccountObj", name="甲")
        (event,) = events(lab)

        answer = await desk.handle_callback(event)

        assert not lab.crm.callback_accepts(200, answer)
        assert await kept(runtime) == []

    with_a_desk(test, enterprise_account="somebodyelse")


@pytest.mark.parametrize("body", [b"", b"[]", b"not json", b"null"])
def test_what_is_no_callback_is_undecodable(body: bytes) -> None:
    async def test(_lab: Lab, desk: CallbackDesk, _runtime: Runtime) -> None:
        with pytest.raises(UndecodableError):
            await desk.handle_callback(body)

    with_a_desk(test)


def test_without_a_key_no_callbacks_are_taken() -> None:
    async def test(lab: Lab) -> None:
        async with memory_runtime(lab.clock, INTEREST) as runtime:
            settings = lab.settings.model_copy(update={"callback_aes_key": None})
            with pytest.raises(ConfigurationError, match="ANJI_FXIAOKE_CALLBACK_AES_KEY"):
                CallbackDesk(settings, INTEREST, runtime)

    on_a_crm(test)


async def test_over_http_an_event_is_kept_and_rubbish_is_not() -> None:
    clock, crm = SystemClock(), FxiaokeCore(Store())
    person, settings = Person(crm, clock), settings_of(crm)
    async with memory_runtime(clock, INTEREST) as runtime, aiohttp.ClientSession() as session:
        desk = CallbackDesk(settings, INTEREST, runtime)
        listening: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        serving = asyncio.create_task(serve_callbacks(desk, settings, listening.set_result))
        crm.callback_url = url = await listening
        person.make("AccountObj", name="甲")
        ((_, event),) = crm.due_callbacks(clock.now().timestamp())

        async with session.post(url, data=event) as got:
            accepted = crm.callback_accepts(got.status, await got.read())
        async with session.post(url, data=b"rubbish") as got:
            rubbish = got.status
        async with session.post(url, data=b"x" * 100_000) as got:
            too_long = got.status
        serving.cancel()
        await asyncio.wait([serving])

        assert accepted
        assert (rubbish, too_long) == (400, 413)
        assert len(await kept(runtime)) == 1
