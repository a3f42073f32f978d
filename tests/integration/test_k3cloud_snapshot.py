"""A snapshot of the ERP: older records come when asked for, over a crash, beside live ones."""

import asyncio
from random import Random

from anji_common.broker.embedded_broker import EmbeddedBroker
from anji_common.events.changes import Change
from anji_common.events.signals import SignalKind
from anji_common.refs import System
from anji_common.runtime import Runtime
from anji_common.sourcing.signalling import ask_source
from anji_common.testing.virtual_time import LoopClock, run_virtually
from anji_common.topics import changes_topic, declared_topics
from anji_k3cloud.service import Connection, run_source
from labs.erp_lab import INTEREST, Erp, make_erp, settings_of
from labs.k3cloud_client import order_model

ORDERS = changes_topic(System.K3CLOUD, "SAL_SaleOrder")


async def changes(broker: EmbeddedBroker) -> list[Change]:
    reader = await broker.reader(ORDERS, dict.fromkeys(range(broker.partitions), 0))
    found = [Change.from_record(record) for record in await reader.poll(max_records=10_000)]
    await reader.close()
    return found


async def killed(source: "asyncio.Future[None]") -> None:
    source.cancel()
    await asyncio.gather(source, return_exceptions=True)


def started(erp: Erp, runtime: Runtime) -> "asyncio.Future[None]":
    settings = settings_of(erp.k3cloud, page_rows=20, patrol_seconds=None)
    connection = Connection.over(settings, erp.clock, erp.transport)
    return asyncio.ensure_future(run_source(connection, INTEREST, runtime))


def test_older_orders_come_once_each_over_a_crash_and_an_edit_meanwhile_is_not_undone() -> None:
    async def test() -> None:
        clock = LoopClock(asyncio.get_running_loop())
        broker = EmbeddedBroker(None, clock=clock, partitions=3)
        await broker.declare(declared_topics({System.K3CLOUD: ("BD_Customer", "SAL_SaleOrder")}))
        erp = make_erp(clock)
        runtime = Runtime(broker, clock, Random(1))
        person = erp.person()
        person.make_parties()
        ids = [person.make("SAL_SaleOrder", order_model(n + 1, 1)) for n in range(60)]
        await clock.sleep(3600)
        source = started(erp, runtime)
        await clock.sleep(60)
        before = await changes(broker)

        erp.transport.latency_seconds = 0.5
        await ask_source(runtime, INTEREST, SignalKind.SNAPSHOT, "SAL_SaleOrder")
        while not (half := len(await changes(broker))):
            await clock.sleep(0.2)
        await killed(source)
        edit = {"Model": {"FID": ids[0], "FNote": "by hand"}, "IsDeleteEntry": False}
        erp.person().status("Save", "SAL_SaleOrder", edit)
        source = started(erp, runtime)
        await clock.sleep(600)
        assert not source.done(), source
        await killed(source)

        found = await changes(broker)
        await broker.close()
        assert before == []
        assert 0 < half < 60
        first = [change for change in found if change.ref.record_id == str(ids[0])]
        assert {change.ref.record_id for change in found} == set(map(str, ids))
        assert len(found) == 60 + len(first) - 1
        assert first[-1].data is not None
        assert first[-1].data["FNote"] == "by hand"

    run_virtually(test())
