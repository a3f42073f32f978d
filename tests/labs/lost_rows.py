"""Accidents of lines (``protocol.md`` 18): each ends well with its rule, and not without it."""

from collections.abc import Callable, Iterable, Mapping

from pydantic import JsonValue

from anji_common.events.commands import Command
from anji_common.events.notices import NoticeKind
from anji_common.events.results import Outcome, Result
from anji_common.refs import Ref, System
from anji_mapper.link.rules import RULES, Rules
from anji_mapper.mapping.model import Mappings
from anji_mapper.mapping.removals import RowPolicy
from labs.document_lab import DocumentLab
from labs.link_lab import CRM, ERP, without
from labs.order_type import BILL, ENTRY, LINES, ORDER, make_order_type

__all__ = ["ACCIDENTS", "answer", "held", "ids", "linked", "removing"]

_REMOVE = RowPolicy.REMOVE


def removing(rules: Rules = RULES, *, markers: Iterable[System] = (CRM, ERP)) -> DocumentLab:
    """Return a lab of orders whose lines are removed on both sides."""
    order_type = make_order_type(on_removed=_REMOVE, markers=markers)
    return DocumentLab(order_type, rules=rules)


def linked(lab: DocumentLab, *quantities: str) -> tuple[Ref, Ref]:
    """Let an order with these lines cross; return (order, bill)."""
    rows = [{"qty": each, "price": "10"} for each in quantities]
    order = lab.make(CRM, ORDER, {"name": "DD-1"}, **{LINES: rows})
    lab.rest()
    return order, lab.partner(order)


def held(lab: DocumentLab, ref: Ref, field: str = "") -> list[JsonValue]:
    """Return one field of all lines of a record; the quantity, if none is named."""
    path, quantity = (LINES, "qty") if ref.system is CRM else (ENTRY, "FQty")
    return [row[field or quantity] for row in lab.vendor(ref.system).lines(ref, path)]


def ids(lab: DocumentLab, ref: Ref) -> list[str]:
    """Return the ids of the lines of a record."""
    path = LINES if ref.system is CRM else ENTRY
    vendor = lab.vendor(ref.system)
    return [str(row[vendor.id_field(ref, path)]) for row in vendor.lines(ref, path)]


def answer(lab: DocumentLab, order: Ref, command: Command, outcome: Outcome) -> None:
    """Let the writer say what became of a command to the CRM, after one try."""
    is_read = outcome is Outcome.MOVED
    result = Result(
        seat=command.seat,
        number=command.number,
        system=CRM,
        answered_at=lab.tick(),
        outcome=outcome,
        words="" if is_read else "no (already written: some of it)",
        ref=order if is_read else None,
        observed=lab.crm.observed(order) if is_read else None,
        calls=1,
    )
    lab.queues["results", str(command.seat)].append(result)


def _rows_numbered_anew_and_edited(rules: Rules) -> bool:
    """A person's save in the ERP gives the rows new ids, and changes what stands in them."""
    lab = removing(rules, markers=(ERP,))
    order, bill = linked(lab, "1", "2")
    lines = ids(lab, order)
    lab.erp.renumber(bill)
    for row_id, quantity in zip(ids(lab, bill), ("7", "8"), strict=True):
        lab.change_row(bill, ENTRY, row_id, {"FQty": quantity})
    lab.rest()
    return ids(lab, order) == lines and held(lab, order) == ["7", "8"]


def _both_sides_have_the_document_already(rules: Rules) -> bool:
    """Two records are matched by their number; no id and no marker tells which line is which."""
    lab = DocumentLab(make_order_type(matches_names=True, markers=()), rules=rules)
    bill = lab.make(
        ERP, BILL, {"FBillNo": "DD-1"}, **{ENTRY: [{"FQty": each} for each in ("2", "1")]}
    )
    lab.rest()
    order = lab.make(
        CRM, ORDER, {"name": "DD-1"}, **{LINES: [{"qty": each} for each in ("1", "2")]}
    )
    lab.rest()
    return held(lab, order) == ["1", "2"] and held(lab, bill) == ["2", "1"]


def _rows_numbered_anew_by_our_save(rules: Rules) -> bool:
    """Our own save gives all rows new ids; two of them say the same, and nothing marks them.

    The ERP's rows stand in an order of their own.
    """
    lab = removing(rules, markers=())
    lab.erp.renumbers = True
    order, bill = linked(lab, "1", "1", "2")
    lines = ids(lab, order)
    lab.erp.lines(bill, ENTRY).reverse()
    lab.touched(bill)
    lab.rest()
    lab.change_row(order, LINES, lines[2], {"qty": "5"})
    lab.rest()
    pairs = dict(zip(lines, reversed(ids(lab, bill)), strict=True))
    return ids(lab, order) == lines and lab.rows[str(order)].lines == pairs


def _a_kept_line_under_a_mapping_that_removes(rules: Rules) -> bool:
    """People know that one side keeps a line; then the mapping is changed."""
    lab = DocumentLab(make_order_type(), rules=rules)
    order, bill = linked(lab, "1", "2")
    lab.remove_row(order, LINES, ids(lab, order)[0])
    lab.rest()
    lab.mappings = Mappings((make_order_type(on_removed=_REMOVE),))
    lab.change(order, {"remark": "again"})
    lab.rest()
    return held(lab, bill) == ["1", "2"]


def _an_answer_leaves_a_line_out(rules: Rules) -> bool:
    """The source reads the order without one of its lines, which is there all the same."""
    lab = removing(rules)
    order, bill = linked(lab, "1", "2")
    lab.change(order, {"remark": "x"})
    change = lab.take_ref(order)
    lines = (change.data or {})[LINES]
    assert isinstance(lines, list)
    lab.publish(change.model_copy(update={"data": {**(change.data or {}), LINES: lines[1:]}}))
    lab.rest()
    return held(lab, bill) == ["1", "2"] and lab.erp.documents[bill]["FNote"] == "x"


def _one_side_shows_no_line_at_all(rules: Rules) -> bool:
    """The account may not read the lines any more, or a person has removed them all."""
    lab = removing(rules)
    order, bill = linked(lab, "1", "2")
    for row_id in ids(lab, order):
        lab.crm.drop_row(order, LINES, row_id)
    lab.touched(order)
    lab.rest()
    return held(lab, bill) == ["1", "2"] and len(lab.of(order).asked) == 2


def _a_line_is_removed_on_one_side_and_edited_on_the_other(rules: Rules) -> bool:
    """Neither of two people knows of the other."""
    lab = removing(rules)
    order, bill = linked(lab, "1", "2")
    lab.remove_row(order, LINES, ids(lab, order)[0])
    lab.change_row(bill, ENTRY, ids(lab, bill)[0], {"FQty": "9"})
    lab.rest()
    told = [each for each in lab.notices if each.kind is NoticeKind.LINE_RETURNED]
    return held(lab, order) == ["2", "9"] and held(lab, bill) == ["9", "2"] and len(told) == 1


def _a_row_numbered_anew_and_edited_while_its_line_is(rules: Rules) -> bool:
    """One save of a person does both, nothing marks the row, and its line is edited as well."""
    lab = removing(rules, markers=())
    order, bill = linked(lab, "1", "2")
    lab.change_row(order, LINES, ids(lab, order)[0], {"qty": "5"})
    lab.erp.renumber(bill)
    lab.change_row(bill, ENTRY, ids(lab, bill)[0], {"FPrice": "12"})
    lab.rest()
    return held(lab, order) == held(lab, bill) == ["5", "2"]


def _the_rest_of_a_half_made_command_is_refused(rules: Rules) -> bool:
    """One of two new lines is made, the other one refused; meanwhile people edit the first row."""
    lab = DocumentLab(make_order_type(), rules=rules)
    order, bill = linked(lab, "1", "2")
    for quantity in ("3", "4"):
        lab.add_row(bill, ENTRY, {"FQty": quantity})
    lab.read_ref(bill)
    while not lab.commands:
        lab.deliver(next(iter(lab.queues)))
    command = lab.commands.pop()
    lab.crm.add_row(order, LINES, command.rows[LINES][0].values)
    lab.touched(order, by_anji=True)
    lab.change_row(bill, ENTRY, ids(lab, bill)[2], {"FQty": "9"})
    lab.read_ref(bill)
    lab.deliver_all()
    answer(lab, order, command, Outcome.REJECTED)
    lab.rest()
    return held(lab, order) == held(lab, bill) == ["1", "2", "9", "4"]


def _a_row_numbered_anew_while_its_line_is_made(rules: Rules) -> bool:
    """Before it is known whether the line was made, a person's save gives its row a new id."""
    lab = DocumentLab(make_order_type(), rules=rules)
    order, bill = linked(lab, "1", "2")
    lab.add_row(bill, ENTRY, {"FQty": "3"})
    lab.read_ref(bill)
    while not lab.commands:
        lab.deliver(next(iter(lab.queues)))
    lab.erp.renumber(bill)
    lab.change_row(bill, ENTRY, ids(lab, bill)[2], {"FQty": "9"})
    lab.read_ref(bill)
    lab.deliver_all()
    lab.rest()
    return held(lab, order) == held(lab, bill) == ["1", "2", "9"]


ACCIDENTS: Mapping[str, tuple[Callable[[Rules], bool], Rules]] = {
    "18 marker": (_rows_numbered_anew_and_edited, without(finds_by_marker=lambda *_: iter(()))),
    "18 content": (
        _both_sides_have_the_document_already,
        without(finds_by_content=lambda *_: iter(())),
    ),
    "18 order": (_rows_numbered_anew_by_our_save, without(are_in_order=lambda _stamp: False)),
    "18 followed": (
        _a_row_numbered_anew_while_its_line_is_made,
        without(follows_rows=lambda *_: {}),
    ),
    "18 likeness": (
        _a_row_numbered_anew_and_edited_while_its_line_is,
        without(finds_by_likeness=lambda *_: iter(())),
    ),
    "18 half done": (
        _the_rest_of_a_half_made_command_is_refused,
        without(may_be_half_done=lambda _flight, _result: False),
    ),
    "18 both had it": (
        _a_kept_line_under_a_mapping_that_removes,
        without(may_be_removed=lambda _state: True),
    ),
    "18 missed twice": (
        _an_answer_leaves_a_line_out,
        without(is_missed_twice=lambda _missed_at, _side: True),
    ),
    "18 not all at once": (
        _one_side_shows_no_line_at_all,
        without(is_believed=lambda _left: True),
    ),
    "18 edit wins": (
        _a_line_is_removed_on_one_side_and_edited_on_the_other,
        without(edit_wins=lambda *_: False),
    ),
}
"""Part of the rule → (what happens, and whether it ended well; the rules without that part)."""
