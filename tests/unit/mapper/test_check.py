"""What is found in mappings that compile."""

import pytest

from anji_common.errors import ConfigurationError
from anji_mapper.mapping.check import check, dependencies, load_order
from anji_mapper.mapping.compile import compile_mappings
from anji_mapper.mapping.folder import load_mappings
from anji_mapper.mapping.model import Mappings
from labs.mapping_files import GOOD, changed, compiled, words_of


def linked(**refers: str) -> Mappings:
    """Return link types that each refer to one other."""
    return compile_mappings({f"{name}.yaml": _file(name, to) for name, to in refers.items()})


def _file(name: str, refers_to: str) -> str:
    return f"""
link: {name}
creates: crm
crm: {{object: {name}Obj, id: _id, number: name}}
erp:
  object: {name}_FORM
  id: FID
  number: FBillNo
  own_number: FBillNo
  packet: {{FBillNo: "", FOther: {{FNumber: ""}}}}
fields:
  - {{crm: name, erp: FBillNo}}
  - {{crm: other_id, erp: FOther, lens: {{reference: {refers_to}}}}}
"""


def test_the_shipped_mappings_have_nothing_to_find() -> None:
    assert check(load_mappings()) == []


def test_what_waits_for_what_follows_from_the_references() -> None:
    assert dependencies(load_mappings()) == {
        "customer": (),
        "product": (),
        "sales_order": ("customer", "product"),
        "shipment": ("customer", "product", "sales_order"),
    }


def test_a_record_waits_for_the_employees_that_it_names_by_number() -> None:
    by_number = _file("order", "person").replace("reference: person", "employee: person")
    mappings = compile_mappings({"a.yaml": by_number, "b.yaml": _file("person", "person")})

    assert dependencies(mappings) == {"order": ("person",), "person": ()}


def test_a_record_may_refer_to_its_own_kind() -> None:
    mappings = linked(a="a")

    assert dependencies(mappings) == {"a": ()}
    assert check(mappings) == []


def test_link_types_that_wait_for_each_other_are_found_once() -> None:
    found = check(linked(d="a", a="b", b="c", c="a"))

    assert [each.words for each in found] == [
        "link types wait for each other in a circle: a → b → c → a"
    ]


def test_a_first_load_goes_from_what_is_referred_to_to_what_refers() -> None:
    mappings = linked(a="c", b="a", c="c", d="d")

    assert load_order(mappings) == ("c", "d", "a", "b")
    assert sorted(load_order(linked(a="b", b="a", c="a"))) == ["a", "b", "c"]


def test_a_link_type_that_is_not_used_is_missed_by_those_that_wait_for_its_records() -> None:
    other = "used: false\n" + _file("b", "b").lstrip()

    mappings = compile_mappings({"a.yaml": _file("a", "b"), "b.yaml": other})

    assert [found.name for found in mappings.types] == ["a"]
    assert [each.words for each in check(mappings)] == [
        "it waits for records of bObj, whose link type is not used: say used: true",
        "it waits for records of b_FORM, whose link type is not used: say used: true",
    ]


def test_two_files_may_map_one_object_where_only_one_of_them_is_used() -> None:
    other = "used: ${used}\nsettings: {used: no}\n" + _file("a2", "a2").lstrip()
    texts = {"a.yaml": _file("a", "a"), "a2.yaml": other.replace("a2Obj", "aObj")}

    assert [found.name for found in compile_mappings(texts).types] == ["a"]
    with pytest.raises(ConfigurationError, match="CRM object aObj is declared in a"):
        compile_mappings(texts, {"a2": {"used": "yes"}})


def test_a_field_that_is_not_used_is_checked_and_left_out() -> None:
    text = changed(GOOD, "erp: FTEL}", "erp: FTEL, used: false}")

    assert [pair.crm for pair in compiled(text).pairs] == ["no__c", "name"]
    assert words_of(a=changed(text, "FTEL, used", "FTEL, lens: {reference: nobody}, used"))
