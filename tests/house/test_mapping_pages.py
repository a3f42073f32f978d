"""The pages on mappings tell what the mappings are."""

import re

import pytest

from anji_mapper.mapping.folder import find_folder, load_mappings
from anji_mapper.mapping.schema import FileForm
from labs.house import ROOT

PAGES = ROOT / "docs" / "mappings"
KEYS = sorted(
    {
        key
        for form in (
            FileForm.model_json_schema()["$defs"] | {"": FileForm.model_json_schema()}
        ).values()
        for key in form.get("properties", {})
    }
)


@pytest.mark.parametrize("key", KEYS)
def test_every_key_of_a_mapping_file_is_in_the_reference(key: str) -> None:
    text = (ROOT / "docs" / "mappings.md").read_text()

    assert re.search(rf"(?<![\w.]){key}(?!\w)", text)


@pytest.mark.parametrize("name", sorted(path.stem for path in find_folder().glob("*.yaml")))
def test_every_shipped_link_type_has_a_page_with_all_its_fields(name: str) -> None:
    found = load_mappings().named(name)
    assert found is not None
    text = (PAGES / f"{name}.md").read_text()
    pairs = [*found.pairs, *(pair for lines in found.lines for pair in lines.pairs)]

    untold = [
        pair.name for pair in pairs if f"`{pair.crm}`" not in text or f"`{pair.erp}`" not in text
    ]

    assert untold == []
