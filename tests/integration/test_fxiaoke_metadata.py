"""The tenant's own objects and fields, against the sandbox: kept, and obeyed without any code."""

import pytest

from anji_common.errors import RefusedError, VendorUnavailableError
from anji_common.interest import FieldInterest, FieldKind, LinesInterest, ObjectInterest
from anji_sandbox.faults import Fault
from labs.fxiaoke_lab import ACCOUNT, LINES, ORDER, Lab, on_a_crm

UNTYPED = ObjectInterest(
    "SalesOrderObj",
    "_id",
    "name",
    tuple(map(FieldInterest, ("account_id", "order_amount", "delivery_date", "owner", "new__c"))),
    (LinesInterest(LINES, "_id", (FieldInterest("quantity"),), "order_id"),),
)


def test_untyped_fields_are_read_as_the_tenant_describes_them() -> None:
    async def test(lab: Lab) -> None:
        order = lab.person.make_order(
            ("2.50",), order_amount="100.00", delivery_date=1_767_628_800_000, new__c="新"
        )

        (found,) = (await lab.feed.read(UNTYPED, [order])).records

        lines = found.data[LINES]
        assert isinstance(lines, list)
        assert str(found.data["account_id"]).startswith("fxiaoke/AccountObj/")
        assert found.data["order_amount"] == "100"
        assert found.data["delivery_date"] == "2026-01-05T16:00:00Z"
        assert found.data["owner"] == lab.person.open_user_id
        assert found.data["new__c"] == "新"
        assert [row["quantity"] for row in lines if isinstance(row, dict)] == ["2.5"]

    on_a_crm(test)


def test_a_description_is_fetched_once_and_again_after_a_day() -> None:
    async def test(lab: Lab) -> None:
        for _ in range(5):
            await lab.metadata.completed(ORDER)
            await lab.metadata.completed(UNTYPED)
        asked = lab.crm.store.calls.copy()
        await lab.clock.sleep(86_401.0)
        await lab.metadata.completed(ORDER)

        assert asked["object/describe"] == 2
        assert lab.crm.store.calls["object/describe"] == 4

    on_a_crm(test)


def test_an_object_that_cannot_be_described_now_is_not_read_by_guess() -> None:
    async def test(lab: Lab) -> None:
        lab.faults.add(Fault(kind="html", endpoint="*/object/describe", calls=1))

        with pytest.raises(VendorUnavailableError):
            await lab.feed.read(UNTYPED, ["65f000000000000000000001"])
        assert (await lab.metadata.completed(UNTYPED)).fields[1].kind is FieldKind.DECIMAL

    on_a_crm(test)


def test_an_object_that_the_crm_refuses_to_describe_is_read_as_mapped() -> None:
    async def test(lab: Lab) -> None:
        record_id = lab.person.make("AccountObj", name="甲")
        lab.faults.add(Fault(kind="code", endpoint="*/object/describe", code=32000, calls=None))

        page = await lab.feed.read(ACCOUNT, [record_id])

        assert [found.data["name"] for found in page.records] == ["甲"]

    on_a_crm(test)


@pytest.mark.parametrize("code", [32000, 0], ids=["refused", "empty"])
def test_what_was_described_once_stands_though_it_is_not_described_again(code: int) -> None:
    async def test(lab: Lab) -> None:
        order = lab.person.make_order(("2.50",), order_amount="100.00", delivery_date=1)
        before = (await lab.feed.read(UNTYPED, [order])).records
        await lab.clock.sleep(86_401.0)
        lab.faults.add(Fault(kind="code", endpoint="*/object/describe", code=code, calls=2))

        assert (await lab.feed.read(UNTYPED, [order])).records == before
        asked = lab.crm.store.calls["object/describe"]
        await lab.clock.sleep(3601.0)
        assert (await lab.feed.read(UNTYPED, [order])).records == before
        assert lab.crm.store.calls["object/describe"] == asked + 2

    on_a_crm(test)


def test_all_fields_that_are_described_can_be_published() -> None:
    async def test(lab: Lab) -> None:
        record_id = lab.person.make("AccountObj", name="甲", fax="021-2", address="南京路 1")

        (found,) = (await lab.feed.read(ACCOUNT, [record_id])).records

        assert (found.data["fax"], found.data["address"]) == ("021-2", "南京路 1")
        assert found.data["last_deal_closed_amount"] is None

    on_a_crm(test, publishes="all")


def test_the_tenants_objects_can_be_listed_and_described() -> None:
    async def test(lab: Lab) -> None:
        names = {found.object_name for found in await lab.metadata.objects()}
        described = await lab.metadata.describe("SalesOrderObj")

        assert {"AccountObj", "SalesOrderObj", LINES} <= names
        assert described.fields["account_id"].target == "AccountObj"
        with pytest.raises(RefusedError):
            await lab.metadata.describe("NoSuchObj")

    on_a_crm(test)
