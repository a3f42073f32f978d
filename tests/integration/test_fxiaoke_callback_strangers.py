"""A hundred thousand callbacks that nobody sent so: no crash, no hang, no accepted forgery.

How they are made is in `labs/callback_fuzz.py`. A run takes some 25 s of a processor.
"""

import asyncio
from collections import Counter

import aiohttp
import orjson
import pytest

from anji_common.clock import SystemClock
from anji_common.errors import UndecodableError
from anji_common.topics import CALLBACKS
from anji_fxiaoke.callback import CallbackDesk, serve_callbacks
from anji_sandbox.fxiaoke import FxiaokeCore
from anji_sandbox.store import Store
from labs.callback_fuzz import Mutator
from labs.fxiaoke_lab import INTEREST, Lab, Person, on_a_crm, settings_of
from labs.memory_broker import all_records, memory_runtime

pytestmark = pytest.mark.timeout(600)

_INPUTS = 20_000
"""For each seed."""


def genuine(lab: Lab) -> bytes:
    """Return an event as the vendor sends it."""
    lab.crm.callback_url = "http://anji.test/fxiaoke/callback"
    lab.person.make("AccountObj", name="甲")
    ((_, body),) = lab.crm.due_callbacks(lab.clock.now().timestamp())
    return body


def fuzzed(inputs: int, seed: int) -> Counter[str]:
    """Give the desk so many inputs; return what became of them. Nothing but that may happen."""
    outcomes: Counter[str] = Counter()

    async def test(lab: Lab) -> None:
        body = genuine(lab)
        key = lab.settings.callback_aes_key
        assert key is not None
        mutator = Mutator(body, key.get_secret_value(), seed)
        async with memory_runtime(lab.clock, INTEREST) as runtime:
            desk = CallbackDesk(lab.settings, INTEREST, runtime)
            assert lab.crm.callback_accepts(200, await desk.handle_callback(body))
            ((ours,), kept) = await all_records(runtime.broker, CALLBACKS.name), 1
            for _ in range(inputs):
                given = mutator.next()
                outcome = await outcome_of(desk, lab, given.body)
                outcomes[f"{'signed' if given.is_signed else 'strange'}, {outcome}"] += 1
                if outcome != "taken":
                    continue
                ends = await runtime.broker.ends(CALLBACKS.name)
                now = sum(ends.values())
                if not given.is_signed and now > kept:
                    # The same text was signed, in other words: it may say the same, nothing else.
                    *_, newest = await all_records(runtime.broker, CALLBACKS.name)
                    assert newest.value == ours.value, given.body
                kept = now

    on_a_crm(test)
    return outcomes


async def outcome_of(desk: CallbackDesk, lab: Lab, body: bytes) -> str:
    try:
        answer = await desk.handle_callback(body)
    except UndecodableError:
        return "unreadable"
    return "taken" if lab.crm.callback_accepts(200, answer) else "refused"


@pytest.mark.parametrize("seed", range(5))
def test_a_hundred_thousand_strange_callbacks_are_refused_and_none_ends_the_desk(
    seed: int,
) -> None:
    outcomes = fuzzed(_INPUTS, seed)

    assert outcomes.total() == _INPUTS
    assert outcomes["signed, taken"] > _INPUTS / 100  # it reaches what lies behind the signature
    assert outcomes["signed, unreadable"] > _INPUTS / 50
    assert outcomes["strange, taken"] < _INPUTS / 20  # the genuine one, in other words


async def test_no_strange_callback_over_http_is_an_error_of_ours() -> None:
    clock = SystemClock()
    crm = FxiaokeCore(Store(), callback_url="http://127.0.0.1:9/")
    settings = settings_of(crm)
    Person(crm, clock).make("AccountObj", name="甲")
    ((_, event),) = crm.due_callbacks(clock.now().timestamp())
    assert settings.callback_aes_key is not None
    mutator = Mutator(event, settings.callback_aes_key.get_secret_value(), seed=5)
    statuses: Counter[int] = Counter()
    async with memory_runtime(clock, INTEREST) as runtime, aiohttp.ClientSession() as session:
        desk = CallbackDesk(settings, INTEREST, runtime)
        listening: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        serving = asyncio.create_task(serve_callbacks(desk, settings, listening.set_result))
        url = await listening
        for _ in range(2_000):
            async with session.post(url, data=mutator.next().body) as got:
                statuses[got.status] += 1
                await got.read()
        serving.cancel()
        await asyncio.wait([serving])

    assert set(statuses) == {200, 400}
    assert min(statuses.values()) > 100


def test_what_is_not_signed_gets_nothing_signed_that_its_sender_chose() -> None:
    """Else a nonce could be chosen so that our answer signs a whole forged event."""

    async def test(lab: Lab) -> None:
        event = {**orjson.loads(genuine(lab)), "signature": "0" * 40, "nonce": "chosen"}
        async with memory_runtime(lab.clock, INTEREST) as runtime:
            desk = CallbackDesk(lab.settings, INTEREST, runtime)
            answer = orjson.loads(await desk.handle_callback(orjson.dumps(event)))

        assert answer["nonce"] == ""

    on_a_crm(test)
