"""Refusals, doubts and answers: what a link does about a command until a person decides."""

from anji_common.events.inbox import EntryKind
from anji_common.events.notices import NoticeKind
from anji_common.events.signals import SignalKind
from anji_common.refs import Ref
from anji_mapper.link.codec import decode_seat, encode_seat
from anji_mapper.link.state import ProblemKind, Stage
from anji_mapper.mapping.conditions import IsEmpty, Not
from labs.document_lab import DocumentLab
from labs.link_lab import CRM, ERP, LinkLab, make_link_type
from labs.order_type import ORDER, make_order_type


def refused_update() -> tuple[DocumentLab, Ref, Ref]:
    """Return a lab whose ERP has refused an update of a linked order."""
    lab = DocumentLab(make_order_type())
    order = lab.make(CRM, ORDER, {"name": "DD-1", "remark": "old"})
    lab.rest()
    lab.erp.refuses = "the period is closed"
    lab.change(order, {"remark": "new"})
    lab.rest()
    return lab, order, lab.partner(order)


def test_a_retry_that_names_the_problem_sends_the_same_wish_again() -> None:
    lab, order, bill = refused_update()
    problem = lab.of(order).problem
    assert problem is not None
    lab.erp.refuses = ""

    lab.retry(lab.of(order), problem.id)
    lab.rest()

    assert lab.erp.documents[bill]["FNote"] == "new"
    assert lab.of(order).problem is None


def test_a_value_for_a_side_with_a_command_in_flight_is_written_after_that() -> None:
    lab = DocumentLab(make_order_type())
    order = lab.make(CRM, ORDER, {"name": "DD-1", "remark": "old"})
    lab.rest()
    bill = lab.partner(order)
    lab.crm.refuses = "the period is closed"
    lab.change(bill, {"FNote": "new"})
    lab.rest()
    problem = lab.of(order).problem
    assert problem is not None
    lab.change(order, {"kind": "b"})
    lab.read_ref(order)
    lab.deliver(("changes", str(order)))
    assert lab.of(order).erp.flight is not None

    value = {"fields": ("kind~FKind",), "target": ERP, "value": "1"}
    lab.say(lab.of(order), EntryKind.EDIT, "person/wang", problem=problem.id, **value)
    seat = lab.of(order)
    lab.rest()

    assert decode_seat(encode_seat(seat)) == seat
    assert [each.values for each in lab.sent[-3:] if each.system is ERP] == [
        {"FKind": "2"},
        {"FKind": "1"},
    ]
    assert lab.of(order).deferred == ()
    edits = [each for each in lab.notices if each.kind is NoticeKind.VALUE_EDITED]
    assert len(edits) == 1


def test_a_retry_that_names_another_problem_or_none_does_nothing() -> None:
    lab, order, _ = refused_update()
    sent = len(lab.sent)

    lab.retry(lab.of(order), "refused:k3cloud:1-1")
    lab.rest()
    assert len(lab.sent) == sent

    lab.erp.refuses = ""
    lab.change(order, {"remark": "newer"})
    lab.rest()
    lab.retry(lab.of(order), "refused:k3cloud:1-1")

    assert lab.commands == []


def test_a_refused_wish_is_not_sent_again_with_the_next_look_or_change_of_something_else() -> None:
    lab, order, bill = refused_update()
    sent = len(lab.sent)

    lab.change(bill, {"FCustId": None})
    lab.rest()

    assert len(lab.sent) == sent
    assert lab.of(order).problem is not None


def test_what_was_refused_and_is_not_wished_any_more_is_no_problem() -> None:
    lab, order, _ = refused_update()

    lab.change(order, {"remark": "old"})
    lab.rest()

    assert lab.of(order).problem is None
    assert lab.of(order).erp.refusal is None


def test_a_refusal_names_the_field_that_the_vendor_complained_of() -> None:
    lab = DocumentLab(make_order_type())
    order = lab.make(CRM, ORDER, {"name": "DD-1"})
    lab.read_ref(order)
    lab.deliver_all()
    lab.erp.refuses = "必填"
    result = lab.executed(lab.commands.pop()).model_copy(update={"field": "FCustId"})

    lab.queues["results", str(order)].append(result)
    lab.rest()

    problem = lab.of(order).problem
    assert problem is not None
    assert problem.words == "必填 [FCustId]"


def test_a_create_in_doubt_waits_for_a_person_whatever_is_edited() -> None:
    lab = DocumentLab(make_order_type())
    lab.erp.doubts = "no answer, and nothing found"
    order = lab.make(CRM, ORDER, {"name": "DD-1"})
    lab.rest()
    problem = lab.of(order).problem
    assert problem is not None
    assert problem.kind is ProblemKind.IN_DOUBT

    lab.erp.doubts = ""
    lab.change(order, {"remark": "edited"})
    lab.rest()
    assert len(lab.sent) == 1

    lab.retry(lab.of(order), problem.id)
    lab.rest()
    assert lab.of(order).stage is Stage.LINKED
    assert lab.erp.creates == 1


def test_an_update_in_doubt_waits_for_a_person_whatever_is_edited() -> None:
    lab = DocumentLab(make_order_type())
    order = lab.make(CRM, ORDER, {"name": "DD-1"})
    lab.rest()
    lab.erp.doubts = "no answer"
    lab.change(order, {"remark": "one"})
    lab.rest()
    sent = len(lab.sent)

    lab.change(order, {"remark": "two"})
    lab.rest()

    assert len(lab.sent) == sent
    lab.erp.doubts = ""
    problem = lab.of(order).problem
    assert problem is not None
    lab.retry(lab.of(order), problem.id)
    lab.rest()
    assert lab.erp.documents[lab.partner(order)]["FNote"] == "two"


def test_a_decision_that_comes_twice_is_heard_once() -> None:
    lab, order, _ = refused_update()
    seat = lab.of(order)
    problem = seat.problem
    assert problem is not None

    first = lab.retry(seat, problem.id)
    lab.said -= 1
    second = lab.retry(lab.of(order), problem.id)

    assert (first, second) == (True, False)


def test_an_answered_crm_update_asks_for_its_reading_once_in_thirty_seconds() -> None:
    lab = DocumentLab(make_order_type())
    order = lab.make(CRM, ORDER, {"name": "DD-1"})
    lab.rest()
    bill = lab.partner(order)
    lab.change(bill, {"FNote": "from the erp"})
    lab.read_ref(bill)
    lab.deliver_all()
    command = lab.commands[0]
    lab.answer(command)
    lab.deliver_all()

    asked = []
    for _ in range(7):
        lab.tick(10)
        lab.look()
        asked.append(len(lab.signals))

    assert asked == [0, 0, 1, 1, 1, 2, 2]
    assert {signal.answers for signal in lab.signals} == {str(command.number)}
    lab.read_ref(order, answers=str(command.number))
    lab.deliver_all()
    assert lab.of(order).crm.flight is None
    assert lab.of(order).agreed["remark~FNote"] == ("from the erp", "from the erp")


def test_an_answer_that_a_persons_change_hides_is_settled_by_a_read_soon() -> None:
    lab = DocumentLab(make_order_type())
    order = lab.make(CRM, ORDER, {"name": "DD-1"})
    lab.rest()
    bill = lab.partner(order)
    lab.change(bill, {"FNote": "from the erp"})
    lab.read_ref(bill)
    lab.deliver_all()
    lab.answer(lab.commands[0])
    lab.change(order, {"kind": "a"})
    lab.read_ref(order)
    lab.deliver_all()

    asked = []
    for _ in range(3):
        lab.tick(1)
        lab.look()
        asked.append(len(lab.signals))
    lab.rest()

    assert asked[-1] == 1
    assert lab.of(order).crm.flight is None
    assert lab.erp.documents[bill]["FKind"] == "1"
    assert lab.crm.documents[order]["remark"] == "from the erp"


def test_an_answer_that_comes_twice_is_taken_once() -> None:
    lab = DocumentLab(make_order_type())
    order = lab.make(CRM, ORDER, {"name": "DD-1"})
    lab.rest()
    bill = lab.partner(order)
    lab.change(bill, {"FNote": "from the erp"})
    lab.read_ref(bill)
    lab.deliver_all()
    result = lab.executed(lab.commands.pop())

    assert lab.hand_over(result)
    assert not lab.hand_over(result)


def test_our_own_write_read_before_its_answer_settles_the_answer_at_once() -> None:
    lab = DocumentLab(make_order_type())
    order = lab.make(CRM, ORDER, {"name": "DD-1"})
    lab.rest()
    bill = lab.partner(order)
    lab.change(bill, {"FNote": "from the erp"})
    lab.read_ref(bill)
    lab.deliver_all()
    result = lab.executed(lab.commands.pop())
    lab.read_ref(order)
    lab.deliver_all()

    lab.hand_over(result)

    assert lab.of(order).crm.flight is None
    assert lab.of(order).agreed["remark~FNote"] == ("from the erp", "from the erp")


def test_the_words_of_a_person_are_kept_apart_from_those_of_seats() -> None:
    lab, order, bill = refused_update()

    lab.say(lab.of(order), EntryKind.GRANT, "person/wang")
    lab.say(lab.of(order), EntryKind.REFUSE, "person/wang")
    lab.say(lab.of(order), EntryKind.FORWARD, "person/wang")

    assert lab.of(order).stage is Stage.LINKED
    assert lab.of(order).partner == bill


def refused_create() -> LinkLab:
    """Return a lab whose ERP has refused to make a customer; one without a name takes no part."""
    lab = LinkLab(make_link_type(filter_=Not(IsEmpty("name"))))
    lab.vendors[ERP].refuses = "the period is closed"
    lab.edit(CRM, name="Ann", tel="1")
    lab.rest()
    assert lab.seat(CRM, "001").problem is not None
    return lab


def test_what_takes_no_part_any_more_has_no_problem_with_having_been_refused() -> None:
    """People void an order that the ERP does not take: nothing is wished, so nothing is wrong."""
    lab = refused_create()

    lab.edit(CRM, "001", name=None)
    lab.rest()

    assert lab.seat(CRM, "001").problem is None
    assert lab.notices[-1].kind is NoticeKind.PROBLEM_CLEARED
    assert len(lab.sent) == 1


def test_what_takes_part_again_is_wished_again_though_it_was_refused_before() -> None:
    lab = refused_create()
    lab.edit(CRM, "001", name=None)
    lab.rest()
    lab.vendors[ERP].refuses = ""

    lab.edit(CRM, "001", name="Ann")
    lab.rest()

    assert lab.seat(CRM, "001").stage is Stage.LINKED


def refused_twin() -> tuple[LinkLab, str, str]:
    """Return a lab, a customer whose match is another's, and the words of its problem."""
    lab = LinkLab(make_link_type(matches_names=True))
    lab.linked()
    twin = lab.edit(CRM, name=lab.vendors[CRM].records["001"]["name"], tel="2")
    lab.rest()
    refused = lab.seat(CRM, twin)
    assert refused.stage is Stage.REFUSED
    assert refused.problem is not None
    return lab, twin, refused.problem.words


def write_instead(lab: LinkLab, twin: str, field: str, value: str) -> None:
    """Let a person write a value for the ERP in answer to the problem that stands."""
    refused = lab.seat(CRM, twin)
    assert refused.problem is not None
    written = {"fields": (field,), "target": ERP, "value": value}
    lab.say(refused, EntryKind.EDIT, "person/wang", problem=refused.problem.id, **written)
    lab.rest()


def test_whose_match_is_anothers_is_made_under_the_number_that_a_person_writes() -> None:
    lab, twin, _ = refused_twin()
    name = lab.vendors[CRM].records[twin]["name"]

    write_instead(lab, twin, "name~FName", "TWIN1")

    seat = lab.seat(CRM, twin)
    assert (seat.stage, seat.problem) == (Stage.LINKED, None)
    assert seat.erp.ref is not None
    made = lab.vendors[ERP].records[seat.erp.ref.record_id]
    assert (made["FName"], made["FTEL"]) == ("TWIN1", "2")
    assert lab.vendors[CRM].records[twin]["name"] == name


def test_what_a_person_writes_for_another_field_leaves_the_match_as_it_was() -> None:
    lab, twin, words = refused_twin()

    write_instead(lab, twin, "tel~FTEL", "3")

    again = lab.seat(CRM, twin)
    assert again.stage is Stage.REFUSED
    assert again.problem is not None
    assert again.problem.words == words
    assert len(lab.vendors[ERP].records) == 1


def test_a_record_that_was_read_and_refuses_a_write_is_not_looked_for() -> None:
    """It is among those over which its source's patrol goes anyway."""
    lab, order, _ = refused_update()

    assert lab.of(order).problem is not None
    assert [each for each in lab.signals if each.kind is SignalKind.SEEK] == []
