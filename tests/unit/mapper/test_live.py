"""Files against a vendor's own words: what the sandboxes' companies do not show."""

from anji_common.interest import FieldKind
from anji_common.refs import System
from anji_mapper.mapping.compile import find_live_errors
from anji_mapper.mapping.live import FieldFacts, ObjectFacts, SystemFacts
from labs.mapping_files import GOOD, ORDER, changed

TEXT = frozenset({FieldKind.TEXT, FieldKind.CHOICE})
LEVELS = {"1": "重点", "2": "普通"}
HEAD = {
    **{path: FieldFacts(path, TEXT) for path in ("no__c", "name", "anji_ref__c")},
    "tel": FieldFacts("等级", TEXT, options=LEVELS),
}
MAPPED = changed(GOOD, "erp: FTEL}", "erp: FTEL, lens: {value_map: {values: {'1': A}}}}")


def told(text: str, facts: ObjectFacts, system: System = System.FXIAOKE) -> list[str]:
    """Return what is found in a customer's file, with an order's beside it that nobody asks of."""
    name = "AccountObj" if system is System.FXIAOKE else "BD_Customer"
    said = {system: SystemFacts({name: facts}, ignores_case=system is System.K3CLOUD)}
    found = find_live_errors({"a.yaml": text}, {}, {}, said)
    return [str(each).partition(": ")[2] for each in found]


def test_an_option_without_a_counterpart_is_told_where_the_table_stands() -> None:
    assert told(MAPPED, ObjectFacts(HEAD)) == ["option '2' (普通) of tel is unmapped"]
    assert told(changed(MAPPED, "{'1': A}", "{'1': A}, erp_default: B"), ObjectFacts(HEAD)) == []


def test_an_option_that_the_crm_does_not_have_is_told() -> None:
    found = told(changed(MAPPED, "{'1': A}", "{'1': A, '2': B, '22': C}"), ObjectFacts(HEAD))

    assert found == ["tel has no option '22'; did you mean '2'?"]


def test_an_object_that_cannot_be_described_is_told_in_the_vendors_words() -> None:
    assert told(GOOD, ObjectFacts(refusal="您没有权限")) == ["AccountObj: 您没有权限"]


def test_a_field_that_only_its_description_lacks_is_no_mistake() -> None:
    head = {path: FieldFacts() for path in ("fcreateorgid", "FNumber", "FName")}
    lacking = told(GOOD, ObjectFacts(head), System.K3CLOUD)
    confirmed = frozenset({"FTEL", "F_ANJI_MARKER"})

    still = told(GOOD, ObjectFacts(head, confirmed=confirmed), System.K3CLOUD)

    assert sorted(set(lacking) - set(still)) == ["the ERP has no field F_ANJI_MARKER"]
    assert still == ["the ERP has no field FTEL"]  # in the packet: what is written must be known


def test_lines_that_a_system_does_not_have_are_told() -> None:
    head = {path: FieldFacts() for path in ("name", "account_id", "owner")}
    facts = SystemFacts({"SalesOrderObj": ObjectFacts(head, {"LinesObj": {}})})

    found = find_live_errors({"a.yaml": GOOD, "b.yaml": ORDER}, {}, {}, {System.FXIAOKE: facts})

    (line,) = [number for number, row in enumerate(ORDER.splitlines(), 1) if "LineObj" in row]
    assert [(each.line, each.words) for each in found if each.file == "b.yaml"] == [
        (line, "the CRM has no lines LineObj there; did you mean 'LinesObj'?")
    ]


def test_an_option_of_a_line_that_the_crm_does_not_have_is_told() -> None:
    text = changed(
        ORDER, "lens: decimal}", "lens: {value_map: {values: {'11': A}, erp_default: B}}}"
    )
    head = {path: FieldFacts() for path in ("name", "account_id", "owner")}
    row = {"quantity": FieldFacts("数量", TEXT, options=LEVELS), "order_id": FieldFacts()}
    facts = SystemFacts({"SalesOrderObj": ObjectFacts(head, {"LineObj": row})})

    found = find_live_errors({"a.yaml": GOOD, "b.yaml": text}, {}, {}, {System.FXIAOKE: facts})

    assert "quantity has no option '11'; did you mean '1'?" in {each.words for each in found}


def test_the_field_of_a_condition_is_told_where_it_stands() -> None:
    text = changed(
        GOOD,
        "  number: name\n",
        "  number: name\n  filter:\n    any:\n      - {field: name, is: x}\n"
        "      - not: {field: nam, empty: true}\n",
    )
    (line,) = [number for number, row in enumerate(text.splitlines(), 1) if "nam," in row]

    facts = {System.FXIAOKE: SystemFacts({"AccountObj": ObjectFacts(HEAD)})}
    (found,) = find_live_errors({"a.yaml": text}, {}, {}, facts)

    assert (found.line, found.words) == (line, "the CRM has no field nam; did you mean 'name'?")


def test_a_field_that_a_setting_names_is_told_with_the_settings_name() -> None:
    text = changed(
        changed(GOOD, "settings:", "settings:\n  tel: tell"), "crm: tel", 'crm: "${tel}"'
    )

    assert told(text, ObjectFacts(HEAD)) == [
        "the CRM has no field tell; did you mean 'tel'? (the setting 'tel')"
    ]


def test_a_blank_of_the_crms_packet_is_not_sent_and_may_lack_a_field() -> None:
    text = changed(
        GOOD, "  number: name\n", '  number: name\n  packet: {later__c: "", now__c: x}\n'
    )

    assert told(text, ObjectFacts(HEAD)) == ["the CRM has no field now__c; did you mean 'no__c'?"]
