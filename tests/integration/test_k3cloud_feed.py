"""The ERP as a feed, against the sandbox: windows, folding, page edges, stamps."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from anji_common.events.observed import Observed
from anji_common.interest import FieldInterest, FieldKind, ObjectInterest
from anji_common.sourcing.feed import Window
from anji_common.testing.virtual_time import EPOCH, LoopClock, run_virtually
from anji_sandbox.k3cloud import K3CloudSwitches
from labs.erp_lab import CUSTOMER, ORDER, Erp, make_erp, new_customer
from labs.k3cloud_client import Caller, order_model


def on_an_erp(test: Callable[[Erp], Coroutine[Any, Any, None]], **more: Any) -> None:  # noqa: ANN401 - passed on
    async def run() -> None:
        await test(make_erp(LoopClock(asyncio.get_running_loop()), **more))

    run_virtually(run())


async def changed(
    erp: Erp, interest: ObjectInterest, since: datetime, until: datetime
) -> list[Observed]:
    pages = erp.feed.changed(interest, Window(since, until), {})
    return [record async for page in pages for record in page.records]


def later(erp: Erp, seconds: float) -> Caller:
    """Return a person who acts that long after the beginning."""
    now = (EPOCH + timedelta(seconds=seconds)).timestamp()
    return Caller(erp.k3cloud, now).log_in(as_person=True)


DAY = timedelta(days=1)


def test_an_order_comes_as_one_document_in_normal_form() -> None:
    async def test(erp: Erp) -> None:
        person = erp.person()
        person.make_parties()
        record_id = person.make("SAL_SaleOrder", order_model(2, 1.5, FNote=" "))

        (found,) = await changed(erp, ORDER, EPOCH - DAY, EPOCH + DAY)

        customer = person.query("BD_Customer", "FCUSTID", "FNumber='C1'")[0][0]
        assert found.ref.record_id == str(record_id)
        assert found.stamp.modified_at == EPOCH
        assert found.stamp.modified_by == "100002"
        assert not found.stamp.by_anji
        assert found.stamp.status == "A"
        assert found.stamp.approved_at is None
        assert found.data["FCustId"] == f"k3cloud/BD_Customer/{customer}"
        assert found.data["FNote"] is None
        assert found.data["FSaleOrderFinance.FSettleCurrId"] == "PRE001"
        assert found.data["FSaleOrderPlan"] == []
        rows: Any = found.data["FSaleOrderEntry"]
        assert [row["FQty"] for row in rows] == ["2", "1.5"]
        assert all(row["FMaterialId"] == "M1" for row in rows)
        assert all(isinstance(row["FEntryID"], str) for row in rows)

    on_an_erp(test)


def test_times_of_the_server_are_utc_times_of_ours() -> None:
    async def test(erp: Erp) -> None:
        person = erp.person()
        person.make_parties()
        model = order_model(1)
        model["FDate"] = "2026-01-06"
        model["FSaleOrderEntry"][0]["FDeliveryDate"] = "2026-01-10T00:30:00"
        person.make("SAL_SaleOrder", model)

        (found,) = await changed(erp, ORDER, EPOCH - DAY, EPOCH + DAY)

        rows: Any = found.data["FSaleOrderEntry"]
        assert found.data["FDate"] == "2026-01-06"
        assert rows[0]["FDeliveryDate"] == "2026-01-09T16:30:00Z"

    on_an_erp(test)


def test_an_audit_that_moves_no_modify_date_is_a_change() -> None:
    async def test(erp: Erp) -> None:
        person = erp.person()
        person.make_parties()
        record_id = person.make("SAL_SaleOrder", order_model(1))
        auditor = later(erp, 3600)
        auditor.status("Submit", "SAL_SaleOrder", {"Ids": str(record_id)})
        auditor.status("Audit", "SAL_SaleOrder", {"Ids": str(record_id)})

        (found,) = await changed(
            erp, ORDER, EPOCH + timedelta(minutes=59), EPOCH + timedelta(minutes=61)
        )

        assert found.stamp.modified_at == EPOCH
        assert found.stamp.approved_at == EPOCH + timedelta(hours=1)
        assert found.stamp.status == "C"

    on_an_erp(test)


def test_a_record_that_nobody_modified_is_found_by_its_create_date() -> None:
    async def test(erp: Erp) -> None:
        erp.person().make("BD_Customer", {"FNumber": "C1", "FName": "客户"})

        (found,) = await changed(erp, CUSTOMER, EPOCH - DAY, EPOCH + DAY)

        assert found.stamp.modified_at == EPOCH
        assert found.stamp.modified_by == "100002"

    on_an_erp(test, switches=K3CloudSwitches(empty_modify_date_on_create=True))


def test_a_window_ends_before_its_end_and_begins_with_its_beginning() -> None:
    async def test(erp: Erp) -> None:
        for at in (0, 10.5, 20):
            later(erp, at).make("BD_Customer", {"FName": f"客户{at}"})

        found = await changed(
            erp, CUSTOMER, EPOCH + timedelta(seconds=10), EPOCH + timedelta(seconds=20)
        )

        assert [record.data["FName"] for record in found] == ["客户10.5"]

    on_an_erp(test)


def test_a_window_that_ends_within_a_second_has_the_whole_second() -> None:
    async def test(erp: Erp) -> None:
        later(erp, 10.2).make("BD_Customer", {"FName": "客户"})
        since = EPOCH + timedelta(seconds=10.1)

        found = await changed(erp, CUSTOMER, since, since + timedelta(seconds=0.5))

        assert len(found) == 1

    on_an_erp(test)


@pytest.mark.parametrize("page_rows", [2, 3, 4, 5, 7, 2000])
def test_page_edges_tear_no_document_and_lose_none(page_rows: int) -> None:
    async def test(erp: Erp) -> None:
        person = erp.person()
        person.make_parties()
        sizes = [1, 3, 2, 5, 1, 2, 4]
        for size in sizes:
            person.make("SAL_SaleOrder", order_model(*range(1, size + 1)))

        found = await changed(erp, ORDER, EPOCH - DAY, EPOCH + DAY)

        rows: Any = [record.data["FSaleOrderEntry"] for record in found]
        assert [[row["FQty"] for row in each] for each in rows] == [
            [str(n) for n in range(1, size + 1)] for size in sizes
        ]

    on_an_erp(test, page_rows=page_rows)


def test_our_own_edits_are_told_from_a_persons() -> None:
    async def test(erp: Erp) -> None:
        await erp.target.write([new_customer(1), new_customer(2)])
        (_, second) = await changed(erp, CUSTOMER, EPOCH - DAY, EPOCH + DAY)
        data = {
            "Model": {"FCUSTID": int(second.ref.record_id), "FTEL": "1"},
            "IsDeleteEntry": False,
        }
        later(erp, 5).status("Save", "BD_Customer", data)

        found = await changed(erp, CUSTOMER, EPOCH - DAY, EPOCH + DAY)

        assert [record.stamp.by_anji for record in found] == [True, False]

    on_an_erp(test)


def test_a_record_that_cannot_be_read_does_not_hide_the_others() -> None:
    async def test(erp: Erp) -> None:
        person = erp.person()
        for number, text in (("C1", "1.5"), ("C2", "nonsense")):
            person.make("BD_Customer", {"FNumber": number, "FName": number, "FTEL": text})
        interest = ObjectInterest(
            "BD_Customer", "FCUSTID", "FNumber", (FieldInterest("FTEL", FieldKind.DECIMAL),)
        )

        (page,) = [
            page async for page in erp.feed.changed(interest, Window(EPOCH - DAY, EPOCH + DAY), {})
        ]

        assert [record.data["FNumber"] for record in page.records] == ["C1"]
        (bad,) = page.unreadable
        assert "FTEL" in str(bad.error)
        assert b"nonsense" in bad.raw

    on_an_erp(test)


def test_a_read_by_id_gives_what_exists() -> None:
    async def test(erp: Erp) -> None:
        record_id = erp.person().make("BD_Customer", {"FNumber": "C1", "FName": "客户"})

        page = await erp.feed.read(CUSTOMER, [str(record_id), "424242", str(record_id)])

        assert [record.ref.record_id for record in page.records] == [str(record_id)]
        assert page.torn == ()

    on_an_erp(test)


def test_without_a_date_in_answers_the_feeds_time_is_our_clocks() -> None:
    async def test(erp: Erp) -> None:
        await erp.feed.read(CUSTOMER, ["1"])

        assert await erp.feed.now() == EPOCH.astimezone(UTC)

    on_an_erp(test)
