"""The pages on mappings tell what the mappings are."""

import re

import pytest
from pydantic import JsonValue, TypeAdapter
from ruamel.yaml import YAML

from anji_mapper.mapping.building import Known, LinkNames
from anji_mapper.mapping.expanding import build_fields
from anji_mapper.mapping.folder import find_folder, load_mappings
from anji_mapper.mapping.publish_forms import PublishForm
from anji_mapper.mapping.schema import FieldForm, FileForm
from labs.house import ROOT

PAGES = ROOT / "docs" / "mappings"
KEYS = sorted(
    {
        key
        for form in TypeAdapter(FileForm | PublishForm).json_schema()["$defs"].values()
        for key in form.get("properties", {})
    }
)
REFERENCE = (ROOT / "docs" / "mappings.md").read_text()
_ABOUT_LENSES = REFERENCE.partition("## Lenses")[2].partition("\n## ")[0]
LENSES = [
    *(f"{{{each}}}" for each in re.findall(r"`(lens: [^`]*)`", _ABOUT_LENSES)),
    *re.findall(r"`(\{crm: [^`]*)`", _ABOUT_LENSES),
    *re.findall(r"```yaml\n- (crm: .*?)```", _ABOUT_LENSES.replace("\n  ", "\n"), re.DOTALL),
]
"""The examples of lenses: a field's `lens`, or a whole field."""


class Phone:
    """What the example of a company's own conversion names."""

    def __init__(self, country: str) -> None:
        self._country = country

    def crm_to_erp(self, value: JsonValue) -> JsonValue:
        return f"{self._country} {value}"

    def erp_to_crm(self, value: JsonValue) -> JsonValue:
        return str(value).removeprefix(f"{self._country} ")


LINKS = {
    name: LinkNames(f"{name}Obj", f"{name}_FORM", f"{name}LineObj", ("owner",))
    for name in ("customer", "employee", "sales_order")
}
SAID = {"${employees}": "1001=0001_GW000001_1", "${salesman}": "0001_GW000001_1"}


@pytest.mark.parametrize("example", LENSES)
def test_every_example_of_a_lens_in_the_reference_is_one(example: str) -> None:
    for setting, value in SAID.items():
        example = example.replace(setting, value)
    field = {"crm": "a", "erp": "F", **YAML(typ="safe").load(example)}

    assert build_fields(
        FieldForm.model_validate(field), Known(LINKS, {"acme_phone": lambda: Phone})
    )


@pytest.mark.parametrize("key", KEYS)
def test_every_key_of_a_mapping_file_is_in_the_reference(key: str) -> None:
    assert re.search(rf"(?<![\w.]){key}(?!\w)", REFERENCE)


def test_every_feature_of_the_language_names_tests_that_are_there() -> None:
    table = REFERENCE.partition("## What proves what")[2]
    named = re.findall(r"`(tests/[^`]*)`", table)

    assert len(named) > len(table.splitlines()) - 6
    assert [each for each in named if not (ROOT / each).exists()] == []


_MORE = {"plan": "yes", "invoiced_back": "yes", "closes": "yes", "closed_back": "yes"}
_ALL_OF = {
    "customer": {"customer": {"finance": "yes", "addresses": "yes"}},
    "product": {},
    "sales_order": {"sales_order": {"status_back": "yes", "by_owner": "yes", **_MORE}},
    "shipment": {"shipment": {"trace": "yes"}},
    "outbound": {"outbound": {"used": "yes"}, "shipment": {"used": "no"}},
}
"""By link type: settings with which all that its file can say is used."""


_PUBLISHED = ("lead",)
_SHIPPED = sorted({path.stem for path in find_folder().glob("*.yaml")} - {*_PUBLISHED})


@pytest.mark.parametrize("name", _PUBLISHED)
def test_every_published_object_has_a_page_with_all_its_fields(name: str) -> None:
    (found,) = load_mappings(settings={name: {"used": "yes"}}).published
    text = (PAGES / f"{name}.md").read_text()

    assert [each.path for each in found.interest.fields if f"`{each.path}`" not in text] == []


@pytest.mark.parametrize("name", _SHIPPED)
def test_every_shipped_link_type_has_a_page_with_all_its_fields(name: str) -> None:
    found = load_mappings(settings=_ALL_OF.get(name, {name: {"used": "yes"}})).named(name)
    assert found is not None
    text = (PAGES / f"{name}.md").read_text()
    fields = [pair for pair in found.pairs if pair.state is None]
    pairs = [*fields, *(pair for lines in found.lines for pair in lines.pairs)]

    untold = [
        pair.name for pair in pairs if f"`{pair.crm}`" not in text or f"`{pair.erp}`" not in text
    ]

    assert untold == []
    assert not found.states or "**States**" in text
