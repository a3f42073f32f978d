"""A typing error in any key of any shipped mapping is told where it is, with the right key."""

from pathlib import Path

import pytest

from anji_mapper.mapping.compile import find_errors
from anji_mapper.mapping.folder import find_folder
from anji_mapper.mapping.forming import form_of, is_published, published_form_of
from anji_mapper.mapping.publish_forms import PublishForm
from anji_mapper.mapping.reading import Page, read_page
from anji_mapper.mapping.schema import FileForm
from labs.house import ROOT
from labs.mapping_files import GOOD, ORDER
from labs.typos import Word, keys_by_kind, misspelt, typo

FILES = [
    *sorted(find_folder().glob("*.yaml")),
    *sorted(ROOT.glob("docs/mappings/examples/*.yaml")),
]
"""Those of `examples` use every key of the language."""


def form_in(path: Path) -> type[FileForm | PublishForm]:
    return PublishForm if path.stem == "lead" else FileForm


def page_of(path: Path, text: str) -> Page:
    page = read_page(path.name, text, {})
    published_form_of(page) if is_published(page) else form_of(page)
    return page


def told(word: Word) -> tuple[int, int, str]:
    wrong, right = typo(word.text), word.text
    return word.line + 1, word.column + 1, f"unknown key {wrong!r}; did you mean {right!r}?"


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_misspelt_key_is_told_at_its_place_with_the_right_one_and_nothing_else(
    path: Path,
) -> None:
    text = path.read_text()
    kinds = keys_by_kind(text, form_in(path))
    assert len(kinds) > 5

    for words in kinds.values():
        found = page_of(path, misspelt(text, words)).findings

        got = {(each.line, each.column, each.words) for each in found}
        expected = {told(each) for each in words if not _is_shifted(each, words)}
        assert {each[0] for each in got} == {word.line + 1 for word in words}
        assert expected <= got
        assert len(got) == len(words)


def _is_shifted(word: Word, words: list[Word]) -> bool:
    """Whether another word of the same line is mistyped before it, so that it stands elsewhere."""
    return any(each.line == word.line and each.column < word.column for each in words)


def test_a_misspelt_key_hides_no_other_mistake_of_its_file_or_of_another() -> None:
    broken = GOOD.replace("creates: crm", "craetes: crm").replace(
        "- {crm: tel, erp: FTEL}",
        "- {crm: tel, erp: FTEL, lens: {reference: ordr}}\n"
        "  - {crmm: a, erp: FB, directoin: to_erp}",
    )

    found = find_errors(
        {"customer.yaml": broken, "order.yaml": ORDER.replace("customer}", "custmer}")}
    )

    words = [each.words for each in found]
    for expected in (
        "unknown key 'craetes'; did you mean 'creates'?",
        "unknown key 'crmm'; did you mean 'crm'?",
        "unknown key 'directoin'; did you mean 'direction'?",
        "there is no link type 'ordr'; did you mean 'order'?",
        "there is no link type 'custmer'; did you mean 'customer'?",
    ):
        assert expected in words


def test_a_file_that_cannot_be_made_right_still_tells_of_its_lenses() -> None:
    broken = GOOD.replace("creates: crm\n", "").replace(
        "- {crm: tel, erp: FTEL}", "- {crm: tel, erp: FTEL, lens: {reference: custmer}}"
    )

    words = [each.words for each in find_errors({"customer.yaml": broken})]

    assert words == [
        "key 'creates' is missing",
        "there is no link type 'custmer'; did you mean 'customer'?",
    ]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("settings:", "setings:", "unknown key 'setings'; did you mean 'settings'?"),
        (
            "  number: FNumber",
            "  number: FNumber\n  reads: {FEntity: {iid: FEntryID}}",
            "unknown key 'iid'; did you mean 'id'?",
        ),
        ("fields:", "on_delete: {erp: ignor}\nfields:", "; did you mean 'ignore'?"),
    ],
)
def test_each_of_these_is_one_finding(old: str, new: str, said: str) -> None:
    (found,) = find_errors({"customer.yaml": GOOD.replace(old, new)})

    assert found.words.endswith(said)


def test_a_setting_that_is_not_there_is_told_once_and_not_what_follows_from_it() -> None:
    text = GOOD.replace("erp: FTEL}", 'erp: FTEL, lens: {value_map: {values: "${organistion}"}}}')

    (found,) = find_errors({"customer.yaml": text})

    assert found.words == "there is no setting 'organistion'; did you mean 'organisation'?"


def test_a_misspelt_setting_is_told_where_it_is_declared_and_where_it_is_asked_for() -> None:
    found = find_errors({"customer.yaml": GOOD.replace("  organisation:", "  organistion:")})

    assert [(each.line, each.words) for each in found] == [
        (3, "the setting 'organistion' is used nowhere; did you mean 'organisation'?"),
        (17, "there is no setting 'organisation'; did you mean 'organistion'?"),
    ]


def test_a_misspelt_key_of_base_data_is_told() -> None:
    (found,) = find_errors({"customer.yaml": GOOD.replace("{FNumber: ", "{FNumbr: ")})

    assert found.words == "unknown key 'FNumbr' of base data; did you mean 'FNumber'?"
