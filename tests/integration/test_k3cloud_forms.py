"""Every form that Anji knows, and one that a company made: followed, made, audited, changed."""

import asyncio
import copy
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from anji_common.events.commands import Action, CommandNumber, Finish, RowWish
from anji_common.events.observed import Observed
from anji_common.events.results import Outcome
from anji_common.interest import FieldInterest, Interest, ObjectInterest
from anji_common.refs import System
from anji_common.sourcing.feed import Window
from anji_common.sourcing.windows import BEGINNING
from anji_common.testing.virtual_time import EPOCH, LoopClock, run_virtually
from anji_common.writing.target import Written
from anji_k3cloud.catalogue import KNOWN_FORMS
from labs.erp_forms import CONTRACT, PACKETS, ROWS, create_of, everything, interest_of
from labs.erp_lab import Erp, make_erp

PLANTED = {
    "BD_Empinfo": ["张伟", "李娜"],
    "BD_OPERATOR": ["张伟", "李娜"],
    "ORG_Organizations": ["安济示例组织", "安济示例分公司"],
    "BD_STOCK": ["成品仓", "备件仓"],
    "BD_Currency": ["人民币"],
}


def on_an_erp(
    test: Callable[[Erp], Coroutine[Any, Any, None]], interest: Interest | None = None
) -> None:
    async def run() -> None:
        clock = LoopClock(asyncio.get_running_loop())
        erp = make_erp(clock, interest=interest or everything())
        person = erp.person()
        person.make_parties()
        person.make("BD_CommonContact", {"FNumber": "LXR1", "FName": "李娜"})
        await test(erp)

    run_virtually(run())


def unsaid(interest: ObjectInterest) -> ObjectInterest:
    """Return an interest whose mapping says of no field what kind it is."""
    fields = tuple(FieldInterest(each.path) for each in interest.fields)
    return replace(interest, fields=fields)


async def all_of(erp: Erp, interest: ObjectInterest) -> list[Observed]:
    window = Window(BEGINNING, EPOCH + timedelta(days=1))
    pages = erp.feed.changed(interest, window, {})
    return [record async for page in pages for record in page.records]


@pytest.mark.parametrize("form_id", [each.form_id for each in KNOWN_FORMS])
def test_a_known_form_can_be_followed_with_all_that_is_said_of_it(form_id: str) -> None:
    async def test(erp: Erp) -> None:
        found = await all_of(erp, interest_of(form_id))

        known = await erp.metadata.known(interest_of(form_id))
        shape = next(each for each in KNOWN_FORMS if each.form_id == form_id)
        assert known.unread == ()
        assert known.info is not None
        assert all(known.info.entry(path) is not None for path in shape.entries)
        assert [record.data["FName"] for record in found if form_id in PLANTED] == PLANTED.get(
            form_id, []
        )

    on_an_erp(test)


@pytest.mark.parametrize("form_id", PACKETS)
def test_a_form_that_is_written_is_made_with_its_rows_audited_and_read_back(form_id: str) -> None:
    async def test(erp: Erp) -> None:
        command = create_of(form_id)

        (outcome,) = await erp.target.write([command])

        assert isinstance(outcome, Written), outcome
        assert (outcome.outcome, outcome.words) == (Outcome.CREATED, "")
        assert outcome.observed is not None
        assert outcome.observed.stamp.status == "C"
        data: Any = outcome.observed.data
        assert {path: data[path] for path in command.values} == command.values
        for path, values in ROWS.get(form_id, {}).items():
            (row,) = data[path]
            assert {key: row[key] for key in values} == values
            assert outcome.lines[path] == {f"{path}-1": row["FEntryID"]}
        ((hit,),) = await erp.target.look_up([command], own_only=True)
        assert hit.is_ours

    on_an_erp(test)


def test_rows_below_a_row_are_made_with_it_and_live_through_its_changes() -> None:
    async def test(erp: Erp) -> None:
        below = [{"FPlanDate": "2026-01-10", "FPlanQty": 2}]
        command = create_of("SAL_SaleOrder", finish=Finish.SAVED)
        packet: Any = copy.deepcopy(command.packet)
        packet["FSaleOrderEntry"][0]["FOrderEntryPlan"] = below
        (made,) = await erp.target.write([command.model_copy(update={"packet": packet})])
        assert isinstance(made, Written), made
        assert made.ref is not None
        entry = made.lines["FSaleOrderEntry"]["FSaleOrderEntry-1"]
        wish = RowWish(
            source_id="FSaleOrderEntry-1",
            target_id=entry,
            values={"FQty": "7"},
            base={"FQty": "2"},
        )
        update = command.model_copy(
            update={
                "number": CommandNumber(1, 2),
                "action": Action.UPDATE,
                "target": made.ref,
                "values": {},
                "rows": {"FSaleOrderEntry": (wish,)},
                "packet": {},
                "look_ups": (),
            }
        )

        (changed,) = await erp.target.write([update])

        assert isinstance(changed, Written)
        view = erp.person().do("View", "SAL_SaleOrder", {"Id": made.ref.record_id})
        (row,) = view["Result"]["Result"]["SaleOrderEntry"]
        assert row["Qty"] == 7.0
        assert [each["PlanQty"] for each in row["OrderEntryPlan"]] == [2.0]

    on_an_erp(test)


@pytest.mark.parametrize("form_id", [form_id for form_id in PACKETS if form_id in ROWS])
def test_a_row_of_a_form_is_changed_and_the_others_stay(form_id: str) -> None:
    async def test(erp: Erp) -> None:
        (made,) = await erp.target.write([create_of(form_id, finish=Finish.SAVED)])
        assert isinstance(made, Written)
        path, values = next(iter(ROWS[form_id].items()))
        key = next(key for key in values if "material" not in key.lower())
        value = "7" if values[key] in ("1", "2", "3", "12.5", "99.5") else "另一个"
        wish = RowWish(
            source_id=f"{path}-1",
            target_id=made.lines[path][f"{path}-1"],
            values={key: value},
            base={key: values[key]},
        )
        update = create_of(form_id).model_copy(
            update={
                "number": CommandNumber(1, 2),
                "action": Action.UPDATE,
                "target": made.ref,
                "values": {},
                "rows": {path: (wish,)},
                "packet": {},
                "look_ups": (),
                "finish": Finish.SAVED,
            }
        )

        (outcome,) = await erp.target.write([update])

        assert isinstance(outcome, Written), outcome
        assert outcome.observed is not None
        data: Any = outcome.observed.data
        assert data[path] == [{**_rows(made, path)[0], key: value}]
        others = [each for each in ROWS[form_id] if each != path]
        assert [data[each] for each in others] == [_rows(made, each) for each in others]

    on_an_erp(test)


def _rows(made: Written, path: str) -> Any:  # noqa: ANN401 - rows, taken apart by tests
    assert made.observed is not None
    return made.observed.data[path]


@pytest.mark.parametrize("interest", [CONTRACT, unsaid(CONTRACT)], ids=["kinds", "no kinds"])
def test_a_form_that_a_company_made_works_by_configuration_alone(interest: ObjectInterest) -> None:
    async def test(erp: Erp) -> None:
        erp.k3cloud.records.forms.define(
            {
                "form_id": "ABCD_Contract",
                "title": "合同",
                "key": "FID",
                "number": "FBillNo",
                "prefix": "HT",
                "text": "FBillNo text 单据编号\nF_ABCD_Text text 摘要 must\n"
                "F_ABCD_Customer ref:BD_Customer 客户\n"
                "F_ABCD_Amount number 金额\nF_ABCD_Signed date 签订日期\n"
                "[F_ABCD_Items] rows 条款\nF_ABCD_Line text 条款内容\n",
            }
        )
        command = create_of("BD_Customer").model_copy(
            update={
                "object_name": "ABCD_Contract",
                "values": {
                    "FBillNo": "HT-1",
                    "F_ABCD_Text": "年度框架",
                    "F_ABCD_Customer": "C1",
                    "F_ABCD_Amount": "1200.5",
                    "F_ABCD_Signed": "2026-01-05",
                    "F_ANJI_MARKER": str(create_of("BD_Customer").seat),
                },
                "rows": {
                    "F_ABCD_Items": tuple(
                        RowWish(source_id=each, values={"F_ABCD_Line": each}) for each in "一二"
                    )
                },
                "packet": {"FID": 0},
            }
        )

        (outcome,) = await erp.target.write([command])
        (found,) = await all_of(erp, interest)

        assert isinstance(outcome, Written), outcome
        assert outcome.observed == found
        assert found.stamp.status == "C"
        assert {path: found.data[path] for path in command.values} == command.values
        rows: Any = found.data["F_ABCD_Items"]
        assert [row["F_ABCD_Line"] for row in rows] == ["一", "二"]
        assert found.data["FCancelStatus"] == "A"

    on_an_erp(test, Interest(System.K3CLOUD, (interest,)))
