"""A company's own conversions: installed packages declare them, mappings name them."""

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from anji_common.errors import ConfigurationError, MappingError
from anji_mapper.mapping.entry_points import installed_conversions
from anji_mapper.mapping.folder import load_mappings
from anji_mapper.mapping.model import Around
from anji_mapper.mapping.own import Own
from labs.crosswalk import Crosswalk
from labs.mapping_files import GOOD, changed

MODULE = """\
class Phone:
    def __init__(self, country="+86"):
        self.country = country

    def crm_to_erp(self, value):
        return f"{self.country} {int(value)}"

    def erp_to_crm(self, value):
        return value.split(" ")[1]
"""
FIELD = """\
  - crm: tel
    erp: FTEL
    lens: {own: {function: acme_phone, examples: {"123": "+49 123"}, options: {country: "+49"}}}
"""


def install(folder: Path, name: str, entry: str) -> None:
    """Install a package as pip does: a module, and metadata beside it."""
    (folder / f"{name}.py").write_text(MODULE)
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[anji.lenses]\n{entry} = {name}:Phone\n")


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of packages that this process finds."""
    folder = tmp_path / "packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    return folder


def mapped(tmp_path: Path, field: str) -> Path:
    folder = tmp_path / "mine"
    folder.mkdir()
    text = changed(GOOD, "  - {crm: tel, erp: FTEL}\n", field)
    (folder / "customer.yaml").write_text(text)
    return folder


def around() -> Around:
    return Around(Crosswalk(), head={})


def test_a_conversion_of_an_installed_package_is_used(tmp_path: Path, packages: Path) -> None:
    install(packages, "acme_one", "acme_phone")

    pair = load_mappings(mapped(tmp_path, FIELD)).types[0].pairs[2]

    assert pair.lens.crm_to_erp("555", around()) == "+49 555"
    assert pair.lens.erp_to_crm("+49 555", around()) == "555"
    assert pair.lens.crm_to_erp(None, around()) is None
    sys.modules.pop("acme_one")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("acme_phone", "acme_fone", "did you mean 'acme_phone'?"),
        (
            '"+49 123"',
            '"+86 123"',
            "an example is not kept: acme_phone makes '\\+49 123' of '123'",
        ),
        ('"123": "+49 123"', '"x": "y"', "an example is not kept: acme_phone cannot convert 'x'"),
        ("options: {country", "options: {land", "acme_phone cannot be made: .*'land'"),
        ('examples: {"123": "+49 123"}, ', "", "key 'examples' is missing"),
    ],
)
def test_what_is_wrong_with_it_is_told_when_the_file_is_read(
    tmp_path: Path, packages: Path, old: str, new: str, words: str
) -> None:
    install(packages, "acme_two", "acme_phone")

    with pytest.raises(ConfigurationError, match=f"mine/customer.yaml:2[0-9]:.*{words}"):
        load_mappings(mapped(tmp_path, changed(FIELD, old, new)))
    sys.modules.pop("acme_two", None)


def test_a_package_that_cannot_be_imported_is_told(tmp_path: Path, packages: Path) -> None:
    install(packages, "acme_three", "acme_phone")
    (packages / "acme_three.py").write_text("import nowhere_to_be_found\n")

    with pytest.raises(ConfigurationError, match="cannot be made: No module named"):
        load_mappings(mapped(tmp_path, FIELD))


def test_two_packages_with_one_name_are_told(packages: Path) -> None:
    install(packages, "acme_four", "acme_phone")
    install(packages, "acme_five", "acme_phone")

    with pytest.raises(ConfigurationError, match="two installed packages declare 'acme_phone'"):
        installed_conversions()


class Given:
    """A conversion by two tables."""

    def __init__(self, there: dict[str, JsonValue], back: dict[str, JsonValue]) -> None:
        self._there, self._back = there, back

    def crm_to_erp(self, value: JsonValue) -> JsonValue:
        return self._there[str(value)]

    def erp_to_crm(self, value: JsonValue) -> JsonValue:
        return self._back[str(value)]


TABLES = st.dictionaries(st.sampled_from("abcd"), st.sampled_from("wxyz"), min_size=1)
BACKS = st.dictionaries(st.sampled_from("wxyz"), st.sampled_from("abcd"))


@given(TABLES, BACKS, st.sampled_from("abcd"))
def test_what_is_written_comes_back_to_the_same_or_it_is_refused(
    there: dict[str, JsonValue], back: dict[str, JsonValue], value: str
) -> None:
    lens = Own("given", Given(there, back))
    try:
        written = lens.crm_to_erp(value, around())
    except MappingError:
        return

    returned = lens.erp_to_crm(written, around())

    assert lens.crm_to_erp(returned, around()) == written


@pytest.mark.parametrize("made", [1, 1.5, ["a"], {"a": "b"}])
def test_what_is_no_value_of_normal_form_is_refused(made: JsonValue) -> None:
    lens = Own("given", Given({"a": made}, {str(made): "a"}))

    with pytest.raises(MappingError, match="text or a boolean"):
        lens.crm_to_erp("a", around())
