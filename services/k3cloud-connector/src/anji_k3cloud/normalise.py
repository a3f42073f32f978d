"""The vendor's values and ours: normal form out of a query, the vendor's spelling into a packet.

Pure. What a field's value looks like is said by its `FieldInterest`; see `Document` for normal
form. The vendor's times are local and without zone. Two laws, tested: what was filled in and is
read back is what was filled in, but for blanks at a text's end; and blank, however the vendor
spells it, is null.

Source: reference "k3cloud-webapi.md", sections 3.4, 3.5, 4.1 and 9.
"""

from collections.abc import Mapping
from datetime import tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any

from pydantic import JsonValue

from anji_common.errors import MappingError, UndecodableError
from anji_common.events.envelope import timed
from anji_common.interest import FieldInterest, FieldKind
from anji_common.refs import Ref, System
from anji_k3cloud.times import local_literal, local_time, time_of

__all__ = [
    "base_key",
    "blank_of",
    "filter_operand",
    "is_masked",
    "normal_value",
    "query_key",
    "vendor_value",
]

_MASKED = "***"
_TRUE = ("true", "1")
_ID_KEYS = ("FNUMBER",)
_DAY_CHARACTERS = 10


def base_key(field: FieldInterest) -> str:
    """Return a field's own key: queries know no sub-heads."""
    return field.path.rpartition(".")[2]


def query_key(field: FieldInterest) -> str:
    """Return the key by which a query tells the field's value."""
    key = base_key(field)
    if field.kind is not FieldKind.NUMBER:
        return key
    inner = "FNumber" if field.number_key.upper() in _ID_KEYS else field.number_key
    return f"{key}.{inner}"


def is_masked(raw: object) -> bool:
    """Whether the vendor hides a value from our user; it is then no blank, and no value either."""
    return raw == _MASKED


def normal_value(field: FieldInterest, raw: Any, zone: tzinfo) -> JsonValue:  # noqa: ANN401 - any JSON value
    """Return a queried value in normal form.

    Raises:
        UndecodableError: it is no value of the field's kind.
    """
    text = _text(raw)
    if text is None:
        return None
    match field.kind:
        case FieldKind.BOOLEAN:
            return text.lower() in _TRUE
        case FieldKind.DECIMAL:
            return _decimal(field, text)
        case FieldKind.DATE | FieldKind.TIME:
            return _moment(field, text, zone)
        case FieldKind.EMPLOYEE | FieldKind.REFERENCE:
            return _named(field, text)
        case _:
            return text


def vendor_value(
    field: FieldInterest, value: JsonValue, numbers: Mapping[str, str], zone: tzinfo
) -> JsonValue:
    """Return a value in normal form as a packet spells it.

    Args:
        field: What it is.
        value: In normal form; null is the vendor's blank.
        numbers: Ref text → business number, for references.
        zone: The server's.

    Raises:
        MappingError: a reference whose number is not known, or a value of another kind.
    """
    if value is None:
        return blank_of(field)
    text = str(value)
    match field.kind:
        case FieldKind.BOOLEAN:
            return "true" if value in (True, "true") else "false"
        case FieldKind.DECIMAL:
            return _number(field, text)
        case FieldKind.DATE | FieldKind.TIME:
            is_date = field.kind is FieldKind.DATE
            return text[:_DAY_CHARACTERS] if is_date else _local(field, text, zone)
        case FieldKind.NUMBER | FieldKind.REFERENCE:
            is_number = field.kind is FieldKind.NUMBER
            number = text if is_number else _business_number(field, text, numbers)
            return {field.number_key: number}
        case _:
            return text.rstrip(" ")


def blank_of(field: FieldInterest) -> JsonValue:
    """Return how a packet says "no value"."""
    match field.kind:
        case FieldKind.REFERENCE | FieldKind.NUMBER:
            return {field.number_key: ""}
        case FieldKind.DECIMAL:
            return 0
        case FieldKind.BOOLEAN:
            return "false"
        case FieldKind.DATE | FieldKind.TIME:
            return None
        case _:
            return ""


def filter_operand(field: FieldInterest, value: JsonValue, zone: tzinfo) -> tuple[str, str]:
    """Return key and literal that find a value in normal form; text is quoted.

    Raises:
        MappingError: null finds nothing, or a value of another kind.
    """
    if value is None:
        msg = f"{field.path} is blank: nothing can be found by it"
        raise MappingError(msg)
    text = str(value)
    match field.kind:
        case FieldKind.REFERENCE:
            return base_key(field), _quoted(text.rpartition("/")[2])
        case FieldKind.DECIMAL:
            return query_key(field), str(_number(field, text))
        case FieldKind.BOOLEAN:
            return query_key(field), "'1'" if value in (True, "true") else "'0'"
        case FieldKind.TIME:
            at = time_of(text, zone)
            return query_key(field), _quoted("" if at is None else local_literal(at, zone))
        case _:
            return query_key(field), _quoted(text)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _text(raw: object) -> str | None:
    """Return a cell as text, or `None` for every way in which the vendor says nothing."""
    if isinstance(raw, list):
        return _text(next(filter(None, map(_in_a_language, raw)), None))
    if raw is None:
        return None
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, Decimal):
        return _plain(raw)
    text = str(raw).rstrip(" ")  # columns of a fixed length come filled up
    return text if text.strip() else None


def _in_a_language(told: object) -> object:
    """Return what one language says, of a text that comes in several; our own stands first."""
    return told.get("Value") if isinstance(told, dict) else told


def _plain(number: Decimal) -> str:
    """Return a number without exponent and without zeros that say nothing."""
    plain = f"{number:f}"
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    return "0" if plain in ("-0", "") else plain


def _decimal(field: FieldInterest, text: str) -> str:
    try:
        number = Decimal(text.strip())
    except InvalidOperation as error:
        msg = f"{field.path} is no number, with its {len(text)} characters"
        raise UndecodableError(msg) from error
    return _plain(number)


def _number(field: FieldInterest, text: str) -> JsonValue:
    """Return a decimal as a JSON number where that is exact, else as text."""
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        msg = f"{field.path} must be a number, not {text[:40]!r}"
        raise MappingError(msg) from error
    if not number.is_finite():
        msg = f"{field.path} must be a number, not {text[:40]!r}"
        raise MappingError(msg)
    if number == number.to_integral_value():
        return int(number)
    short = float(number)
    return short if Decimal(repr(short)) == number else text


def _local(field: FieldInterest, text: str, zone: tzinfo) -> str:
    try:
        return local_time(text, zone)
    except (ValueError, OverflowError) as error:
        msg = f"{field.path} must be a time, not {text[:40]!r}"
        raise MappingError(msg) from error


def _moment(field: FieldInterest, text: str, zone: tzinfo) -> str | None:
    at = time_of(text, zone)
    if at is None:
        return None
    is_date = field.kind is FieldKind.DATE
    return at.astimezone(zone).date().isoformat() if is_date else timed(at)


def _named(field: FieldInterest, text: str) -> str | None:
    if text == "0":
        return None
    if field.kind is FieldKind.EMPLOYEE:
        return text
    return str(Ref(System.K3CLOUD, _referred(field), text))


def _business_number(field: FieldInterest, text: str, numbers: Mapping[str, str]) -> str:
    number = numbers.get(text)
    if number is None:
        msg = f"{field.path} refers to {text}, whose number is not known"
        raise MappingError(msg)
    return number


def _referred(field: FieldInterest) -> str:
    if field.refers_to is None:
        msg = f"{field.path} is a reference, but its interest does not say to what"
        raise UndecodableError(msg)
    return field.refers_to
