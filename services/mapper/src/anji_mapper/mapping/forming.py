"""Makes a checked form of a read page: every wrong or missing key with its place."""

from typing import TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from anji_mapper.mapping.findings import near
from anji_mapper.mapping.publish_forms import PublishForm
from anji_mapper.mapping.reading import Loc, Page
from anji_mapper.mapping.schema import FileForm

__all__ = ["form_of", "published_form_of"]

F = TypeVar("F", bound=BaseModel)


def form_of(page: Page) -> FileForm | None:
    """Return what the page of a link type says, or `None` and findings in the page."""
    return _checked(page, FileForm)


def published_form_of(page: Page) -> PublishForm | None:
    """Return what the page of a published object says, or `None` and findings in the page."""
    return _checked(page, PublishForm)


def _checked(page: Page, form: type[F]) -> F | None:
    try:
        return form.model_validate(page.data)
    except ValidationError as error:
        for each in error.errors(include_url=False, include_context=True):
            _find(page, each, form)
        return None


def _find(page: Page, error: ErrorDetails, form: type[BaseModel]) -> None:
    loc, last = error["loc"], error["loc"][-1] if error["loc"] else ""
    match error["type"]:
        case "extra_forbidden":
            words = f"unknown key {last!r}{near(str(last), _known_keys(loc[:-1], form))}"
            page.find(loc, words, at_key=True)
        case "missing":
            page.find(loc[:-1], f"key {last!r} is missing")
        case "enum" | "literal_error":
            expected = str(error.get("ctx", {}).get("expected", ""))
            given = str(error["input"])
            hint = near(
                given, [each.strip("' ") for each in expected.replace(" or ", ",").split(",")]
            )
            page.find(loc, f"{given!r} is not one of {expected}{hint}")
        case "value_error":
            page.find(loc, error["msg"].removeprefix("Value error, "))
        case _:
            page.find(loc, f"{error['msg'][0].lower()}{error['msg'][1:]}")


def _known_keys(loc: Loc, form: type[BaseModel]) -> list[str]:
    """Return the keys of the form at `loc`."""
    for step in loc:
        if isinstance(step, str):
            form = _form_in(_keyed(form)[step].annotation) or form
    return list(_keyed(form))


def _keyed(form: type[BaseModel]) -> dict[str, FieldInfo]:
    return {field.alias or name: field for name, field in form.model_fields.items()}


def _form_in(annotation: object) -> type[BaseModel] | None:
    """Return the form inside of optional and repeated annotations."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((form for inner in get_args(annotation) if (form := _form_in(inner))), None)
