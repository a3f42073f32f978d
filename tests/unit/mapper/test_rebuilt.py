"""Links made anew (``protocol.md`` 16): what stands is agreed, nothing is written, edits flow."""

import pytest

from anji_common.events.commands import Command
from anji_common.events.crosswalk import CrosswalkRow, RowState
from anji_common.events.inbox import EntryKind
from anji_common.events.notices import Notice, NoticeKind
from anji_common.refs import Ref
from anji_mapper.link.rebuilt import Known, Rebuilt, keys_of, link_of, lone_seat
from anji_mapper.link.state import ProblemKind, Stage
from labs.document_lab import DocumentLab, Row
from labs.link_lab import CRM, ERP, LinkLab, make_link_type
from labs.order_type import BILL, ENTRY, LINES, NAME, ORDER, make_order_type

TWO_ROWS: list[Row] = [{"qty": "1", "price": "10"}, {"qty": "2", "price": "20"}]


def linked(lab: DocumentLab) -> tuple[Ref, Ref]:
    order = lab.make(CRM, ORDER, {"name": "DD-1"}, **{LINES: TWO_ROWS})
    lab.rest()
    return order, lab.partner(order)


def lose(lab: DocumentLab, order: Ref, bill: Ref, *, with_rows: bool = True) -> Rebuilt:
    """Lose the state, and make it anew from what the topics hold."""
    lines = lab.rows[str(order)].lines if with_rows else {}
    changes = {ref: lab.take_ref(ref) for ref in (order, bill)}
    known = Known(order, bill, changes, lines)
    rebuilt = link_of(known, lab.type_of(order), lab.context())
    lab.seats = {str(seat.key): seat for seat in (rebuilt.home.seat, rebuilt.pointer)}
    return rebuilt


def ids(lab: DocumentLab, ref: Ref, path: str) -> list[str]:
    vendor = lab.vendor(ref.system)
    return [str(row[vendor.id_field(ref, path)]) for row in vendor.lines(ref, path)]


def writes(lab: DocumentLab) -> int:
    return lab.vendor(CRM).writes + lab.vendor(ERP).writes


@pytest.mark.parametrize("with_rows", [True, False], ids=["by the crosswalk", "without it"])
def test_a_pair_that_is_equal_is_a_link_again_and_an_edit_of_either_side_flows(
    *, with_rows: bool
) -> None:
    lab = DocumentLab(make_order_type())
    order, bill = linked(lab)
    before = writes(lab)

    rebuilt = lose(lab, order, bill, with_rows=with_rows)
    lab.rest()

    assert not rebuilt.unsettled
    assert not any(isinstance(each, Command | Notice) for each in rebuilt.home.effects)
    assert writes(lab) == before
    lab.change_row(order, LINES, ids(lab, order, LINES)[0], {"qty": "5"})
    lab.change_row(bill, ENTRY, ids(lab, bill, ENTRY)[1], {"FPrice": "21"})
    lab.rest()
    assert [row["FQty"] for row in lab.vendor(ERP).lines(bill, ENTRY)] == ["5", "2"]
    assert [row["price"] for row in lab.vendor(CRM).lines(order, LINES)] == ["10", "21"]
    assert writes(lab) == before + 2


def test_what_differs_is_told_and_let_be_until_somebody_edits_it() -> None:
    lab = DocumentLab(make_order_type())
    order, bill = linked(lab)
    before = writes(lab)
    lab.change(order, {"remark": "ours"})
    lab.change(bill, {"FNote": "theirs"})
    lab.change_row(order, LINES, ids(lab, order, LINES)[0], {"qty": "7"})

    rebuilt = lose(lab, order, bill)
    lab.rest()

    (notice,) = [each for each in rebuilt.home.effects if isinstance(each, Notice)]
    assert notice.kind is NoticeKind.UNSETTLED
    row = f"{NAME}/{ids(lab, order, LINES)[0]}/qty~FQty"
    assert notice.details["fields"] == {"remark~FNote": ["ours", "theirs"], row: ["7", "1"]}
    assert writes(lab) == before
    lab.change(bill, {"FNote": "newer"})
    lab.rest()
    assert lab.vendor(CRM).documents[order]["remark"] == "newer"


@pytest.mark.parametrize("system", [CRM, ERP])
def test_a_line_that_one_side_holds_alone_stays_alone(system: str) -> None:
    lab = DocumentLab(make_order_type())
    order, bill = linked(lab)
    before = writes(lab)
    ref, path, key = (order, LINES, "qty") if system == CRM else (bill, ENTRY, "FQty")
    lab.add_row(ref, path, {key: "9"})

    rebuilt = lose(lab, order, bill)
    lab.rest()

    assert len(rebuilt.unsettled.lines) == 1
    assert writes(lab) == before
    rows = [each for each in rebuilt.home.effects if isinstance(each, CrosswalkRow)]
    assert [len(each.lines) for each in rows] == [2, 2]
    lab.change(order, {"remark": "later"})
    lab.rest()
    assert lab.vendor(ERP).documents[bill]["FNote"] == "later"
    counts = (len(ids(lab, order, LINES)), len(ids(lab, bill, ENTRY)))
    assert counts == ((3, 2) if system == CRM else (2, 3))


def customer_lost(lab: LinkLab, *, is_ended: bool = False) -> Rebuilt:
    changes = {}
    for system in (CRM, ERP):
        if "001" in lab.vendors[system].records:
            change = lab.take(system, "001")
            changes[change.ref] = change
    home, partner = (Ref(CRM, "AccountObj", "001"), Ref(ERP, "BD_Customer", "001"))
    known = Known(home, partner, changes, {}, is_ended=is_ended)
    rebuilt = link_of(known, lab.link_type, lab.context())
    lab.seats = {str(seat.key): seat for seat in (rebuilt.home.seat, rebuilt.pointer)}
    for effect in rebuilt.home.effects:
        if effect.to_message().topic == "anji.inbox.v1":
            lab.queues["inbox", str(home)].append(effect)  # type: ignore[arg-type]  # an Entry, by its topic
    return rebuilt


def test_a_number_that_was_not_told_yet_is_told() -> None:
    lab = LinkLab()
    lab.linked()
    lab.vendors[CRM].records["001"]["code__c"] = None

    rebuilt = customer_lost(lab)
    lab.rest()

    assert not rebuilt.unsettled
    assert lab.vendors[CRM].records["001"]["code__c"] == "CUST001"


def test_a_record_whose_home_is_gone_is_an_orphan_that_another_home_may_claim() -> None:
    lab = LinkLab(make_link_type(matches_names=True))
    lab.linked()
    del lab.vendors[CRM].records["001"], lab.vendors[CRM].stamps["001"]

    rebuilt = customer_lost(lab, is_ended=True)
    (row, _) = [each for each in rebuilt.home.effects if isinstance(each, CrosswalkRow)]
    lab.edit(CRM, name="Ann")
    lab.rest()

    assert row.state is RowState.ENDED
    assert rebuilt.home.seat.stage is Stage.ENDED
    assert lab.seat(CRM, "002").partner == Ref(ERP, "BD_Customer", "001")
    assert lab.vendors[ERP].creates == 1


def test_a_home_whose_partner_is_gone_has_its_problem_again() -> None:
    lab = LinkLab()
    lab.linked()
    del lab.vendors[ERP].records["001"], lab.vendors[ERP].stamps["001"]

    customer_lost(lab, is_ended=True)
    lab.rest()

    problem = lab.seat(CRM, "001").problem
    assert problem is not None
    assert problem.kind is ProblemKind.GONE
    assert lab.vendors[ERP].creates == 1


def test_numbers_of_commands_and_entries_are_above_all_that_were_given_before() -> None:
    lab = LinkLab()
    lab.linked()
    before = lab.seat(CRM, "001")
    old = [found for found in lab.delivered if hasattr(found, "sequence")]
    lab.tick(5)

    rebuilt = customer_lost(lab)

    assert rebuilt.home.seat.generation > before.generation
    assert old
    assert not any(lab.hand_over(found) for found in old)


def test_a_home_without_a_counterpart_decides_anew_and_another_record_only_waits() -> None:
    lab = DocumentLab(make_order_type())
    order = lab.make(CRM, ORDER, {"name": "DD-1"}, **{LINES: TWO_ROWS})
    bill = lab.make(ERP, BILL, {"FBillNo": "X"}, **{ENTRY: []})
    link_type, context = lab.type_of(order), lab.context()

    home = lone_seat(lab.take_ref(order), link_type, context)
    other = lone_seat(lab.take_ref(bill), link_type, context)

    assert [getattr(each, "kind", None) for each in home.effects] == [EntryKind.LOOK]
    assert other.effects == []
    assert other.seat.newest is not None


def test_a_home_that_is_told_to_look_wishes_for_its_counterpart() -> None:
    lab = LinkLab()
    lab.edit(CRM, name="Ann")
    turn = lone_seat(lab.take(CRM, "001"), lab.link_type, lab.context())
    lab.seats[str(turn.seat.key)] = turn.seat
    (look,) = turn.effects

    lab.hand_over(look)  # type: ignore[arg-type]  # an Entry

    assert [command.seat for command in lab.commands] == [turn.seat.key]


def test_natural_keys_are_those_that_a_create_would_be_looked_up_by() -> None:
    lab = DocumentLab(make_order_type(matches_names=True))
    order = lab.make(CRM, ORDER, {"name": "DD-1"})
    link_type = lab.type_of(order)
    seen = link_type.seen(CRM, lab.take_ref(order).data or {})

    assert keys_of(link_type, seen, ERP, lab.context()) == [(("FBillNo",), ("DD-1",))]
