"""Lines of a record that rests in a state: they are gone with it, not by an edit."""

from dataclasses import replace

import pytest

from anji_common.refs import System
from anji_mapper.mapping.conditions import OneOf
from anji_mapper.mapping.lenses import Same
from anji_mapper.mapping.model import LinkType, Pair
from anji_mapper.mapping.removals import RowPolicy
from anji_mapper.mapping.states import State
from labs.document_lab import DocumentLab
from labs.link_lab import CRM, ERP
from labs.lost_rows import held, ids, linked
from labs.order_type import ENTRY, LINES, make_order_type


def with_state(order_type: LinkType, state: State) -> LinkType:
    """Return the type with a state that its vendors keep in the note, and that does not cross."""
    name, no_way = f"{state.path}~{state.path}", frozenset[System]()
    pair = Pair(name, state.path, state.path, Same(), CRM, no_way, state=state)
    return replace(order_type, pairs=(*order_type.pairs, pair))


def says(word: str) -> OneOf:
    return OneOf("FNote" if word == "closed" else "remark", frozenset((word,)))


VOID = State("void", {CRM: says("void")}, does={}, paths={})
CLOSED = State("closed", {ERP: says("closed")}, does={}, paths={}, resting=frozenset({ERP}))
"""Of the ERP's bill only, whatever the CRM's order is: it shows all rows that it has."""


@pytest.mark.parametrize("is_seen_void", [True, False])
def test_a_line_that_was_removed_while_its_order_was_void_does_not_come_back(
    is_seen_void: object,
) -> None:
    lab = DocumentLab(with_state(make_order_type(on_removed=RowPolicy.REMOVE), VOID))
    order, bill = linked(lab, "1", "2")
    lines = lab.crm.lines(order, LINES)
    kept = list(lines)

    lab.change(order, {"remark": "void"})
    lines.clear()
    if is_seen_void:
        lab.rest()
    lab.remove_row(bill, ENTRY, ids(lab, bill)[0])
    lab.rest()
    lab.change(order, {"remark": "recovered"})
    lines.extend(kept)
    lab.rest()

    assert held(lab, bill) == held(lab, order) == ["2"]
    assert [command.system for command in lab.sent if any(command.removes.values())] == [CRM]


def test_a_line_that_was_removed_before_its_bill_was_closed_goes_all_the_same() -> None:
    lab = DocumentLab(with_state(make_order_type(on_removed=RowPolicy.REMOVE), CLOSED))
    order, bill = linked(lab, "1", "2")

    lab.remove_row(bill, ENTRY, ids(lab, bill)[0])
    lab.change(bill, {"FNote": "closed"})
    lab.rest()

    assert held(lab, bill) == held(lab, order) == ["2"]
