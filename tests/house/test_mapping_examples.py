"""Every key of the mapping language has an example, which the checker takes."""

from collections.abc import Iterator

import pytest
from pydantic import BaseModel, TypeAdapter
from ruamel.yaml import YAML

from anji_mapper.mapping.compile import find_errors
from anji_mapper.mapping.publish_forms import PublishForm
from anji_mapper.mapping.reading import read_page
from anji_mapper.mapping.schema import FieldForm, FileForm
from house.test_mapping_pages import LENSES, SAID
from labs.house import ROOT

FOLDER = ROOT / "docs" / "mappings" / "examples"
FILES = {path.name: path.read_text() for path in sorted(FOLDER.glob("*.yaml"))}
KEYS = sorted(
    (form, key)
    for form, found in TypeAdapter(FileForm | PublishForm).json_schema()["$defs"].items()
    for key in found.get("properties", {})
)


def keys_of(value: object) -> Iterator[tuple[str, str]]:
    """Yield (form, key) of all that a form says, and the forms in it."""
    if isinstance(value, BaseModel):
        for name in value.model_fields_set:
            field = type(value).model_fields[name]
            yield type(value).__name__, field.alias or name
            yield from keys_of(getattr(value, name))
    elif isinstance(value, tuple | list):
        for each in value:
            yield from keys_of(each)
    elif isinstance(value, dict):
        yield from keys_of(list(value.values()))


def shown() -> set[tuple[str, str]]:
    """Return what the example files and the lenses of the reference use."""
    found: set[tuple[str, str]] = set()
    for name, text in FILES.items():
        data = read_page(name, text, {}).data
        kind = PublishForm if "publish" in data else FileForm
        found |= {*keys_of(kind.model_validate(data))}
    for example in LENSES:
        text = example
        for setting, value in SAID.items():
            text = text.replace(setting, value)
        field = {"crm": "a", "erp": "F", **YAML(typ="safe").load(text)}
        found |= {*keys_of(FieldForm.model_validate(field))}
    return found


SHOWN = shown()


def test_the_checker_finds_no_mistake_in_the_examples() -> None:
    assert [str(each) for each in find_errors(FILES)] == []


@pytest.mark.parametrize(("form", "key"), KEYS)
def test_every_key_has_an_example(form: str, key: str) -> None:
    assert (form, key) in SHOWN
