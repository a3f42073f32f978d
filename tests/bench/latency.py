"""From a change on its topic to the command that it causes, at a steady rate."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from anji.demo_measures import percentile
from anji_common.broker.port import Reader
from anji_common.messages import Message
from anji_common.refs import System
from anji_common.runtime import Runtime
from anji_common.topics import commands_topic
from anji_mapper.mapping.folder import load_mappings
from anji_mapper.service import run
from anji_mapper.settings import MapperSettings
from bench.company import Company
from bench.figures import Family, Figure
from bench.stands import Stand

__all__ = ["LatencySizes", "measure_latency"]

_WORDS = """\
{changes} customers made in the CRM, {rate} a second, on a mapper that runs; the time from just
before the change is published until a reader of committed records has the command for the ERP.
One process publishes, maps and reads{beside}."""
_WARM_UP = 60
_WAIT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class LatencySizes:
    """How many, and how fast."""

    changes: int = 400
    per_second: float = 20.0


async def measure_latency(stand: Stand, sizes: LatencySizes, *, at_most_ms: float) -> Family:
    """Return the latencies on one broker; `at_most_ms` is what the 95th percentile should be."""
    mappings = load_mappings()
    async with stand.opened(mappings) as runtime:
        serving = asyncio.create_task(run(mappings, MapperSettings(), runtime))
        try:
            found = await _measured(runtime, sizes)
        finally:
            serving.cancel()
            with suppress(asyncio.CancelledError):
                await serving
    beside = "; Kafka runs beside it" if stand.name == "Kafka" else ""
    return Family(
        f"Latency, {stand.name}",
        _WORDS.format(changes=sizes.changes, rate=f"{sizes.per_second:g}", beside=beside),
        [
            Figure("change to command, p50", percentile(found, 0.5) * 1000, "ms"),
            Figure(
                "change to command, p95", percentile(found, 0.95) * 1000, "ms", at_most=at_most_ms
            ),
        ],
    )


async def _measured(runtime: Runtime, sizes: LatencySizes) -> list[float]:
    """Return the seconds of each change, in the order of the commands."""
    topic = commands_topic(System.K3CLOUD)
    reader = await runtime.broker.reader(topic, await runtime.broker.ends(topic))
    changes = Company().customers(_WARM_UP + sizes.changes)
    messages = [change.to_message() for change in changes]
    try:
        await _answered(runtime, reader, messages[:_WARM_UP], sizes.per_second)  # all tasks run
        return await _answered(runtime, reader, messages[_WARM_UP:], sizes.per_second)
    finally:
        await reader.close()


async def _answered(
    runtime: Runtime, reader: Reader, messages: Sequence[Message], per_second: float
) -> list[float]:
    """Publish the changes, and return how long the command of each took to come."""
    sent: dict[str, float] = {}
    sending = asyncio.create_task(_send(runtime, messages, per_second, sent))
    found: list[float] = []
    async with asyncio.timeout(len(messages) / per_second + _WAIT_SECONDS):
        while len(found) < len(messages):
            came = await reader.poll(wait_seconds=1.0)
            now = runtime.clock.monotonic()
            found += [now - sent[record.text_key] for record in came]
    await sending
    return found


async def _send(
    runtime: Runtime, messages: Sequence[Message], per_second: float, sent: dict[str, float]
) -> None:
    """Publish at fixed times, whatever the answers do: a late answer delays no later change."""
    clock = runtime.clock
    begin = clock.monotonic()
    for number, message in enumerate(messages):
        await clock.sleep(max(begin + number / per_second - clock.monotonic(), 0.0))
        sent[message.key] = clock.monotonic()
        await runtime.broker.publish([message])
