"""A command to the CRM of several calls, of which some were done when the rest was refused.

Each line is a call of its own there. What was done is our own write: nobody's edit, and nothing
to be done again.
"""

import pytest

from anji_common.events.commands import Command
from anji_common.events.notices import NoticeKind
from anji_common.events.observed import Stamp
from anji_common.events.results import Outcome, Result
from anji_common.refs import Ref, System
from anji_mapper.link.codec import decode_seat, encode_seat
from anji_mapper.mapping.removals import RowPolicy
from labs.document_lab import DocumentLab
from labs.link_lab import CRM, ERP
from labs.lost_rows import answer, held, ids, linked
from labs.order_type import ENTRY, LINES, NAME, make_order_type

MARKED = pytest.mark.parametrize("markers", [(CRM, ERP), ()], ids=["marked", "unmarked"])


def begun(lab: DocumentLab, bill: Ref) -> Command:
    lab.read_ref(bill)
    lab.deliver_all()
    return lab.commands.pop()


def with_new_rows(markers: tuple[System, ...]) -> tuple[DocumentLab, Ref, Ref, Command]:
    """Two rows are added in the ERP; the line of the first is made, the second is refused."""
    lab = DocumentLab(make_order_type(markers=markers))
    order, bill = linked(lab, "1", "2")
    for quantity in ("3", "4"):
        lab.add_row(bill, ENTRY, {"FQty": quantity, "FPrice": "5"})
    command = begun(lab, bill)
    lab.crm.add_row(order, LINES, command.rows[LINES][0].values)
    lab.touched(order, by_anji=True)
    return lab, order, bill, command


@MARKED
@pytest.mark.parametrize("place", [2, 3])
@pytest.mark.parametrize("outcome", [Outcome.REJECTED, Outcome.IN_DOUBT, Outcome.MOVED])
def test_a_line_that_was_made_before_the_refusal_is_not_made_again_whatever_was_edited_since(
    outcome: Outcome, place: int, markers: tuple[System, ...]
) -> None:
    lab, order, bill, command = with_new_rows(markers)
    lab.change_row(bill, ENTRY, ids(lab, bill)[place], {"FQty": "9"})
    lab.read_ref(bill)
    lab.deliver_all()

    answer(lab, order, command, outcome)
    lab.deliver_all()
    seat = lab.of(order)
    assert decode_seat(encode_seat(seat)) == seat
    lab.rest()
    if outcome is Outcome.IN_DOUBT:  # a person has looked, and says so
        retry(lab, order)

    quantities = ["1", "2", "9", "4"] if place == 2 else ["1", "2", "3", "9"]
    assert held(lab, bill) == held(lab, order) == quantities
    assert lab.erp.writes == 0
    assert lab.of(order).problem is None


def retry(lab: DocumentLab, order: Ref) -> None:
    seat = lab.of(order)
    assert seat.problem is not None
    lab.retry(seat, seat.problem.id)
    lab.rest()


@pytest.mark.parametrize("outcome", [Outcome.REJECTED, Outcome.MOVED])
def test_a_value_that_was_written_before_the_refusal_is_no_edit_that_wins_over_a_newer_one(
    outcome: Outcome,
) -> None:
    """The CRM owns both fields: its value, were it an edit, would win."""
    lab = DocumentLab(make_order_type())
    order, bill = linked(lab, "1", "2")
    lab.change(bill, {"FNote": "a"})
    for row in ids(lab, bill):
        lab.change_row(bill, ENTRY, row, {"FQty": "5"})
    command = begun(lab, bill)
    lab.change(bill, {"FNote": "b"})
    lab.change_row(bill, ENTRY, ids(lab, bill)[0], {"FQty": "7"})
    lab.read_ref(bill)
    lab.deliver_all()
    lab.crm.documents[order]["remark"] = "a"
    lab.crm.row(order, LINES, ids(lab, order)[0])["qty"] = "5"
    lab.touched(order, by_anji=True)
    if outcome is Outcome.MOVED:
        lab.change_row(order, LINES, ids(lab, order)[1], {"qty": "8"})

    answer(lab, order, command, outcome)
    lab.rest()

    assert lab.crm.documents[order]["remark"] == lab.erp.documents[bill]["FNote"] == "b"
    second = "8" if outcome is Outcome.MOVED else "5"
    assert held(lab, order) == held(lab, bill) == ["7", second]
    told = [each for each in lab.notices if each.kind is NoticeKind.CONFLICT_DECIDED]
    lines = [each.details["field"] for each in told]
    assert lines == ([f"{NAME}/{ids(lab, order)[1]}/qty~FQty"] if second == "8" else [])


def test_the_refusal_is_a_problem_at_once_and_what_is_left_is_tried_once() -> None:
    lab, order, _, command = with_new_rows((CRM, ERP))
    lab.crm.refuses = "no second line"

    answer(lab, order, command, Outcome.REJECTED)
    lab.deliver_all()
    assert lab.of(order).problem is not None
    assert lab.commands == []
    lab.rest()

    assert held(lab, order) == ["1", "2", "3"]
    problem = lab.of(order).problem
    assert problem is not None
    assert "no second line" in problem.words
    (_, last) = (each for each in lab.sent if each.system is CRM)
    assert [row.values["qty"] for row in last.rows[LINES]] == ["4"]


def test_a_command_that_was_never_sent_needs_no_read() -> None:
    lab = DocumentLab(make_order_type())
    order, bill = linked(lab, "1", "2")
    lab.crm.refuses = "no"
    lab.add_row(bill, ENTRY, {"FQty": "3"})

    lab.rest()

    assert lab.of(order).crm.flight is None
    assert lab.of(order).problem is not None
    assert lab.signals == []


def test_the_read_that_settles_a_command_is_news_though_a_removed_line_took_its_time_along() -> (
    None
):
    """The CRM's document is as new as its newest line: without that line it looks older."""
    lab = DocumentLab(make_order_type(on_removed=RowPolicy.REMOVE))
    order, bill = linked(lab, "1", "2")
    before = lab.crm.stamps[order]
    lab.change(bill, {"FNote": "a"})
    command = begun(lab, bill)
    lab.change_row(order, LINES, ids(lab, order)[0], {"qty": "7"})
    lab.change(order, {"remark": "b"})
    answer(lab, order, command, Outcome.MOVED)  # the writer has read the line of then
    lab.deliver_all()
    lab.commands.clear()
    second = lab.sent[-1]
    assert second.system is ERP

    lab.commands.append(second)
    lab.rest()
    lab.change(bill, {"FNote": "c"})
    third = begun(lab, bill)
    lab.crm.documents[order]["remark"] = "c"
    lab.crm.drop_row(order, LINES, ids(lab, order)[0])
    lab.crm.stamps[order] = Stamp(modified_at=before.modified_at, by_anji=True)
    lab.queues["results", str(third.seat)].append(
        Result(
            seat=third.seat,
            number=third.number,
            system=CRM,
            answered_at=lab.tick(),
            outcome=Outcome.UPDATED,
            ref=order,
            calls=1,
        )
    )
    lab.rest()

    assert lab.of(order).crm.flight is None
    assert held(lab, order) == held(lab, bill) == ["2"]
