"""Objects that are only published."""

import pytest

from anji_common.interest import FieldKind
from anji_common.refs import System
from anji_mapper.decode import input_topics
from anji_mapper.mapping.compile import compile_mappings, find_errors
from labs.mapping_files import GOOD, changed, words_of

LEAD = """\
publish: lead
settings: {account: account_id}
system: crm
object: LeadsObj
id: _id
number: name
fields:
  - company
  - {path: transform_time, kind: time}
  - {path: "${account}", refers_to: AccountObj}
"""


def test_a_published_object_is_read_and_no_link_type_knows_it() -> None:
    found = compile_mappings({"customer.yaml": GOOD, "lead.yaml": LEAD})

    interest = found.interest(System.FXIAOKE)
    lead = interest.of("LeadsObj")
    kinds = {each.path: (each.kind, each.refers_to) for each in lead.fields}
    assert kinds == {
        "account_id": (FieldKind.REFERENCE, "AccountObj"),
        "company": (FieldKind.TEXT, None),
        "name": (FieldKind.TEXT, None),
        "transform_time": (FieldKind.TIME, None),
    }
    assert [each.object_name for each in interest.objects] == ["AccountObj", "LeadsObj"]
    assert found.of(System.FXIAOKE, "LeadsObj") is None
    assert not any("LeadsObj" in topic for topic in input_topics(found))


def test_a_setting_leaves_a_field_or_the_whole_file_out() -> None:
    texts = {"customer.yaml": GOOD, "lead.yaml": LEAD}

    without = compile_mappings(texts, {"lead": {"account": ""}}).published
    off = compile_mappings({**texts, "lead.yaml": f"{LEAD}used: false\n"}).published

    assert [each.path for each in without[0].interest.fields] == [
        "company",
        "name",
        "transform_time",
    ]
    assert off == ()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("fields:", "filds:", "unknown key 'filds'; did you mean 'fields'?"),
        ("system: crm", "system: csm", "'csm' is not one of 'crm' or 'erp'"),
        ("LeadsObj", "AccountObj", "CRM object AccountObj is published already"),
        (
            "  - company",
            "  - company\n  - {path: company, kind: decimal}",
            "company is decimal here and text elsewhere",
        ),
        ("number: name", "number: name\nlines: [{path: A, id: _id, fields: [x]}]", "have a head"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(old: str, new: str, words: str) -> None:
    found = words_of(customer=GOOD, lead=changed(LEAD, old, new))

    assert any(words in each and each.startswith("lead.yaml:") for each in found), found


def test_a_setting_that_is_not_there_is_told() -> None:
    found = find_errors({"customer.yaml": GOOD, "lead.yaml": LEAD}, {"lead": {"acount": "x"}})

    assert "there is no setting 'acount' here; did you mean 'account'?" in str(found[0])
