"""The callback under rubbish and forgeries, and under load."""

import asyncio
import time
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anji_common.errors import UndecodableError
from anji_common.topics import CALLBACKS
from anji_fxiaoke.callback import CallbackDesk
from anji_sandbox.fxiaoke import FxiaokeSwitches
from labs.fxiaoke_lab import INTEREST, Lab, on_a_crm
from labs.memory_broker import all_records, memory_runtime

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
NAMES = (
    "signature", "timestamp", "nonce", "messageId", "retryTimes", "enterpriseAccount",
    "encryptedContent",
)  # fmt: skip


def genuine(lab: Lab) -> dict[str, Any]:
    """Return an event as the vendor sends it."""
    lab.crm.callback_url = "http://anji.test/fxiaoke/callback"
    lab.person.make("AccountObj", name="甲")
    ((_, body),) = lab.crm.due_callbacks(lab.clock.now().timestamp())
    found: dict[str, Any] = orjson.loads(body)
    return found


def nothing_is_kept(change: dict[str, object] | bytes) -> None:
    """A genuine event with `change` in it, or those bytes, is never taken."""

    async def test(lab: Lab) -> None:
        event = genuine(lab)
        altered = change if isinstance(change, bytes) else orjson.dumps({**event, **change})
        if altered == orjson.dumps(event):
            return
        async with memory_runtime(lab.clock, INTEREST) as runtime:
            desk = CallbackDesk(lab.settings, INTEREST, runtime)
            try:
                answer = await desk.handle_callback(altered)
            except UndecodableError:
                pass
            else:
                assert not lab.crm.callback_accepts(200, answer)
            assert await all_records(runtime.broker, CALLBACKS.name) == []

    on_a_crm(test)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(NAMES), JSON, min_size=1, max_size=3))
def test_no_altered_event_is_taken(change: dict[str, object]) -> None:
    if set(change) == {"retryTimes"} and change["retryTimes"] == "":
        return  # signed alike: nothing is added to what is signed
    nothing_is_kept(change)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=200) | JSON.map(orjson.dumps))
def test_no_rubbish_is_taken(body: bytes) -> None:
    nothing_is_kept(body)


@pytest.mark.parametrize("id_", ["65f000000000000000000001", "0" * 32, "f" * 32])
def test_ids_of_both_lengths_are_taken(id_: str) -> None:
    async def test(lab: Lab) -> None:
        lab.crm.callback_url = "http://anji.test/fxiaoke/callback"
        async with memory_runtime(lab.clock, INTEREST) as runtime:
            desk = CallbackDesk(lab.settings, INTEREST, runtime)
            record_id = lab.person.make("AccountObj", name="甲")
            for _, body in lab.crm.due_callbacks(lab.clock.now().timestamp()):
                assert lab.crm.callback_accepts(200, await desk.handle_callback(body))
            (kept,) = await all_records(runtime.broker, CALLBACKS.name)

            assert record_id.encode() in (kept.value or b"")
            assert len(record_id) == (32 if len(id_) == 32 else 24)

    on_a_crm(test, switches=FxiaokeSwitches(long_ids=len(id_) == 32))


def test_two_hundred_callbacks_a_second_leave_the_machine_three_quarters_of_its_time() -> None:
    """Ours is the processor's time only: how long an answer takes depends on the machine too."""

    async def test(lab: Lab) -> None:
        lab.crm.callback_url = "http://anji.test/fxiaoke/callback"
        for n in range(90):
            lab.person.make("AccountObj", name=f"客户{n}")
        bodies = [body for _, body in lab.crm.due_callbacks(lab.clock.now().timestamp())]
        async with memory_runtime(lab.clock, INTEREST) as runtime:
            desk = CallbackDesk(lab.settings, INTEREST, runtime)
            await desk.handle_callback(bodies[0])
            began = time.process_time()
            for _ in range(3):
                await asyncio.gather(*map(desk.handle_callback, bodies))
            spent = time.process_time() - began

        assert spent / (3 * len(bodies)) < 0.25 / 200

    on_a_crm(test)
