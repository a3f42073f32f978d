"""The forms of values on the wire, by field type.

Source: reference section 3.2 `[docs]`, and 2.5 for how clients spell values in filters.
"""

from decimal import Decimal, InvalidOperation

from anji_sandbox.fxiaoke.company import Company
from anji_sandbox.fxiaoke.objects import FieldSpec

__all__ = [
    "EMPLOYEE_TYPES",
    "NUMBER_TYPES",
    "TIME_TYPES",
    "WrongValueError",
    "stored_value",
    "text_of",
]

EMPLOYEE_TYPES = frozenset({"employee", "employee_many"})
NUMBER_TYPES = frozenset({"number", "currency", "percentile"})
TIME_TYPES = frozenset({"date", "date_time", "time"})
_LIST_TYPES = frozenset(
    {
        "department",
        "department_many",
        "embedded_object_list",
        "file_attachment",
        "image",
        "object_reference_many",
        "select_many",
    }
)
_READ_ONLY = frozenset({"formula", "count", "quote"})


class WrongValueError(Exception):
    """A value that does not have the form of its field's type."""


def stored_value(
    spec: FieldSpec | None, value: object, company: Company, *, numbers_as_text: bool = True
) -> object:
    """Return the value as the CRM keeps it; `None` stands for empty.

    A field without a spec (an undeclared ``__c``) keeps its value as it comes.

    Raises:
        WrongValueError: the value does not fit; its text says why.
    """
    if value is None or value in ("", [], {}):
        return None
    if spec is None:
        return value
    if spec.type in NUMBER_TYPES:
        return _number(value, as_text=numbers_as_text)
    if spec.type in TIME_TYPES:
        return _time(value)
    if spec.type in EMPLOYEE_TYPES:
        return _employees(value, company)
    if spec.type == "true_or_false":
        return _instance(value, bool, "true or false")
    if spec.type in _LIST_TYPES:
        return _instance(value, list, "a list")
    if spec.type in _READ_ONLY:
        return None
    return _instance(value, str, "text")


def _instance(value: object, kind: type, words: str) -> object:
    if not isinstance(value, kind):
        msg = f"must be {words}"
        raise WrongValueError(msg)
    return value


def _number(value: object, *, as_text: bool) -> object:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if isinstance(value, bool) or not number.is_finite():
        msg = "must be a number"
        raise WrongValueError(msg)
    if as_text:
        return value if isinstance(value, str) else format(number, "f")
    return int(number) if number == number.to_integral_value() else float(number)


def _time(value: object) -> int:
    if isinstance(value, str) and value.lstrip("-").isdigit():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        msg = "must be a time in milliseconds"
        raise WrongValueError(msg)
    return value


def _employees(value: object, company: Company) -> list[str]:
    if not isinstance(value, list):
        msg = "must be a list of employees"
        raise WrongValueError(msg)
    found = []
    for each in value:
        employee = company.employee(str(each))
        if employee is None:
            msg = f"no such employee: {each}"
            raise WrongValueError(msg)
        found.append(employee.open_user_id)
    return found


def text_of(value: object) -> str:
    """Return a value as text, as filters compare it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
