"""How fast a callback is answered, over HTTP, at a steady 200 a second.

The callback service runs in a process of its own, alone, or with the source beside it that reads
and publishes every record told of; the sandbox CRM is a third process. Callbacks leave at fixed
times, whatever became of the ones before.
"""

import asyncio
import json
from asyncio.subprocess import Process
from collections.abc import Sequence
from dataclasses import dataclass, field
from tempfile import TemporaryDirectory
from uuid import uuid4

import aiohttp
import orjson

from anji.demo_measures import percentile
from anji.sandboxes import callback_url, free_port, settings_of
from anji_common.clock import SystemClock
from anji_sandbox.fxiaoke.cipher import decrypt, encrypt, signature
from bench.figures import Family, Figure
from bench.sandbox_process import seconds_of, served
from bench.stands import Stand
from labs.third_party import OldStyle

__all__ = ["CallbackSizes", "measure_callbacks"]

_WORDS = """\
{callbacks:,} genuine callbacks, each of another customer, {rate:g} a second at fixed times, over
HTTP to a process that runs the callback service{beside}. From the moment a callback is due until
its answer, the encrypted "success", is here: the event is durable by then."""
_BESIDE = " and the source, which reads and publishes each of these customers from a third process"
_AT_MOST_MS = 50.0
_MOBILE = "13800000001"
_CALLERS = 16


@dataclass(frozen=True, slots=True)
class CallbackSizes:
    """How many, and how fast."""

    callbacks: int = 4_000
    per_second: float = 200.0
    warm_up: int = 600


@dataclass(slots=True)
class _Post:
    """Sends callbacks as the CRM does."""

    session: aiohttp.ClientSession
    url: str
    known: dict[str, str]
    seconds: list[float] = field(default_factory=list)
    answers: list[bytes] = field(default_factory=list)

    def body(self, record_id: str, number: int, at_ms: int) -> bytes:
        key, account = self.known["callback_aes_key"], self.known["enterprise_account"]
        message_id = f"bench-{number}"
        plain = {
            "tenantId": 90001,
            "eventType": "update",
            "apiName": "AccountObj",
            "dataId": record_id,
            "timestamp": at_ms,
            "messageId": message_id,
        }
        content = encrypt(orjson.dumps(plain), key)
        return orjson.dumps(
            {
                "signature": signature(at_ms, "n", message_id, account, content, key),
                "timestamp": at_ms,
                "nonce": "n",
                "messageId": message_id,
                "enterpriseAccount": account,
                "encryptedContent": content,
            }
        )

    async def send(self, ids: Sequence[str], per_second: float) -> None:
        """Post one callback for each record, at fixed times."""
        clock = SystemClock()
        at_ms = int(clock.now().timestamp() * 1000)
        bodies = [self.body(each, number, at_ms) for number, each in enumerate(ids)]
        begin = clock.monotonic() + 0.1

        async def one(number: int, body: bytes) -> None:
            due = begin + number / per_second
            await clock.sleep(max(due - clock.monotonic(), 0.0))
            async with self.session.post(self.url, data=body) as answer:
                self.answers.append(await answer.read())
            self.seconds.append(clock.monotonic() - due)

        await asyncio.gather(*(one(number, body) for number, body in enumerate(bodies)))

    def check(self) -> None:
        """See that every answer is the encrypted "success"."""
        key = self.known["callback_aes_key"]
        for answer in self.answers:
            if decrypt(json.loads(answer)["encryptedResult"], key) != b"success":
                msg = f"a callback was not accepted: {answer!r}"
                raise RuntimeError(msg)


async def measure_callbacks(stand: Stand, sizes: CallbackSizes, *, with_source: bool) -> Family:
    """Return how fast callbacks are answered, alone or `with_source` in the same process."""
    services = "fxiaoke-callback,fxiaoke-source" if with_source else "fxiaoke-callback"
    port = free_port()
    with TemporaryDirectory(prefix="anji-bench-") as home:
        async with (
            served("fxiaoke", ()) as (_, known),
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session,
        ):
            own = {
                **stand.settings,
                "ANJI_TOPIC_PREFIX": f"bench-{uuid4().hex[:8]}.",
                **settings_of({"fxiaoke": known}),
                "ANJI_HOME": home,
                "ANJI_HEALTH_PORT": "0",
                "ANJI_FXIAOKE_CALLBACK_PORT": str(port),
            }
            arguments = (json.dumps(own),)
            ids = await _customers(session, known, sizes.warm_up + sizes.callbacks)
            async with served(services, arguments, module="bench.callback_served") as (process, _):
                figures = await _figures(
                    process, _Post(session, callback_url(port), known), ids, sizes
                )
    beside = _BESIDE if with_source else ""
    words = _WORDS.format(callbacks=sizes.callbacks, rate=sizes.per_second, beside=beside)
    title = f"Callbacks, {stand.name}{', with the source' if with_source else ''}"
    return Family(title, words, figures)


async def _figures(
    process: Process, post: _Post, ids: Sequence[str], sizes: CallbackSizes
) -> list[Figure]:
    await post.send(ids[: sizes.warm_up], sizes.per_second)
    post.seconds.clear()
    before = await seconds_of(process)
    await post.send(ids[sizes.warm_up :], sizes.per_second)
    taken = await seconds_of(process) - before
    post.check()
    took = [each * 1000 for each in post.seconds]
    return [
        Figure("answered, p50", percentile(took, 0.5), "ms"),
        Figure("answered, p99", percentile(took, 0.99), "ms", at_most=_AT_MOST_MS),
        Figure("answered, the slowest", max(took), "ms"),
        Figure("processor time of that process", taken * 1e6 / len(took), "µs each"),
    ]


async def _customers(
    session: aiohttp.ClientSession, known: dict[str, str], count: int
) -> list[str]:
    client = OldStyle(session, known["url"], known)
    await client.log_in(_MOBILE)
    turns = asyncio.Semaphore(_CALLERS)

    async def one(number: int) -> str:
        async with turns:
            return await client.create("AccountObj", None, name=f"客户 {number}")

    return await asyncio.gather(*map(one, range(count)))
