"""Notices without what the mapping marks as personal."""

from dataclasses import replace

from pydantic import JsonValue

from anji_common.events.notices import NoticeKind
from anji_common.refs import Ref
from anji_mapper.link.discreet import HIDDEN, discreet
from anji_mapper.link.state import Seat, SideState
from anji_mapper.mapping.model import Seen
from labs.link_lab import CRM, ERP, PAIRS, LinkLab, make_link_type

_TYPE = make_link_type()
TYPE = replace(_TYPE, pairs=tuple(replace(pair, personal=pair.crm == "tel") for pair in PAIRS))
SEAT = Seat(
    key=Ref(CRM, "AccountObj", "001"),
    link_type="customer",
    generation=0,
    crm=SideState(seen=Seen({"name": "Ann", "tel": "13800000001"})),
    erp=SideState(seen=Seen({"FName": "Ann", "FTEL": "13900000002"})),
)


def test_a_vendors_words_do_not_quote_a_persons_number() -> None:
    words, details = discreet(
        SEAT, TYPE, "FTEL 13800000001 stands twice", {"problem": "refused:13900000002"}
    )

    assert words == f"FTEL {HIDDEN} stands twice"
    assert details == {"problem": f"refused:{HIDDEN}"}


def test_the_details_of_a_personal_field_are_hidden_and_those_of_others_are_told() -> None:
    details = {"field": "tel~FTEL", "crm": "1", "erp": None, "winner": "fxiaoke"}
    of_another = {"field": "name~FName", "crm": "Ann", "erp": "Bea"}

    assert discreet(SEAT, TYPE, "", details)[1] == {**details, "crm": HIDDEN}
    assert discreet(SEAT, TYPE, "", of_another)[1] == of_another


def test_fields_by_name_are_hidden_also_those_of_lines() -> None:
    fields: dict[str, JsonValue] = {
        "tel~FTEL": ["1", "2"],
        "A~B/9/tel~FTEL": ["3", "4"],
        "name~FName": ["a", "b"],
    }

    _, details = discreet(SEAT, TYPE, "", {"fields": fields})

    assert details["fields"] == {
        "tel~FTEL": HIDDEN,
        "A~B/9/tel~FTEL": HIDDEN,
        "name~FName": ["a", "b"],
    }


def test_a_conflict_about_a_personal_field_tells_who_won_and_not_what() -> None:
    lab = LinkLab(TYPE)
    lab.linked()
    lab.edit(CRM, "001", tel="13800000001")
    lab.edit(ERP, "001", FTEL="13900000002")
    lab.rest()

    (told,) = [each for each in lab.notices if each.kind is NoticeKind.CONFLICT_DECIDED]
    assert told.details["winner"] == "k3cloud"
    assert (told.details["crm"], told.details["erp"]) == (HIDDEN, HIDDEN)


def test_a_link_type_without_personal_fields_tells_all() -> None:
    details = {"field": "tel~FTEL", "crm": "13800000001"}

    assert discreet(SEAT, _TYPE, "13800000001", details) == ("13800000001", details)
