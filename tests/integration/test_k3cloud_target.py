"""The ERP as a target, against the sandbox: look-ups, saves, read-backs, refusals and doubts."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from pydantic import JsonValue

from anji_common.events.commands import Action, Command, CommandNumber, Finish, LookUp, RowWish
from anji_common.events.results import Outcome
from anji_common.refs import Ref, System
from anji_common.testing.virtual_time import LoopClock, run_virtually
from anji_common.writing.target import Busy, Doubtful, Found, Refused, Written
from anji_sandbox.faults import Fault
from anji_sandbox.k3cloud import K3CloudSwitches
from labs.erp_lab import Erp, make_erp, new_customer, new_order


def on_an_erp(test: Callable[[Erp], Coroutine[Any, Any, None]], **more: Any) -> None:  # noqa: ANN401 - passed on
    async def run() -> None:
        await test(make_erp(LoopClock(asyncio.get_running_loop()), **more))

    run_virtually(run())


def with_parties(erp: Erp) -> Ref:
    """Make a customer C1 and a material M1 by hand; return the customer."""
    person = erp.person()
    person.make("BD_MATERIAL", {"FNumber": "M1", "FName": "物料一"})
    record_id = person.make("BD_Customer", {"FNumber": "C1", "FName": "客户一"})
    return Ref(System.K3CLOUD, "BD_Customer", str(record_id))


def an_update(found: Ref, values: dict[str, JsonValue] | None = None) -> Command:
    return new_customer(1).model_copy(
        update={
            "action": Action.UPDATE,
            "number": CommandNumber(1, 2),
            "target": found,
            "values": values or {},
            "look_ups": (),
            "packet": {},
        }
    )


def test_a_batch_of_creates_is_one_save_and_comes_back_as_it_stands() -> None:
    async def test(erp: Erp) -> None:
        commands = [
            new_customer(n, FTEL=f"1390000000{n}", FGroup="G1", FISCREDITCHECK=True)
            for n in (1, 2, 3)
        ]

        outcomes = await erp.target.write(commands)

        assert erp.k3cloud.store.calls["batchsave BD_Customer"] == 1
        for command, outcome in zip(commands, outcomes, strict=True):
            assert isinstance(outcome, Written)
            assert outcome.outcome is Outcome.CREATED
            assert outcome.business_number
            assert outcome.observed is not None
            assert outcome.observed.ref == outcome.ref
            assert outcome.observed.stamp.by_anji
            data = outcome.observed.data
            assert {path: data[path] for path in command.values} == command.values

    on_an_erp(test)


def test_a_look_up_finds_by_marker_first_and_by_natural_key_only_when_asked() -> None:
    async def test(erp: Erp) -> None:
        person = erp.person()
        by_hand = person.make("BD_Customer", {"FNumber": "C9", "FName": "旧客户"})
        await erp.target.write([new_customer(1)])
        asked = [new_customer(1), new_customer(2, number="C9"), new_customer(3)]

        everything = await erp.target.look_up(asked, own_only=False)
        own = await erp.target.look_up(asked, own_only=True)

        assert [len(hits) for hits in everything] == [1, 1, 0]
        assert everything[0][0].is_ours
        assert not everything[1][0].is_ours
        assert everything[1][0].observed.ref.record_id == str(by_hand)
        assert everything[1][0].business_number == "C9"
        assert [len(hits) for hits in own] == [1, 0, 0]

    on_an_erp(test)


def test_a_look_up_of_two_hundred_creates_is_two_queries() -> None:
    async def test(erp: Erp) -> None:
        await erp.target.write([new_customer(1)])
        before = erp.k3cloud.store.calls.total()

        found = await erp.target.look_up([new_customer(n) for n in range(1, 201)], own_only=True)

        assert sum(map(len, found)) == 1
        assert erp.k3cloud.store.calls.total() - before == 2

    on_an_erp(test)


def test_an_order_is_audited_and_its_rows_are_paired_in_the_order_sent() -> None:
    async def test(erp: Erp) -> None:
        command = new_order(7, with_parties(erp), {"l1": "2", "l2": "1.5"}, finish=Finish.AUDITED)

        (outcome,) = await erp.target.write([command])

        assert isinstance(outcome, Written)
        assert outcome.words == ""
        assert outcome.business_number == "SO-7"
        assert outcome.observed is not None
        assert outcome.observed.stamp.status == "C"
        assert outcome.observed.stamp.approved_at is not None
        assert outcome.observed.data["FNote"] == "as usual"
        rows: Any = outcome.observed.data["FSaleOrderEntry"]
        assert [row["FQty"] for row in rows] == ["2", "1.5"]
        assert [row["F_ANJI_LINE"] for row in rows] == ["l1", "l2"]
        assert outcome.lines == {
            "FSaleOrderEntry": {"l1": rows[0]["FEntryID"], "l2": rows[1]["FEntryID"]}
        }

    on_an_erp(test)


def test_a_refused_audit_leaves_a_saved_order_with_the_vendors_words() -> None:
    async def test(erp: Erp) -> None:
        command = new_order(7, with_parties(erp), {"l1": "2"}, finish=Finish.AUDITED)
        erp.faults.add(Fault(kind="code", endpoint="*.Audit.*", code=11, words="信用不足"))

        (outcome,) = await erp.target.write([command])

        assert isinstance(outcome, Written)
        assert outcome.words == "信用不足"
        assert outcome.observed is not None
        assert outcome.observed.stamp.status == "B"

    on_an_erp(test)


def test_what_was_saved_but_not_audited_is_taken_the_rest_of_the_way() -> None:
    async def test(erp: Erp) -> None:
        command = new_order(7, with_parties(erp), {"l1": "2"}, finish=Finish.AUDITED)
        erp.faults.add(Fault(kind="drop_before", endpoint="*.Audit.*"))
        (lost,) = await erp.target.write([command])
        ((found,),) = await erp.target.look_up([command], own_only=True)

        outcome = await erp.target.finish(found, command)

        assert isinstance(lost, Doubtful)
        assert isinstance(outcome, Written)
        assert outcome.observed is not None
        assert outcome.observed.stamp.status == "C"
        there = Found(outcome.observed, "SO-7", is_ours=True)
        assert await erp.target.finish(there, command) is None

    on_an_erp(test)


def test_one_bad_packet_does_not_spoil_its_batch() -> None:
    async def test(erp: Erp) -> None:
        bad = new_customer(2, FName=None)

        outcomes = await erp.target.write([new_customer(1), bad, new_customer(3)])

        assert [type(outcome) for outcome in outcomes] == [Written, Refused, Written]
        refused = outcomes[1]
        assert isinstance(refused, Refused)
        assert "是必填项" in refused.words
        assert refused.field == "FName"
        assert not refused.is_taken

    on_an_erp(test)


def test_a_number_that_is_taken_is_told_from_other_refusals() -> None:
    async def test(erp: Erp) -> None:
        customer = with_parties(erp)
        await erp.target.write([new_order(7, customer, {"l1": "2"})])

        (outcome,) = await erp.target.write([new_order(7, customer, {"l1": "2"})])

        assert isinstance(outcome, Refused)
        assert outcome.is_taken
        assert erp.count("SAL_SaleOrder") == 1

    on_an_erp(test)


def test_an_update_touches_only_what_it_names() -> None:
    async def test(erp: Erp) -> None:
        (made,) = await erp.target.write([new_customer(1, FTEL="1", FGroup="G1")])
        assert isinstance(made, Written)
        assert made.ref is not None
        update = an_update(made.ref, {"FTEL": None, "FT_BD_CUSTOMEREXT.FMarginLevel": "12.5"})

        (outcome,) = await erp.target.write([update])

        assert isinstance(outcome, Written)
        assert outcome.outcome is Outcome.UPDATED
        assert outcome.observed is not None
        data = outcome.observed.data
        assert data["FTEL"] is None
        assert data["FT_BD_CUSTOMEREXT.FMarginLevel"] == "12.5"
        assert data["FGroup"] == "G1"
        assert data["FName"] == "客户1"

    on_an_erp(test)


def test_an_update_of_rows_keeps_the_others_and_adds_new_ones() -> None:
    async def test(erp: Erp) -> None:
        command = new_order(7, with_parties(erp), {"l1": "2", "l2": "3"})
        (made,) = await erp.target.write([command])
        assert isinstance(made, Written)
        known = made.lines["FSaleOrderEntry"]
        update = command.model_copy(
            update={
                "action": Action.UPDATE,
                "target": made.ref,
                "values": {},
                "rows": {
                    "FSaleOrderEntry": (
                        RowWish(source_id="l2", target_id=known["l2"], values={"FQty": "30"}),
                        RowWish(
                            source_id="l3",
                            values={"FMaterialId": "M1", "FQty": "4", "F_ANJI_LINE": "l3"},
                        ),
                    )
                },
            }
        )

        (outcome,) = await erp.target.write([update])

        assert isinstance(outcome, Written)
        assert outcome.observed is not None
        rows: Any = outcome.observed.data["FSaleOrderEntry"]
        assert [row["FQty"] for row in rows] == ["2", "30", "4"]
        assert outcome.lines["FSaleOrderEntry"] == {"l2": known["l2"], "l3": rows[2]["FEntryID"]}

    on_an_erp(test)


def test_rows_are_paired_also_when_the_erp_renumbers_them() -> None:
    async def test(erp: Erp) -> None:
        command = new_order(7, with_parties(erp), {"l1": "2", "l2": "3"})
        (made,) = await erp.target.write([command])
        assert isinstance(made, Written)
        known = made.lines["FSaleOrderEntry"]
        wish = RowWish(source_id="l2", target_id=known["l2"], values={"FQty": "30"})
        update = command.model_copy(
            update={
                "action": Action.UPDATE,
                "target": made.ref,
                "values": {},
                "rows": {"FSaleOrderEntry": (wish,)},
            }
        )

        (outcome,) = await erp.target.write([update])

        assert isinstance(outcome, Written)
        assert outcome.observed is not None
        rows: Any = outcome.observed.data["FSaleOrderEntry"]
        assert outcome.lines["FSaleOrderEntry"] == {"l2": rows[1]["FEntryID"]}
        assert rows[1]["FEntryID"] != known["l2"]

    on_an_erp(test, switches=K3CloudSwitches(renumbers_entry_ids=True))


def test_a_lost_answer_is_a_doubt_and_nothing_is_sent_twice() -> None:
    async def test(erp: Erp) -> None:
        erp.faults.add(Fault(kind="drop_after", endpoint="*.BatchSave.*"))

        outcomes = await erp.target.write([new_customer(1), new_customer(2)])

        assert [type(outcome) for outcome in outcomes] == [Doubtful, Doubtful]
        assert erp.count("BD_Customer") == 2

    on_an_erp(test)


def test_a_gateways_page_after_a_save_is_a_doubt() -> None:
    async def test(erp: Erp) -> None:
        erp.faults.add(
            Fault(kind="bad_gateway", endpoint="*.BatchSave.*"),
            Fault(kind="html", endpoint="*.BatchSave.*"),
        )

        first = await erp.target.write([new_customer(1)])
        second = await erp.target.write([new_customer(1)])

        assert [type(outcome) for outcome in (*first, *second)] == [Doubtful, Doubtful]

    on_an_erp(test)


def test_a_lock_conflict_is_busy_whatever_its_code() -> None:
    async def test(erp: Erp) -> None:
        words = "“user”使用业务单据：“销售订单”业务操作-“[销售订单-NO-修改]”冲突，请稍候再使用。"
        erp.faults.add(
            Fault(kind="code", endpoint="*.BatchSave.*", code=0, words=words),
            Fault(kind="code", endpoint="*.BatchSave.*", code=13, words="网控冲突"),
        )

        first = await erp.target.write([new_customer(1)])
        second = await erp.target.write([new_customer(1)])

        assert [*first, *second] == [Busy(words), Busy("网控冲突")]

    on_an_erp(test)


def test_a_vendor_that_is_down_is_busy_and_unreached() -> None:
    async def test(erp: Erp) -> None:
        erp.transport.is_down = True

        (outcome,) = await erp.target.write([new_customer(1)])

        assert isinstance(outcome, Busy)
        assert outcome.is_unreached

    on_an_erp(test)


def test_a_save_that_met_a_lost_session_is_put_off_until_it_was_looked_for() -> None:
    async def test(erp: Erp) -> None:
        await erp.target.look_up([new_customer(1)], own_only=True)
        erp.k3cloud.sessions.end_all()

        (outcome,) = await erp.target.write([new_customer(1)])
        (again,) = await erp.target.write([new_customer(1)])

        assert isinstance(outcome, Busy)
        assert outcome.is_unreached
        assert isinstance(again, Written)
        assert erp.count("BD_Customer") == 1

    on_an_erp(test, signed=False, sessions=1)


def test_a_record_that_is_gone_is_read_as_none() -> None:
    async def test(erp: Erp) -> None:
        (made,) = await erp.target.write([new_customer(1)])
        assert isinstance(made, Written)
        assert made.ref is not None
        gone = Ref(System.K3CLOUD, "BD_Customer", "999999999")

        found = await erp.target.read([an_update(made.ref), an_update(gone)])

        assert found[0] is not None
        assert found[0].ref == made.ref
        assert found[1] is None

    on_an_erp(test)


def test_a_natural_key_of_several_fields_finds_only_what_has_them_all() -> None:
    async def test(erp: Erp) -> None:
        person = erp.person()
        for number, name, phone in (("C1", "甲", "1"), ("C2", "甲", "2"), ("C3", "乙", "1")):
            person.make("BD_Customer", {"FNumber": number, "FName": name, "FTEL": phone})

        def asks(n: int, name: str, phone: str) -> Command:
            way = LookUp(by="natural key", conditions={"FName": name, "FTEL": phone})
            return new_customer(n).model_copy(update={"look_ups": (way,)})

        found = await erp.target.look_up(
            [asks(1, "甲", "2"), asks(2, "乙", "1"), asks(3, "乙", "2")], own_only=False
        )

        assert [[hit.business_number for hit in hits] for hits in found] == [["C2"], ["C3"], []]
        assert not found[0][0].is_ours

    on_an_erp(test)
