"""The CRM as a feed, against the sandbox: windows, pages, lines, torn documents, calls spared."""

import asyncio
from datetime import timedelta

import pytest

from anji_common.errors import RateLimitedError, VendorUnavailableError
from anji_common.interest import FieldInterest, FieldKind, ObjectInterest
from anji_common.sourcing.feed import Page, Window
from anji_common.testing.virtual_time import EPOCH
from anji_fxiaoke.calls import Purpose
from anji_fxiaoke.wire import ms_of
from anji_sandbox.faults import Fault
from anji_sandbox.fxiaoke import FxiaokeLimits, FxiaokeSwitches
from labs.fxiaoke_lab import ACCOUNT, LINES, ORDER, Lab, on_a_crm

DAY = timedelta(days=1)
POLL = Purpose("poll")
ALWAYS = Window(EPOCH - DAY, EPOCH + DAY)


async def pages(
    lab: Lab, interest: ObjectInterest, window: Window = ALWAYS, seen: dict[str, str] | None = None
) -> list[Page]:
    return [page async for page in lab.feed.changed(interest, window, seen or {})]


async def ids(lab: Lab, interest: ObjectInterest, window: Window = ALWAYS) -> list[str]:
    return [
        found.ref.record_id
        for page in await pages(lab, interest, window)
        for found in page.records
    ]


def test_an_order_comes_as_one_document_in_normal_form() -> None:
    async def test(lab: Lab) -> None:
        record_id = lab.person.make_order(
            ("2.50", "1"), order_time=1_767_575_400_000, delivery_date=1_767_628_800_000
        )

        (page,) = [page for page in await pages(lab, ORDER) if page.records]

        (found,) = page.records
        lines = found.data[LINES]
        assert isinstance(lines, list)
        assert found.ref.record_id == record_id
        assert found.stamp.modified_at == EPOCH
        assert found.stamp.modified_by == lab.person.open_user_id
        assert not found.stamp.by_anji
        assert str(found.data["account_id"]).startswith("fxiaoke/AccountObj/")
        assert found.data["order_time"] == "2026-01-05T01:10:00Z"
        assert found.data["delivery_date"] == "2026-01-06"
        assert found.data["remark"] is None
        assert [row["quantity"] for row in lines if isinstance(row, dict)] == ["2.5", "1"]

    on_a_crm(test)


def test_a_window_ends_before_its_end_and_begins_at_its_beginning() -> None:
    async def test(lab: Lab) -> None:
        record_id = lab.person.make("AccountObj", name="甲")
        ms = timedelta(milliseconds=1)

        assert await ids(lab, ACCOUNT, Window(EPOCH - DAY, EPOCH)) == []
        assert await ids(lab, ACCOUNT, Window(EPOCH, EPOCH + ms)) == [record_id]
        assert await ids(lab, ACCOUNT, Window(EPOCH + ms, EPOCH + DAY)) == []

    on_a_crm(test)


@pytest.mark.parametrize("count", [99, 100, 101, 250])
def test_pages_neither_hide_nor_double_a_record(count: int) -> None:
    async def test(lab: Lab) -> None:
        made = [lab.person.make("AccountObj", name=f"客户{n}") for n in range(count)]

        assert await ids(lab, ACCOUNT) == made

    on_a_crm(test, limits=FxiaokeLimits(calls_per_window=10**6))


def test_lines_of_a_hundred_orders_are_read_by_one_query() -> None:
    async def test(lab: Lab) -> None:
        for _ in range(60):
            lab.person.make_order(("1",))

        found = await ids(lab, ORDER)

        assert len(found) == 60
        assert lab.client.caller.tally.calls == {
            ("", "token"): 1,
            ("SalesOrderObj", "describe"): 1,
            (LINES, "describe"): 1,
            ("SalesOrderObj", "poll"): 1,
            (LINES, "poll: lines"): 1,
            ("SalesOrderObj", "poll: again"): 1,
            (LINES, "poll lines"): 1,
        }

    on_a_crm(test, limits=FxiaokeLimits(calls_per_window=10**6))


def test_lines_of_one_head_may_fill_several_pages() -> None:
    async def test(lab: Lab) -> None:
        lab.person.make_order(["1"] * 230)

        (page,) = [page for page in await pages(lab, ORDER) if page.records]

        lines = page.records[0].data[LINES]
        assert isinstance(lines, list)
        assert len(lines) == 230

    on_a_crm(test)


def test_a_line_that_moved_brings_its_whole_document() -> None:
    async def test(lab: Lab) -> None:
        record_id = lab.person.make_order(("2", "1"))
        line_id = lab.person.all(LINES)[0]["_id"]
        await lab.clock.sleep(60.0)
        lab.person.edit(LINES, line_id, quantity="7")
        moved_at = EPOCH + timedelta(seconds=60)

        (page,) = [
            page for page in await pages(lab, ORDER, Window(moved_at, EPOCH + DAY)) if page.records
        ]

        (found,) = page.records
        lines = found.data[LINES]
        assert isinstance(lines, list)
        assert found.ref.record_id == record_id
        assert found.stamp.modified_at == moved_at
        assert [row["quantity"] for row in lines if isinstance(row, dict)] == ["7", "1"]

    on_a_crm(test)


def test_a_voided_line_is_gone_and_tells_its_time() -> None:
    async def test(lab: Lab) -> None:
        lab.person.make_order(("2", "1"))
        line_id = lab.person.all(LINES)[0]["_id"]
        await lab.clock.sleep(60.0)
        lab.person.call("data/invalid", {"dataObjectApiName": LINES, "object_data_id": line_id})

        found = [each for page in await pages(lab, ORDER) for each in page.records][-1]

        lines = found.data[LINES]
        assert isinstance(lines, list)
        assert [row["quantity"] for row in lines if isinstance(row, dict)] == ["1"]
        assert found.stamp.modified_at == EPOCH + timedelta(seconds=60)

    on_a_crm(test)


def test_what_was_read_whole_and_has_not_moved_costs_no_more_than_the_poll() -> None:
    async def test(lab: Lab) -> None:
        lab.person.make_order()
        seen = {key: mark for page in await pages(lab, ORDER) for key, mark in page.marks.items()}
        lab.client.caller.tally.calls.clear()

        again = await pages(lab, ORDER, ALWAYS, seen)

        assert [page.records for page in again if page.records] == []
        assert {key: mark for page in again for key, mark in page.marks.items()} == seen
        assert lab.client.caller.tally.calls == {
            ("SalesOrderObj", "poll"): 1,
            (LINES, "poll lines"): 1,
        }

    on_a_crm(test)


def test_a_head_that_was_read_whole_stays_known_from_poll_to_poll() -> None:
    async def test(lab: Lab) -> None:
        record_id = lab.person.make_order()
        await lab.clock.sleep(60.0)
        lab.person.edit("SalesOrderObj", record_id, remark="急")
        window, seen = Window(EPOCH + timedelta(seconds=60), EPOCH + DAY), dict[str, str]()
        for _ in range(3):
            found = await pages(lab, ORDER, window, seen)
            seen = {key: mark for page in found for key, mark in page.marks.items()}

        assert set(seen) == {record_id}
        assert lab.client.caller.tally.calls["SalesOrderObj", "poll: again"] == 1

    on_a_crm(test)


def test_a_line_that_moved_after_it_was_seen_is_read_again() -> None:
    async def test(lab: Lab) -> None:
        lab.person.make_order()
        seen = {key: mark for page in await pages(lab, ORDER) for key, mark in page.marks.items()}
        await lab.clock.sleep(1.0)
        lab.person.edit(LINES, lab.person.all(LINES)[1]["_id"], quantity="9")

        again = [each for page in await pages(lab, ORDER, ALWAYS, seen) for each in page.records]

        lines = again[0].data[LINES]
        assert isinstance(lines, list)
        assert [row["quantity"] for row in lines if isinstance(row, dict)] == ["2", "9"]

    on_a_crm(test)


def test_a_head_that_moved_is_known_by_its_new_version_though_its_lines_are_known_too() -> None:
    async def test(lab: Lab) -> None:
        record_id = lab.person.make_order()
        seen = {key: mark for page in await pages(lab, ORDER) for key, mark in page.marks.items()}
        lab.person.edit("SalesOrderObj", record_id, remark="急")

        marks: dict[str, str] = {}
        for page in await pages(lab, ORDER, ALWAYS, seen):
            marks |= page.marks
        again = await pages(lab, ORDER, ALWAYS, marks)

        assert [page.records for page in again if page.records] == []

    on_a_crm(test)


def test_lines_that_were_asked_for_too_early_are_torn_however_late_they_come() -> None:
    async def test(lab: Lab) -> None:
        record_id = lab.person.make_order()
        lab.faults.add(
            Fault(
                kind="delay", contains="SalesOrderProductObj", delay_seconds=5, endpoint="*query"
            )
        )

        early = await lab.feed.read(ORDER, [record_id])
        late = await lab.feed.read(ORDER, [record_id])

        assert early.torn == (record_id,)
        assert late.torn == ()

    on_a_crm(test, lines_lag_seconds=1.0)


def test_an_order_whose_time_is_cut_to_a_second_is_a_second_younger_than_it_looks() -> None:
    async def test(lab: Lab) -> None:
        await lab.clock.sleep(0.999 - lab.clock.now().timestamp() % 1)
        record_id = lab.person.make_order()
        await lab.clock.sleep(0.5)

        young = await lab.feed.read(ORDER, [record_id])

        assert young.torn == (record_id,)

    on_a_crm(test, switches=FxiaokeSwitches(time_granularity_ms=1000), lines_lag_seconds=1.0)


def test_a_head_that_moves_while_its_lines_are_read_is_torn() -> None:
    async def test(lab: Lab) -> None:
        record_id = lab.person.make_order()
        await lab.metadata.completed(ORDER)
        lab.transport.latency_seconds = 1.0
        reading = lab.feed.read(ORDER, [record_id])

        async def edit() -> None:
            await lab.clock.sleep(2.0)  # the lines have been read, the head is asked for
            lab.person.edit("SalesOrderObj", record_id, remark="急")

        page, _ = await asyncio.gather(reading, edit())
        await lab.clock.sleep(2.0)
        again = await lab.feed.read(ORDER, [record_id])

        assert page.records == ()
        assert page.torn == (record_id,)
        assert again.records[0].data["remark"] == "急"

    on_a_crm(test)


def test_a_new_order_waits_until_its_lines_can_be_queried() -> None:
    async def test(lab: Lab) -> None:
        record_id = lab.person.make_order()

        young = await lab.feed.read(ORDER, [record_id])
        await lab.clock.sleep(2.0)
        older = await lab.feed.read(ORDER, [record_id])

        assert young.torn == (record_id,)
        assert [found.ref.record_id for found in older.records] == [record_id]

    on_a_crm(test, lines_lag_seconds=1.0)


@pytest.mark.parametrize("ahead_ms", [8 * 3_600_000, 10**18])
def test_an_order_that_says_it_was_made_in_the_future_is_not_waited_for(ahead_ms: int) -> None:
    async def test(lab: Lab) -> None:
        account = lab.person.make("AccountObj", name="华东贸易")
        order: dict[str, object] = {"dataObjectApiName": "SalesOrderObj", "account_id": account}
        order["owner"] = [lab.person.open_user_id]
        order["create_time"] = ms_of(lab.clock.now()) + ahead_ms
        data = {"object_data": order, "details": {LINES: [{"quantity": "1", "subtotal": "1"}]}}
        order["order_amount"] = "100"  # a discount: its lines never add up to it
        record_id = lab.person.call("data/create", data, hasSpecifyTime=True)["dataId"]
        await lab.clock.sleep(60.0)

        page = await lab.feed.read(ORDER, [record_id])

        assert page.torn == ()
        assert [found.ref.record_id for found in page.records] == [record_id]

    on_a_crm(test, lines_lag_seconds=1.0)


def test_a_new_order_whose_lines_do_not_add_up_waits_and_is_told_in_the_end() -> None:
    async def test(lab: Lab) -> None:
        record_id = lab.person.make_order(("2", "1"), order_amount="100")

        young = await lab.feed.read(ORDER, [record_id])
        await lab.clock.sleep(31.0)
        older = await lab.feed.read(ORDER, [record_id])

        assert young.torn == (record_id,)
        assert [found.ref.record_id for found in older.records] == [record_id]

    on_a_crm(test)


def test_a_record_that_queries_do_not_show_yet_is_no_news() -> None:
    async def test(lab: Lab) -> None:
        record_id = lab.person.make("AccountObj", name="甲")

        early = await lab.feed.read(ACCOUNT, [record_id])
        await lab.clock.sleep(6.0)
        late = await lab.feed.read(ACCOUNT, [record_id])

        assert early == Page(())
        assert [found.ref.record_id for found in late.records] == [record_id]

    on_a_crm(test, switches=FxiaokeSwitches(query_lag_seconds=5.0))


def test_a_record_that_nobody_can_normalise_is_told_alone() -> None:
    wrong = ObjectInterest("AccountObj", "_id", "name", (FieldInterest("tel", FieldKind.DECIMAL),))

    async def test(lab: Lab) -> None:
        bad = lab.person.make("AccountObj", name="甲", tel="ask at the desk")
        good = lab.person.make("AccountObj", name="乙", tel="12")

        (page,) = await pages(lab, wrong)

        assert [found.ref.record_id for found in page.records] == [good]
        assert [each.record_id for each in page.unreadable] == [bad]
        assert "AccountObj.tel: a number is due" in str(page.unreadable[0].error)
        assert b"ask at the desk" in page.unreadable[0].raw

    on_a_crm(test)


def test_our_own_writes_are_known_by_their_author() -> None:
    async def test(lab: Lab) -> None:
        record_id = lab.person.make("AccountObj", name="甲")
        await lab.client.update("AccountObj", record_id, {"tel": "1"}, POLL)

        (found,) = (await lab.feed.read(ACCOUNT, [record_id])).records

        assert found.stamp.by_anji

    on_a_crm(test)


@pytest.mark.parametrize("kind", ["html", "bad_gateway", "drop_before"])
def test_a_vendor_that_answers_rubbish_is_unavailable(kind: str) -> None:
    async def test(lab: Lab) -> None:
        lab.faults.add_json({"kind": kind, "endpoint": "*/data/query"})

        with pytest.raises(VendorUnavailableError):
            await pages(lab, ACCOUNT)

        assert await ids(lab, ACCOUNT) == []

    on_a_crm(test)


def test_a_vendor_that_has_had_enough_is_left_alone() -> None:
    async def test(lab: Lab) -> None:
        lab.faults.add(Fault(kind="code", endpoint="*/data/query", code=30004))

        with pytest.raises(RateLimitedError):
            await pages(lab, ACCOUNT)

        began = lab.clock.monotonic()
        await pages(lab, ACCOUNT)
        assert lab.clock.monotonic() - began >= 5.0

    on_a_crm(test)


def test_more_calls_than_the_limit_wait_instead_of_being_refused() -> None:
    async def test(lab: Lab) -> None:
        for _ in range(25):
            await ids(lab, ACCOUNT)

        assert lab.clock.monotonic() >= 40.0

    on_a_crm(test, limits=FxiaokeLimits(calls_per_window=10), calls_per_window=10)
