"""Makes a checked form of a read page: every wrong or missing key with its place.

A misspelt word is told and then read as its nearest right one, so that what else is wrong in the
same file is told at once.
"""

from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from anji_mapper.mapping.findings import near, nearest
from anji_mapper.mapping.mending import choices_of, known_keys, mended
from anji_mapper.mapping.publish_forms import PublishForm
from anji_mapper.mapping.reading import Page
from anji_mapper.mapping.schema import FileForm

__all__ = ["form_of", "is_published", "published_form_of"]

F = TypeVar("F", bound=BaseModel)

_MOST_ROUNDS = 12
"""Each round reads on under the keys that the one before mended: no file is so deep."""
_MISSPELT = ("extra_forbidden", "enum", "literal_error")


def is_published(page: Page) -> bool:
    """Return whether a page is of an object that is only published, misspelt or not."""
    if "publish" in page.data or "link" in page.data:
        return "publish" in page.data
    return any(nearest(key, ["publish", "link"]) == "publish" for key in page.data)


def form_of(page: Page) -> FileForm | None:
    """Return what the page of a link type says, or `None` and findings in the page."""
    return _checked(page, FileForm)


def published_form_of(page: Page) -> PublishForm | None:
    """Return what the page of a published object says, or `None` and findings in the page."""
    return _checked(page, PublishForm)


def _checked(page: Page, form: type[F]) -> F | None:
    for _ in range(_MOST_ROUNDS):
        try:
            return form.model_validate(page.data)
        except ValidationError as error:
            errors = error.errors(include_url=False, include_context=True)
            # What a misspelt key leaves missing is looked for again under its right name.
            unknown = [each for each in errors if each["type"] == "extra_forbidden"] or errors
            for each in unknown:
                _find(page, each, form)
            if any(each["type"] not in _MISSPELT for each in unknown):
                return None
            if not mended(page, form, unknown) and unknown is errors:
                return None
    return None


def _find(page: Page, error: ErrorDetails, form: type[BaseModel]) -> None:
    loc, last = error["loc"], error["loc"][-1] if error["loc"] else ""
    match error["type"]:
        case "extra_forbidden":
            words = f"unknown key {last!r}{near(str(last), known_keys(loc[:-1], form))}"
            page.find(loc, words, at_key=True)
        case "missing":
            page.find(loc[:-1], f"key {last!r} is missing")
        case "enum" | "literal_error":
            given, expected = str(error["input"]), str(error.get("ctx", {}).get("expected", ""))
            page.find(loc, f"{given!r} is not one of {expected}{near(given, choices_of(error))}")
        case _ if page.is_told(loc):  # it has a setting that is not there: what follows is noise
            return
        case "value_error":
            page.find(loc, error["msg"].removeprefix("Value error, "))
        case _:
            page.find(loc, f"{error['msg'][0].lower()}{error['msg'][1:]}")
