"""Lines that the CRM's queries show later than the head that moved with them.

A removed line moves no date, so a head that was read before its lines had followed would tell of
the removal only at the patrol. The source looks at it a second time, and pays little for it.
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from anji_common.events.changes import Change
from anji_common.events.signals import Signal, SignalKind
from anji_common.refs import Ref, System
from anji_common.runtime import Runtime
from anji_common.testing.virtual_time import EPOCH
from anji_common.topics import changes_topic
from anji_fxiaoke.calls import Purpose
from anji_fxiaoke.metering import days_of_calls
from anji_sandbox.fxiaoke import FxiaokeSwitches
from labs.fxiaoke_lab import INTEREST, LINES, ORDER, Lab, on_a_crm
from labs.fxiaoke_services import running
from labs.memory_broker import all_records, memory_runtime

_ORDER = "SalesOrderObj"
_LAG_SECONDS = 0.9
_SETTLED_SECONDS = 120.0
TEST = Purpose("test")


@dataclass
class Room:
    """A CRM that shows lines late, and our source of it."""

    lab: Lab
    runtime: Runtime

    async def orders(self, count: int) -> list[str]:
        """Let a person make orders of two lines, and wait until they are old."""
        made = [self.lab.person.make_order(("2", "1")) for _ in range(count)]
        await self.lab.clock.sleep(_SETTLED_SECONDS)
        return made

    async def remove_a_line(self, order_id: str) -> None:
        """Let somebody take the line of quantity 1 out, and write why."""
        (line,) = (
            row["_id"]
            for row in self.lab.person.all(LINES)
            if row["order_id"] == order_id and row["quantity"] == "1"
        )
        await self.lab.client.invalid(LINES, line, TEST)
        await self.lab.client.delete(LINES, line, TEST)
        self.lab.person.edit(_ORDER, order_id, remark="少一行")

    async def recover(self, order_id: str) -> None:
        """Let somebody void an order and recover it: its lines go and come with it."""
        await self.lab.client.invalid(_ORDER, order_id, TEST)
        await self.lab.clock.sleep(_SETTLED_SECONDS)
        await self.lab.client.recover(_ORDER, order_id, TEST)

    async def told(self, order_id: str) -> list[list[object]]:
        """Return the quantities of each version that was published of an order."""
        topic = changes_topic(System.FXIAOKE, _ORDER)
        changes = map(Change.from_record, await all_records(self.runtime.broker, topic))
        return [_quantities(each) for each in changes if each.ref.record_id == order_id]

    async def reads(self) -> int:
        """Return how many queries read orders by their ids, and not by their time."""
        days = await days_of_calls(self.runtime, EPOCH - timedelta(days=1))
        return sum(each.calls[_ORDER, "read"] for each in days.values())

    async def ask_for(self, order_id: str) -> None:
        """Have an order read at once, as a command does."""
        signal = Signal(
            system=System.FXIAOKE,
            object_name=_ORDER,
            kind=SignalKind.READ,
            at=self.lab.clock.now(),
            ref=Ref(System.FXIAOKE, _ORDER, order_id),
            answers="1-2",
        )
        await self.runtime.broker.publish([signal.to_message()])


def _quantities(change: Change) -> list[object]:
    rows = (change.data or {})[LINES]
    assert isinstance(rows, list)
    return [row["quantity"] for row in rows if isinstance(row, dict)]


def in_a_room(
    test: Callable[[Room], Coroutine[Any, Any, None]], lines_lag_seconds: float = _LAG_SECONDS
) -> None:
    async def run(lab: Lab) -> None:
        async with memory_runtime(lab.clock, INTEREST) as runtime, running(lab, runtime):
            await lab.clock.sleep(1.0)
            await test(Room(lab, runtime))

    late = FxiaokeSwitches(query_lag_by_object={LINES: 0.8})
    on_a_crm(run, switches=late, lines_lag_seconds=lines_lag_seconds)


def test_a_line_that_shows_as_removed_later_than_its_head_is_told_though_no_date_moved() -> None:
    async def test(room: Room) -> None:
        for order_id in (orders := await room.orders(20)):
            await room.remove_a_line(order_id)
            await room.lab.clock.sleep(0.25)
        await room.lab.clock.sleep(_SETTLED_SECONDS)

        last = [(await room.told(order_id))[-1] for order_id in orders]

        assert last == [["2"]] * 20

    in_a_room(test)


def test_a_read_for_a_command_waits_for_the_line_that_the_command_made() -> None:
    """Whoever asked would take it for removed, or make it again."""

    async def test(room: Room) -> None:
        (order_id,) = await room.orders(1)
        room.lab.person.make(LINES, order_id=order_id, quantity="7")
        await room.ask_for(order_id)
        await room.lab.clock.sleep(3.0)

        assert await room.told(order_id) == [["2", "1"], ["2", "1", "7"]]

    in_a_room(test)


def test_another_read_does_not_take_along_what_a_command_waits_for() -> None:
    async def test(room: Room) -> None:
        order_id, other = await room.orders(2)
        await room.ask_for(other)
        await room.lab.clock.sleep(0.5)
        room.lab.person.make(LINES, order_id=order_id, quantity="7")
        await room.ask_for(order_id)
        await room.lab.clock.sleep(3.0)

        assert await room.told(order_id) == [["2", "1"], ["2", "1", "7"]]
        assert await room.told(other) == [["2", "1"], ["2", "1"]]

    in_a_room(test)


def test_second_looks_of_all_that_one_poll_met_too_early_are_one_query() -> None:
    async def test(room: Room) -> None:
        orders = await room.orders(40)
        await room.lab.clock.sleep(60.0)  # calls are told once a minute
        before = await room.reads()
        for order_id in orders:
            room.lab.person.edit(_ORDER, order_id, remark="急")
            await room.lab.clock.sleep(0.1)
        await room.lab.clock.sleep(120.0)

        told = [await room.told(order_id) for order_id in orders]

        assert told == [[["2", "1"], ["2", "1"]]] * 40  # a look that finds nothing tells nothing
        assert 1 <= await room.reads() - before <= 2

    in_a_room(test)


@pytest.mark.parametrize(("after_seconds", "is_early"), [(0.3, True), (2.5, False)])
def test_a_document_is_looked_at_again_only_if_it_moved_lately(
    after_seconds: float, is_early: object
) -> None:
    async def test(room: Room) -> None:
        (order_id,) = await room.orders(1)
        room.lab.person.edit(_ORDER, order_id, remark="急")
        await room.lab.clock.sleep(after_seconds)

        page = await room.lab.feed.read(ORDER, [order_id], [order_id])

        assert [found.ref.record_id for found in page.records] == [order_id]
        assert page.early == ((order_id,) if is_early else ())

    in_a_room(test)


def test_where_lines_never_lag_nothing_is_looked_at_twice() -> None:
    async def test(room: Room) -> None:
        (order_id,) = await room.orders(1)
        room.lab.person.edit(_ORDER, order_id, remark="急")

        page = await room.lab.feed.read(ORDER, [order_id], [order_id])

        assert page.early == ()

    in_a_room(test, lines_lag_seconds=0.0)


@pytest.mark.parametrize(("after_seconds", "is_torn"), [(0.3, True), (2.5, False)])
def test_an_order_that_was_recovered_and_shows_no_line_yet_is_not_told(
    after_seconds: float, is_torn: object
) -> None:
    """Its lines come back with it, and show later: its counterpart would be made without any."""

    async def test(room: Room) -> None:
        (order_id,) = await room.orders(1)
        await room.recover(order_id)
        await room.lab.clock.sleep(after_seconds)

        page = await room.lab.feed.read(ORDER, [order_id], [order_id])

        assert page.torn == ((order_id,) if is_torn else ())
        rows = [found.data[LINES] for found in page.records]
        assert [len(each) for each in rows if isinstance(each, list)] == ([] if is_torn else [2])

    in_a_room(test)
