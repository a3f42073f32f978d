"""``make bench``, or ``python -m bench [broker] [latency] [mapper] …`` from ``tests/``.

Prints the figures and writes them to ``docs/performance.md``, in the place of the last ones.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from anji_common.clock import SystemClock
from anji_mapper.mapping.folder import load_mappings
from bench.broker_rates import BrokerSizes, measure_broker
from bench.callbacks import CallbackSizes, measure_callbacks
from bench.erp_rates import ErpSizes, measure_erp
from bench.erp_writer_rates import ErpWriterSizes, measure_erp_writer
from bench.figures import Family
from bench.latency import LatencySizes, measure_latency
from bench.link_counts import LinkCountSizes, measure_link_counts
from bench.machine import machine_facts
from bench.mapper_rates import MapperSizes, measure_mapper
from bench.mass import MassSizes, measure_mass
from bench.match_rates import MatchSizes, measure_match
from bench.memory import MemorySizes, measure_memory
from bench.page import rendered, with_section
from bench.plan_rates import PlanSizes, measure_plan
from bench.sandbox_rates import SandboxSizes, measure_sandbox
from bench.stands import Stand, embedded_stand, kafka_stand
from bench.steps import measure_steps
from bench.waiting import WaitingSizes, measure_waiting
from labs.kafka_jars import KAFKA_VERSION, JavaMissingError
from labs.kafka_server import KafkaServer
from labs.kafka_settings import LabSettings

__all__ = ["main"]

_PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
_AT_MOST_MS = {"embedded": 30.0, "Kafka": 60.0}
_HEAP_MEGABYTES = 768

Bench = Callable[[Sequence[Stand]], Coroutine[None, None, list[Family]]]


async def _broker(stands: Sequence[Stand]) -> list[Family]:
    return [await measure_broker(stand, BrokerSizes()) for stand in stands]


async def _mapper(stands: Sequence[Stand]) -> list[Family]:
    steps = measure_steps(load_mappings(), MapperSizes())
    return [steps, *[await measure_mapper(stand, MapperSizes()) for stand in stands]]


async def _latency(stands: Sequence[Stand]) -> list[Family]:
    return [
        await measure_latency(stand, LatencySizes(), at_most_ms=_AT_MOST_MS[stand.name])
        for stand in stands
    ]


async def _memory(_stands: Sequence[Stand]) -> list[Family]:
    return [await measure_memory(MemorySizes())]


async def _links(_stands: Sequence[Stand]) -> list[Family]:
    return [await measure_link_counts(LinkCountSizes())]


async def _waiting(stands: Sequence[Stand]) -> list[Family]:
    return [await measure_waiting(stand, WaitingSizes()) for stand in stands]


async def _sandbox(_stands: Sequence[Stand]) -> list[Family]:
    return [*await measure_sandbox(SandboxSizes()), *await measure_erp(ErpSizes())]


async def _callbacks(stands: Sequence[Stand]) -> list[Family]:
    return [
        await measure_callbacks(stand, CallbackSizes(), with_source=with_source)
        for stand in stands
        for with_source in (False, True)
    ]


async def _erp_writer(_stands: Sequence[Stand]) -> list[Family]:
    return list(await measure_erp_writer(ErpWriterSizes()))


async def _match(_stands: Sequence[Stand]) -> list[Family]:
    return [await measure_match(MatchSizes())]


async def _mass(stands: Sequence[Stand]) -> list[Family]:
    return [await measure_mass(stand, MassSizes()) for stand in stands]


async def _plan(_stands: Sequence[Stand]) -> list[Family]:
    return [await measure_plan(PlanSizes())]


_BENCHES: dict[str, Bench] = {
    "broker": _broker,
    "callbacks": _callbacks,
    "erp-writer": _erp_writer,
    "latency": _latency,
    "links": _links,
    "mapper": _mapper,
    "mass": _mass,
    "match": _match,
    "memory": _memory,
    "plan": _plan,
    "sandbox": _sandbox,
    "waiting": _waiting,
}


@asynccontextmanager
async def _stands() -> AsyncIterator[tuple[tuple[Stand, ...], str]]:
    """Yield what can be measured here, and which Kafka it is, or why there is none."""
    settings = LabSettings()
    if settings.kafka_bootstrap:
        told = f"the one at KAFKA_BOOTSTRAP, {settings.kafka_bootstrap}"
        yield (embedded_stand(), kafka_stand(settings.kafka_bootstrap)), told
        return
    with TemporaryDirectory(prefix="anji-bench-kafka-") as folder:
        server = KafkaServer(Path(folder) / "broker", settings.cache, _HEAP_MEGABYTES)
        try:
            await server.start()
        except JavaMissingError as error:
            yield (embedded_stand(),), f"none was measured: {error}"
            return
        try:
            told = f"{KAFKA_VERSION}, one node on this machine, C1 only, replication factor 1"
            yield (embedded_stand(), kafka_stand(server.bootstrap)), told
        finally:
            await server.kill()


async def main(names: Sequence[str]) -> None:
    """Measure, print and write."""
    clock = SystemClock()
    async with _stands() as (stands, kafka):
        for name in names or sorted(_BENCHES):
            sys.stdout.write(f"\n{name}: measuring\n")
            sys.stdout.flush()
            families = await _BENCHES[name](stands)
            command = f"PYTHONPATH=tests .venv/bin/python -m bench {name}"
            text = rendered(command, machine_facts(clock.now(), kafka), families)
            sys.stdout.write(f"{text}\n")
            sys.stdout.flush()
            _PAGE.write_text(with_section(_PAGE.read_text(), name, text))


if __name__ == "__main__":
    unknown = sorted({*sys.argv[1:]} - {*_BENCHES})
    if unknown:
        sys.exit(f"no such bench: {', '.join(unknown)}; there are {', '.join(sorted(_BENCHES))}")
    asyncio.run(main(sys.argv[1:]))
