"""Builds conditions from their forms, and says which fields they ask about."""

from collections.abc import Iterator

from anji_mapper.mapping import conditions
from anji_mapper.mapping.lens_forms import ConditionForm
from anji_mapper.mapping.model import Condition
from anji_mapper.mapping.reading import Loc

__all__ = ["build_condition", "condition_paths", "condition_places"]


def build_condition(form: ConditionForm) -> Condition:
    """Return the condition that the file declares."""
    if form.all is not None:
        return conditions.AllOf(tuple(build_condition(each) for each in form.all))
    if form.any is not None:
        return conditions.AnyOf(tuple(build_condition(each) for each in form.any))
    if form.not_ is not None:
        return conditions.Not(build_condition(form.not_))
    path = form.field or ""
    if form.empty is not None:
        empty = conditions.IsEmpty(path)
        return empty if form.empty else conditions.Not(empty)
    return conditions.OneOf(
        path, frozenset(form.in_ if form.in_ is not None else [form.is_ or ""])
    )


def condition_paths(form: ConditionForm) -> Iterator[str]:
    """Give every field that the condition asks about."""
    for path, _ in condition_places(form, ()):
        yield path


def condition_places(form: ConditionForm, loc: Loc) -> Iterator[tuple[str, Loc]]:
    """Give every field that the condition at `loc` asks about, and where it is named."""
    if form.field is not None:
        yield form.field, (*loc, "field")
    for key, given in (("all", form.all), ("any", form.any)):
        for place, each in enumerate(given or ()):
            yield from condition_places(each, (*loc, key, place))
    if form.not_ is not None:
        yield from condition_places(form.not_, (*loc, "not"))
