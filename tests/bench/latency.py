"""From a change on its topic to the command that it causes, at a steady rate."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass

from anji.demo_measures import percentile
from anji_common.broker.port import Reader
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
_WARM_UP = 20
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
    sent: dict[str, float] = {}
    found: list[float] = []
    wanted = sizes.changes + _WARM_UP
    try:
        receiving = asyncio.create_task(_receive(runtime, reader, sent, found, wanted))
        await _send(runtime, sizes, sent)
        async with asyncio.timeout(_WAIT_SECONDS):
            await receiving
    finally:
        await reader.close()
    return found[_WARM_UP:]


async def _send(runtime: Runtime, sizes: LatencySizes, sent: dict[str, float]) -> None:
    """Publish at fixed times, whatever the answers do: a late answer delays no later change."""
    clock = runtime.clock
    begin = clock.monotonic()
    for number, change in enumerate(Company().customers(sizes.changes + _WARM_UP)):
        await clock.sleep(max(begin + number / sizes.per_second - clock.monotonic(), 0.0))
        message = change.to_message()
        sent[message.key] = clock.monotonic()
        await runtime.broker.publish([message])


async def _receive(
    runtime: Runtime, reader: Reader, sent: dict[str, float], found: list[float], wanted: int
) -> None:
    while len(found) < wanted:
        came = await reader.poll(wait_seconds=1.0)
        now = runtime.clock.monotonic()
        found += [now - sent[record.text_key] for record in came]
