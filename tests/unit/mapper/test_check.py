"""What is found in mappings that compile."""

from anji_mapper.mapping.check import check, dependencies
from anji_mapper.mapping.compile import compile_mappings
from anji_mapper.mapping.folder import load_mappings
from anji_mapper.mapping.model import Mappings


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
