"""What ends: records that are deleted or come back, and claims that were refused."""

from datetime import timedelta

import pytest

from anji_common.events.commands import Action
from anji_common.events.crosswalk import RowState
from anji_common.events.notices import NoticeKind
from anji_common.refs import Ref, System
from anji_mapper.link.state import ProblemKind, Stage
from anji_mapper.mapping.model import MessageTemplate
from labs.document_lab import DocumentLab
from labs.link_lab import CRM, ERP, LinkLab, make_link_type
from labs.order_type import BILL, LINES, ORDER, make_order_type


def linked(lab: DocumentLab) -> tuple[Ref, Ref]:
    """Let an order cross; return (order, bill)."""
    order = lab.make(CRM, ORDER, {"name": "DD-1"}, **{LINES: [{"qty": "1"}]})
    lab.rest()
    return order, lab.partner(order)


def problem_of(lab: DocumentLab, ref: Ref) -> ProblemKind | None:
    problem = lab.of(ref).problem
    return None if problem is None else problem.kind


@pytest.mark.parametrize("system", [CRM, ERP])
def test_when_one_side_is_deleted_nothing_is_written_any_more_and_both_rows_are_ended(
    system: System,
) -> None:
    lab = DocumentLab(make_order_type())
    order, bill = linked(lab)
    gone, stays = (order, bill) if system is CRM else (bill, order)
    sent = len(lab.sent)

    lab.delete(gone)
    lab.rest()
    lab.change(stays, {"remark" if stays is order else "FNote": "still here"})
    lab.rest()

    assert len(lab.sent) == sent
    assert {lab.rows[str(ref)].state for ref in (order, bill)} == {RowState.ENDED}
    if gone is bill:
        assert problem_of(lab, order) is ProblemKind.GONE
    else:
        assert lab.of(order).stage is Stage.ENDED
        assert lab.of(bill).stage is Stage.ORPHAN


def test_people_are_told_once_that_a_link_ended() -> None:
    lab = DocumentLab(make_order_type())
    order, bill = linked(lab)

    lab.delete(order)
    lab.rest()

    (told,) = [notice for notice in lab.notices if notice.kind is NoticeKind.LINK_ENDED]
    assert told.words == (
        f"{order} was deleted; {bill} stays, and nothing is written to it any more"
    )


def test_an_ending_waits_for_the_answer_of_a_command_in_flight() -> None:
    lab = DocumentLab(make_order_type())
    order = lab.make(CRM, ORDER, {"name": "DD-1"})
    lab.read_ref(order)
    lab.deliver(("changes", str(order)))
    result = lab.executed(lab.commands.pop())

    lab.delete(order)
    lab.rest()
    lab.queues["results", str(order)].append(result)
    lab.rest()

    assert lab.of(order).stage is Stage.ENDED
    assert lab.rows[str(order)].state is RowState.ENDED
    assert lab.signals == []


def test_an_ending_does_not_wait_for_a_settlement() -> None:
    lab = DocumentLab(make_order_type())
    order, bill = linked(lab)
    lab.change(bill, {"FNote": "from the erp"})
    lab.read_ref(bill)
    lab.deliver(("changes", str(bill)))
    lab.deliver(("inbox", str(order)))
    lab.answer(lab.commands[0])
    lab.deliver(("results", str(order)))

    lab.delete(order)
    lab.deliver(("changes", str(order)))
    lab.tick(31)
    lab.look()

    assert lab.signals == []
    assert lab.of(order).crm.flight is None


def test_an_answer_after_the_deletion_needs_no_settlement_either() -> None:
    lab = DocumentLab(make_order_type())
    order, bill = linked(lab)
    lab.change(bill, {"FNote": "from the erp"})
    lab.read_ref(bill)
    lab.deliver(("changes", str(bill)))
    lab.deliver(("inbox", str(order)))
    result = lab.executed(lab.commands.pop())
    lab.delete(order)
    lab.deliver(("changes", str(order)))

    lab.queues["results", str(order)].append(result)
    lab.deliver(("results", str(order)))
    lab.tick(31)
    lab.look()

    assert lab.signals == []


def test_nobody_is_told_of_a_record_that_is_gone() -> None:
    told = MessageTemplate("remark", "an order was made")
    lab = DocumentLab(make_order_type(messages=(told,)))
    order = lab.make(CRM, ORDER, {"name": "DD-1", "remark": "1001"})
    lab.read_ref(order)
    lab.deliver(("changes", str(order)))
    lab.answer(lab.commands[0])
    lab.deliver(("results", str(order)))

    lab.delete(order)
    lab.deliver(("changes", str(order)))
    lab.rest()

    assert Action.MESSAGE not in {command.action for command in lab.sent}


def test_a_record_that_is_deleted_before_it_crossed_leaves_no_problem() -> None:
    lab = DocumentLab(make_order_type())
    lab.erp.refuses = "no"
    order = lab.make(CRM, ORDER, {"name": "DD-1"})
    lab.rest()

    lab.delete(order)
    lab.rest()

    assert lab.of(order).problem is None
    assert lab.notices[-1].kind is NoticeKind.PROBLEM_CLEARED
    assert len(lab.sent) == 1


def two_for_one() -> tuple[LinkLab, str]:
    """Two CRM customers match one of the ERP; return the refused one."""
    lab = LinkLab(make_link_type(matches_names=True))
    lab.edit(ERP, FName="Ann")
    lab.rest()
    lab.edit(CRM, name="Ann")
    lab.rest()
    refused = lab.edit(CRM, name="Ann")
    lab.rest()
    assert lab.seat(CRM, refused).stage is Stage.REFUSED
    return lab, refused


def test_a_refused_home_that_is_edited_begins_anew() -> None:
    lab, refused = two_for_one()

    lab.edit(CRM, refused, name="Bea")
    lab.rest()

    assert lab.seat(CRM, refused).stage is Stage.LINKED
    assert lab.seat(CRM, refused).problem is None
    assert [record["FName"] for record in lab.vendors[ERP].records.values()] == ["Ann", "Bea"]


def test_a_home_that_was_edited_before_the_refusal_of_its_match_came_begins_anew() -> None:
    lab, _ = two_for_one()
    third = lab.edit(CRM, name="Ann")
    lab.read(CRM, third)
    lab.deliver(("changes", f"fxiaoke/AccountObj/{third}"))

    lab.edit(CRM, third, name="Cid")  # the mistake is mended while the look-up is under way
    lab.read(CRM, third)
    lab.deliver(("changes", f"fxiaoke/AccountObj/{third}"))
    lab.rest()

    assert lab.seat(CRM, third).stage is Stage.LINKED
    assert [record["FName"] for record in lab.vendors[ERP].records.values()] == ["Ann", "Cid"]


def test_a_refused_home_whose_record_is_deleted_has_no_problem_any_more() -> None:
    lab, refused = two_for_one()
    gone = lab.take(CRM, refused)

    lab.publish(gone.model_copy(update={"data": None, "revision": gone.revision + 1}))
    lab.deliver(("changes", str(gone.ref)))

    assert lab.seat(CRM, refused).problem is None


def test_a_refused_home_claims_again_when_it_is_woken_or_a_person_wants_it() -> None:
    lab, refused = two_for_one()
    seat = lab.seat(CRM, refused)
    assert seat.problem is not None

    lab.wake(seat)
    woken = [entry.kind for entry in lab.entries()]
    lab.rest()
    lab.retry(seat, seat.problem.id)
    retried = [entry.kind for entry in lab.entries()]
    lab.rest()

    assert woken == retried == ["claim"]
    assert lab.seat(CRM, refused).stage is Stage.REFUSED


def test_seats_that_are_not_refused_sleep_on() -> None:
    lab = LinkLab()
    lab.linked()
    seat = lab.seat(CRM, "001")

    lab.wake(seat)

    assert lab.seat(CRM, "001").stage is Stage.LINKED
    assert lab.entries() == []


def test_a_record_that_holds_the_marker_of_a_deleted_one_is_not_given_away() -> None:
    lab = LinkLab(make_link_type(matches_names=True))
    lab.edit(ERP, FName="Ann", F_ANJI_REF="fxiaoke/AccountObj/gone")
    lab.rest()

    lab.edit(CRM, name="Ann")
    lab.rest()

    problem = lab.seat(CRM, "001").problem
    assert problem is not None
    assert problem.kind is ProblemKind.CLAIMED


@pytest.mark.parametrize(
    "marker",
    [
        "what people type",
        "k3cloud/BD_Material/1",
        "fxiaoke/AccountObj/1",
        "k3cloud/",
        "k3cloud//1",
        "///",
    ],
)
def test_rubbish_in_the_marker_field_is_a_problem_that_says_what_to_do(marker: str) -> None:
    lab = LinkLab(make_link_type(creates=(CRM, ERP)))
    lab.edit(CRM, name="Ann", anji_ref__c=marker)

    lab.rest()

    problem = lab.seat(CRM, "001").problem
    assert problem is not None
    assert problem.kind is ProblemKind.UNMAPPED
    assert "empty it" in problem.words
    lab.edit(CRM, "001", anji_ref__c=None)
    lab.rest()
    assert lab.seat(CRM, "001").stage is Stage.LINKED


def test_what_a_deleted_record_waited_for_is_not_waited_for_any_more() -> None:
    lab = DocumentLab(make_order_type())
    order = lab.make(CRM, ORDER, {"name": "DD-1", "account": "fxiaoke/AccountObj/1"})
    lab.rest()
    assert lab.of(order).waits

    lab.delete(order)
    lab.rest()

    assert lab.of(order).waits == ()
    assert lab.of(order).waiting_since is None


def test_a_claimed_record_that_is_gone_ends_the_link_at_once() -> None:
    lab = DocumentLab(make_order_type(matches_names=True))
    bill = lab.make(ERP, BILL, {"FBillNo": "DD-1"})
    lab.rest()
    order = lab.make(CRM, ORDER, {"name": "DD-1"})
    lab.read_ref(order)
    lab.deliver(("changes", str(order)))
    lab.answer(lab.commands[0])

    lab.delete(bill)
    lab.deliver(("changes", str(bill)))
    lab.rest()

    assert lab.rows[str(order)].state is RowState.ENDED
    assert timedelta(0) < lab.now - lab.of(order).erp.stamp.modified_at  # type: ignore[union-attr]  # it was read


def test_an_orphan_that_is_edited_makes_nothing_though_its_side_may_create() -> None:
    lab = LinkLab(make_link_type(creates=(CRM, ERP)))
    lab.linked()
    lab.delete_record(CRM, "001")
    lab.rest()

    lab.edit(ERP, "001", FTEL="2")
    lab.rest()

    assert lab.seat(ERP, "001").stage is Stage.ORPHAN
    assert lab.vendors[CRM].records == {}


def test_an_orphan_is_given_to_a_new_home_with_what_it_holds() -> None:
    lab = LinkLab(make_link_type(matches_names=True))
    lab.linked()
    lab.delete_record(CRM, "001")
    lab.rest()
    lab.edit(ERP, "001", FTEL="2")
    lab.rest()

    anew = lab.edit(CRM, name="Ann")
    lab.rest()

    assert lab.seat(CRM, anew).stage is Stage.LINKED
    assert lab.vendors[CRM].records[anew]["tel"] == "2"
    assert lab.vendors[ERP].creates == 1
    rows = {key: row.state for key, row in lab.rows.items()}
    assert rows["fxiaoke/AccountObj/001"] is RowState.ENDED
    assert rows["k3cloud/BD_Customer/001"] is RowState.LINKED


def test_a_deleted_record_that_comes_back_after_its_partner_was_given_away_is_a_problem() -> None:
    lab, refused = two_for_one()
    record, stamp = lab.vendors[CRM].records["001"], lab.vendors[CRM].stamps["001"]
    lab.delete_record(CRM, "001")
    lab.rest()
    assert lab.seat(CRM, refused).stage is Stage.LINKED

    lab.vendors[CRM].records["001"], lab.vendors[CRM].stamps["001"] = record, stamp
    lab.edit(CRM, "001", tel="9")
    lab.rest()

    problem = lab.seat(CRM, "001").problem
    assert problem is not None
    assert problem.kind is ProblemKind.CLAIMED
    assert lab.seat(CRM, refused).stage is Stage.LINKED


def test_who_was_refused_a_record_that_is_deleted_gets_one_of_its_own() -> None:
    lab, refused = two_for_one()

    lab.delete_record(ERP, "001")
    lab.rest()

    assert lab.seat(CRM, refused).stage is Stage.LINKED
    assert str(lab.seat(CRM, refused).partner) == "k3cloud/BD_Customer/002"
    assert lab.vendors[ERP].creates == 1


def test_letting_go_waits_for_the_answer_of_an_update_in_flight() -> None:
    lab = LinkLab()
    lab.linked()
    lab.edit(CRM, "001", name="Bea")
    lab.read(CRM, "001")
    lab.deliver(("changes", "fxiaoke/AccountObj/001"))
    late = lab.executed(lab.commands.pop())

    lab.delete_record(CRM, "001")
    lab.rest()
    before = lab.seat(CRM, "001").stage
    lab.queues["results", str(late.seat)].append(late)
    lab.rest()

    assert before is Stage.LINKED
    assert lab.seat(CRM, "001").stage is Stage.ENDED
    assert lab.seat(ERP, "001").stage is Stage.ORPHAN


def test_a_replay_of_an_ending_does_nothing() -> None:
    lab, _ = two_for_one()
    lab.delete_record(CRM, "001")
    lab.rest()

    heard = [lab.hand_over(found) for found in tuple(lab.delivered)]
    assert not any(heard)
