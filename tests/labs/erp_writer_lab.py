"""A running writer on an embedded broker before a sandbox ERP, under virtual time."""

import asyncio
from collections.abc import Callable, Coroutine
from random import Random
from typing import Any

from anji_common.broker.embedded_broker import EmbeddedBroker
from anji_common.events.commands import Command
from anji_common.events.results import Result
from anji_common.interest import Interest
from anji_common.refs import Ref, System
from anji_common.runtime import Runtime
from anji_common.testing.virtual_time import LoopClock, run_virtually
from anji_common.topics import declared_topics, results_topic
from anji_common.writing.settings import WriterSettings
from anji_k3cloud.service import Connection, run_writer
from labs.erp_lab import INTEREST, Erp, make_erp, settings_of

__all__ = ["in_an_installation", "issue", "outcome_of", "results"]

_Test = Callable[[Erp, EmbeddedBroker], Coroutine[Any, Any, None]]


def in_an_installation(test: _Test, *, interest: Interest = INTEREST, **more: Any) -> None:  # noqa: ANN401 - passed on
    """Run a writer on a broker before an ERP, and `test` beside it."""

    async def run() -> None:
        clock = LoopClock(asyncio.get_running_loop())
        broker = EmbeddedBroker(None, clock=clock, partitions=3)
        await broker.declare(declared_topics({System.K3CLOUD: ("BD_Customer", "SAL_SaleOrder")}))
        erp = make_erp(clock, **more)
        runtime = Runtime(broker, clock, Random(1))
        settings = settings_of(erp.k3cloud)
        writer = asyncio.ensure_future(
            run_writer(
                Connection.over(settings, clock, erp.transport),
                interest,
                runtime,
                WriterSettings(),
            )
        )
        await test(erp, broker)
        assert not writer.done(), writer
        writer.cancel()
        await asyncio.gather(writer, return_exceptions=True)
        await broker.close()

    run_virtually(run())


async def issue(broker: EmbeddedBroker, *commands: Command) -> None:
    await broker.publish([command.to_message() for command in commands])


async def results(broker: EmbeddedBroker) -> list[Result]:
    starts = dict.fromkeys(range(broker.partitions), 0)
    reader = await broker.reader(results_topic(System.K3CLOUD), starts)
    found = [Result.from_record(record) for record in await reader.poll(max_records=10_000)]
    await reader.close()
    return found


async def outcome_of(broker: EmbeddedBroker, seat: Ref) -> Result:
    """Return the last result of a seat."""
    return [result for result in await results(broker) if result.seat == seat][-1]
