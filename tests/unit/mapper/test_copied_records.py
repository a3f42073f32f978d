"""Records that people copy, with our marker in them."""

from dataclasses import replace

from anji_mapper.link.rebuilt import lone_seat
from anji_mapper.link.state import ProblemKind, Stage
from anji_mapper.mapping.model import LinkType
from labs.link_lab import CRM, ERP, LinkLab, make_link_type


def of_bills(link_type: LinkType) -> LinkType:
    interest = replace(link_type.erp.interest, is_bill=True)
    return replace(link_type, erp=replace(link_type.erp, interest=interest))


def test_a_copy_that_names_anothers_home_is_told_and_crosses_once_its_marker_is_emptied() -> None:
    lab = LinkLab(make_link_type(creates=(CRM, ERP)))
    lab.linked()
    original = lab.vendors[ERP].records["001"]

    copied = lab.edit(ERP, **{**original, "FNumber": "C-2", "FName": "Bob"})
    lab.rest()

    problem = lab.seat(ERP, copied).problem
    assert problem is not None
    assert problem.kind is ProblemKind.UNMAPPED
    assert "fxiaoke/AccountObj/001, which is linked with k3cloud/BD_Customer/001" in problem.words
    assert lab.vendors[CRM].creates == 0

    lab.edit(ERP, copied, F_ANJI_REF=None)
    lab.rest()

    assert lab.seat(ERP, copied).stage is Stage.POINTER
    assert lab.seat(ERP, copied).problem is None
    assert lab.vendors[CRM].records["002"]["name"] == "Bob"


def test_a_copy_is_no_news_where_its_side_makes_nothing() -> None:
    lab = LinkLab()
    lab.linked()

    copied = lab.edit(ERP, **{**lab.vendors[ERP].records["001"], "FNumber": "C-2"})
    lab.rest()

    assert lab.seat(ERP, copied).problem is None


def test_what_we_have_made_a_second_time_is_told_also_where_its_side_makes_nothing() -> None:
    """A create whose answer was lost was done late, when the next one had been deleted."""
    lab = LinkLab(of_bills(make_link_type()))
    lab.linked()
    again = {**lab.vendors[ERP].records["001"], "FNumber": "C-2"}

    made = lab.vendors[ERP].write(again, at=lab.tick(), by_anji=True)
    lab.rest()

    problem = lab.seat(ERP, made).problem
    assert problem is not None
    assert "which is linked with k3cloud/BD_Customer/001; this was made a second" in problem.words
    assert lab.seat(CRM, "001").problem is None


def test_base_data_given_to_another_organisation_is_no_second_record_of_ours() -> None:
    lab = LinkLab()
    lab.linked()

    given = lab.vendors[ERP].write(lab.vendors[ERP].records["001"], at=lab.tick(), by_anji=True)
    lab.rest()

    assert lab.seat(ERP, given).problem is None


def test_a_copy_is_looked_at_again_after_the_links_were_lost() -> None:
    lab = LinkLab(make_link_type(creates=(CRM, ERP)))
    lab.linked()
    copied = lab.edit(ERP, **{**lab.vendors[ERP].records["001"], "FNumber": "C-2"})

    turn = lone_seat(lab.take(ERP, copied), lab.link_type, lab.context())

    assert len(turn.effects) == 1
