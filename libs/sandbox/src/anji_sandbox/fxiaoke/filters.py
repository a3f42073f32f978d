"""The filter language of queries: one condition on one field, all of them joined by AND.

A condition is compiled once per query into a function of a record. Values are compared by the
type of their field: numbers as decimals, times as integers, all else as text; a list field
matches when one of its elements does. Source: reference section 2.5 `[docs][code]`.
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from anji_sandbox.fxiaoke.company import Company
from anji_sandbox.fxiaoke.objects import FieldSpec
from anji_sandbox.fxiaoke.values import EMPLOYEE_TYPES, NUMBER_TYPES, TIME_TYPES, text_of
from anji_sandbox.store import Record

__all__ = ["OPERATORS", "BadFilterError", "Condition", "compile_condition"]

_Test = Callable[[Any, tuple[Any, ...]], bool]
"""Asks one value, which is not empty, about the values of a filter."""


class BadFilterError(Exception):
    """A filter that the CRM cannot read; the text says why."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One filter, ready to be asked."""

    field: str
    operator: str
    values: tuple[Any, ...]
    holds: Callable[[Record], bool]
    is_text: bool
    """Whether equal values are equal texts, so that a table of values may answer it."""


def _compared(compare: Callable[[Any, Any], bool]) -> _Test:
    return lambda value, values: compare(value, values[0])


def _contains(value: object, values: tuple[object, ...]) -> bool:
    return any(str(each) in str(value) for each in values)


_POSITIVE: Mapping[str, _Test] = {
    "EQ": lambda value, values: value in values,
    "IN": lambda value, values: value in values,
    "HASANYOF": lambda value, values: value in values,
    "GT": _compared(operator.gt),
    "GTE": _compared(operator.ge),
    "LT": _compared(operator.lt),
    "LTE": _compared(operator.le),
    "BETWEEN": lambda value, values: bool(values[0] <= value <= values[1]),
    "LIKE": _contains,
    "CONTAINS": _contains,
    "STARTWITH": lambda value, values: str(value).startswith(tuple(map(str, values))),
    "ENDWITH": lambda value, values: str(value).endswith(tuple(map(str, values))),
    "ISN": lambda _value, _values: True,
    "EXISTS": lambda _value, _values: True,
}
_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "GT": operator.gt,
    "GTE": operator.ge,
    "LT": operator.lt,
    "LTE": operator.le,
}
_NEGATIVE: Mapping[str, str] = {
    "N": "EQ",
    "NIN": "IN",
    "NHASANYOF": "HASANYOF",
    "NLIKE": "LIKE",
    "NBETWEEN": "BETWEEN",
    "IS": "ISN",
    "NEXISTS": "EXISTS",
}
"""What matches wherever its opposite does not, an empty field included."""
OPERATORS = frozenset(_POSITIVE) | frozenset(_NEGATIVE)
_NEEDED_VALUES = {"IS": 0, "ISN": 0, "EXISTS": 0, "NEXISTS": 0, "BETWEEN": 2, "NBETWEEN": 2}
_RANGES = frozenset({"GT", "GTE", "LT", "LTE", "BETWEEN", "NBETWEEN"})
_ONE_OF = frozenset({"EQ", "N"})


def compile_condition(
    name: str, operator_name: str, given: object, field: FieldSpec | None, company: Company
) -> Condition:
    """Return the condition of one filter; `field` is `None` for an undeclared ``__c``.

    Raises:
        BadFilterError: the operator does not exist, or the values do not fit.
    """
    if operator_name not in OPERATORS:
        msg = f"operator {operator_name} does not exist"
        raise BadFilterError(msg)
    raw = given if isinstance(given, list) else [given]
    raw = [value for value in raw if value is not None and value != ""]
    if len(raw) < _NEEDED_VALUES.get(operator_name, 1):
        if operator_name not in _ONE_OF:
            msg = f"field_values of {name} {operator_name} are not enough"
            raise BadFilterError(msg)
        # Equal to nothing is empty, not equal to nothing is not.
        operator_name = "IS" if operator_name == "EQ" else "ISN"
    form = _form(operator_name, field, company)
    try:
        values = tuple(form(value) for value in raw)
    except (InvalidOperation, ValueError) as error:
        msg = f"field_values of {name} do not fit its type: {raw}"
        raise BadFilterError(msg) from error
    is_text = field is None or field.type not in NUMBER_TYPES | TIME_TYPES
    return Condition(
        name, operator_name, values, _holds(name, operator_name, values, form), is_text
    )


def _holds(
    name: str, operator_name: str, values: tuple[Any, ...], form: Callable[[object], Any]
) -> Callable[[Record], bool]:
    compare = _COMPARISONS.get(operator_name)
    if form is _whole and compare is not None:
        return _holds_time(name, compare, values[0])
    wanted = operator_name not in _NEGATIVE
    test = _POSITIVE[operator_name if wanted else _NEGATIVE[operator_name]]

    def holds(record: Record) -> bool:
        value = record.get(name)
        if value is None:
            return not wanted
        try:
            if isinstance(value, list):
                return any(test(form(one), values) for one in value) is wanted
            return test(form(value), values) is wanted
        except (InvalidOperation, ValueError):  # stored in a wrong form, where a switch lets it
            return not wanted

    return holds


def _holds_time(
    name: str, compare: Callable[[Any, Any], bool], bound: int
) -> Callable[[Record], bool]:
    """Return the test of the most frequent filter, a bound on a time, without detours."""

    def holds(record: Record) -> bool:
        value = record.get(name)
        return type(value) is int and compare(value, bound)

    return holds


def _form(
    operator_name: str, field: FieldSpec | None, company: Company
) -> Callable[[object], Any]:
    """Return what brings values of a field, stored or asked for, into comparable form."""
    if field is None:
        return _loose if operator_name in _RANGES else text_of
    if field.type in NUMBER_TYPES:
        return _decimal
    if field.type in TIME_TYPES:
        return _whole
    if field.type in EMPLOYEE_TYPES:

        def employee_id(value: object) -> str:
            employee = company.employee(str(value))
            return employee.open_user_id if employee else str(value)

        return employee_id
    return text_of


def _decimal(value: object) -> Decimal:
    return Decimal(str(value))


def _whole(value: object) -> int:
    return value if isinstance(value, int) else int(str(value))


def _loose(value: object) -> tuple[int, Decimal | str]:
    """Order values of an undeclared field: numbers by value, before all texts."""
    try:
        return 0, Decimal(str(value))
    except InvalidOperation:
        return 1, text_of(value)
