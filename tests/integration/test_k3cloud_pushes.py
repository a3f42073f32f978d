"""Pushes: a bill made from another by the vendor's conversion, once."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest

from anji_common.clock import Clock
from anji_common.events.commands import Finish, Push, RowWish
from anji_common.events.results import Outcome
from anji_common.interest import Interest
from anji_common.refs import System
from anji_common.testing.virtual_time import LoopClock, run_virtually
from anji_common.transport import Answer, Call
from anji_common.writing.target import Busy, Doubtful, Refused, Written
from anji_k3cloud.service import Connection, target_of
from anji_sandbox.faults import Fault
from labs.erp_commands import a_push, an_order
from labs.erp_lab import CUSTOMER, NOTICE, ORDER, Erp, make_erp, settings_of
from labs.sandbox_transport import SandboxTransport

INTEREST = Interest(System.K3CLOUD, (CUSTOMER, ORDER, NOTICE))


def on_an_erp(test: Callable[[Erp], Coroutine[Any, Any, None]], **more: Any) -> None:  # noqa: ANN401 - passed on
    async def run() -> None:
        clock = LoopClock(asyncio.get_running_loop())
        await test(make_erp(clock, interest=INTEREST, **more))

    run_virtually(run())


def test_a_pushed_bill_carries_our_marker_and_values_and_is_taken_on() -> None:
    async def test(erp: Erp) -> None:
        order = an_order(erp, audited=True, FBillNo="X")
        command = a_push(1, order, "X", finish=Finish.AUDITED)
        nothing = await erp.target.look_up([command], own_only=False)

        (outcome,) = await erp.target.write([command])

        assert nothing == [()]
        assert isinstance(outcome, Written)
        assert outcome.outcome is Outcome.CREATED
        assert outcome.observed is not None
        data: Any = outcome.observed.data
        assert outcome.observed.stamp.status == "C"
        assert (data["FCarriageNO"], data["F_ANJI_MARKER"]) == ("SF1", str(command.seat))
        assert [row["FQty"] for row in data["FEntity"]] == ["2", "3"]

    on_an_erp(test)


def lines_of(*wishes: tuple[str, str, str]) -> dict[str, tuple[RowWish, ...]]:
    """Wish for lines of (CRM line id, material, quantity)."""
    rows = [
        RowWish(source_id=source_id, values={"FMaterialID": material, "FQty": quantity})
        for source_id, material, quantity in wishes
    ]
    return {"FEntity": tuple(rows)}


def test_wished_lines_are_saved_into_the_pushed_rows_before_the_audit() -> None:
    async def test(erp: Erp) -> None:
        order = an_order(erp, audited=True, FBillNo="X")
        wishes = lines_of(("a", "M1", "1"), ("b", "M1", "3"))
        command = a_push(1, order, "X", finish=Finish.AUDITED, rows=wishes)

        (outcome,) = await erp.target.write([command])

        assert isinstance(outcome, Written)
        assert outcome.words == ""
        assert outcome.observed is not None
        data: Any = outcome.observed.data
        assert outcome.observed.stamp.status == "C"
        assert [row["FQty"] for row in data["FEntity"]] == ["1", "3"]
        ids = [row["FEntryID"] for row in data["FEntity"]]
        assert outcome.lines == {"FEntity": {"a": ids[0], "b": ids[1]}}

    on_an_erp(test)


def test_only_some_lines_of_a_bill_are_pushed() -> None:
    async def test(erp: Erp) -> None:
        order = an_order(erp, audited=True, FBillNo="X")
        rows = erp.person().query("SAL_SaleOrder", "FSaleOrderEntry_FEntryId,FQty")
        second = next(str(entry_id) for entry_id, quantity in rows if quantity == 3)
        command = a_push(1, order, "X", rows=lines_of(("b", "M1", "1")))
        push = Push(source=order, source_number="X", entries=(second,))

        (outcome,) = await erp.target.write([command.model_copy(update={"push": push})])

        assert isinstance(outcome, Written)
        found = erp.person().query("SAL_DELIVERYNOTICE", "FSOEntryId,FQty")
        assert found == [[int(second), 1.0]]

    on_an_erp(test)


def test_a_pushed_record_that_was_found_again_gets_its_lines_as_well() -> None:
    async def test(erp: Erp) -> None:
        order = an_order(erp, audited=True, FBillNo="X")
        command = a_push(1, order, "X", rows=lines_of(("a", "M1", "1")))
        erp.faults.add(Fault(kind="drop_after", endpoint="*.Push.*"))
        await erp.target.write([command])
        ((found,),) = await erp.target.look_up([command], own_only=True)

        done = await erp.target.finish(found, command)

        assert isinstance(done, Written)
        assert done.observed is not None
        data: Any = done.observed.data
        assert [row["FQty"] for row in data["FEntity"]] == ["1", "3"]

    on_an_erp(test)


def test_a_push_whose_answer_was_lost_is_found_by_its_source_and_not_repeated() -> None:
    async def test(erp: Erp) -> None:
        order = an_order(erp, audited=True, FBillNo="X")
        command = a_push(1, order, "X", finish=Finish.AUDITED)
        erp.faults.add(Fault(kind="drop_after", endpoint="*.Push.*"))
        (lost,) = await erp.target.write([command])
        ((found,),) = await erp.target.look_up([command], own_only=True)

        done = await erp.target.finish(found, command)

        assert isinstance(lost, Doubtful)
        assert found.is_ours
        assert isinstance(done, Written)
        assert done.observed is not None
        assert done.observed.data["F_ANJI_MARKER"] == str(command.seat)
        assert done.observed.stamp.status == "C"
        assert erp.count("SAL_DELIVERYNOTICE") == 1

    on_an_erp(test)


class SlowSaves:
    """A transport on which a save takes a while to arrive."""

    def __init__(self, inner: SandboxTransport, clock: Clock) -> None:
        self._inner = inner
        self._clock = clock

    async def send(self, call: Call) -> Answer:
        if "BatchSave" in call.path:
            await self._clock.sleep(5.0)
        return await self._inner.send(call)

    async def close(self) -> None:
        await self._inner.close()


def test_two_pushes_of_one_bill_at_once_are_two_bills_each_with_its_own_marker() -> None:
    async def test(erp: Erp) -> None:
        order = an_order(erp, audited=True, FBillNo="X")
        transport = SlowSaves(erp.transport, erp.clock)
        connection = Connection.over(settings_of(erp.k3cloud), erp.clock, transport)
        target = await target_of(connection, INTEREST)
        pushes = [a_push(n, order, "X") for n in (1, 2)]
        first = asyncio.create_task(target.write(pushes[:1]))
        await erp.clock.sleep(1.0)

        answers = [*await target.write(pushes[1:]), *await first]

        markers = erp.person().query("SAL_DELIVERYNOTICE", "F_ANJI_MARKER,FSrcBillNo")
        assert [type(outcome) for outcome in answers] == [Written, Written]
        assert {marker for marker, _ in markers} == {str(each.seat) for each in pushes}

    on_an_erp(test)


def test_a_bill_that_somebody_else_just_pushed_is_not_pushed_over() -> None:
    async def test(erp: Erp) -> None:
        order = an_order(erp, audited=True, FBillNo="X")
        data = {"IsEnableDefaultRule": "true", "TargetFormId": "SAL_DELIVERYNOTICE"}
        erp.person().do("Push", "SAL_SaleOrder", {**data, "Numbers": ["X"]})
        command = a_push(1, order, "X")

        ((found,),) = await erp.target.look_up([command], own_only=False)
        (outcome,) = await erp.target.write([command])

        assert found.observed.data["F_ANJI_MARKER"] is None
        assert isinstance(outcome, Busy)
        assert erp.count("SAL_DELIVERYNOTICE") == 1

    on_an_erp(test)


def test_a_conversion_that_the_vendor_refuses_is_told_in_its_words() -> None:
    async def test(erp: Erp) -> None:
        order = an_order(erp, FBillNo="X")

        (outcome,) = await erp.target.write([a_push(1, order, "X")])

        assert isinstance(outcome, Refused)
        assert outcome.words
        assert erp.count("SAL_DELIVERYNOTICE") == 0

    on_an_erp(test)


@pytest.mark.parametrize(
    ("kind", "outcome"), [("waf", Refused), ("bad_gateway", Doubtful), ("lock", Busy)]
)
def test_what_keeps_a_push_from_being_answered_is_told_apart(kind: Any, outcome: type) -> None:  # noqa: ANN401 - a kind of fault
    async def test(erp: Erp) -> None:
        order = an_order(erp, audited=True, FBillNo="X")
        erp.faults.add(Fault(kind=kind, endpoint="*.Push.*"))
        await erp.target.look_up([a_push(1, order, "X")], own_only=True)

        (told,) = await erp.target.write([a_push(1, order, "X")])

        assert isinstance(told, outcome)

    on_an_erp(test)


def test_a_push_into_a_form_without_a_marker_is_refused() -> None:
    async def test(erp: Erp) -> None:
        order = an_order(erp, audited=True, FBillNo="X")
        plain = Interest(System.K3CLOUD, (ORDER, replace(NOTICE, marker_field=None)))
        connection = Connection.over(settings_of(erp.k3cloud), erp.clock, erp.transport)
        target = await target_of(connection, plain)

        (told,) = await target.write([a_push(1, order, "X")])

        assert isinstance(told, Refused)
        assert "marker" in told.words

    on_an_erp(test)


def test_a_push_that_waited_too_long_does_not_leave() -> None:
    async def test(erp: Erp) -> None:
        order = an_order(erp, audited=True, FBillNo="X")
        slow = Fault(kind="delay", endpoint="*.ExecuteBillQuery.*", delay_seconds=20)
        erp.faults.add(slow)

        (outcome,) = await erp.target.write([a_push(1, order, "X")])

        assert isinstance(outcome, Busy)
        assert outcome.is_unreached
        assert erp.count("SAL_DELIVERYNOTICE") == 0

    on_an_erp(test)


def test_a_push_whose_values_cannot_be_spelled_is_not_begun() -> None:
    async def test(erp: Erp) -> None:
        order = an_order(erp, audited=True, FBillNo="X")
        wished = {
            "FEntity": (RowWish(source_id="l1", values={"FMaterialID": "M1", "FQty": "many"}),)
        }

        (told,) = await erp.target.write([a_push(1, order, "X", rows=wished)])

        assert isinstance(told, Refused)
        assert "must be a number" in told.words
        assert erp.count("SAL_DELIVERYNOTICE") == 0

    on_an_erp(test)
