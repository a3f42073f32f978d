"""Link types that are only matched: nothing is made, nothing is written."""

import pytest

from anji_common.events.commands import Action
from anji_mapper.link.state import ProblemKind, Stage
from anji_mapper.mapping.folder import load_mappings
from labs.link_lab import CRM, ERP, LinkLab
from labs.mapping_files import changed, compiled, words_of

MATCHED = """\
link: customer
creates: neither
crm: {object: AccountObj, id: _id, number: name, natural_keys: "no__c, tel"}
erp: {object: BD_Customer, id: FCUSTID, number: FNumber, natural_keys: [FNumber, FTEL]}
fields:
  - {crm: no__c, erp: FNumber}
  - {crm: tel, erp: FTEL}
  - {crm: name, erp: FName}
"""


@pytest.fixture
def lab() -> LinkLab:
    return LinkLab(compiled(MATCHED))


def written(lab: LinkLab) -> int:
    return sum(vendor.writes + vendor.creates for vendor in lab.vendors.values())


def test_a_record_that_is_there_is_linked_and_neither_side_is_written(lab: LinkLab) -> None:
    erp_id = lab.edit(ERP, FName="张伟", FNumber="7", FTEL="1")
    lab.edit(CRM, name="Zhang", no__c="7", tel="2")
    lab.rest()

    home = lab.seat(CRM, "001")
    assert home.stage is Stage.LINKED
    assert home.partner == lab.seat(ERP, erp_id).key
    assert lab.rows[str(home.key)].counterpart == home.partner
    lab.edit(CRM, "001", tel="3", name="Zhang Wei")
    lab.edit(ERP, erp_id, FTEL="4")
    lab.rest()
    assert written(lab) == 0
    assert home.problem is None


def test_the_second_key_counts_where_the_first_finds_nothing(lab: LinkLab) -> None:
    erp_id = lab.edit(ERP, FName="张伟", FNumber="8", FTEL="138")
    lab.edit(CRM, name="Zhang", no__c="7", tel="138")
    lab.rest()

    assert lab.seat(CRM, "001").partner == lab.seat(ERP, erp_id).key


def test_what_fits_nothing_is_no_problem_and_is_not_asked_again(lab: LinkLab) -> None:
    lab.edit(CRM, name="Zhang", no__c="7")
    lab.rest()
    lab.look()
    lab.rest()

    seat = lab.seat(CRM, "001")
    assert (seat.stage, seat.problem) == (Stage.NEW, None)
    assert seat.erp.refusal is not None
    assert seat.erp.refusal.kind is ProblemKind.UNMATCHED
    assert [(each.action, each.only_matches) for each in lab.sent] == [(Action.CREATE, True)]
    assert written(lab) == 0


@pytest.mark.parametrize("first", [CRM, ERP])
def test_who_comes_later_finds_who_was_there(lab: LinkLab, first: object) -> None:
    people = {CRM: {"name": "Zhang", "no__c": "7"}, ERP: {"FName": "张伟", "FNumber": "7"}}
    for system in (CRM, ERP) if first is CRM else (ERP, CRM):
        lab.edit(system, **people[system])
        lab.rest()

    assert lab.seat(CRM, "001").stage is Stage.LINKED
    assert lab.seat(ERP, "001").stage is Stage.POINTER
    assert written(lab) == 0


def test_a_record_without_any_key_is_not_asked_about(lab: LinkLab) -> None:
    lab.edit(CRM, name="Zhang")
    lab.rest()

    assert lab.sent == []
    assert lab.seat(CRM, "001").problem is None


def test_an_edit_of_a_key_is_looked_for_anew(lab: LinkLab) -> None:
    lab.edit(CRM, name="Zhang", no__c="7")
    lab.rest()
    lab.vendors[ERP].write({"FName": "张伟", "FNumber": "9"}, at=lab.tick())
    lab.edit(CRM, "001", no__c="9")
    lab.rest()

    assert lab.seat(CRM, "001").stage is Stage.LINKED


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (", natural_keys: [FNumber, FTEL]", "", "records are only matched: say natural_keys"),
        ("id: FCUSTID,", "id: FCUSTID, marker: F_M,", "nothing is made or written here"),
        ("[FNumber, FTEL]", "[FNumer]", "natural key FNumer is no field that flows here"),
    ],
)
def test_what_does_not_fit_is_a_mistake_of_the_file(old: str, new: str, words: str) -> None:
    assert any(words in each for each in words_of(customer=changed(MATCHED, old, new)))


def test_people_are_matched_by_the_shipped_file() -> None:
    found = load_mappings(settings={"employee": {"used": "yes"}}).named("employee")
    operators = {
        "used": "yes",
        "erp_object": "BD_OPERATOR",
        "erp_number": "FNumber",
        "erp_keys": "FNumber",
        "by_mobile": "no",
        "crm_key": "operator__c",
        "crm_keys": "operator__c",
    }
    by_operator = load_mappings(settings={"employee": operators}).named("employee")

    assert found is not None
    assert by_operator is not None
    assert found.is_only_matched
    assert found.erp.natural_keys == (("FStaffNumber",), ("FMobile",))
    assert by_operator.erp.object_name == "BD_OPERATOR"
    assert [pair.name for pair in by_operator.pairs][:2] == ["operator__c~FNumber", "name~FName"]


def test_orders_can_have_their_owners_matched() -> None:
    settings = {"employee": {"used": "yes"}, "sales_order": {"by_link": "yes"}}

    order = load_mappings(settings=settings).named("sales_order")

    assert order is not None
    assert "owner~FSalerId" in [pair.name for pair in order.pairs]
