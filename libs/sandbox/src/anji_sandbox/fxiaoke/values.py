"""The forms of values on the wire, by field type.

Source: reference section 3.2 `[docs]`, and 2.5 for how clients spell values in filters.
"""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation

from anji_sandbox.fxiaoke.company import Company
from anji_sandbox.fxiaoke.objects import FieldSpec
from anji_sandbox.switches import FxiaokeSwitches

__all__ = [
    "EMPLOYEE_TYPES",
    "FILE_TYPES",
    "LIST_TYPES",
    "NUMBER_TYPES",
    "READ_ONLY_TYPES",
    "TIME_TYPES",
    "WrongValueError",
    "stored_value",
    "text_of",
]

EMPLOYEE_TYPES = frozenset({"employee", "employee_many"})
NUMBER_TYPES = frozenset({"number", "currency", "percentile"})
TIME_TYPES = frozenset({"date", "date_time", "time"})
_DAY_MS = 86_400_000
_BEIJING_MS = 8 * 3_600_000
FILE_TYPES = frozenset({"file_attachment", "image", "signature"})
LIST_TYPES = FILE_TYPES | frozenset(
    {
        "department",
        "department_many",
        "embedded_object_list",
        "object_reference_many",
        "select_many",
    }
)
READ_ONLY_TYPES = frozenset({"formula", "count", "quote"})
"""Computed by the CRM; what a client sends for them is not kept."""


class WrongValueError(Exception):
    """A value that does not have the form of its field's type."""


def stored_value(
    spec: FieldSpec | None, value: object, company: Company, switches: FxiaokeSwitches
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
    form = _FORMS.get(spec.type, _text)
    return form(value, company, switches)


def _number(value: object, _: Company, switches: FxiaokeSwitches) -> object:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if isinstance(value, bool) or not number.is_finite():
        msg = "must be a number"
        raise WrongValueError(msg)
    if switches.numbers_as_text:
        return value if isinstance(value, str) else format(number, "f")
    return int(number) if number == number.to_integral_value() else float(number)


def _time(value: object, *_: object) -> int:
    if isinstance(value, str) and value.lstrip("-").isdigit():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        msg = "must be a time in milliseconds"
        raise WrongValueError(msg)
    return value


def _date(value: object, *_: object) -> int:
    """Return the midnight of a day in Beijing: the time of day is ignored."""
    return (_time(value) + _BEIJING_MS) // _DAY_MS * _DAY_MS - _BEIJING_MS


def _employees(value: object, company: Company, *_: object) -> list[str]:
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


def _truth(value: object, *_: object) -> bool:
    if not isinstance(value, bool):
        msg = "must be true or false"
        raise WrongValueError(msg)
    return value


def _list(value: object, *_: object) -> list[object]:
    if not isinstance(value, list):
        msg = "must be a list"
        raise WrongValueError(msg)
    return value


def _text(value: object, *_: object) -> str:
    if not isinstance(value, str):
        msg = "must be text"
        raise WrongValueError(msg)
    return value


def _nothing(*_: object) -> None:
    """Take a value for a computed field and keep nothing of it."""


_Form = Callable[[object, Company, FxiaokeSwitches], object]
_FORMS: dict[str, _Form] = {
    **dict.fromkeys(NUMBER_TYPES, _number),
    **dict.fromkeys(TIME_TYPES, _time),
    "date": _date,
    **dict.fromkeys(EMPLOYEE_TYPES, _employees),
    **dict.fromkeys(LIST_TYPES, _list),
    **dict.fromkeys(READ_ONLY_TYPES, _nothing),
    "true_or_false": _truth,
}


def text_of(value: object) -> str:
    """Return a value as text, as filters compare it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
