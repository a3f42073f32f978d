"""Lines that say the same: each has one partner, though nothing tells which (rule 18)."""

import pytest

from anji_mapper.link.joining import join_records
from anji_mapper.link.step import new_seat
from labs.document_lab import DocumentLab, Row
from labs.link_lab import CRM, ERP
from labs.order_type import BILL, ENTRY, LINES, NAME, ORDER, make_order_type

LINE: Row = {"qty": "1", "price": "10"}
ENTRY_ROW: Row = {"FQty": "1", "FPrice": "10"}
OTHER: Row = {"qty": "2", "price": "10"}
OTHER_ROW: Row = {"FQty": "2", "FPrice": "10"}


@pytest.mark.parametrize(
    ("lines", "rows", "many"),
    [
        ([LINE] * 2, [ENTRY_ROW] * 2, 2),
        ([LINE, OTHER, LINE], [OTHER_ROW, ENTRY_ROW, ENTRY_ROW], 3),
        ([LINE], [ENTRY_ROW] * 3, 3),
        ([LINE] * 3, [ENTRY_ROW], 3),
    ],
    ids=["as many", "among others", "more in the ERP", "more in the CRM"],
)
@pytest.mark.parametrize("markers", [(), (CRM, ERP)], ids=["unmarked", "marked"])
def test_equal_lines_of_records_that_are_matched_are_made_nowhere_twice(
    lines: list[Row], rows: list[Row], many: int, markers: tuple[()]
) -> None:
    lab = DocumentLab(make_order_type(markers=markers, matches_names=True))
    bill = lab.make(ERP, BILL, {"FBillNo": "DD-1"}, **{ENTRY: rows})
    order = lab.make(CRM, ORDER, {"name": "DD-1"}, **{LINES: lines})

    lab.rest()

    assert lab.partner(order) == bill
    assert len(lab.crm.lines(order, LINES)) == len(lab.erp.lines(bill, ENTRY)) == many
    assert len(lab.of(order).lines[NAME]) == many


def test_equal_lines_of_a_first_load_are_no_lines_that_only_one_side_has() -> None:
    order_type = make_order_type(markers=())
    lab = DocumentLab(order_type)
    bill = lab.make(ERP, BILL, {"FBillNo": "DD-1"}, **{ENTRY: [ENTRY_ROW] * 2})
    order = lab.make(CRM, ORDER, {"name": "DD-1"}, **{LINES: [LINE] * 2})
    home, far = (
        (new_seat(ref, order_type, lab.context()), lab.take_ref(ref)) for ref in (order, bill)
    )

    joined = join_records(order_type, home, far, lab.context(), keeps=False)

    assert joined.lone_lines == 0


def test_lines_that_differ_where_the_other_side_is_blank_are_not_taken_for_equal() -> None:
    """A blank says nothing: which of the two it is, nobody can tell."""
    lab = DocumentLab(make_order_type(markers=(), matches_names=True))
    lab.make(ERP, BILL, {"FBillNo": "DD-1"}, **{ENTRY: [{"FQty": "1"}]})
    order = lab.make(CRM, ORDER, {"name": "DD-1"}, **{LINES: [LINE, {**LINE, "price": "20"}]})
    lab.read_ref(order)
    lab.deliver_all()
    lab.answer(lab.commands[0])

    lab.deliver_all()

    assert not lab.of(order).lines.get(NAME)
