"""What the site says of its forms: one missing field is one clear error, and no dead flow."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from anji_common.errors import RefusedError
from anji_common.events.observed import Observed
from anji_common.interest import FieldInterest, ObjectInterest
from anji_common.sourcing.feed import Window
from anji_common.sourcing.windows import BEGINNING
from anji_common.testing.virtual_time import EPOCH, LoopClock, run_virtually
from anji_sandbox.faults import Fault
from anji_sandbox.k3cloud import K3CloudSwitches
from labs.erp_lab import CUSTOMER, ORDER, Erp, make_erp
from labs.k3cloud_client import order_model

DAY = timedelta(days=1)
SPECIAL = replace(CUSTOMER, fields=(*CUSTOMER.fields, FieldInterest("F_ABCD_Text")))


def on_an_erp(test: Callable[[Erp], Coroutine[Any, Any, None]], **more: Any) -> None:  # noqa: ANN401 - passed on
    async def run() -> None:
        await test(make_erp(LoopClock(asyncio.get_running_loop()), **more))

    run_virtually(run())


async def changed(erp: Erp, interest: ObjectInterest) -> list[Observed]:
    pages = erp.feed.changed(interest, Window(EPOCH - DAY, EPOCH + DAY), {})
    return [record async for page in pages for record in page.records]


def lacking(*fields: str) -> K3CloudSwitches:
    return K3CloudSwitches(absent_fields=fields)


def test_a_field_that_the_tenant_lacks_is_left_out_and_named_as_unread() -> None:
    async def test(erp: Erp) -> None:
        erp.person().make("BD_Customer", {"FNumber": "C1", "FName": "客户", "FTEL": "1"})

        (found,) = await changed(erp, SPECIAL)

        assert found.data["FTEL"] == "1"
        assert "F_ABCD_Text" not in found.data
        assert found.stamp.unread == ("F_ABCD_Text",)

    on_an_erp(test, switches=lacking("BD_Customer.F_ABCD_Text"))


def test_a_row_field_that_the_tenant_lacks_is_named_with_its_entry() -> None:
    async def test(erp: Erp) -> None:
        person = erp.person()
        person.make_parties()
        person.make("SAL_SaleOrder", order_model(2))

        (found,) = await changed(erp, ORDER)

        rows: Any = found.data["FSaleOrderEntry"]
        assert rows[0]["FQty"] == "2"
        assert "F_ANJI_LINE" not in rows[0]
        assert found.stamp.unread == ("FSaleOrderEntry.F_ANJI_LINE",)

    on_an_erp(test, switches=lacking("SAL_SaleOrder.F_ANJI_LINE"))


def test_a_field_that_is_there_though_the_description_lacks_it_is_read() -> None:
    async def test(erp: Erp) -> None:
        erp.person().make("BD_Customer", {"FNumber": "C1", "FName": "客户"})

        (found,) = await changed(erp, SPECIAL)

        assert found.data["F_ABCD_Text"] is None
        assert found.stamp.unread == ()

    on_an_erp(test)


def test_a_field_that_goes_while_we_run_is_left_out_after_one_refusal() -> None:
    async def test(erp: Erp) -> None:
        person = erp.person()
        person.make("BD_Customer", {"FNumber": "C1", "FName": "客户", "F_ABCD_Text": "x"})
        (before,) = await changed(erp, SPECIAL)
        erp.k3cloud.switches.absent_fields = ("BD_Customer.F_ABCD_Text",)

        with pytest.raises(RefusedError, match="F_ABCD_Text"):
            await changed(erp, SPECIAL)
        (after,) = await changed(erp, SPECIAL)

        assert before.data["F_ABCD_Text"] == "x"
        assert after.stamp.unread == ("F_ABCD_Text",)

    on_an_erp(test)


def test_a_field_that_comes_back_is_read_again_when_the_description_is_old() -> None:
    async def test(erp: Erp) -> None:
        erp.person().make("BD_Customer", {"FNumber": "C1", "FName": "客户"})
        (before,) = await changed(erp, SPECIAL)
        erp.k3cloud.switches.absent_fields = ()
        await erp.clock.sleep(3601)

        (after,) = await changed(erp, SPECIAL)

        assert before.stamp.unread == ("F_ABCD_Text",)
        assert after.stamp.unread == ()

    on_an_erp(test, switches=lacking("BD_Customer.F_ABCD_Text"))


def test_a_form_without_its_marker_is_not_followed_and_says_so() -> None:
    async def test(erp: Erp) -> None:
        with pytest.raises(RefusedError, match="no field F_ANJI_MARKER"):
            await changed(erp, CUSTOMER)

    on_an_erp(test, switches=lacking("BD_Customer.F_ANJI_MARKER"))


def test_a_wrong_key_field_is_named_and_not_blamed_on_others() -> None:
    async def test(erp: Erp) -> None:
        wrong = ObjectInterest("BD_Customer", "FXID", "FNumber", (FieldInterest("FOther"),))

        with pytest.raises(RefusedError, match="no key field FXID"):
            await changed(erp, wrong)

    on_an_erp(test)


def test_a_form_that_is_not_there_is_refused_in_the_vendors_words() -> None:
    async def test(erp: Erp) -> None:
        unknown = ObjectInterest("BD_NoSuch", "FID", "FNumber", ())

        with pytest.raises(RefusedError, match="标识为“BD_NoSuch”的业务对象不存在"):
            await changed(erp, unknown)

    on_an_erp(test)


def test_a_description_is_fetched_once_an_hour_however_many_ask() -> None:
    async def test(erp: Erp) -> None:
        await asyncio.gather(*(changed(erp, CUSTOMER) for _ in range(5)))
        await erp.clock.sleep(3599)
        await changed(erp, CUSTOMER)

        calls = erp.k3cloud.store.calls
        assert calls["querybusinessinfo BD_Customer"] == 1

    on_an_erp(test)


def test_states_that_people_set_are_part_of_every_record() -> None:
    async def test(erp: Erp) -> None:
        person = erp.person()
        person.make_parties()
        person.make("SAL_SaleOrder", order_model(1))
        person.status("ExcuteOperation", "BD_Customer", {"Numbers": ["C1"]}, opNumber="Forbid")

        (customer,) = await changed(erp, CUSTOMER)
        (order,) = await changed(erp, ORDER)

        assert customer.data["FForbidStatus"] == "B"
        assert order.data["FCancelStatus"] == "A"
        assert order.data["FCloseStatus"] == "A"

    on_an_erp(test)


def test_what_was_described_once_stands_though_it_is_not_described_again() -> None:
    async def test(erp: Erp) -> None:
        erp.person().make_parties()
        before = await changed(erp, CUSTOMER)
        await erp.clock.sleep(3601)
        every = "*.QueryBusinessInfo.*"
        erp.faults.add(Fault(kind="code", endpoint=every, code=4, words="boom", calls=None))

        assert await changed(erp, CUSTOMER) == before
        assert before[0].data["FForbidStatus"] == "A"

    on_an_erp(test)


NO_DATES = tuple(
    f"BD_Customer.{key}"
    for key in ("FCreateDate", "FModifyDate", "FApproveDate", "FModifierId", "FDocumentStatus")
)


def test_a_form_without_dates_is_read_whole_and_its_content_tells_versions_apart() -> None:
    async def test(erp: Erp) -> None:
        person = erp.person()
        record_id = person.make("BD_Customer", {"FNumber": "C1", "FName": "客户"})
        person.make("BD_Customer", {"FNumber": "C2", "FName": "客户"})
        before = await changed(erp, CUSTOMER)
        data = {"Model": {"FCUSTID": record_id, "FTEL": "1"}, "IsDeleteEntry": False}
        person.status("Save", "BD_Customer", data)

        after = await changed(erp, CUSTOMER)

        assert [record.data["FTEL"] for record in before] == [None, None]
        assert [record.data["FTEL"] for record in after] == ["1", None]
        assert {record.stamp.modified_at for record in before + after} == {BEGINNING}
        assert {record.stamp.unread for record in after} == {()}

    on_an_erp(test, switches=lacking(*NO_DATES), page_rows=2)


def test_keys_in_another_case_are_asked_for_in_the_sites_own() -> None:
    async def test(erp: Erp) -> None:
        erp.person().make("BD_Customer", {"FNumber": "C1", "FName": "客户", "FTEL": "1"})
        lower = ObjectInterest(
            "BD_Customer", "FCUSTID", "FNumber", (FieldInterest("ftel"), FieldInterest("FNAME"))
        )

        known = await erp.metadata.known(lower)
        (found,) = await changed(erp, lower)

        assert known.spelled("ftel") == "FTEL"
        assert known.spelled("fgroup.FNumber") == "FGroup.FNumber"
        assert found.data["ftel"] == "1"
        assert found.data["FNAME"] == "客户"

    on_an_erp(test)
