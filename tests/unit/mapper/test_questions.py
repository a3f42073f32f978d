"""``conflict: ask``: people decide about one field while the others flow."""

from dataclasses import replace

import pytest

from anji_common.events.inbox import EntryKind
from anji_common.events.notices import NoticeKind
from anji_common.refs import System
from anji_mapper.link.codec import decode_seat, encode_seat
from anji_mapper.link.questions import question_id
from anji_mapper.link.state import ProblemKind, Seat
from anji_mapper.mapping.lenses import ValueMap
from anji_mapper.mapping.model import Mappings
from labs.document_lab import DocumentLab
from labs.link_lab import CRM, ERP, LinkLab, make_link_type
from labs.mapping_files import GOOD, changed, words_of
from labs.order_type import ENTRY, LINES, ORDER, make_order_type

TEL = "tel~FTEL"


def asking() -> LinkLab:
    """Return a lab with a linked customer; both sides have changed the phone number."""
    link_type = make_link_type()
    pairs = tuple(replace(pair, asks=pair.name == TEL) for pair in link_type.pairs)
    lab = LinkLab(replace(link_type, pairs=pairs))
    lab.linked()
    lab.edit(CRM, "001", tel="crm", name="Bea")
    lab.edit(ERP, "001", FTEL="erp", FDescription="x")
    lab.rest()
    return lab


def decide(lab: LinkLab, question: str, winner: System) -> bool:
    seat = lab.seat(CRM, "001")
    return lab.say(seat, EntryKind.DECIDE, "person/wang", problem=question, winner=winner)


def question(seat: Seat) -> str:
    ((key, values),) = seat.asked.items()
    return question_id(key, values)


def phones(lab: LinkLab) -> tuple[object, object]:
    return lab.vendors[CRM].records["001"]["tel"], lab.vendors[ERP].records["001"]["FTEL"]


def test_a_field_that_is_asked_about_stands_and_the_others_flow() -> None:
    lab = asking()

    problem = lab.seat(CRM, "001").problem
    assert phones(lab) == ("crm", "erp")
    assert lab.vendors[ERP].records["001"]["FName"] == "Bea"
    assert problem is not None
    assert problem.kind is ProblemKind.ASKED
    assert problem.words == "both sides changed tel~FTEL: CRM 'crm', ERP 'erp'"
    asked = [notice for notice in lab.notices if notice.kind is NoticeKind.CONFLICT_ASKED]
    assert [notice.details["question"] for notice in asked] == [question(lab.seat(CRM, "001"))]


@pytest.mark.parametrize(("winner", "value"), [(CRM, "crm"), (ERP, "erp")])
def test_what_a_person_decided_is_carried_out_on_both_sides(winner: System, value: str) -> None:
    lab = asking()

    decide(lab, question(lab.seat(CRM, "001")), winner)
    lab.rest()

    seat = lab.seat(CRM, "001")
    assert phones(lab) == (value, value)
    assert (seat.asked, seat.decisions, seat.problem) == ({}, {}, None)
    decided = [n for n in lab.notices if n.kind is NoticeKind.CONFLICT_DECIDED]
    assert decided[-1].words == "both sides changed tel~FTEL; wang decided so"


def test_an_answer_to_other_values_or_a_replayed_one_decides_nothing() -> None:
    lab = asking()
    old = question(lab.seat(CRM, "001"))
    lab.edit(CRM, "001", tel="newer")
    lab.rest()

    decide(lab, old, ERP)
    decide(lab, "no question of ours", ERP)
    lab.rest()

    assert phones(lab) == ("newer", "erp")
    decide(lab, question(lab.seat(CRM, "001")), CRM)
    lab.rest()
    decide(lab, old, ERP)
    lab.rest()
    assert phones(lab) == ("newer", "newer")


def test_people_who_agree_by_themselves_are_asked_no_more() -> None:
    lab = asking()

    lab.edit(ERP, "001", FTEL="crm")
    lab.rest()

    assert lab.seat(CRM, "001").asked == {}
    assert lab.seat(CRM, "001").problem is None


def test_an_edit_of_one_side_alone_asks_nobody() -> None:
    link_type = make_link_type()
    pairs = tuple(replace(pair, asks=True) for pair in link_type.pairs)
    lab = LinkLab(replace(link_type, pairs=pairs))
    lab.linked()

    lab.edit(CRM, "001", tel="2")
    lab.rest()

    assert phones(lab) == ("2", "2")
    assert lab.seat(CRM, "001").asked == {}


def test_a_field_of_a_line_is_asked_about_and_decided_too() -> None:
    order_type = make_order_type()
    (lines,) = order_type.lines
    pairs = tuple(replace(pair, asks=pair.crm == "qty") for pair in lines.pairs)
    lab = DocumentLab(replace(order_type, lines=(replace(lines, pairs=pairs),)))
    order = lab.make(CRM, ORDER, {"name": "DD-1"}, **{LINES: [{"qty": "1"}]})
    lab.rest()
    bill = lab.partner(order)
    crm_id = str(lab.crm.lines(order, LINES)[0]["_id"])
    erp_id = str(lab.erp.lines(bill, ENTRY)[0]["FEntryID"])
    lab.change_row(order, LINES, crm_id, {"qty": "2"})
    lab.change_row(bill, ENTRY, erp_id, {"FQty": "3"})
    lab.rest()

    name = question(lab.of(order))
    lab.say(lab.of(order), EntryKind.DECIDE, "person/wang", problem=name, winner=ERP)
    lab.rest()

    assert lab.crm.lines(order, LINES)[0]["qty"] == "3"
    assert (lab.of(order).asked, lab.of(order).decisions) == ({}, {})


def test_an_answer_that_cannot_be_carried_out_yet_stands_until_it_can() -> None:
    order_type = make_order_type()
    pairs = tuple(replace(pair, asks=pair.crm == "kind") for pair in order_type.pairs)
    lab = DocumentLab(replace(order_type, pairs=pairs))
    order = lab.make(CRM, ORDER, {"name": "DD-1", "kind": "a"}, **{LINES: [{"qty": "1"}]})
    lab.rest()
    lab.change(order, {"kind": "b"})
    lab.change(lab.partner(order), {"FKind": "3"})
    lab.rest()

    name = question(lab.of(order))
    lab.say(lab.of(order), EntryKind.DECIDE, "person/wang", problem=name, winner=ERP)
    lab.look()

    problem = lab.of(order).problem
    assert problem is not None
    assert problem.kind is ProblemKind.UNMAPPED
    wider = ValueMap({"a": "1", "b": "2", "c": "3"})
    pairs = tuple(replace(each, lens=wider) if each.crm == "kind" else each for each in pairs)
    lab.mappings = Mappings((replace(order_type, pairs=pairs, version="v2"),))
    lab.rest()
    assert lab.crm.documents[order]["kind"] == "c"
    assert (lab.of(order).problem, lab.of(order).decisions) == (None, {})


def test_questions_and_answers_survive_in_the_state() -> None:
    lab = asking()
    lab.commands.clear()
    decide(lab, question(lab.seat(CRM, "001")), CRM)
    seat = lab.seat(CRM, "001")

    assert seat.decisions
    assert decode_seat(encode_seat(seat)) == seat


@pytest.mark.parametrize("way", ["direction: to_erp", "only_on_create: true"])
def test_only_a_field_that_flows_both_ways_can_be_asked_about(way: str) -> None:
    text = changed(GOOD, "erp: FTEL}", f"erp: FTEL, conflict: ask, {way}}}")

    (word,) = words_of(customer=text)

    assert word.endswith("only a field that flows both ways has conflicts")
