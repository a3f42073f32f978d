"""Lines that answers of either side leave out, and that are there all the same."""

import pytest

from anji_common.refs import System
from labs.link_lab import CRM, ERP
from labs.lost_rows import held, ids, linked, removing
from labs.order_type import ENTRY, LINES


def test_a_line_that_neither_side_shows_is_not_forgotten_while_a_side_shows_none() -> None:
    """As in `sight`: the CRM's answers left out all lines, then one of the ERP's left out one."""
    lab = removing()
    order, bill = linked(lab, "1", "2")
    shown_lines, shown_rows = lab.crm.lines(order, LINES), lab.erp.lines(bill, ENTRY)
    all_lines, all_rows = [*shown_lines], [*shown_rows]
    made = ids(lab, order)

    for ref, shown, rows in (
        (order, shown_lines, []),
        (bill, shown_rows, all_rows[1:]),
        (bill, shown_rows, all_rows),
        (order, shown_lines, all_lines),
    ):
        shown[:] = rows
        lab.read_ref(ref)
        lab.rest()

    assert ids(lab, order) == made
    assert (lab.crm.writes, lab.erp.writes) == (0, 0)


def test_a_read_of_one_side_does_not_count_for_a_line_that_the_other_had_missed() -> None:
    """The CRM missed it, then both did; the CRM shows it again, and the ERP was read once."""
    lab = removing()
    order, bill = linked(lab, "1", "2")
    shown_lines, shown_rows = lab.crm.lines(order, LINES), lab.erp.lines(bill, ENTRY)
    all_lines, all_rows = [*shown_lines], [*shown_rows]

    for ref, shown, rows in (
        (order, shown_lines, []),
        (bill, shown_rows, all_rows[1:]),
        (order, shown_lines, all_lines),
    ):
        shown[:] = rows
        lab.read_ref(ref)
        lab.deliver_all()
    shown_rows[:] = all_rows
    lab.rest()

    assert held(lab, order) == held(lab, bill) == ["1", "2"]
    assert (lab.crm.writes, lab.erp.writes) == (0, 0)


@pytest.mark.parametrize("back", [CRM, ERP])
def test_a_line_that_one_read_of_each_side_does_not_show_is_not_made_again(back: System) -> None:
    """Two answers left it out, one of each side; the sides show it again one after the other."""
    lab = removing()
    order, bill = linked(lab, "1", "2", "3")
    made = ids(lab, order)
    shown = {order: lab.crm.lines(order, LINES), bill: lab.erp.lines(bill, ENTRY)}
    whole = {ref: [*rows] for ref, rows in shown.items()}
    first, last = (order, bill) if back is CRM else (bill, order)

    for ref in (last, first):
        shown[ref][:] = whole[ref][:2]
        lab.read_ref(ref)
        lab.deliver_all()
    shown[first][:] = whole[first]
    lab.read_ref(first)
    lab.deliver_all()
    shown[last][:] = whole[last]
    lab.rest()

    assert ids(lab, order) == made
    assert held(lab, order) == held(lab, bill) == ["1", "2", "3"]
    assert (lab.crm.writes, lab.erp.writes) == (0, 0)


@pytest.mark.parametrize("quantities", [("1", "2", "3"), ("1", "1", "3")])
def test_two_lines_are_not_taken_for_one_where_each_side_leaves_out_another(
    quantities: tuple[str, ...],
) -> None:
    """No marker tells them; what is left of them is alike, or says the same."""
    lab = removing(markers=())
    order, bill = linked(lab, *quantities)
    made = ids(lab, order), ids(lab, bill)
    shown_lines, shown_rows = lab.crm.lines(order, LINES), lab.erp.lines(bill, ENTRY)
    all_lines, all_rows = [*shown_lines], [*shown_rows]

    shown_lines[:] = [all_lines[0], all_lines[2]]
    shown_rows[:] = all_rows[1:]
    for ref in (order, bill):
        lab.read_ref(ref)
        lab.deliver_all()
    shown_lines[:], shown_rows[:] = all_lines, all_rows
    lab.rest()

    assert (ids(lab, order), ids(lab, bill)) == made
    assert (lab.crm.writes, lab.erp.writes) == (0, 0)
