"""The ERP's business number in the CRM: it may be changed there, and is not taken away."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anji_common.events.notices import NoticeKind
from anji_common.refs import System
from anji_mapper.link.merge import Wish, merge_pair
from anji_mapper.mapping.folder import load_mappings
from anji_mapper.mapping.model import Pair
from labs.link_lab import CRM, ERP, LinkLab, make_pair

NUMBER = make_pair("code__c", "FNumber", owner=ERP)


def test_a_number_that_people_blank_in_the_crm_comes_back_and_they_are_told() -> None:
    """Blank, the ERP would keep its own, or take another one from its coding rule."""
    lab = LinkLab()
    lab.linked()
    writes = lab.vendors[ERP].writes

    lab.edit(CRM, "001", code__c=None)
    lab.rest()

    assert lab.vendors[CRM].records["001"]["code__c"] == "CUST001"
    assert lab.vendors[ERP].records["001"]["FNumber"] == "CUST001"
    assert lab.vendors[ERP].writes == writes
    (told,) = [each for each in lab.notices if each.kind is NoticeKind.CONFLICT_DECIDED]
    assert told.words.startswith("the CRM cleared code__c~FNumber; a number is not taken")
    assert told.details == {
        "field": "code__c~FNumber",
        "crm": None,
        "erp": "CUST001",
        "winner": "k3cloud",
    }


def test_a_number_that_is_blanked_again_comes_back_again() -> None:
    lab = LinkLab()
    lab.linked()

    for _ in range(3):
        lab.edit(CRM, "001", code__c=None)
        lab.rest()
        assert lab.vendors[CRM].records["001"]["code__c"] == "CUST001"


def test_a_workflow_that_blanks_every_number_comes_to_rest() -> None:
    lab = LinkLab()
    lab.linked()
    lab.vendors[CRM].workflow = lambda _: None
    writes = lab.vendors[CRM].writes

    lab.edit(CRM, "001", code__c=None)
    lab.rest()

    assert lab.vendors[ERP].records["001"]["FNumber"] == "CUST001"
    assert lab.vendors[CRM].writes - writes <= 3


def test_another_number_of_the_crm_is_an_edit_like_any_other() -> None:
    lab = LinkLab()
    lab.linked()

    lab.edit(CRM, "001", code__c="C-7")
    lab.rest()

    assert lab.vendors[ERP].records["001"]["FNumber"] == "C-7"
    assert not [each for each in lab.notices if each.kind is NoticeKind.CONFLICT_DECIDED]


def test_other_fields_are_cleared_as_ever() -> None:
    lab = LinkLab()
    lab.linked()

    lab.edit(CRM, "001", tel=None)
    lab.rest()

    assert lab.vendors[ERP].records["001"]["FTEL"] is None


NUMBERS = st.sampled_from([None, "C-1", "C-2"])
SOME_NUMBERS = st.sampled_from(["C-1", "C-2"])


@given(crm=NUMBERS, erp=SOME_NUMBERS, agreed=st.none() | st.tuples(NUMBERS, NUMBERS))
@pytest.mark.parametrize("owner", [CRM, ERP])
def test_no_number_of_the_erp_is_ever_wished_blank(
    owner: System, crm: str | None, erp: str, agreed: tuple[str | None, str | None] | None
) -> None:
    pair = replace(NUMBER, owner=owner)

    found = merge_pair(pair, (crm, erp), agreed, lambda target: erp if target is CRM else crm)

    assert not (isinstance(found, Wish) and found.system is ERP and found.value is None)
    if isinstance(found, Wish) and crm is None:
        assert found.values == (erp, erp)


def test_what_the_crm_never_held_comes_without_a_word_to_people() -> None:
    """On the first look nobody has taken anything away."""
    pair = replace(NUMBER, owner=CRM)

    found = merge_pair(pair, (None, "C-1"), None, lambda target: "C-1" if target is CRM else None)

    assert found == Wish(pair, CRM, ("C-1", "C-1"))


def test_the_shipped_numbers_that_flow_both_ways_are_known_as_such() -> None:
    def numbers(pairs: tuple[Pair, ...]) -> list[str]:
        return [pair.name for pair in pairs if pair.is_number]

    types = {each.name: each for each in load_mappings().types}

    assert numbers(types["customer"].pairs) == ["erp_number__c~FNumber"]
    assert numbers(types["product"].pairs) == ["product_code~FNumber"]
    assert not [lines for each in types.values() for lines in each.lines if numbers(lines.pairs)]
