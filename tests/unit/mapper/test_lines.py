"""Lines of a document (``protocol.md`` 18): which row is which, and what becomes of it."""

import pytest
from pydantic import JsonValue

from anji_common.events.commands import Action
from anji_common.events.notices import NoticeKind
from anji_common.events.results import Outcome
from anji_common.refs import Ref, System
from anji_mapper.mapping.removals import RowPolicy
from labs.document_lab import DocumentLab, Row
from labs.link_lab import CRM, ERP
from labs.lost_rows import answer
from labs.order_type import BILL, ENTRY, LINES, NAME, ORDER, make_order_type

TWO_ROWS: list[Row] = [{"qty": "1", "price": "10"}, {"qty": "2", "price": "20"}]


def linked(lab: DocumentLab, rows: list[Row] | None = None) -> tuple[Ref, Ref]:
    """Let an order cross; return (order, bill)."""
    order = lab.make(CRM, ORDER, {"name": "DD-1"}, **{LINES: rows or TWO_ROWS})
    lab.rest()
    return order, lab.partner(order)


def held(lab: DocumentLab, ref: Ref, path: str, field: str) -> list[JsonValue]:
    return [row[field] for row in lab.vendor(ref.system).lines(ref, path)]


def ids(lab: DocumentLab, ref: Ref, path: str) -> list[str]:
    vendor = lab.vendor(ref.system)
    return [str(row[vendor.id_field(ref, path)]) for row in vendor.lines(ref, path)]


def notices(lab: DocumentLab, kind: NoticeKind) -> int:
    return len([notice for notice in lab.notices if notice.kind is kind])


def test_an_order_is_made_with_its_rows_and_each_row_knows_its_partner() -> None:
    lab = DocumentLab(make_order_type())

    order, bill = linked(lab)

    assert held(lab, bill, ENTRY, "FQty") == ["1", "2"]
    assert held(lab, bill, ENTRY, "F_LINE") == ids(lab, order, LINES)
    assert lab.rows[str(order)].lines == dict(
        zip(ids(lab, order, LINES), ids(lab, bill, ENTRY), strict=True)
    )
    assert lab.rows[str(bill)].lines == dict(
        zip(ids(lab, bill, ENTRY), ids(lab, order, LINES), strict=True)
    )


def test_row_edits_flow_both_ways_with_the_values_they_were_decided_on() -> None:
    lab = DocumentLab(make_order_type())
    order, bill = linked(lab)

    lab.change_row(order, LINES, ids(lab, order, LINES)[0], {"qty": "5"})
    lab.change_row(bill, ENTRY, ids(lab, bill, ENTRY)[1], {"FPrice": "21"})
    lab.rest()

    assert held(lab, bill, ENTRY, "FQty") == ["5", "2"]
    assert held(lab, order, LINES, "price") == ["10", "21"]
    update = next(c for c in lab.sent if c.action is Action.UPDATE and c.system is ERP)
    assert update.rows[ENTRY][0].base == {"FQty": "1"}


@pytest.mark.parametrize("markers", [True, False])
@pytest.mark.parametrize("tells_lines", [True, False])
def test_a_row_added_on_either_side_is_added_once_on_the_other(
    *, markers: bool, tells_lines: bool
) -> None:
    lab = DocumentLab(make_order_type(markers=(CRM, ERP) if markers else ()))
    lab.crm.tells_lines = lab.erp.tells_lines = tells_lines
    order, bill = linked(lab)

    lab.add_row(order, LINES, {"qty": "3"})
    lab.rest()
    lab.add_row(bill, ENTRY, {"FQty": "4"})
    lab.rest()

    assert held(lab, bill, ENTRY, "FQty") == ["1", "2", "3", "4"]
    assert held(lab, order, LINES, "qty") == ["1", "2", "3", "4"]
    assert len(lab.of(order).lines[NAME]) == 4
    assert notices(lab, NoticeKind.LINE_NOT_REMOVED) == 0


def test_a_row_that_we_added_is_agreed_as_it_came_back() -> None:
    lab = DocumentLab(make_order_type(markers=()))
    order, bill = linked(lab)
    lab.add_row(bill, ENTRY, {"FQty": "4.00"})
    lab.read_ref(bill)
    lab.deliver_all()
    lab.answer(lab.commands[0])

    lab.crm.lines(order, LINES)[2]["qty"] = "4"  # the CRM's own way to write it
    lab.rest()

    assert held(lab, bill, ENTRY, "FQty")[2] == "4.00"


def test_rows_do_not_flow_to_a_side_that_their_fields_do_not_flow_to() -> None:
    lab = DocumentLab(make_order_type(lines_flow=(ERP,)))
    order, bill = linked(lab)

    lab.add_row(bill, ENTRY, {"FQty": "4"})
    lab.rest()

    assert held(lab, order, LINES, "qty") == ["1", "2"]


def test_a_row_lost_on_one_side_is_told_once_and_kept_on_the_other() -> None:
    lab = DocumentLab(make_order_type())
    order, bill = linked(lab)

    lab.remove_row(order, LINES, ids(lab, order, LINES)[0])
    lab.rest()
    lab.change(order, {"remark": "again"})
    lab.rest()

    assert held(lab, bill, ENTRY, "FQty") == ["1", "2"]
    assert notices(lab, NoticeKind.LINE_NOT_REMOVED) == 1


def test_a_row_lost_on_both_sides_is_forgotten() -> None:
    lab = DocumentLab(make_order_type())
    order, bill = linked(lab)

    lab.remove_row(order, LINES, ids(lab, order, LINES)[0])
    lab.rest()
    lab.remove_row(bill, ENTRY, ids(lab, bill, ENTRY)[0])
    lab.rest()

    assert len(lab.of(order).lines[NAME]) == 1
    assert lab.rows[str(bill)].lines == {
        ids(lab, bill, ENTRY)[0]: ids(lab, order, LINES)[0],
    }


def test_rows_that_the_erp_numbers_anew_are_known_by_their_marker() -> None:
    lab = DocumentLab(make_order_type(markers=(ERP,)))
    lab.erp.renumbers = True
    order, bill = linked(lab)
    lines = ids(lab, order, LINES)

    lab.change_row(order, LINES, lines[0], {"qty": "5"})
    lab.rest()
    lab.change_row(order, LINES, lines[1], {"qty": "6"})
    lab.rest()

    assert held(lab, bill, ENTRY, "FQty") == ["5", "6"]
    assert notices(lab, NoticeKind.LINE_NOT_REMOVED) == 0


def test_rows_that_the_erp_numbers_anew_are_known_by_content_where_nothing_marks_them() -> None:
    lab = DocumentLab(make_order_type(markers=()))
    order, bill = linked(lab)

    lab.erp.renumber(bill)
    lab.touched(bill)
    lab.rest()

    assert held(lab, bill, ENTRY, "FQty") == ["1", "2"]
    assert held(lab, order, LINES, "qty") == ["1", "2"]
    assert notices(lab, NoticeKind.LINE_NOT_REMOVED) == 0


def test_a_row_that_the_crm_made_anew_is_known_by_its_marker() -> None:
    lab = DocumentLab(make_order_type(creates=(ERP,), markers=(CRM,)))
    bill = lab.make(ERP, BILL, {"FBillNo": "XSDD1"}, **{ENTRY: [{"FQty": "1"}]})
    lab.rest()
    order = lab.partner(bill)

    lab.crm.renumber(order)
    lab.touched(order)
    lab.rest()

    assert held(lab, order, LINES, "qty") == ["1"]
    assert held(lab, bill, ENTRY, "FQty") == ["1"]


@pytest.mark.parametrize("tells_lines", [True, False])
def test_rows_without_markers_are_paired_in_the_order_sent(*, tells_lines: bool) -> None:
    lab = DocumentLab(make_order_type(markers=()))
    lab.erp.tells_lines = tells_lines

    order, bill = linked(lab, [{"qty": "1"}, {"qty": "1"}])

    assert lab.rows[str(order)].lines == dict(
        zip(ids(lab, order, LINES), ids(lab, bill, ENTRY), strict=True)
    )
    assert len(lab.sent) == 1


def test_the_rows_of_a_matched_document_are_paired_by_content_where_it_is_unique() -> None:
    lab = DocumentLab(make_order_type(markers=(), matches_names=True))
    bill = lab.make(ERP, BILL, {"FBillNo": "DD-1"}, **{ENTRY: [{"FQty": "2"}, {"FQty": "1"}]})
    lab.rest()

    order, _ = linked(lab, [{"qty": "1"}, {"qty": "2"}])

    assert lab.rows[str(order)].lines == dict(
        zip(ids(lab, order, LINES), reversed(ids(lab, bill, ENTRY)), strict=True)
    )
    assert held(lab, bill, ENTRY, "FQty") == ["2", "1"]


def test_the_rows_of_an_order_made_in_the_erp_are_known_to_the_seat_that_adopts_it() -> None:
    lab = DocumentLab(make_order_type(creates=(CRM, ERP), markers=()))
    bill = lab.make(ERP, BILL, {"FBillNo": "XSDD1"}, **{ENTRY: [{"FQty": "1"}, {"FQty": "1"}]})
    lab.rest()
    order = lab.partner(bill)

    lab.change_row(order, LINES, ids(lab, order, LINES)[1], {"qty": "7"})
    lab.rest()

    assert held(lab, bill, ENTRY, "FQty") == ["1", "7"]
    assert lab.crm.creates == 1
    assert lab.erp.creates == 0


def test_rows_are_known_after_a_create_that_could_not_be_read_back() -> None:
    lab = DocumentLab(make_order_type(markers=()))
    lab.erp.reads_back = False

    order, bill = linked(lab)

    assert len(lab.rows[str(order)].lines) == 2
    assert held(lab, bill, ENTRY, "FQty") == ["1", "2"]


def test_a_value_that_only_the_other_side_gives_flows_back_into_the_row() -> None:
    lab = DocumentLab(make_order_type())
    order, bill = linked(lab)

    lab.change_row(bill, ENTRY, ids(lab, bill, ENTRY)[0], {"FAmount": "10"})
    lab.rest()

    assert held(lab, order, LINES, "sum") == ["10", None]


def test_a_new_row_whose_product_is_not_linked_waits_and_the_rest_flows() -> None:
    lab = DocumentLab(make_order_type())
    order, bill = linked(lab)

    lab.change(order, {"remark": "soon"})
    lab.add_row(order, LINES, {"qty": "3", "product": "fxiaoke/ProductObj/1"})
    lab.add_row(order, LINES, {"qty": "4"})
    lab.rest()

    assert lab.erp.documents[bill]["FNote"] == "soon"
    assert held(lab, bill, ENTRY, "FQty") == ["1", "2", "4"]
    assert lab.of(order).waits == ("ref:fxiaoke/ProductObj/1",)


def test_a_new_row_with_a_value_that_has_no_counterpart_is_a_problem_and_is_not_sent() -> None:
    lab = DocumentLab(make_order_type())
    order, bill = linked(lab)

    lab.add_row(order, LINES, {"qty": "3", "unit": "barrel"})
    lab.rest()

    problem = lab.of(order).problem
    assert held(lab, bill, ENTRY, "FQty") == ["1", "2"]
    assert problem is not None
    assert "unit" in problem.words


@pytest.mark.parametrize(
    ("markers", "renumbers"), [((CRM, ERP), False), ((), False), ((CRM, ERP), True)]
)
def test_a_row_removed_right_after_our_save_is_not_taken_for_its_neighbour(
    markers: tuple[System, ...], *, renumbers: bool
) -> None:
    lab = DocumentLab(make_order_type(on_removed=RowPolicy.REMOVE, markers=markers))
    order, bill = linked(lab)
    first, second = ids(lab, order, LINES)
    lab.change_row(order, LINES, first, {"qty": "5"})
    lab.read_ref(order)
    lab.deliver_all()
    (command,) = lab.commands

    lab.commands.remove(command)
    saved = lab.executed(command)
    lab.remove_row(bill, ENTRY, ids(lab, bill, ENTRY)[0])
    if renumbers:
        lab.erp.renumber(bill)
    mistaken = {ENTRY: {first: ids(lab, bill, ENTRY)[0]}}
    after = {"observed": lab.erp.observed(bill), "lines": mistaken}
    lab.hand_over(saved.model_copy(update=after))
    lab.rest()

    assert held(lab, bill, ENTRY, "FQty") == held(lab, order, LINES, "qty") == ["2"]
    assert ids(lab, order, LINES) == [second]


def test_a_row_edit_that_crosses_together_with_a_new_row_is_not_taken_back() -> None:
    """The CRM tells the new line's id at once; what it holds of the other is only read later."""
    lab = DocumentLab(make_order_type())
    order, bill = linked(lab)

    lab.change_row(bill, ENTRY, ids(lab, bill, ENTRY)[0], {"FQty": "7"})
    lab.add_row(bill, ENTRY, {"FQty": "3"})
    before = lab.erp.writes
    lab.rest()

    assert held(lab, bill, ENTRY, "FQty") == ["7", "2", "3"]
    assert held(lab, order, LINES, "qty") == ["7", "2", "3"]
    assert lab.erp.writes == before


def test_a_row_edited_after_half_of_a_doubted_write_made_its_line_keeps_the_edit() -> None:
    """Of two new lines one was made; what was sent of it is agreed, so the edit is one."""
    lab = DocumentLab(make_order_type())
    order, bill = linked(lab)
    first = lab.add_row(bill, ENTRY, {"FQty": "3"})
    lab.add_row(bill, ENTRY, {"FQty": "4"})
    lab.read_ref(bill)
    while not lab.commands:
        lab.deliver(next(iter(lab.queues)))
    command = lab.commands.pop()
    lab.crm.add_row(order, LINES, command.rows[LINES][0].values)
    lab.touched(order, by_anji=True)
    lab.change_row(bill, ENTRY, first, {"FQty": "9"})
    lab.read_ref(bill)
    lab.deliver_all()
    answer(lab, order, command, Outcome.MOVED)
    lab.rest()

    assert held(lab, bill, ENTRY, "FQty") == ["1", "2", "9", "4"]
    assert held(lab, order, LINES, "qty") == ["1", "2", "9", "4"]


def test_a_read_between_two_calls_of_a_command_settles_none_of_its_rows() -> None:
    """It shows the line of the first call, and is published only when both are done."""
    lab = DocumentLab(make_order_type())
    lab.crm.tells_lines = False
    order, bill = linked(lab)
    lab.change_row(bill, ENTRY, ids(lab, bill, ENTRY)[0], {"FQty": "7"})
    for quantity in ("3", "4"):
        lab.add_row(bill, ENTRY, {"FQty": quantity})
    lab.read_ref(bill)
    while not lab.commands:
        lab.deliver(next(iter(lab.queues)))
    command = lab.commands[0]
    new = next(row for row in command.rows[LINES] if row.target_id is None)
    made = lab.crm.add_row(order, LINES, new.values)
    lab.touched(order, by_anji=True)
    between = lab.take_ref(order)
    lab.crm.drop_row(order, LINES, made)  # the writer of the bench makes both
    lab.answer(command)
    lab.publish(between)
    lab.rest()

    assert held(lab, order, LINES, "qty") == held(lab, bill, ENTRY, "FQty") == ["7", "2", "3", "4"]
    assert notices(lab, NoticeKind.VALUE_REWRITTEN) == 0
