"""How many records a second the ERP's writer saves where every call takes 50 ms.

The whole writer: commands from an embedded broker, look-ups, attempts, saves, read-backs, results.
The sandbox ERP answers over HTTP from this same process, so its work is in the figures, too.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from anji_common.broker.embedded_broker import EmbeddedBroker
from anji_common.clock import SystemClock
from anji_common.events.commands import Command, Finish
from anji_common.http_transport import HttpTransport
from anji_common.interest import Interest
from anji_common.refs import Ref, System
from anji_common.runtime import Runtime
from anji_common.topics import Lane, declared_topics, results_topic
from anji_common.writing.settings import WriterSettings
from anji_k3cloud.service import Connection, run_writer
from anji_sandbox.faults import Fault, Faults, FaultyCore
from anji_sandbox.http import serve
from anji_sandbox.k3cloud import K3CloudCore
from anji_sandbox.store import Store
from bench.figures import Family, Figure
from labs.erp_lab import CUSTOMER, ORDER, new_customer, new_order, settings_of
from labs.k3cloud_client import Caller

__all__ = ["ErpWriterSizes", "measure_erp_writer"]

_WORDS = """\
{records:,} creates in the bulk lane of an embedded broker with 12 partitions, the whole writer, a
sandbox ERP over HTTP in the same process, each of whose calls takes {call_ms:.0f} ms; four
sessions. Calls are counted by the sandbox."""
_AIM = 200
_MOST_WRITES = 0.05
_WRITES = ("batchsave", "save", "submit", "audit")


@dataclass(frozen=True, slots=True)
class ErpWriterSizes:
    """How many records, and how long each call takes."""

    records: int = 3_000
    call_seconds: float = 0.05


async def measure_erp_writer(sizes: ErpWriterSizes) -> Sequence[Family]:
    """Return how fast customers are saved, and orders saved, submitted and audited."""
    words = _WORDS.format(records=sizes.records, call_ms=sizes.call_seconds * 1000)
    kinds = (("ERP writer, saved", Finish.SAVED), ("ERP writer, audited orders", Finish.AUDITED))
    return [Family(title, words, await _figures(sizes, finish)) for title, finish in kinds]


async def _figures(sizes: ErpWriterSizes, finish: Finish) -> list[Figure]:
    core = K3CloudCore(Store(), seed=7)
    parties = Caller(core).log_in(as_person=True)
    parties.make_parties()
    client = parties.query("BD_Customer", "FCUSTID", "FNumber='C1'")[0][0]
    core.store.calls.clear()
    commands = [_command(n, finish, str(client)) for n in range(sizes.records)]
    seconds = await _taken(core, commands, sizes.call_seconds)
    aim = _AIM if finish is Finish.SAVED else None
    calls = core.store.calls
    writes = sum(count for name, count in calls.items() if name.split()[0] in _WRITES)
    total = sum(calls.values())
    return [
        Figure("records", len(commands) / seconds, "/s", at_least=aim),
        Figure("write calls per record", writes / len(commands), "", at_most=_MOST_WRITES),
        Figure("calls per record, reads included", total / len(commands), ""),
    ]


def _command(n: int, finish: Finish, client: str) -> Command:
    customer = Ref(System.K3CLOUD, "BD_Customer", client)
    made = new_order(n, customer, {"l1": "2", "l2": "3"}, finish=finish)
    command = new_customer(n) if finish is Finish.SAVED else made
    return command.model_copy(update={"lane": Lane.BULK})


async def _taken(core: K3CloudCore, commands: Sequence[Command], call_seconds: float) -> float:
    """Return the seconds from the first command published to the last result."""
    clock = SystemClock()
    interest = Interest(System.K3CLOUD, (CUSTOMER, ORDER))
    slow = Faults(Fault(kind="delay", delay_seconds=call_seconds, calls=None))
    with TemporaryDirectory(prefix="anji-bench-") as folder:
        broker = EmbeddedBroker(Path(folder) / "broker.sqlite", clock=clock, partitions=12)
        await broker.declare(declared_topics({System.K3CLOUD: ("BD_Customer", "SAL_SaleOrder")}))
        async with serve(FaultyCore(core, slow)) as server:
            settings = settings_of(core, url=f"{server.url}/k3cloud/")
            transport = HttpTransport(settings.base_url, system=System.K3CLOUD, clock=clock)
            connection = Connection.over(settings, clock, transport)
            runtime = Runtime(broker, clock, Random(1))
            work = run_writer(connection, interest, runtime, WriterSettings())
            writer = asyncio.ensure_future(work)
            began = clock.monotonic()
            await broker.publish([command.to_message() for command in commands])
            await _answered(broker, len(commands))
            seconds = clock.monotonic() - began
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
            await transport.close()
        await broker.close()
    return seconds


async def _answered(broker: EmbeddedBroker, count: int) -> None:
    """Wait until so many results are there."""
    starts = dict.fromkeys(range(broker.partitions), 0)
    reader = await broker.reader(results_topic(System.K3CLOUD), starts)
    seen = 0
    while seen < count:
        seen += len(await reader.poll(max_records=1000, wait_seconds=1.0))
    await reader.close()
