"""Compiles mapping files: texts in, `Mappings` out, or every error of every file at once.

Pure: nothing here opens a file (`anji_mapper.mapping.folder` does) or looks at a vendor.
"""

from collections.abc import Mapping
from typing import Any

from anji_common.errors import ConfigurationError
from anji_common.refs import System
from anji_mapper.mapping.building import Known, LinkNames
from anji_mapper.mapping.findings import Finding, near
from anji_mapper.mapping.forming import form_of, is_published, published_form_of
from anji_mapper.mapping.live import SystemFacts, compare, compare_published
from anji_mapper.mapping.model import LinkType, Mappings
from anji_mapper.mapping.own import Factories
from anji_mapper.mapping.piecemeal import find_in_lenses
from anji_mapper.mapping.publish_forms import PublishForm
from anji_mapper.mapping.publishing import build_published
from anji_mapper.mapping.reading import Page, read_page
from anji_mapper.mapping.schema import FileForm
from anji_mapper.mapping.varying import with_variants

__all__ = ["Settings", "as_far_as_right", "compile_mappings", "find_errors", "find_live_errors"]

Settings = Mapping[str, Mapping[str, str]]
"""Link type → setting → value."""


def compile_mappings(
    texts: Mapping[str, str],
    settings: Settings | None = None,
    factories: Factories | None = None,
) -> Mappings:
    """Return the link types of the files that are used.

    Args:
        texts: Name of each file, its text.
        settings: What is set over the files' defaults.
        factories: The company's own conversions.

    Raises:
        ConfigurationError: one line for each thing that is wrong, in any file.
    """
    mappings, findings = _compiled(texts, settings or {}, factories or {})
    if findings:
        raise ConfigurationError("\n".join(str(each) for each in findings))
    return mappings


def find_errors(
    texts: Mapping[str, str],
    settings: Settings | None = None,
    factories: Factories | None = None,
) -> tuple[Finding, ...]:
    """Return what is wrong with the files, sorted by file and line; empty if nothing is."""
    return _compiled(texts, settings or {}, factories or {})[1]


def as_far_as_right(
    texts: Mapping[str, str],
    settings: Settings | None = None,
    factories: Factories | None = None,
) -> Mappings:
    """Return what can be made of files, right or wrong: to ask the vendors about, never to run."""
    return _compiled(texts, settings or {}, factories or {})[0]


def find_live_errors(
    texts: Mapping[str, str],
    settings: Settings,
    factories: Factories,
    facts: Mapping[System, SystemFacts],
) -> tuple[Finding, ...]:
    """Return where files that are right in themselves say what the vendors do not.

    Args:
        texts: Name of each file, its text.
        settings: What is set over the files' defaults.
        factories: The company's own conversions.
        facts: What each vendor says; one that is missing is not looked at.
    """
    pages, forms = _read(texts, settings)
    _built(texts, pages, forms, factories)
    found = {
        finding
        for file, form in forms.items()
        if form is not None and form.used
        for finding in compare(pages[file], form, pages[file].named, facts)
    }
    for file, each in _published(pages).items():
        if each.used:
            build_published(pages[file], each)
            found |= {*compare_published(pages[file], each, pages[file].named, facts)}
    return tuple(sorted(found))


def _compiled(
    texts: Mapping[str, str], settings: Settings, factories: Factories
) -> tuple[Mappings, tuple[Finding, ...]]:
    pages, forms = _read(texts, settings)
    types, names = _built(texts, pages, forms, factories)
    published = _published(pages)
    _find_doubles(pages, forms, published)
    known = {*names, *(form.publish for form in published.values())}
    findings = [each for page in pages.values() for each in page.findings]
    for link in sorted(set(settings) - known):
        words = f"settings for {link!r}, which is no link type{near(link, known)}"
        findings.append(Finding("settings", 1, 1, words))
    used = {file: form for file, form in published.items() if form.used}
    others = tuple(build_published(pages[file], form) for file, form in used.items())
    findings = [each for page in pages.values() for each in page.findings] + findings
    return Mappings(tuple(types), others), tuple(sorted(set(findings)))


def _published(pages: Mapping[str, Page]) -> dict[str, PublishForm]:
    """Return the forms of what is only published; findings go to the pages."""
    found = {file: published_form_of(page) for file, page in pages.items() if is_published(page)}
    return {file: form for file, form in found.items() if form is not None}


def _read(
    texts: Mapping[str, str], settings: Settings
) -> tuple[dict[str, Page], dict[str, FileForm | None]]:
    pages = {file: _page(file, text, settings) for file, text in sorted(texts.items())}
    linking = {file: page for file, page in pages.items() if not is_published(page)}
    return pages, {file: form_of(page) for file, page in linking.items() if page.data}


def _built(
    texts: Mapping[str, str],
    pages: Mapping[str, Page],
    forms: Mapping[str, FileForm | None],
    factories: Factories,
) -> tuple[list[LinkType], Mapping[str, LinkNames]]:
    """Return the link types that are used, and the names of all; findings go to the pages."""
    names = {name: found for page in pages.values() for name, found in _names(page)}
    known = Known(names, factories)
    types: list[LinkType] = []
    for file, form in forms.items():
        if form is None:
            find_in_lenses(pages[file], known)
        else:
            found = with_variants(pages[file], form, texts[file], known)
            types += [found] if form.used else []
    return types, names


def _page(file: str, text: str, settings: Settings) -> Page:
    """Read a page with the settings of what it declares, whose name stands in it."""
    data = read_page(file, text, {}).data
    link = data.get("link", data.get("publish"))
    return read_page(file, text, settings.get(link, {}) if isinstance(link, str) else {})


def _names(page: Page) -> list[tuple[str, LinkNames]]:
    """Return what other files may ask of this one, taken as it stands, right or wrong."""
    data: Any = page.data
    link = data.get("link")
    if not isinstance(link, str):
        return []
    crm, erp = (
        data.get(side) if isinstance(data.get(side), dict) else {} for side in ("crm", "erp")
    )
    lines = data.get("lines")
    first = lines[0] if isinstance(lines, list) and lines and isinstance(lines[0], dict) else {}
    detail = first.get("crm")
    shares = crm.get("shares")
    return [
        (
            link,
            LinkNames(
                str(crm.get("object", "")),
                str(erp.get("object", "")),
                str(detail.get("path", "")) if isinstance(detail, dict) else None,
                tuple(shares) if isinstance(shares, dict) else (),
            ),
        )
    ]


def _find_doubles(
    pages: Mapping[str, Page],
    forms: Mapping[str, FileForm | None],
    published: Mapping[str, PublishForm],
) -> None:
    """A name or an object stands in one file only: its records take part in one link."""
    seen: dict[tuple[str, str], str] = {}
    for file, form in forms.items():
        if form is None or not form.used:
            continue
        for what, name, loc in (
            ("link type", form.link, ("link",)),
            ("CRM object", form.crm.object, ("crm", "object")),
            ("ERP form", form.erp.object, ("erp", "object")),
        ):
            other = seen.setdefault((what, name), file)
            if other != file:
                pages[file].find(loc, f"{what} {name} is declared in {other} already")
    for file, each in published.items():
        what = "CRM object" if each.system == "crm" else "ERP form"
        other = seen.setdefault((what, each.object), file) if each.used else file
        if other != file:
            words = f"{what} {each.object} is published already: {other} reads it"
            pages[file].find(("object",), words)
