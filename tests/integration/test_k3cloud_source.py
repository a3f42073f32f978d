"""The whole source of the ERP: from the sandbox to the change topic, under virtual time."""

import asyncio
from random import Random

from anji_common.broker.embedded_broker import EmbeddedBroker
from anji_common.events.changes import Change
from anji_common.refs import System
from anji_common.runtime import Runtime
from anji_common.testing.virtual_time import LoopClock, run_virtually
from anji_common.topics import changes_topic, declared_topics
from anji_k3cloud.service import Connection, run_source
from labs.erp_lab import INTEREST, make_erp, settings_of
from labs.k3cloud_client import order_model

ORDERS = changes_topic(System.K3CLOUD, "SAL_SaleOrder")


async def changes(broker: EmbeddedBroker) -> list[Change]:
    reader = await broker.reader(ORDERS, dict.fromkeys(range(broker.partitions), 0))
    found = [Change.from_record(record) for record in await reader.poll()]
    await reader.close()
    return found


def test_an_order_and_its_audit_are_two_changes_in_order() -> None:
    async def test() -> None:
        clock = LoopClock(asyncio.get_running_loop())
        broker = EmbeddedBroker(None, clock=clock, partitions=3)
        await broker.declare(declared_topics({System.K3CLOUD: ("BD_Customer", "SAL_SaleOrder")}))
        erp = make_erp(clock)
        runtime = Runtime(broker, clock, Random(1))
        source = asyncio.ensure_future(
            run_source(
                Connection.over(settings_of(erp.k3cloud), clock, erp.transport), INTEREST, runtime
            )
        )
        await clock.sleep(30)
        person = erp.person()
        person.make_parties()
        record_id = person.make("SAL_SaleOrder", order_model(2))
        await clock.sleep(30)
        auditor = erp.person()
        auditor.status("Submit", "SAL_SaleOrder", {"Ids": str(record_id)})
        auditor.status("Audit", "SAL_SaleOrder", {"Ids": str(record_id)})
        await clock.sleep(120)

        saved, audited = await changes(broker)

        assert (saved.stamp.status, audited.stamp.status) == ("A", "C")
        assert saved.stamp.modified_at == audited.stamp.modified_at
        assert saved.revision < audited.revision
        assert not source.done()
        source.cancel()
        await asyncio.gather(source, return_exceptions=True)
        await broker.close()

    run_virtually(test())
