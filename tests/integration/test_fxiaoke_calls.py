"""Calls are paid for: never one too many, told to everybody, and few for each record.

Calls are counted by the sandbox, not by us.
"""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from datetime import timedelta
from random import Random

import pytest

from anji_common.budget import seconds_to_midnight
from anji_common.errors import RateLimitedError
from anji_common.events.notices import Notice
from anji_common.events.signals import Signal, SignalKind
from anji_common.messages import Message
from anji_common.refs import System
from anji_common.runtime import Runtime
from anji_common.sourcing.feed import Window
from anji_common.testing.virtual_time import EPOCH
from anji_common.topics import CALLS, NOTICES, changes_topic
from anji_common.writing.target import Busy
from anji_fxiaoke.calls import Purpose
from anji_fxiaoke.metering import CallsMade, days_of_calls
from anji_fxiaoke.service import connection_of, make_client, run_source, run_writer
from anji_sandbox.fxiaoke import FxiaokeLimits
from labs.fxiaoke_lab import (
    INTEREST,
    LINES,
    ORDER,
    Lab,
    made,
    new_account,
    on_a_crm,
    ref_of,
    update_of,
)
from labs.fxiaoke_services import Watched, running
from labs.memory_broker import all_records, memory_runtime
from labs.sandbox_transport import SandboxTransport

POLL = Purpose("poll")
DAY = timedelta(days=1)


async def notices(runtime: Runtime) -> list[tuple[str, str]]:
    found = [Notice.from_record(each) for each in await all_records(runtime.broker, NOTICES.name)]
    return [(notice.kind.value, notice.words) for notice in found]


def snapshot(object_name: str, lab: Lab) -> Message:
    signal = Signal(
        system=System.FXIAOKE,
        object_name=object_name,
        kind=SignalKind.SNAPSHOT,
        at=lab.clock.now(),
    )
    return signal.to_message()


def test_one_process_uses_nearly_all_of_a_window_and_never_more() -> None:
    async def test(lab: Lab) -> None:
        transport, ends = Watched(lab), lab.clock.monotonic() + 200.0
        client, _ = make_client(lab.settings, transport, lab.clock, Random(1))

        async def ask() -> None:
            while lab.clock.monotonic() < ends:
                await client.query("AccountObj", (), ("_id",), POLL)

        await asyncio.gather(*(ask() for _ in range(10)))

        assert set(transport.codes) == {0}
        assert transport.codes.total() >= 0.95 * 100 * 200 / 20

    on_a_crm(test)


def test_processes_that_come_and_go_together_never_call_too_often() -> None:
    async def test(lab: Lab) -> None:
        codes: Counter[int] = Counter()
        for n in range(300):
            lab.person.make("AccountObj", name=f"客户{n}")
            await lab.clock.sleep(0.25)
        async with memory_runtime(lab.clock, INTEREST, partitions=4) as runtime:
            async with AsyncExitStack() as first:
                one = await first.enter_async_context(running(lab, runtime))
                await lab.clock.sleep(60.0)
                async with running(lab, runtime) as other:
                    await runtime.broker.publish([snapshot("AccountObj", lab)])
                    await lab.clock.sleep(60.0)
                    await first.aclose()
                    await lab.clock.sleep(60.0)
            async with running(lab, runtime) as third:
                await lab.clock.sleep(60.0)
            for each in (one, other, third):
                codes.update(each.codes)

        assert set(codes) == {0}
        assert codes.total() >= 0.9 * 100 * 240 / 20

    on_a_crm(test, poll_seconds=0.01, most_poll_seconds=0.01)


def test_when_the_days_calls_are_used_it_goes_on_at_midnight_in_beijing() -> None:
    async def test(lab: Lab) -> None:
        await lab.clock.sleep(seconds_to_midnight(lab.clock.now()) - 1_200.0)
        async with memory_runtime(lab.clock, INTEREST) as runtime, running(lab, runtime):
            await lab.clock.sleep(600.0)
            asked = lab.crm.store.calls.copy()
            rest = seconds_to_midnight(lab.clock.now())
            await lab.clock.sleep(rest - 60.0)
            assert lab.crm.store.calls == asked
            await lab.clock.sleep(90.0)

            assert lab.crm.store.calls.total() > asked.total()
            (paused, words), (resumed, _) = await notices(runtime)
            assert (paused, resumed) == ("calls paused", "calls resumed")
            assert "2026-01-06 00:00 in Beijing" in words
            assert "30002" in words

    on_a_crm(test, calls_per_day=None, limits=FxiaokeLimits(daily_calls=60))


def test_without_bought_calls_it_asks_every_ten_minutes_until_there_are_some() -> None:
    async def test(lab: Lab) -> None:
        async with memory_runtime(lab.clock, INTEREST) as runtime, running(lab, runtime):
            await lab.clock.sleep(3_500.0)
            asked = lab.crm.store.calls.total()
            lab.crm.limits = FxiaokeLimits()
            lab.person.make("AccountObj", name="甲")
            await lab.clock.sleep(700.0)

            assert asked <= 1 + 3 * 6  # a token, and three objects at the most each time
            assert [kind for kind, _ in await notices(runtime)] == [
                "calls paused",
                "calls resumed",
            ]
            topic = changes_topic(System.FXIAOKE, "AccountObj")
            assert len(await all_records(runtime.broker, topic)) == 1

    on_a_crm(test, limits=FxiaokeLimits(daily_calls=0))


def test_just_after_midnight_the_vendor_may_still_mean_the_day_before() -> None:
    async def test(lab: Lab) -> None:
        await lab.clock.sleep(seconds_to_midnight(lab.clock.now()) + 5.0)
        await lab.client.query("AccountObj", (), ("_id",), POLL)

        with pytest.raises(RateLimitedError) as caught:
            await lab.client.query("AccountObj", (), ("_id",), POLL)

        assert caught.value.retry_after_seconds == 60.0

    on_a_crm(test, limits=FxiaokeLimits(daily_calls=1), calls_per_day=None)


def test_when_reads_have_used_their_part_writes_still_go_through() -> None:
    async def test(lab: Lab) -> None:
        for _ in range(18):
            await lab.client.query("AccountObj", (), ("_id",), POLL)
        with pytest.raises(RateLimitedError):
            await lab.client.query("AccountObj", (), ("_id",), POLL)
        lab.crm.limits = FxiaokeLimits()

        (outcome,) = await lab.target.write([new_account(1)])

        assert made(outcome).ref is not None

    on_a_crm(test, calls_per_day=25, write_reserve=0.24)


def test_a_process_that_starts_knows_what_was_called_before_it() -> None:
    async def test(lab: Lab) -> None:
        async with memory_runtime(lab.clock, INTEREST) as runtime:
            async with running(lab, runtime):
                await lab.clock.sleep(30.0)
            transport = SandboxTransport(lab.crm, lab.clock)
            started = connection_of(lab.settings, runtime, transport)

            await started.meter.begin()

            made = [
                CallsMade.from_record(each)
                for each in await all_records(runtime.broker, CALLS.name)
            ]
            told = sum(sum(purposes.values()) for each in made for purposes in each.calls.values())
            assert started.meter.budget.used_today == told
            assert told >= 0.9 * (lab.crm.store.calls.total())
            assert started.meter.budget.recent()["cgi/crm/v2/data/query"] > 0

    on_a_crm(test)


def test_calls_are_shown_by_day_object_and_purpose_with_what_they_brought() -> None:
    async def test(lab: Lab) -> None:
        async with memory_runtime(lab.clock, INTEREST) as runtime, running(lab, runtime):
            await lab.clock.sleep(5.0)
            lab.person.make_order(("1", "2"))
            await lab.clock.sleep(30.0)

            days = await days_of_calls(runtime, EPOCH - DAY)

            (day,) = days.values()
            assert list(days) == ["2026-01-05"]
            assert day.records["SalesOrderObj"] == 1
            assert day.records[LINES] == 2
            assert day.calls["SalesOrderObj", "poll"] >= 5
            assert day.calls.total() == pytest.approx(lab.crm.store.calls.total(), abs=8)

    on_a_crm(test)


def test_a_live_change_costs_a_call_and_one_for_each_kind_of_lines() -> None:
    async def test(lab: Lab) -> None:
        await lab.metadata.completed(ORDER)
        order, account = lab.person.make_order(), lab.person.make("AccountObj", name="甲")
        await lab.clock.sleep(1.3)  # what callbacks of documents gather for
        spent: list[int] = []
        for interest, ids, published in (
            (ORDER, [order], ()),
            (ORDER, [order], [order]),
            (INTEREST.of("AccountObj"), [account], ()),
        ):
            before = _queries(lab)
            page = await lab.feed.read(interest, ids, published)
            assert [found.ref.record_id for found in page.records] == ids
            spent.append(_queries(lab) - before)
            lab.person.edit("SalesOrderObj", order, remark="急")

        assert spent == [1 + 1, 1 + 1, 1]

    on_a_crm(test, lines_lag_seconds=1.0)


def test_in_bulk_twenty_records_cost_a_call() -> None:
    async def test(lab: Lab) -> None:
        for _ in range(500):
            lab.person.make_order(["1"] * 4)
            await lab.clock.sleep(0.5)
        await lab.clock.sleep(60.0)
        await lab.metadata.completed(ORDER)
        before = _queries(lab)
        window = Window(EPOCH - DAY, EPOCH + DAY, is_bulk=True)

        records = 0
        async for page in lab.feed.changed(ORDER, window, {}):
            for found in page.records:
                lines = found.data[LINES]
                assert isinstance(lines, list)
                records += 1 + len(lines)

        assert records == 2_500
        assert _queries(lab) - before <= 0.05 * records

    on_a_crm(test, limits=FxiaokeLimits(calls_per_window=10**6), calls_per_window=10**6)


def test_an_update_that_nothing_is_in_doubt_about_costs_a_call() -> None:
    async def test(lab: Lab) -> None:
        (created,) = await lab.target.write([new_account(1)])
        before = lab.crm.store.calls.copy()

        for n in range(20):
            (outcome,) = await lab.target.write([update_of(ref_of(created), {"tel": str(n)})])
            assert made(outcome).ref is not None

        spent = lab.crm.store.calls - before
        assert spent.total() <= 1.1 * 20

    on_a_crm(test)


def _queries(lab: Lab) -> int:
    return sum(count for name, count in lab.crm.store.calls.items() if "query" in name)


def test_services_of_one_process_that_come_and_go_count_every_call_once() -> None:
    async def test(lab: Lab) -> None:
        async with memory_runtime(lab.clock, INTEREST) as runtime:
            async with running(lab, runtime):
                await lab.clock.sleep(30.0)
            transport = Watched(lab)
            for _ in range(3):  # the same process: its services end, and are started again
                works = [
                    asyncio.create_task(run(lab.settings, INTEREST, runtime, transport))
                    for run in (run_source, run_writer)
                ]
                await lab.clock.sleep(20.0)
                for work in works:
                    assert not work.done(), work
                    work.cancel()
                await asyncio.wait(works)
            meter = connection_of(lab.settings, runtime, transport).meter
            await meter.begin()

            (day,) = (await days_of_calls(runtime, EPOCH - DAY)).values()
            untold = sum(meter.untold().values())
            assert meter.budget.used_today == day.calls.total() + untold

    on_a_crm(test)


def test_a_write_that_would_wait_long_for_a_token_is_not_sent_on_what_was_known_before() -> None:
    """Its command was decided a minute ago then, and is compared with its target once more."""

    async def test(lab: Lab) -> None:
        (created,) = await lab.target.write([new_account(1)])
        while lab.crm.store.calls["token"] < 10:
            lab.crm.revoke_tokens()
            await lab.client.query("AccountObj", (), ("_id",), POLL)
        lab.crm.revoke_tokens()

        (outcome,) = await lab.target.write([update_of(ref_of(created), {"tel": "1"})])

        assert isinstance(outcome, Busy)
        assert outcome.is_unreached
        assert lab.crm.store.writes["AccountObj update"] == 0

    on_a_crm(test, limits=FxiaokeLimits(tokens_per_minute=10))


def test_tokens_are_fetched_ten_times_a_minute_at_the_most() -> None:
    async def test(lab: Lab) -> None:
        for _ in range(25):
            await lab.client.query("AccountObj", (), ("_id",), POLL)
            lab.crm.revoke_tokens()

        assert lab.crm.store.calls["token"] == 25
        assert lab.clock.monotonic() >= 120.0

    on_a_crm(test, limits=FxiaokeLimits(tokens_per_minute=10))
