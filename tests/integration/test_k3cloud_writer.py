"""The whole writer of the ERP: commands from the broker into the sandbox, under virtual time."""

from dataclasses import replace

import pytest

from anji_common.broker.embedded_broker import EmbeddedBroker
from anji_common.events.commands import Action, CommandNumber, Finish, LookUp
from anji_common.events.results import Outcome
from anji_common.interest import Interest
from anji_common.refs import System
from anji_sandbox.faults import Fault, Kind
from labs.erp_commands import a_push, an_order, edit, held
from labs.erp_lab import CUSTOMER, NOTICE, ORDER, Erp, new_customer, new_order, seat
from labs.erp_writer_lab import in_an_installation, issue, results


def test_customers_and_then_an_order_and_then_an_edit() -> None:
    async def test(erp: Erp, broker: EmbeddedBroker) -> None:
        erp.person().make("BD_MATERIAL", {"FNumber": "M1", "FName": "物料一"})
        await issue(broker, *(new_customer(n) for n in range(1, 41)))
        await erp.clock.sleep(5)
        customers = await results(broker)
        ref, number = customers[0].ref, customers[0].business_number
        assert ref is not None
        assert number is not None
        order = new_order(
            7, ref, {"l1": "2", "l2": "3"}, finish=Finish.AUDITED, customer_number=number
        )
        edit = new_customer(1).model_copy(
            update={
                "seat": customers[0].seat,
                "number": CommandNumber(1, 2),
                "action": Action.UPDATE,
                "target": ref,
                "values": {"FTEL": "13900000000"},
                "base": {"FTEL": None},
                "look_ups": (),
            }
        )

        await issue(broker, order, edit)
        await erp.clock.sleep(5)

        later = {
            result.seat: result for result in await results(broker) if result not in customers
        }
        made, edited = later[order.seat], later[edit.seat]
        assert {result.outcome for result in customers} == {Outcome.CREATED}
        assert erp.count("BD_Customer") == 40
        assert made.outcome is Outcome.CREATED
        assert made.business_number == "SO-7"
        assert made.observed is not None
        assert made.observed.stamp.status == "C"
        assert list(made.lines["FSaleOrderEntry"]) == ["l1", "l2"]
        assert edited.outcome is Outcome.UPDATED
        assert edited.observed is not None
        assert edited.observed.data["FTEL"] == "13900000000"

    in_an_installation(test)


def test_answers_lost_on_the_way_double_nothing() -> None:
    async def test(erp: Erp, broker: EmbeddedBroker) -> None:
        erp.faults.add(
            Fault(kind="drop_after", endpoint="*.BatchSave.*"),
            Fault(kind="drop_before", endpoint="*.BatchSave.*"),
            Fault(kind="commit_late", endpoint="*.BatchSave.*", delay_seconds=100),
        )

        await issue(broker, *(new_customer(n) for n in range(1, 31)))
        await erp.clock.sleep(600)

        found = await results(broker)
        assert len(found) == 30
        assert {result.outcome for result in found} == {Outcome.CREATED}
        assert erp.faults.hits == 3
        assert erp.count("BD_Customer") == 30

    in_an_installation(test)


def test_an_erp_that_goes_and_comes_loses_nothing() -> None:
    async def test(erp: Erp, broker: EmbeddedBroker) -> None:
        await issue(broker, *(new_customer(n) for n in range(1, 11)))
        await erp.clock.sleep(5)
        erp.transport.is_down = True
        await issue(broker, *(new_customer(n) for n in range(11, 31)))
        await erp.clock.sleep(600)
        assert len(await results(broker)) == 10

        erp.transport.is_down = False
        erp.k3cloud.sessions.end_all()
        await erp.clock.sleep(30)

        assert len(await results(broker)) == 30
        assert erp.count("BD_Customer") == 30

    in_an_installation(test)


def test_a_refusal_reaches_the_link_in_the_vendors_words() -> None:
    async def test(erp: Erp, broker: EmbeddedBroker) -> None:
        await issue(broker, new_customer(1, FName=None), new_customer(2))
        await erp.clock.sleep(5)

        found = {result.outcome: result for result in await results(broker)}
        assert set(found) == {Outcome.REJECTED, Outcome.CREATED}
        assert "是必填项" in found[Outcome.REJECTED].words
        assert found[Outcome.REJECTED].field == "FName"

    in_an_installation(test)


def test_a_look_up_that_the_database_never_answers_holds_up_no_other_command() -> None:
    async def test(erp: Erp, broker: EmbeddedBroker) -> None:
        never = str(seat(2))
        fault = Fault(kind="code", endpoint="*.ExecuteBillQuery.*", code=6, contains=never)
        erp.faults.add(replace(fault, calls=None, words="数据库操作失败"))

        await issue(broker, *(new_customer(n) for n in range(1, 5)))
        await erp.clock.sleep(30)
        soon = {result.seat: result.outcome for result in await results(broker)}
        await erp.clock.sleep(900)
        later = {result.seat: result for result in await results(broker)}

        assert soon == {seat(n): Outcome.CREATED for n in (1, 3, 4)}
        assert later[seat(2)].outcome is Outcome.REJECTED
        assert later[seat(2)].words == "数据库操作失败"

    in_an_installation(test)


def test_a_database_that_answers_no_look_up_for_a_while_is_waited_for() -> None:
    async def test(erp: Erp, broker: EmbeddedBroker) -> None:
        fault = Fault(kind="code", endpoint="*.ExecuteBillQuery.*", code=6, contains="fxiaoke/")
        erp.faults.add(replace(fault, calls=None, words="数据库操作失败"))
        await issue(broker, *(new_customer(n) for n in range(1, 9)))
        await erp.clock.sleep(3_600)
        meanwhile = await results(broker)
        erp.faults.clear()
        await erp.clock.sleep(60)

        assert meanwhile == []
        assert {each.outcome for each in await results(broker)} == {Outcome.CREATED}
        assert erp.count("BD_Customer") == 8

    in_an_installation(test)


def test_an_edit_to_a_number_that_is_taken_is_refused_at_once_in_the_vendors_words() -> None:
    async def test(erp: Erp, broker: EmbeddedBroker) -> None:
        erp.person().make("BD_Customer", {"FNumber": "C1", "FName": "客户一"})
        await issue(broker, new_customer(1))
        await erp.clock.sleep(5)
        (made,) = await results(broker)
        wish = {"number": CommandNumber(1, 2), "action": Action.UPDATE, "target": made.ref}
        wish |= {"values": {"FNumber": "C1"}, "base": {"FNumber": made.business_number}}
        wish |= {"look_ups": (), "packet": {}}

        await issue(broker, new_customer(1).model_copy(update=wish))
        await erp.clock.sleep(5)

        _, refused = await results(broker)
        assert refused.outcome is Outcome.REJECTED
        assert "在当前系统中已经被使用" in refused.words
        assert (refused.code, refused.field) == ("MsgCode 11", "FNumber")

    in_an_installation(test)


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "commit_late", "bad_gateway"])
@pytest.mark.parametrize("step", ["UnAudit", "BatchSave", "Submit", "Audit"])
def test_a_reopening_that_loses_an_answer_ends_audited_with_the_change_made_once(
    step: str, kind: Kind
) -> None:
    async def test(erp: Erp, broker: EmbeddedBroker) -> None:
        ref = an_order(erp, audited=True, FBillNo="X")
        was = (await held(erp, ref)).data["FNote"]
        wish = edit(
            ref, {"FNote": "new"}, base={"FNote": was}, reopens=True, finish=Finish.AUDITED
        )
        erp.faults.add(Fault(kind=kind, endpoint=f"*.{step}.*", delay_seconds=20))

        await issue(broker, wish)
        await erp.clock.sleep(900)

        (result,) = await results(broker)
        assert erp.faults.hits == 1
        assert (result.outcome, result.words) == (Outcome.UPDATED, "")
        found = await held(erp, ref)
        assert (found.stamp.status, found.data["FNote"]) == ("C", "new")
        assert len(found.data["FSaleOrderEntry"]) == 2

    in_an_installation(test)


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "commit_late", "bad_gateway"])
@pytest.mark.parametrize("step", ["Push", "BatchSave", "Submit", "Audit"])
def test_a_push_that_loses_an_answer_makes_one_bill_with_our_marker(step: str, kind: Kind) -> None:
    async def test(erp: Erp, broker: EmbeddedBroker) -> None:
        order = an_order(erp, audited=True, FBillNo="X")
        marker = {"F_ANJI_MARKER": str(seat(1, "DeliveryNoteObj"))}
        by_marker = (LookUp(by="marker", conditions=marker),)
        command = a_push(1, order, "X", finish=Finish.AUDITED, look_ups=by_marker)
        erp.faults.add(Fault(kind=kind, endpoint=f"*.{step}.*", delay_seconds=20))

        await issue(broker, command)
        await erp.clock.sleep(900)

        (result,) = await results(broker)
        assert erp.faults.hits == 1
        assert (result.outcome, result.words) == (Outcome.CREATED, "")
        keys = "FID,F_ANJI_MARKER,FDocumentStatus,FCarriageNO"
        rows = erp.person().query("SAL_DELIVERYNOTICE", keys)
        assert [row[1:] for row in rows] == [[str(command.seat), "C", "SF1"]]

    in_an_installation(test, interest=Interest(System.K3CLOUD, (CUSTOMER, ORDER, NOTICE)))
