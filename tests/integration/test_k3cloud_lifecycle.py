"""The life of ERP records after a save: steps, steps back, operations, pushes, one by one."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from anji_common.events.commands import Finish, Operation
from anji_common.events.results import Outcome
from anji_common.interest import Interest
from anji_common.refs import Ref, System
from anji_common.testing.virtual_time import LoopClock, run_virtually
from anji_common.writing.target import Busy, Doubtful, Found, Refused, Written
from anji_sandbox.faults import Fault
from labs.erp_commands import an_order, an_order_customer, calls, edit, held, operation
from labs.erp_lab import CUSTOMER, NOTICE, ORDER, Erp, make_erp, new_order, seat
from labs.k3cloud_client import order_model

LOCKED = "“user”使用业务单据：“销售订单”业务操作-“[销售订单-NO-修改]”冲突，请稍候再使用。"
INTEREST = Interest(System.K3CLOUD, (CUSTOMER, ORDER, NOTICE))


def on_an_erp(test: Callable[[Erp], Coroutine[Any, Any, None]], **more: Any) -> None:  # noqa: ANN401 - passed on
    async def run() -> None:
        clock = LoopClock(asyncio.get_running_loop())
        await test(make_erp(clock, interest=INTEREST, **more))

    run_virtually(run())


WAYS = [
    ((), Operation.SUBMIT, "B"),
    ((Operation.SUBMIT,), Operation.WITHDRAW, "D"),
    ((Operation.SUBMIT,), Operation.AUDIT, "C"),
    ((Operation.SUBMIT, Operation.AUDIT), Operation.UNAUDIT, "D"),
]


@pytest.mark.parametrize(("before", "which", "status"), WAYS)
def test_a_bill_takes_each_step_and_shows_that_it_did(
    before: tuple[Operation, ...], which: Operation, status: str
) -> None:
    async def test(erp: Erp) -> None:
        ref = an_order(erp)
        for each in before:
            await erp.target.write([operation(ref, each)])
        wish = operation(ref, which)
        was_done = erp.target.is_done(wish, await held(erp, ref))

        (outcome,) = await erp.target.write([wish])

        assert not was_done
        assert isinstance(outcome, Written)
        assert outcome.outcome is Outcome.UPDATED
        assert outcome.observed is not None
        assert outcome.observed.stamp.status == status
        assert erp.target.is_done(wish, outcome.observed)

    on_an_erp(test)


SETS = [
    ((), Operation.VOID, "FCancelStatus", "B"),
    ((Operation.VOID,), Operation.UNVOID, "FCancelStatus", "A"),
    ((), Operation.CLOSE, "FCloseStatus", "B"),
    ((Operation.CLOSE,), Operation.UNCLOSE, "FCloseStatus", "A"),
]


@pytest.mark.parametrize(("before", "which", "path", "value"), SETS)
def test_a_bill_is_voided_and_closed_and_both_are_taken_back(
    before: tuple[Operation, ...], which: Operation, path: str, value: str
) -> None:
    async def test(erp: Erp) -> None:
        ref = an_order(erp)
        for each in before:
            await erp.target.write([operation(ref, each)])

        (outcome,) = await erp.target.write([operation(ref, which)])

        assert isinstance(outcome, Written)
        assert outcome.observed is not None
        assert outcome.observed.data[path] == value
        assert erp.target.is_done(operation(ref, which), outcome.observed)

    on_an_erp(test)


@pytest.mark.parametrize("service", ["ExcuteOperation", "ExecuteOperation"])
def test_base_data_is_forbidden_and_enabled_by_either_spelling(service: str) -> None:
    async def test(erp: Erp) -> None:
        record_id = erp.person().make("BD_Customer", {"FNumber": "C1", "FName": "客户"})
        ref = Ref(System.K3CLOUD, "BD_Customer", str(record_id))
        seen = []
        for which in (Operation.FORBID, Operation.ENABLE):
            await erp.target.write([operation(ref, which)])
            seen.append((await held(erp, ref)).data["FForbidStatus"])

        assert seen == ["B", "A"]
        assert calls(erp, service.lower()) == 2

    on_an_erp(test, operation_service=service)


def test_a_deleted_record_is_gone_and_that_is_what_was_wished() -> None:
    async def test(erp: Erp) -> None:
        ref = an_order(erp)
        wish = operation(ref, Operation.DELETE)

        (outcome,) = await erp.target.write([wish])

        assert isinstance(outcome, Written)
        assert outcome.observed is None
        assert await erp.target.read([wish]) == [None]
        assert erp.target.is_done(wish, None)

    on_an_erp(test)


def test_an_operation_that_one_record_refuses_is_done_on_the_others() -> None:
    async def test(erp: Erp) -> None:
        audited, free = an_order(erp, audited=True), an_order(erp)

        outcomes = await erp.target.write(
            [operation(each, Operation.DELETE) for each in (audited, free)]
        )

        refused, done = outcomes
        assert isinstance(refused, Refused)
        assert "才允许删除" in refused.words
        assert isinstance(done, Written)
        assert calls(erp, "delete") == 1

    on_an_erp(test)


def test_an_operation_whose_answer_is_lost_is_a_doubt() -> None:
    async def test(erp: Erp) -> None:
        ref = an_order(erp)
        erp.faults.add(Fault(kind="drop_after", endpoint="*.Delete.*"))

        (outcome,) = await erp.target.write([operation(ref, Operation.DELETE)])

        assert isinstance(outcome, Doubtful)

    on_an_erp(test)


def test_an_audited_bill_is_not_changed_and_says_so() -> None:
    async def test(erp: Erp) -> None:
        ref = an_order(erp, audited=True)

        (outcome,) = await erp.target.write([edit(ref, {"FNote": "x"})])

        assert isinstance(outcome, Refused)
        assert "单据已审核，不允许修改" in outcome.words
        assert (await held(erp, ref)).stamp.status == "C"

    on_an_erp(test)


@pytest.mark.parametrize("audited", [True, False])
def test_a_closed_bill_that_may_be_reopened_is_changed_and_closed_again(audited: bool) -> None:  # noqa: FBT001 - a parameter of the test
    async def test(erp: Erp) -> None:
        ref = an_order(erp, audited=audited)
        if not audited:
            await erp.target.write([operation(ref, Operation.SUBMIT)])
        finish = Finish.AUDITED if audited else Finish.SUBMITTED

        (outcome,) = await erp.target.write(
            [edit(ref, {"FNote": "x"}, reopens=True, finish=finish)]
        )

        assert isinstance(outcome, Written)
        assert outcome.words == ""
        assert outcome.observed is not None
        assert outcome.observed.data["FNote"] == "x"
        assert outcome.observed.stamp.status == ("C" if audited else "B")

    on_an_erp(test)


def test_a_bill_whose_change_is_refused_is_not_left_open() -> None:
    async def test(erp: Erp) -> None:
        ref = an_order(erp, audited=True)
        wish = edit(ref, {"FCustId": None}, reopens=True, finish=Finish.AUDITED)

        (outcome,) = await erp.target.write([wish])

        assert isinstance(outcome, Refused)
        assert "是必填项" in outcome.words
        assert (await held(erp, ref)).stamp.status == "C"

    on_an_erp(test)


def test_a_bill_whose_change_meets_a_lock_is_not_left_open() -> None:
    async def test(erp: Erp) -> None:
        ref = an_order(erp, audited=True)
        erp.faults.add(Fault(kind="code", endpoint="*.BatchSave.*", code=13, words=LOCKED))

        (outcome,) = await erp.target.write([edit(ref, {"FNote": "x"}, reopens=True)])

        assert outcome == Busy(LOCKED)
        assert (await held(erp, ref)).stamp.status == "C"

    on_an_erp(test)


def test_a_bill_that_stays_open_after_a_refused_change_says_so() -> None:
    async def test(erp: Erp) -> None:
        ref = an_order(erp, audited=True)
        no = "超出信用额度"
        erp.faults.add(Fault(kind="code", endpoint="*.Audit.*", code=11, words=no))

        (outcome,) = await erp.target.write([edit(ref, {"FCustId": None}, reopens=True)])

        assert isinstance(outcome, Refused)
        assert "是必填项" in outcome.words
        assert f"taken back for it, and not taken on again: {no}" in outcome.words
        assert (await held(erp, ref)).stamp.status == "B"

    on_an_erp(test)


def test_a_reopening_that_was_cut_off_is_taken_the_rest_of_the_way() -> None:
    async def test(erp: Erp) -> None:
        ref = an_order(erp, audited=True)
        wish = edit(ref, {"FNote": "x"}, reopens=True, finish=Finish.AUDITED)
        erp.faults.add(Fault(kind="drop_before", endpoint="*.Submit.*"))
        (lost,) = await erp.target.write([wish])
        between = await held(erp, ref)

        outcome = await erp.target.finish(Found(between, None, is_ours=True), wish)

        assert isinstance(lost, Doubtful)
        assert (between.stamp.status, between.data["FNote"]) == ("D", "x")
        assert isinstance(outcome, Written)
        assert outcome.outcome is Outcome.UPDATED
        assert outcome.observed is not None
        assert outcome.observed.stamp.status == "C"

    on_an_erp(test)


def test_a_lock_on_the_audit_is_no_refusal_and_passes_later() -> None:
    async def test(erp: Erp) -> None:
        command = new_order(7, an_order_customer(erp), {"l1": "2"}, finish=Finish.AUDITED)
        erp.faults.add(Fault(kind="code", endpoint="*.Audit.*", code=0, words=LOCKED, calls=2))
        (locked,) = await erp.target.write([command])
        ((found,),) = await erp.target.look_up([command], own_only=True)

        again = await erp.target.finish(found, command)
        ((found,),) = await erp.target.look_up([command], own_only=True)
        done = await erp.target.finish(found, command)

        assert locked == Doubtful(LOCKED)
        assert again == Busy(LOCKED)
        assert isinstance(done, Written)
        assert done.observed is not None
        assert done.observed.stamp.status == "C"

    on_an_erp(test)


@pytest.mark.parametrize(
    ("stands", "finish", "status"),
    [
        ("C", Finish.SAVED, "C"),
        ("C", Finish.SUBMITTED, "C"),
        ("B", Finish.SAVED, "B"),
        ("B", Finish.AUDITED, "C"),
    ],
)
def test_a_reopened_bill_goes_at_least_as_far_again_as_it_stood(
    stands: str, finish: Finish, status: str
) -> None:
    async def test(erp: Erp) -> None:
        ref = an_order(erp, audited=stands == "C")
        if stands == "B":
            assert erp.person().status("Submit", "SAL_SaleOrder", {"Ids": ref.record_id})

        (outcome,) = await erp.target.write(
            [edit(ref, {"FNote": "x"}, reopens=True, finish=finish)]
        )

        assert isinstance(outcome, Written)
        found = await held(erp, ref)
        assert (found.stamp.status, found.data["FNote"]) == (status, "x")

    on_an_erp(test)


def test_an_audit_waits_as_long_as_the_site_needs() -> None:
    async def test(erp: Erp) -> None:
        command = new_order(7, an_order_customer(erp), {"l1": "2"}, finish=Finish.AUDITED)
        began = erp.clock.monotonic()

        (outcome,) = await erp.target.write([command])

        assert isinstance(outcome, Written)
        assert erp.clock.monotonic() - began == pytest.approx(4.0)

    on_an_erp(test, audit_pause_seconds=4.0)


def test_a_save_that_audits_is_one_call() -> None:
    async def test(erp: Erp) -> None:
        customer = an_order_customer(erp)
        commands = [
            new_order(n, customer, {"l1": "2"}, finish=Finish.AUDITED) for n in range(1, 21)
        ]

        outcomes = await erp.target.write(commands)

        statuses = {
            o.observed.stamp.status for o in outcomes if isinstance(o, Written) and o.observed
        }
        assert statuses == {"C"}
        written = sum(calls(erp, each) for each in ("batchsave", "submit", "audit"))
        assert written / len(commands) <= 0.05

    on_an_erp(test, audits_in_one_call=True)


def test_a_bill_that_was_saved_though_its_audit_was_refused_is_no_refusal() -> None:
    async def test(erp: Erp) -> None:
        person = erp.person()
        customer = an_order_customer(erp)
        person.status("ExcuteOperation", "BD_Customer", {"Numbers": ["C1"]}, opNumber="Forbid")
        command = new_order(7, customer, {"l1": "2"}, finish=Finish.AUDITED)
        erp.faults.add(Fault(kind="code", endpoint="*.BatchSave.*", code=11, words="信用不足"))
        person.make(
            "SAL_SaleOrder",
            {**order_model(2, FBillNo="SO-7"), "F_ANJI_MARKER": str(seat(7, "SalesOrderObj"))},
        )

        (outcome,) = await erp.target.write([command])

        assert isinstance(outcome, Written)
        assert "信用不足" in outcome.words
        assert outcome.business_number == "SO-7"

    on_an_erp(test, audits_in_one_call=True)


@pytest.mark.parametrize("endpoint", ["*.UnAudit.*", "*.ExecuteBillQuery.*"])
def test_a_reopening_whose_first_step_is_not_answered_is_a_doubt(endpoint: str) -> None:
    async def test(erp: Erp) -> None:
        ref = an_order(erp, audited=True)
        await held(erp, ref)
        erp.faults.add(Fault(kind="bad_gateway", endpoint=endpoint))
        wish = edit(ref, {"FNote": "x"}, reopens=True, finish=Finish.AUDITED)

        (outcome,) = await erp.target.write([wish])

        assert isinstance(outcome, Doubtful)
        assert (await held(erp, ref)).data["FNote"] is None

    on_an_erp(test)


def test_a_bill_that_cannot_be_reopened_is_refused_and_stays() -> None:
    async def test(erp: Erp) -> None:
        ref = an_order(erp, audited=True)
        await erp.target.write([operation(ref, Operation.CLOSE)])
        wish = edit(ref, {"FNote": "x"}, reopens=True, finish=Finish.AUDITED)

        (outcome,) = await erp.target.write([wish])

        assert isinstance(outcome, Refused)
        assert "已关闭" in outcome.words
        assert (await held(erp, ref)).stamp.status == "C"

    on_an_erp(test)


def test_a_reopening_that_waited_too_long_takes_nothing_back() -> None:
    async def test(erp: Erp) -> None:
        ref = an_order(erp, audited=True)
        await held(erp, ref)
        slow = Fault(kind="delay", endpoint="*.ExecuteBillQuery.*", delay_seconds=20)
        erp.faults.add(slow)

        (outcome,) = await erp.target.write([edit(ref, {"FNote": "x"}, reopens=True)])

        assert isinstance(outcome, Busy)
        assert outcome.is_unreached
        assert calls(erp, "unaudit") == 0

    on_an_erp(test)
