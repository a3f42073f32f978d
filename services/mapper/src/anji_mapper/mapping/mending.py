"""Reads past a mistake: what a misspelt word most likely was, so that the rest is looked at too.

Nothing that is mended here is ever used: the page has its finding, and no service starts with it.
"""

from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Union, get_args, get_origin

from pydantic import BaseModel, JsonValue
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from anji_mapper.mapping.findings import nearest
from anji_mapper.mapping.reading import Loc, Page

__all__ = ["choices_of", "known_keys", "mended"]


def mended(page: Page, form: type[BaseModel], errors: list[ErrorDetails]) -> bool:
    """Put the nearest right word in the place of each wrong one; return whether all had one."""
    found = [_mend(page, form, each) for each in errors]
    return all(found)


def _mend(page: Page, form: type[BaseModel], error: ErrorDetails) -> bool:
    loc = error["loc"]
    if not loc:
        return False
    parent = _at(page.data, loc[:-1])
    if error["type"] == "extra_forbidden":
        if not isinstance(parent, dict):
            return False
        right = nearest(str(loc[-1]), known_keys(loc[:-1], form) - parent.keys())
        value = parent.pop(str(loc[-1]))
        if right is not None:
            parent[right] = value
            page.renamed(loc, right)
        return right is not None
    right = nearest(str(error["input"]), choices_of(error))
    return right is not None and _put(page.data, loc, error["input"], right)


def choices_of(error: ErrorDetails) -> list[str]:
    """Return the words of which one was expected."""
    expected = str(error.get("ctx", {}).get("expected", ""))
    found = [each.strip("' ") for each in expected.replace(" or ", ",").split(",")]
    return [*found, "ignore"] if error["loc"][:1] == ("on_delete",) else found


def _put(data: JsonValue, loc: Loc, wrong: object, right: str) -> bool:
    """Put `right` where `wrong` stands: at `loc`, or above it where a short form was spelt out."""
    for end in range(len(loc), 0, -1):
        parent, key = _at(data, loc[: end - 1]), loc[end - 1]
        if isinstance(parent, dict) and parent.get(str(key)) == wrong:
            parent[str(key)] = right
            return True
        if isinstance(parent, list) and isinstance(key, int) and parent[key : key + 1] == [wrong]:
            parent[key] = right
            return True
    return False


def _at(data: JsonValue, loc: Loc) -> JsonValue:
    found = data
    for step in loc:
        if isinstance(found, dict):
            found = found.get(str(step))
        elif isinstance(found, list) and isinstance(step, int) and step < len(found):
            found = found[step]
        else:
            return None
    return found


def known_keys(loc: Loc, form: type[BaseModel]) -> set[str]:
    """Return the keys of the form at `loc`; none where no form stands there."""
    found: object = form
    for step in loc:
        found = _inside(found, step)
    model = _model_in(found)
    return set() if model is None else set(_keyed(model))


def _inside(annotation: object, step: str | int) -> object:
    """Return what stands under one step: of a form its key, of a table or list its values."""
    model = _model_in(annotation)
    if model is not None:
        field = _keyed(model).get(str(step))
        return None if field is None else field.annotation
    return next(iter(_values_of(annotation)), None)


def _values_of(annotation: object) -> Iterator[object]:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in {Annotated, Union, UnionType}:
        for each in inner:
            yield from _values_of(each)
    elif origin is dict:
        yield inner[1]
    elif origin in {list, tuple}:
        yield inner[0]


def _model_in(annotation: object) -> type[BaseModel] | None:
    """Return the form that an annotation is, past what says that it may be absent."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in {Annotated, Union, UnionType}:
        found = (_model_in(each) for each in get_args(annotation))
        return next((each for each in found if each), None)
    return None


def _keyed(form: type[BaseModel]) -> dict[str, FieldInfo]:
    return {field.alias or name: field for name, field in form.model_fields.items()}
