"""A row that gets another id in the ERP while its line is made in the CRM (``protocol.md`` 18).

The line's marker names the id that the row had. Whoever does not know that it is the same row
makes the line again, takes the first one for a new line of people, and copies it back.
"""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anji_common.events.commands import Command
from anji_common.events.results import Outcome
from anji_common.refs import Ref, System
from anji_mapper.link.codec import decode_seat, encode_seat
from anji_mapper.link.rules import follows_rows
from anji_mapper.link.state import changed
from labs.document_lab import DocumentLab, Row
from labs.link_lab import CRM, ERP
from labs.lost_rows import answer, held, ids, linked, removing
from labs.order_type import ENTRY, LINES, NAME, ORDER, make_order_type

Begun = Callable[[DocumentLab], tuple[Ref, Ref, Command]]


def with_new_rows(lab: DocumentLab) -> tuple[Ref, Ref, Command]:
    """Let two rows be added in the ERP; return (order, bill, the command that makes lines)."""
    order, bill = linked(lab, "1", "2")
    for quantity in ("3", "4"):
        lab.add_row(bill, ENTRY, {"FQty": quantity})
    lab.read_ref(bill)
    lab.deliver_all()
    return order, bill, lab.commands.pop()


def with_returned_rows(lab: DocumentLab) -> tuple[Ref, Ref, Command]:
    """The same of rows that people have edited while their lines were removed in the CRM."""
    order, bill = linked(lab, "1", "2", "0", "0")
    for line, row, quantity in zip(
        ids(lab, order)[2:], ids(lab, bill)[2:], ("3", "4"), strict=True
    ):
        lab.remove_row(order, LINES, line)
        lab.change_row(bill, ENTRY, row, {"FQty": quantity})
    while not lab.commands:
        lab.read_ref(order)
        lab.read_ref(bill)
        lab.deliver_all()
    return order, bill, lab.commands.pop()


def half_make(lab: DocumentLab, order: Ref, command: Command) -> None:
    """Let the first of its lines be made."""
    lab.crm.add_row(order, LINES, command.rows[LINES][0].values)
    lab.touched(order, by_anji=True)


def number_anew(lab: DocumentLab, bill: Ref, quantity: str = "3") -> None:
    """Let people save the bill, with another quantity in its third row; all rows get new ids."""
    lab.erp.renumber(bill)
    lab.change_row(bill, ENTRY, ids(lab, bill)[2], {"FQty": quantity})
    lab.read_ref(bill)
    lab.deliver_all()


@pytest.mark.parametrize("quantity", ["3", "9"])
@pytest.mark.parametrize("begun", [with_new_rows, with_returned_rows])
def test_a_line_whose_row_got_a_new_id_while_it_was_in_doubt_is_not_made_again(
    begun: Begun, quantity: str
) -> None:
    lab = DocumentLab(make_order_type())
    order, bill, command = begun(lab)
    half_make(lab, order, command)
    number_anew(lab, bill, quantity)
    seat = lab.of(order)
    assert decode_seat(encode_seat(seat)) == seat
    assert [*seat.renumbered[NAME].values()] == ids(lab, bill)[2:]

    answer(lab, order, command, Outcome.MOVED)
    lab.rest()

    assert held(lab, bill) == held(lab, order) == ["1", "2", quantity, "4"]
    assert lab.erp.writes == 0
    assert not lab.of(order).renumbered


@pytest.mark.parametrize("begun", [with_new_rows, with_returned_rows])
@pytest.mark.parametrize("is_late", [False, True])
def test_a_line_that_a_person_has_to_look_for_is_no_new_line_of_people(
    begun: Begun, *, is_late: bool
) -> None:
    """`is_late`: its row gets another id between the answer and the read that shows the line."""
    lab = DocumentLab(make_order_type())
    order, bill, command = begun(lab)
    half_make(lab, order, command)

    if is_late:
        answer(lab, order, command, Outcome.IN_DOUBT)
        lab.deliver_all()
        number_anew(lab, bill, "9")
    else:
        number_anew(lab, bill, "9")
        answer(lab, order, command, Outcome.IN_DOUBT)
    lab.rest()

    assert len(ids(lab, bill)) == 4
    assert len(ids(lab, order)) == 3  # the fourth waits for the person
    assert ids(lab, bill)[2] in lab.rows[str(bill)].lines


def test_a_line_whose_row_got_a_new_id_is_agreed_under_it_when_all_went_well() -> None:
    lab = removing()
    order, bill, command = with_new_rows(lab)
    lab.commands.append(command)

    number_anew(lab, bill, "9")
    lab.rest()

    assert held(lab, order) == held(lab, bill) == ["1", "2", "9", "4"]
    assert lab.rows[str(order)].lines == dict(zip(ids(lab, order), ids(lab, bill), strict=True))
    assert lab.erp.writes == 0
    assert not lab.of(order).renumbered


def test_rows_are_the_same_by_marker_then_by_content_then_by_order() -> None:
    before: dict[str, Row] = {
        "1": {"mark": "a", "qty": "1"},
        "2": {"mark": None, "qty": "2"},
        "3": {"mark": None, "qty": "3"},
        "4": {"mark": None, "qty": "4"},
    }
    after: dict[str, Row] = {
        "4": {"mark": None, "qty": "5"},
        "7": {"mark": None, "qty": "3"},
        "8": {"mark": None, "qty": "9"},
        "9": {"mark": "a", "qty": "8"},
    }

    assert follows_rows("mark", before, after) == {"1": "9", "3": "7", "2": "8"}


def test_a_row_with_another_rows_marker_is_not_taken_for_the_next_in_order() -> None:
    before: dict[str, Row] = {"1": {"mark": "a", "qty": "1"}}

    assert follows_rows("mark", before, {"2": {"mark": None, "qty": "2"}}) == {}
    assert follows_rows("mark", before, {"2": {"mark": "b", "qty": "1"}}) == {}


rows = st.dictionaries(
    st.sampled_from("123456"),
    st.fixed_dictionaries(
        {"mark": st.sampled_from((None, "a", "b")), "qty": st.sampled_from("12")}
    ),
)


@given(rows, rows)
def test_a_row_becomes_at_most_one_row_that_was_not_there_before(
    before: dict[str, Row], after: dict[str, Row]
) -> None:
    found = follows_rows("mark", before, after)

    assert len({*found.values()}) == len(found)
    assert found.keys() <= before.keys() - after.keys()
    assert {*found.values()} <= after.keys() - before.keys()


def with_a_row_of_the_erp_alone(lab: DocumentLab) -> tuple[Ref, Ref]:
    """Lose the state while a line's removal is crossing: what stands on both sides stays."""
    order, bill = linked(lab, "1", "2", "3")
    lab.remove_row(order, LINES, ids(lab, order)[0])
    lab.read_ref(order)
    seat = lab.of(order)
    lab.seats[str(order)] = changed(seat, agreed={}, lines={}, is_unsettled=True)
    lab.rest()
    assert held(lab, order) == ["2", "3"]
    return order, bill


@pytest.mark.parametrize(("markers", "quantity"), [((CRM, ERP), "9"), ((), "1")])
def test_a_row_that_the_erp_alone_was_known_to_have_stays_alone_under_its_new_id(
    markers: tuple[System, ...], quantity: str
) -> None:
    lab = DocumentLab(make_order_type(markers=markers))
    order, bill = with_a_row_of_the_erp_alone(lab)

    lab.erp.renumber(bill)
    lab.change_row(bill, ENTRY, ids(lab, bill)[0], {"FQty": quantity})
    lab.rest()

    assert held(lab, order) == ["2", "3"]
    assert held(lab, bill) == [quantity, "2", "3"]


@pytest.mark.parametrize("markers", [(CRM, ERP), ()])
def test_a_row_put_in_place_of_one_that_the_erp_alone_had_is_a_new_row(
    markers: tuple[System, ...],
) -> None:
    lab = DocumentLab(make_order_type(markers=markers))
    order, bill = with_a_row_of_the_erp_alone(lab)

    lab.remove_row(bill, ENTRY, ids(lab, bill)[0])
    lab.add_row(bill, ENTRY, {"FQty": "9"})
    lab.rest()

    assert held(lab, order) == held(lab, bill) == ["2", "3", "9"]


@pytest.mark.parametrize("place", [0, 1])
def test_a_row_that_one_save_numbers_anew_and_edits_is_still_its_line(place: int) -> None:
    lab = removing(markers=())
    order, bill = linked(lab, "1", "2")
    lines = ids(lab, order)

    lab.erp.renumber(bill)
    lab.change_row(bill, ENTRY, ids(lab, bill)[place], {"FQty": "9"})
    lab.rest()

    assert ids(lab, order) == lines
    assert held(lab, order) == held(lab, bill) == (["9", "2"] if place == 0 else ["1", "9"])
    assert lab.rows[str(order)].lines == dict(zip(lines, ids(lab, bill), strict=True))


def test_a_row_numbered_anew_and_edited_is_not_doubled_by_an_edit_of_its_line() -> None:
    lab = removing(markers=())
    order, bill = linked(lab, "1", "2")
    lines = ids(lab, order)

    lab.change_row(order, LINES, lines[0], {"qty": "5"})
    lab.erp.renumber(bill)
    lab.change_row(bill, ENTRY, ids(lab, bill)[0], {"FPrice": "12"})
    lab.rest()

    assert ids(lab, order) == lines
    assert held(lab, order) == held(lab, bill) == ["5", "2"]
    assert held(lab, order, "price") == held(lab, bill, "FPrice") == ["12", "10"]


@pytest.mark.parametrize("renumbers", [False, True])
@pytest.mark.parametrize("is_busy", [False, True])
def test_a_row_without_a_marker_is_not_the_line_of_a_row_that_had_one(
    *, is_busy: bool, renumbers: bool
) -> None:
    """People remove a row and add one like it; saves that number rows anew keep their markers.

    `is_busy`: a command is on its way meanwhile, so that nothing can be decided at once.
    """
    lab = removing()
    order, bill = linked(lab, "1", "2", "3")
    lines = ids(lab, order)
    if is_busy:
        lab.change(bill, {"FNote": "x"})
        lab.read_ref(bill)
        lab.deliver_all()
        assert lab.commands

    lab.remove_row(bill, ENTRY, ids(lab, bill)[2])
    lab.add_row(bill, ENTRY, {"FQty": "9", "FPrice": "10"})
    if renumbers:
        lab.erp.renumber(bill)
    lab.read_ref(bill)
    lab.deliver_all()
    lab.rest()

    assert held(lab, order) == held(lab, bill) == ["1", "2", "9"]
    assert ids(lab, order)[:2] == lines[:2]
    assert lines[2] not in ids(lab, order)


def test_a_row_with_nothing_in_common_is_another_row() -> None:
    """Nobody can tell an edit of all that a row says from another row in its place."""
    lab = removing(markers=())
    order, bill = linked(lab, "1", "2")
    lines = ids(lab, order)

    lab.remove_row(bill, ENTRY, ids(lab, bill)[0])
    lab.add_row(bill, ENTRY, {"FQty": "8", "FPrice": "80"})
    lab.rest()

    assert lines[0] not in ids(lab, order)
    assert held(lab, order) == held(lab, bill) == ["2", "8"]


def test_of_two_rows_numbered_anew_and_edited_each_is_the_line_that_it_is_most_like() -> None:
    lab = removing(markers=())
    rows = [{"qty": each, "price": price} for each, price in (("1", "10"), ("2", "20"))]
    order = lab.make(CRM, ORDER, {"name": "DD-1"}, **{LINES: rows})
    lab.rest()
    bill, lines = lab.partner(order), ids(lab, order)

    lab.erp.lines(bill, ENTRY).reverse()
    lab.erp.renumber(bill)
    for row, quantity in zip(ids(lab, bill), ("7", "8"), strict=True):
        lab.change_row(bill, ENTRY, row, {"FQty": quantity})
    lab.rest()

    assert ids(lab, order) == lines
    assert held(lab, order) == ["8", "7"]
