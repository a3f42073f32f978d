"""What moves no date, against the sandbox: un-audits, closings, cancellations, deletes."""

import asyncio
from collections.abc import Callable, Coroutine
from random import Random
from typing import Any

import pytest

from anji_common.broker.embedded_broker import EmbeddedBroker
from anji_common.events.changes import Change
from anji_common.refs import System
from anji_common.runtime import Runtime
from anji_common.testing.virtual_time import LoopClock, run_virtually
from anji_common.topics import changes_topic, declared_topics
from anji_k3cloud.service import Connection, run_source
from labs.erp_lab import INTEREST, Erp, make_erp, settings_of
from labs.k3cloud_client import order_model

ORDERS = changes_topic(System.K3CLOUD, "SAL_SaleOrder")
Test = Callable[[Erp, EmbeddedBroker], Coroutine[Any, Any, None]]


def beside_a_source(test: Test) -> None:
    """Run a source that patrols every ten minutes, and `test` beside it."""

    async def run() -> None:
        clock = LoopClock(asyncio.get_running_loop())
        broker = EmbeddedBroker(None, clock=clock, partitions=3)
        await broker.declare(declared_topics({System.K3CLOUD: ("BD_Customer", "SAL_SaleOrder")}))
        erp = make_erp(clock)
        settings = settings_of(erp.k3cloud, patrol_seconds=600)
        connection = Connection.over(settings, clock, erp.transport)
        runtime = Runtime(broker, clock, Random(1))
        source = asyncio.ensure_future(run_source(connection, INTEREST, runtime))
        await clock.sleep(30)
        erp.person().make_parties()
        await test(erp, broker)
        assert not source.done(), source
        source.cancel()
        await asyncio.gather(source, return_exceptions=True)
        await broker.close()

    run_virtually(run())


async def changes(broker: EmbeddedBroker) -> list[Change]:
    reader = await broker.reader(ORDERS, dict.fromkeys(range(broker.partitions), 0))
    found = [Change.from_record(record) for record in await reader.poll()]
    await reader.close()
    return found


OPERATIONS = [("Cancel", "FCancelStatus"), ("YLBillClose", "FCloseStatus")]


@pytest.mark.parametrize(("number", "path"), OPERATIONS)
def test_a_state_that_moves_no_date_is_a_change(number: str, path: str) -> None:
    async def test(erp: Erp, broker: EmbeddedBroker) -> None:
        person = erp.person()
        record_id = person.make("SAL_SaleOrder", order_model(2))
        await erp.clock.sleep(120)
        before = await changes(broker)
        person.status("ExcuteOperation", "SAL_SaleOrder", {"Ids": str(record_id)}, opNumber=number)
        await erp.clock.sleep(700)

        (after,) = (await changes(broker))[len(before) :]

        assert after.data is not None
        assert after.data[path] == "B"
        assert after.stamp.modified_at == before[-1].stamp.modified_at
        assert after.revision > before[-1].revision

    beside_a_source(test)


def test_what_was_made_while_it_was_hidden_is_found_by_the_next_round() -> None:
    async def test(erp: Erp, broker: EmbeddedBroker) -> None:
        person = erp.person()
        known = person.make("SAL_SaleOrder", order_model(1))
        await erp.clock.sleep(120)
        erp.k3cloud.administer("POST", "switches", {"hidden_organisations": ["100"]})
        hidden = person.make("SAL_SaleOrder", order_model(2))
        await erp.clock.sleep(120)
        erp.k3cloud.administer("POST", "switches", {"hidden_organisations": []})
        await erp.clock.sleep(100)
        assert {each.ref.record_id for each in await changes(broker)} == {str(known)}

        await erp.clock.sleep(700)

        found = {each.ref.record_id: each.data for each in await changes(broker)}
        assert {*found} == {str(known), str(hidden)}
        assert all(data is not None for data in found.values())

    beside_a_source(test)


def test_an_un_audit_is_a_change() -> None:
    async def test(erp: Erp, broker: EmbeddedBroker) -> None:
        person = erp.person()
        record_id = person.make("SAL_SaleOrder", order_model(2), IsAutoSubmitAndAudit=True)
        await erp.clock.sleep(120)
        person.status("UnAudit", "SAL_SaleOrder", {"Ids": str(record_id)})
        await erp.clock.sleep(700)

        *_, before, after = await changes(broker)

        assert (before.stamp.status, after.stamp.status) == ("C", "D")
        assert after.stamp.approved_at is None

    beside_a_source(test)


def test_a_deleted_record_is_a_tombstone_after_a_second_look_and_not_before() -> None:
    async def test(erp: Erp, broker: EmbeddedBroker) -> None:
        person = erp.person()
        gone, kept = (person.make("SAL_SaleOrder", order_model(n)) for n in (1, 2))
        await erp.clock.sleep(120)
        person.status("Delete", "SAL_SaleOrder", {"Ids": str(gone)})
        await erp.clock.sleep(400)
        early = await changes(broker)
        await erp.clock.sleep(900)

        tombstones = [change.ref for change in await changes(broker) if change.data is None]

        assert all(change.data is not None for change in early)
        assert [ref.record_id for ref in tombstones] == [str(gone)]
        assert str(kept) not in {ref.record_id for ref in tombstones}

    beside_a_source(test)


def test_many_deletes_at_once_wait_for_a_person() -> None:
    async def test(erp: Erp, broker: EmbeddedBroker) -> None:
        person = erp.person()
        ids = [person.make("SAL_SaleOrder", order_model(1)) for _ in range(10)]
        await erp.clock.sleep(120)
        person.status("Delete", "SAL_SaleOrder", {"Ids": ",".join(map(str, ids[:5]))})
        await erp.clock.sleep(1500)

        assert all(change.data is not None for change in await changes(broker))

    beside_a_source(test)
