"""``anji mapping check --live``: a field's name misspelt anywhere is told, with the right one."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from anji.mapping_command import live_facts
from anji_common.refs import System
from anji_common.settings import SettingsSource
from anji_mapper.mapping.compile import as_far_as_right, find_errors, find_live_errors
from anji_mapper.mapping.folder import find_folder
from anji_mapper.mapping.live import SystemFacts
from labs.installation import company
from labs.typos import Word, misspelt, words_by_kind

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

TEXTS = {path.stem: path.read_text() for path in sorted(find_folder().glob("*.yaml"))}
USED = {name: {"used": "yes"} for name, text in TEXTS.items() if "used: ${used}" in text}
BESIDE = {
    "contact": (),
    "employee": (),
    "lead": (),
    "outbound": ("customer", "product", "sales_order"),
    "payment": ("customer",),
    "product": (),
    "receivable": ("customer",),
    "return": ("customer", "product"),
    "shipment": ("customer", "product", "sales_order"),
    "stock": ("product",),
}
"""What a file refers to. Two that are not here have parts that a setting turns on: of what is not
used no field is looked for."""
NAMES = ("object", "id", "number", "marker", "head", "own_number")
"""Keys whose values are names of the vendor's."""


def fields_of(facts: Mapping[System, SystemFacts]) -> set[str]:
    found = {"_id"}
    for system in facts.values():
        for each in system.objects.values():
            found |= {*each.head, *(path for lines in each.lines.values() for path in lines)}
    return found


def is_a_name(word: Word, fields: set[str]) -> bool:
    """Whether a word is a vendor's name, at a place where the file says which one is meant."""
    if word.path[0] in {"settings", "variants"} or word.text.startswith("${"):
        return False
    if "packet" in word.path:  # of a key: its values are data, and `{FNumber: …}` is no field
        return word.is_key and word.text in fields and word.text.lower() != "fnumber"
    if word.path[:1] == ("lines",) and word.path[-2:] == ("erp", "id"):
        return False  # of a row: no description of the ERP's lists it
    return not word.is_key and (word.text in fields or word.path[-1] in NAMES)


@pytest.mark.parametrize("name", sorted(BESIDE))
async def test_every_misspelt_name_of_a_vendors_is_told_with_the_right_one(
    tmp_path: Path, name: str
) -> None:
    texts = {each: TEXTS[each] for each in (name, *BESIDE[name])}
    used = {each: USED[each] for each in texts if each in USED}
    async with company(tmp_path) as both:
        facts = await live_facts(SettingsSource(both.settings, {}), as_far_as_right(texts, used))
    assert find_live_errors(texts, used, {}, facts) == ()
    fields = fields_of(facts)

    untold = []
    for words in words_by_kind(texts[name]).values():
        names = [word for word in words if is_a_name(word, fields)]
        first = {word.line: word for word in reversed(names)}  # one a line
        broken = {**texts, name: misspelt(texts[name], list(first.values()))}
        said = [each for each in find_live_errors(broken, used, {}, facts) if each.file == name]
        said += [each for each in find_errors(broken, used) if each.file == name]
        for line, word in first.items():
            if not any(
                (repr(word.text) in each.words and each.line == line + 1)
                or (word.text in each.words and f"line {line + 1}?" in each.words)
                for each in said
            ):
                untold.append(f"{line + 1}: {word.text}")

    assert untold == [], " ".join(untold)
