"""A line that people removed on one side (``protocol.md`` 18): what the other side does."""

import pytest
from pydantic import JsonValue

from anji.looking import decision
from anji_common.clock import SystemClock
from anji_common.events.commands import Action, Command
from anji_common.events.inbox import EntryKind
from anji_common.events.notices import NoticeKind
from anji_common.events.observed import Stamp
from anji_common.refs import Ref, System
from anji_mapper.link.codec import decode_seat, encode_seat
from anji_mapper.link.inputs import Told
from anji_mapper.link.questions import question_id
from anji_mapper.link.state import ProblemKind
from anji_mapper.mapping.removals import RowPolicy
from labs.document_lab import DocumentLab
from labs.link_lab import CRM, ERP
from labs.lost_rows import held, ids, linked, removing
from labs.order_type import ENTRY, LINES, NAME, make_order_type


def path_of(ref: Ref) -> str:
    return LINES if ref.system is CRM else ENTRY


def remove(lab: DocumentLab, ref: Ref, place: int = 0) -> None:
    lab.remove_row(ref, path_of(ref), ids(lab, ref)[place])


def edit(lab: DocumentLab, ref: Ref, place: int, value: JsonValue) -> None:
    quantity = "qty" if ref.system is CRM else "FQty"
    lab.change_row(ref, path_of(ref), ids(lab, ref)[place], {quantity: value})


def told(lab: DocumentLab, kind: NoticeKind) -> int:
    return len([notice for notice in lab.notices if notice.kind is kind])


def removals(lab: DocumentLab) -> list[Command]:
    return [command for command in lab.sent if any(command.removes.values())]


def to_the_writer(lab: DocumentLab) -> Command:
    """Deliver all that is known until a command lies before a writer; return it."""
    for ref in (*lab.crm.documents, *lab.erp.documents):
        lab.read_ref(ref)
    while lab.queues or lab.signals:
        if lab.queues:
            lab.deliver(next(iter(lab.queues)))
        elif (asked := lab.signals.pop(0).ref) is not None:
            lab.read_ref(asked)
    return lab.commands[0]


def asking() -> tuple[DocumentLab, Ref, Ref]:
    """Return a lab in which people are asked about the first line, which the CRM has no more."""
    lab = DocumentLab(make_order_type(on_removed=RowPolicy.ASK))
    order, bill = linked(lab, "1", "2")
    remove(lab, order)
    lab.rest()
    return lab, order, bill


def question(lab: DocumentLab, order: Ref) -> str:
    ((key, values),) = lab.of(order).asked.items()
    return question_id(key, values)


def decide(lab: DocumentLab, order: Ref, problem: str, winner: System) -> bool:
    seat = lab.of(order)
    return lab.say(seat, EntryKind.DECIDE, "person/wang", problem=problem, winner=winner)


@pytest.mark.parametrize("side", [CRM, ERP])
def test_a_line_removed_on_one_side_is_removed_on_the_other(side: System) -> None:
    lab = removing()
    order, bill = linked(lab, "1", "2", "3")

    remove(lab, order if side is CRM else bill, 1)
    lab.rest()

    assert held(lab, bill) == held(lab, order) == ["1", "3"]
    assert len(lab.of(order).lines[NAME]) == 2
    assert lab.rows[str(order)].lines == dict(zip(ids(lab, order), ids(lab, bill), strict=True))
    (command,) = removals(lab)
    assert (command.system, command.action) == (side.other, Action.UPDATE)


def test_a_removal_is_decided_on_all_that_was_seen_of_the_line() -> None:
    lab = removing()
    order, _ = linked(lab, "1", "2")
    line_id = ids(lab, order)[0]

    remove(lab, order)
    lab.rest()

    ((removal,),) = [command.removes[ENTRY] for command in removals(lab)]
    assert removal.source_id == line_id
    assert removal.base == {
        "FQty": "1",
        "FPrice": "10",
        "FMaterialId": None,
        "FUnit": None,
        "FAmount": None,
        "F_LINE": line_id,
    }


def test_what_could_not_be_read_of_a_line_is_not_compared() -> None:
    lab = removing()
    order, bill = linked(lab, "1", "2")
    lab.erp.stamps[bill] = Stamp(modified_at=lab.tick(), unread=(f"{ENTRY}.FAmount",))
    lab.rest()

    remove(lab, order)
    lab.rest()

    ((removal,),) = [command.removes[ENTRY] for command in removals(lab)]
    assert "FAmount" not in removal.base
    assert held(lab, bill) == ["2"]


@pytest.mark.parametrize("side", [CRM, ERP])
def test_a_removed_line_that_the_other_side_edited_comes_back_with_a_notice(side: System) -> None:
    lab = removing()
    order, bill = linked(lab, "1", "2")
    here, there = (order, bill) if side is CRM else (bill, order)

    remove(lab, here)
    edit(lab, there, 0, "9")
    lab.rest()

    assert held(lab, here) == ["2", "9"]
    assert held(lab, there) == ["9", "2"]
    assert told(lab, NoticeKind.LINE_RETURNED) == 1
    assert lab.of(order).problem is None


def test_a_line_that_is_edited_before_the_removal_arrives_is_decided_again() -> None:
    lab = removing()
    order, bill = linked(lab, "1", "2")
    remove(lab, order)
    assert to_the_writer(lab).removes

    edit(lab, bill, 0, "9")
    lab.rest()

    assert held(lab, bill) == ["9", "2"]
    assert held(lab, order) == ["2", "9"]
    assert told(lab, NoticeKind.LINE_RETURNED) == 1


def test_a_line_that_is_removed_before_its_edit_arrives_comes_back() -> None:
    lab = removing()
    order, bill = linked(lab, "1", "2")
    edit(lab, order, 0, "9")
    assert to_the_writer(lab).rows

    remove(lab, bill)
    lab.rest()

    assert held(lab, order) == ["9", "2"]
    assert held(lab, bill) == ["2", "9"]
    assert told(lab, NoticeKind.LINE_RETURNED) == 1


def test_a_line_that_is_removed_while_it_is_made_is_removed_after() -> None:
    lab = removing()
    order, bill = linked(lab, "1")
    lab.add_row(order, LINES, {"qty": "5"})
    assert to_the_writer(lab).rows

    remove(lab, order, 1)
    lab.rest()

    assert held(lab, bill) == held(lab, order) == ["1"]
    assert told(lab, NoticeKind.LINE_RETURNED) == 0


def test_an_edit_that_never_flows_to_the_removing_side_keeps_no_line() -> None:
    lab = DocumentLab(make_order_type(lines_flow=(ERP,), on_removed=RowPolicy.REMOVE))
    order, bill = linked(lab, "1", "2")

    remove(lab, order)
    edit(lab, bill, 0, "9")
    lab.rest()

    assert held(lab, bill) == ["2"]


def test_what_the_erp_alone_says_of_a_line_counts_as_an_edit() -> None:
    lab = removing()
    order, bill = linked(lab, "1", "2")

    remove(lab, order)
    lab.change_row(bill, ENTRY, ids(lab, bill)[0], {"FAmount": "3"})  # shipped, as it were
    lab.rest()

    assert held(lab, order) == ["2", "1"]
    assert held(lab, order, "sum") == [None, "3"]


def test_a_line_removed_on_both_sides_needs_no_write() -> None:
    lab = removing()
    order, bill = linked(lab, "1", "2")

    remove(lab, order)
    remove(lab, bill)
    lab.rest()

    assert (lab.crm.writes, lab.erp.writes) == (0, 0)
    assert len(lab.of(order).lines[NAME]) == 1


def test_other_edits_go_at_once_and_the_removal_after_its_second_look() -> None:
    lab = removing()
    order, bill = linked(lab, "1", "2")
    sent = len(lab.sent)

    lab.change(order, {"remark": "less"})
    edit(lab, order, 1, "3")
    remove(lab, order)
    lab.rest()

    assert [bool(each.removes) for each in lab.sent[sent:]] == [False, True]
    assert lab.erp.documents[bill]["FNote"] == "less"
    assert held(lab, bill) == ["3"]


def test_a_refused_removal_is_a_problem_and_is_not_repeated() -> None:
    lab = removing()
    order, bill = linked(lab, "1", "2")
    lab.erp.refuses = "单据已审核，不允许修改"

    remove(lab, order)
    lab.rest()
    lab.change(order, {"name": "DD-2"})  # flows nowhere
    lab.rest()

    problem = lab.of(order).problem
    assert problem is not None
    assert (problem.kind, problem.words) == (ProblemKind.REFUSED, "单据已审核，不允许修改")
    assert len(removals(lab)) == 1
    assert held(lab, bill) == ["1", "2"]

    lab.erp.refuses = ""
    edit(lab, bill, 0, "9")  # a person in the ERP wants the line
    lab.rest()

    assert lab.of(order).problem is None
    assert held(lab, order) == ["2", "9"]


def test_a_replay_of_everything_removes_nothing_again() -> None:
    lab = removing()
    order, bill = linked(lab, "1", "2", "3")
    remove(lab, order)
    lab.rest()
    remove(lab, bill)
    lab.rest()
    sent = len(lab.sent)

    assert not any(lab.hand_over(each) for each in list(lab.delivered))
    assert len(lab.sent) == sent
    assert held(lab, order) == held(lab, bill) == ["3"]


def test_rows_that_the_erp_numbers_anew_as_one_is_removed_stay_paired() -> None:
    lab = removing(markers=())
    lab.erp.renumbers = True
    order, bill = linked(lab, "1", "1", "1")
    lines = ids(lab, order)

    remove(lab, order, 1)
    lab.rest()

    assert ids(lab, order) == [lines[0], lines[2]]
    assert lab.rows[str(order)].lines == dict(zip(ids(lab, order), ids(lab, bill), strict=True))
    assert lab.crm.writes == 0


def test_a_row_that_gets_a_new_id_while_its_line_is_removed_is_no_new_row() -> None:
    lab = removing()
    order, bill = linked(lab, "1", "2", "3")
    edit(lab, order, 0, "9")
    command = to_the_writer(lab)  # while it is on its way, both sides' lines move

    remove(lab, order, 1)
    lab.erp.renumber(bill)
    lab.touched(bill)
    assert command in lab.commands
    lab.rest()

    assert held(lab, order) == held(lab, bill) == ["9", "3"]


def test_a_row_that_gets_a_new_id_while_its_edit_crosses_is_edited_again() -> None:
    lab = removing()
    order, bill = linked(lab, "1", "2")
    edit(lab, bill, 0, "5")
    command = to_the_writer(lab)  # while it is on its way, the row is edited again
    lab.erp.renumber(bill)
    edit(lab, bill, 0, "7")
    lab.read_ref(bill)
    while lab.queues:
        lab.deliver(next(iter(lab.queues)))

    assert lab.commands == [command]
    lab.rest()

    assert held(lab, order) == held(lab, bill) == ["7", "2"]


def test_people_are_asked_where_the_mapping_says_so() -> None:
    lab, order, bill = asking()

    problem = lab.of(order).problem
    assert problem is not None
    assert problem.kind is ProblemKind.ASKED
    assert "one side has no more the line" in problem.words
    assert held(lab, bill) == ["1", "2"]
    assert told(lab, NoticeKind.CONFLICT_ASKED) == 1
    assert decode_seat(encode_seat(lab.of(order))) == lab.of(order)


@pytest.mark.parametrize(("winner", "left"), [(CRM, ["2"]), (ERP, ["2", "1"])])
def test_an_answer_removes_the_line_or_has_it_made_again(winner: System, left: list[str]) -> None:
    lab, order, bill = asking()

    assert lab.step(order, Told(decision(lab.of(order), "removed", winner, "wang", SystemClock())))
    lab.rest()

    assert held(lab, order) == left
    assert sorted(map(str, held(lab, bill))) == sorted(left)
    assert lab.of(order).problem is None
    assert not lab.of(order).decisions


def test_an_answer_holds_while_a_command_is_in_flight() -> None:
    lab, order, bill = asking()
    lab.change(order, {"remark": "soon"})
    to_the_writer(lab)

    assert decide(lab, order, question(lab, order), CRM)
    lab.rest()

    assert held(lab, bill) == ["2"]


def test_an_answer_about_a_line_that_was_edited_since_removes_nothing() -> None:
    lab, order, bill = asking()
    asked = question(lab, order)

    edit(lab, bill, 0, "9")
    lab.rest()
    decide(lab, order, asked, CRM)
    lab.rest()

    assert held(lab, order) == ["2", "9"]
    assert held(lab, bill) == ["9", "2"]


def test_a_line_that_cannot_return_stays_where_a_person_wants_it() -> None:
    lab = DocumentLab(make_order_type(lines_flow=(ERP,), on_removed=RowPolicy.ASK))
    order, bill = linked(lab, "1", "2")
    remove(lab, order)
    lab.rest()

    decide(lab, order, question(lab, order), ERP)
    lab.rest()

    assert held(lab, bill) == ["1", "2"]
    assert held(lab, order) == ["2"]
    assert told(lab, NoticeKind.LINE_NOT_REMOVED) == 1
