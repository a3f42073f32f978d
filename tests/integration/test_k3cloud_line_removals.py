"""The ERP's writer takes out the rows that a command names, and no other."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import pytest
from pydantic import JsonValue

from anji_common.events.commands import Action, Command, Finish, RowRemoval, RowWish
from anji_common.events.results import Outcome
from anji_common.refs import Ref
from anji_common.testing.virtual_time import LoopClock, run_virtually
from anji_common.writing.target import Busy, Doubtful, Refused, Written
from anji_sandbox.faults import Fault
from anji_sandbox.k3cloud import K3CloudSwitches
from labs.erp_commands import an_order, calls, on_order
from labs.erp_lab import ORDER, Erp, make_erp
from labs.k3cloud_client import order_model


def on_an_erp(test: Callable[[Erp], Coroutine[Any, Any, None]], **more: Any) -> None:  # noqa: ANN401 - passed on
    async def run() -> None:
        await test(make_erp(LoopClock(asyncio.get_running_loop()), **more))

    run_virtually(run())


ENTRY, PLAN = "FSaleOrderEntry", "FSaleOrderPlan"
TWO_PLANS = [{"FRecAdvanceRate": 30}, {"FRecAdvanceRate": 70}]


async def seen(erp: Erp, ref: Ref) -> dict[str, Any]:
    """Return the order as the source would read it."""
    page = await erp.documents.by_ids(ORDER, [ref.record_id])
    return dict(page.records[0].data)


async def taking_out(erp: Erp, ref: Ref, *places: int, **content: Any) -> Command:  # noqa: ANN401 - fields of Command
    """Return the command to take out the rows at these places, as they stand now."""
    rows = (await seen(erp, ref))[ENTRY]
    removals = tuple(
        RowRemoval(source_id=f"l{at}", target_id=rows[at]["FEntryID"], base=_base(rows[at]))
        for at in places
    )
    more = {"action": Action.UPDATE, "removes": {ENTRY: removals}, **content}
    return on_order(ref, **more)


def _base(row: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {path: value for path, value in row.items() if path != "FEntryID"}


async def quantities(erp: Erp, ref: Ref) -> list[str]:
    return [row["FQty"] for row in (await seen(erp, ref))[ENTRY]]


def person_adds_a_row(erp: Erp, ref: Ref, quantity: int) -> None:
    new = order_model(quantity)[ENTRY]
    model = {"FID": int(ref.record_id), ENTRY: new}
    erp.person().make("SAL_SaleOrder", model, IsDeleteEntry="false")


def test_only_the_named_row_is_removed_and_the_others_keep_their_ids() -> None:
    async def test(erp: Erp) -> None:
        ref = an_order(erp)
        before = (await seen(erp, ref))[ENTRY]

        (outcome,) = await erp.target.write([await taking_out(erp, ref, 0)])

        assert isinstance(outcome, Written)
        assert outcome.outcome is Outcome.UPDATED
        assert outcome.observed is not None
        assert outcome.observed.data[ENTRY] == before[1:]
        assert calls(erp, "batchsave") == 1

    on_an_erp(test)


def test_edits_and_new_rows_go_with_the_same_save() -> None:
    async def test(erp: Erp) -> None:
        ref = an_order(erp)
        rows = (await seen(erp, ref))[ENTRY]
        wishes = (
            RowWish(source_id="b", target_id=rows[1]["FEntryID"], values={"FQty": "9"},
                    base={"FQty": "3"}),
            RowWish(source_id="c", values={"FMaterialId": "M1", "FQty": "4"}),
        )  # fmt: skip
        template: JsonValue = order_model(1)[ENTRY]
        command = await taking_out(
            erp, ref, 0, values={"FNote": "少一行"}, base={"FNote": None},
            rows={ENTRY: wishes}, packet={ENTRY: template},
        )  # fmt: skip

        (outcome,) = await erp.target.write([command])

        assert isinstance(outcome, Written)
        assert await quantities(erp, ref) == ["9", "4"]
        assert (await seen(erp, ref))["FNote"] == "少一行"
        assert outcome.lines[ENTRY]["b"] == rows[1]["FEntryID"]
        assert calls(erp, "batchsave") == 1

    on_an_erp(test)


@pytest.mark.parametrize("wipes", [False, True])
def test_the_rows_of_other_entities_stay_whatever_the_site_does_with_them(*, wipes: bool) -> None:
    async def test(erp: Erp) -> None:
        ref = an_order(erp, FSaleOrderPlan=TWO_PLANS, FSaleOrderClause=[{"F_ABCD_Text": "x"}])
        plans = (await seen(erp, ref))[PLAN]

        (outcome,) = await erp.target.write([await taking_out(erp, ref, 0)])

        assert isinstance(outcome, Written)
        assert not outcome.words
        assert (await seen(erp, ref))[PLAN] == plans
        clauses = erp.person().query("SAL_SaleOrder", "FSaleOrderClause_FEntryId")
        assert clauses[0][0] is not None

    on_an_erp(test, switches=K3CloudSwitches(wipes_absent_entities=wipes))


def test_rows_below_rows_that_the_site_takes_out_as_well_are_told() -> None:
    async def test(erp: Erp) -> None:
        ref = an_order(erp)
        (entry, *_), *_ = erp.person().query(
            "SAL_SaleOrder", "FSaleOrderEntry_FEntryId,FQty", "FQty=3"
        )
        row = {"FEntryID": entry, "FOrderEntryPlan": [{"FPlanQty": 1}, {"FPlanQty": 2}]}
        model = {"FID": int(ref.record_id), ENTRY: [row]}
        erp.person().make("SAL_SaleOrder", model, IsDeleteEntry="false")

        (outcome,) = await erp.target.write([await taking_out(erp, ref, 0)])

        assert isinstance(outcome, Written)
        assert outcome.words == "the ERP took 2 rows of FOrderEntryPlan out as well; see to them"

    on_an_erp(test, switches=K3CloudSwitches(wipes_absent_rows_below=True))


def test_a_row_that_a_person_adds_after_the_look_stays() -> None:
    async def test(erp: Erp) -> None:
        ref = an_order(erp)
        command = await taking_out(erp, ref, 0)
        await erp.target.read([command])
        person_adds_a_row(erp, ref, 7)

        (outcome,) = await erp.target.write([command])

        assert isinstance(outcome, Written)
        assert await quantities(erp, ref) == ["3", "7"]

    on_an_erp(test)


def test_a_row_that_a_person_edits_after_the_look_stays_and_is_looked_at_again() -> None:
    async def test(erp: Erp) -> None:
        ref = an_order(erp)
        command = await taking_out(erp, ref, 0)
        row = {"FEntryID": int(command.removes[ENTRY][0].target_id), "FQty": 8}
        model = {"FID": int(ref.record_id), ENTRY: [row]}
        erp.person().make("SAL_SaleOrder", model, IsDeleteEntry="false")

        (outcome,) = await erp.target.write([command])

        assert isinstance(outcome, Busy)
        assert not outcome.is_unreached
        assert await quantities(erp, ref) == ["8", "3"]
        assert calls(erp, "batchsave") == 0

    on_an_erp(test)


def test_a_bill_is_not_left_without_any_row() -> None:
    async def test(erp: Erp) -> None:
        ref = an_order(erp)

        (outcome,) = await erp.target.write([await taking_out(erp, ref, 0, 1)])

        assert isinstance(outcome, Refused)
        assert "void or delete it as a whole" in outcome.words
        assert await quantities(erp, ref) == ["2", "3"]

    on_an_erp(test)


def test_a_row_of_an_audited_bill_is_refused_in_the_vendors_words() -> None:
    async def test(erp: Erp) -> None:
        ref = an_order(erp, audited=True)

        (outcome,) = await erp.target.write([await taking_out(erp, ref, 0)])

        assert isinstance(outcome, Refused)
        assert "已审核" in outcome.words
        assert await quantities(erp, ref) == ["2", "3"]

    on_an_erp(test)


def test_a_row_of_an_audited_bill_goes_where_the_mapping_lets_it_be_reopened() -> None:
    async def test(erp: Erp) -> None:
        ref = an_order(erp, audited=True)
        command = await taking_out(erp, ref, 0, reopens=True, finish=Finish.AUDITED)

        (outcome,) = await erp.target.write([command])

        assert isinstance(outcome, Written)
        assert outcome.observed is not None
        assert outcome.observed.stamp.status == "C"
        assert await quantities(erp, ref) == ["3"]

    on_an_erp(test)


def test_removals_of_many_bills_go_each_by_itself_and_one_refusal_holds_back_none() -> None:
    async def test(erp: Erp) -> None:
        refs = [an_order(erp), an_order(erp, audited=True), an_order(erp)]
        commands: Sequence[Command] = [await taking_out(erp, ref, 0) for ref in refs]

        outcomes = await erp.target.write(commands)

        assert [type(each) for each in outcomes] == [Written, Refused, Written]
        assert [await quantities(erp, ref) for ref in refs] == [["3"], ["2", "3"], ["3"]]

    on_an_erp(test)


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_a_removal_whose_answer_was_lost_is_a_doubt(kind: Any) -> None:  # noqa: ANN401 - of Fault
    async def test(erp: Erp) -> None:
        ref = an_order(erp)
        command = await taking_out(erp, ref, 0)
        erp.faults.add(Fault(kind=kind, endpoint="*Save.common.kdsvc"))

        (outcome,) = await erp.target.write([command])

        assert isinstance(outcome, Doubtful)
        left = ["2", "3"] if kind == "drop_before" else ["3"]
        assert await quantities(erp, ref) == left

    on_an_erp(test)


def test_rows_that_the_site_numbers_anew_come_back_in_their_order() -> None:
    async def test(erp: Erp) -> None:
        ref = an_order(erp)
        person_adds_a_row(erp, ref, 7)

        (outcome,) = await erp.target.write([await taking_out(erp, ref, 1)])

        assert isinstance(outcome, Written)
        assert await quantities(erp, ref) == ["2", "7"]

    on_an_erp(test, switches=K3CloudSwitches(renumbers_entry_ids=True))
