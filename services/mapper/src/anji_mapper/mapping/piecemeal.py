"""Looks at the fields of a file that is wrong elsewhere: their mistakes are told with it."""

from collections.abc import Iterator

from pydantic import JsonValue, ValidationError

from anji_common.errors import ConfigurationError
from anji_mapper.mapping.building import Known
from anji_mapper.mapping.expanding import build_fields
from anji_mapper.mapping.reading import Loc, Page
from anji_mapper.mapping.schema import FieldForm

__all__ = ["find_in_lenses"]


def find_in_lenses(page: Page, known: Known) -> None:
    """Note which lenses cannot be built, in a page of which no link type can be made."""
    for loc, field in _fields(page):
        try:
            form = FieldForm.model_validate(field)
        except ValidationError:  # told with the rest of the page's form
            continue
        try:
            build_fields(form, known)
        except ConfigurationError as error:
            page.find((*loc, "lens"), str(error))


def _fields(page: Page) -> Iterator[tuple[Loc, JsonValue]]:
    yield from _listed(("fields",), page.data.get("fields"))
    for loc, lines in _listed(("lines",), page.data.get("lines")):
        if isinstance(lines, dict):
            yield from _listed((*loc, "fields"), lines.get("fields"))


def _listed(loc: Loc, given: JsonValue) -> Iterator[tuple[Loc, JsonValue]]:
    for place, each in enumerate(given if isinstance(given, list) else ()):
        yield (*loc, place), each
