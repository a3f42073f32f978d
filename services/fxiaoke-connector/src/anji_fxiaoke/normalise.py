"""The CRM's records ↔ our normal form, by the kinds of the `Interest`. Pure.

Towards normal form: ms become RFC 3339 times in UTC or dates in Beijing, numbers decimal text,
employees the first of their list, references the text of a ref, empty or absent null. Whether a
record is voided (`life_status`) is told even where no mapping names it. Lines stand
under their object's name, in the order of their ids, without voided ones. The document's modify
time and modifier are those of its newest part: a line changes without touching its head.

Source: docs/vendors/fxiaoke.md, sections 3.2 (types), 3.3 (system fields), 7.9 (empty is absent).
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any

from pydantic import JsonValue

from anji_common.budget import BEIJING
from anji_common.errors import UndecodableError
from anji_common.events.envelope import instant, timed
from anji_common.events.observed import Observed, Stamp
from anji_common.interest import FieldInterest, FieldKind, LinesInterest, ObjectInterest
from anji_common.refs import Ref, System
from anji_fxiaoke.objects import VOIDED
from anji_fxiaoke.wire import at_ms, ms_of

__all__ = ["document", "head_fields", "line_fields", "normal", "spelt"]

_Raw = Mapping[str, Any]

_SYSTEM_FIELDS = (
    "_id",
    "name",
    "last_modified_time",
    "last_modified_by",
    "life_status",
    "version",
)


def head_fields(interest: ObjectInterest) -> tuple[str, ...]:
    """Return which fields of a head to ask for."""
    named = (field.path for field in interest.fields)
    return tuple(dict.fromkeys([*_SYSTEM_FIELDS, "create_time", interest.number_field, *named]))


def line_fields(lines: LinesInterest) -> tuple[str, ...]:
    """Return which fields of a line to ask for."""
    named = [field.path for field in lines.fields]
    master = [] if lines.master_field is None else [lines.master_field]
    return tuple(dict.fromkeys([*_SYSTEM_FIELDS, *master, *named]))


def document(
    interest: ObjectInterest, head: _Raw, lines: Mapping[str, Sequence[_Raw]], our_user: str
) -> Observed:
    """Return a record in normal form, head and lines as one.

    Args:
        interest: Which fields, and of what kind.
        head: As the CRM told it.
        lines: Lines path → all lines of this head, voided ones too.
        our_user: openUserId of the integration account.

    Raises:
        UndecodableError: a value is not of its kind; the message names the field.
    """
    data: dict[str, JsonValue] = {
        field.path: _normal_in(interest.object_name, field, head.get(field.path))
        for field in _all_fields(interest)
    }
    data.setdefault("life_status", _first(head.get("life_status")))
    parts = [head]
    for each in interest.lines:
        rows = sorted(lines.get(each.path, ()), key=lambda row: str(row["_id"]))
        parts.extend(rows)
        data[each.path] = [_row(each, row) for row in rows if row.get("life_status") != VOIDED]
    newest = max(parts, key=_modified_ms)
    modifier = _first(newest.get("last_modified_by"))
    return Observed(
        ref=Ref(System.FXIAOKE, interest.object_name, str(head["_id"])),
        stamp=Stamp(
            modified_at=_at(_modified_ms(newest)),
            modified_by=modifier,
            by_anji=modifier == our_user,
        ),
        data=data,
    )


def normal(field: FieldInterest, value: object) -> JsonValue:  # noqa: PLR0911 - one a kind
    """Return one value in normal form.

    Raises:
        UndecodableError: it is not of the field's kind.
    """
    if value is None or (isinstance(value, str) and not value.strip()) or value in ([], {}):
        return None
    match field.kind:
        case FieldKind.DECIMAL:
            return _decimal(value)
        case FieldKind.BOOLEAN:
            return _boolean(value)
        case FieldKind.DATE:
            return _at(value, BEIJING).date().isoformat()
        case FieldKind.TIME:
            return timed(_at(value))
        case FieldKind.EMPLOYEE:
            return _first(value)
        case FieldKind.REFERENCE:
            return _each(value, lambda one: _ref_text(field, one))
        case FieldKind.TEXT | FieldKind.CHOICE | FieldKind.NUMBER:
            return _each(value, _text)


def spelt(field: FieldInterest, value: JsonValue) -> object:  # noqa: PLR0911 - one a kind
    """Return a value in normal form as the CRM takes it; null clears a field.

    Raises:
        UndecodableError: it is not of the field's kind.
    """
    if value is None:
        return None
    match field.kind:
        case FieldKind.DATE:
            return ms_of(datetime.combine(_day(value), time(), BEIJING))
        case FieldKind.TIME:
            return ms_of(instant(str(value)))
        case FieldKind.EMPLOYEE:
            return value if isinstance(value, list) else [value]
        case FieldKind.REFERENCE:
            return _each(value, lambda one: Ref.parse(str(one)).record_id)
        case FieldKind.BOOLEAN:
            return _boolean(value)
        case FieldKind.DECIMAL:
            return _decimal(value)
        case FieldKind.TEXT | FieldKind.CHOICE | FieldKind.NUMBER:
            return value


def _all_fields(interest: ObjectInterest) -> Sequence[FieldInterest]:
    if any(field.path == interest.number_field for field in interest.fields):
        return interest.fields
    return (FieldInterest(interest.number_field), *interest.fields)


def _row(lines: LinesInterest, raw: _Raw) -> dict[str, JsonValue]:
    row: dict[str, JsonValue] = {lines.id_field: str(raw["_id"])}
    for field in lines.fields:
        if field.path != lines.id_field:
            row[field.path] = _normal_in(lines.path, field, raw.get(field.path))
    return row


def _normal_in(object_name: str, field: FieldInterest, value: object) -> JsonValue:
    try:
        return normal(field, value)
    except UndecodableError as error:
        msg = f"{object_name}.{field.path}: {error}"
        raise UndecodableError(msg) from error


def _modified_ms(raw: _Raw) -> int:
    value = raw.get("last_modified_time", raw.get("create_time"))
    if value is None:
        msg = "last_modified_time is missing"
        raise UndecodableError(msg)
    return _whole(value)


def _each(value: Any, one: Any) -> JsonValue:  # noqa: ANN401 - a function of any JSON value
    return [one(item) for item in value] if isinstance(value, list) else one(value)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        # A file is told by its path, and what goes along with a reference (``__r``) by its name.
        named = next((value[each] for each in ("path", "name", "label") if value.get(each)), None)
        if not isinstance(named, str):
            msg = "text is due, and an object came"
            raise UndecodableError(msg)
        return named
    return str(value)


def _first(value: object) -> str | None:
    found = value[0] if isinstance(value, list) and value else value
    return None if found in (None, "", []) else str(found)


def _ref_text(field: FieldInterest, value: object) -> str:
    if not isinstance(value, str):
        msg = f"an id is due, not {type(value).__name__}"
        raise UndecodableError(msg)
    return str(Ref(System.FXIAOKE, field.refers_to or "", value)) if field.refers_to else value


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return value == "true"
    msg = "true or false is due"
    raise UndecodableError(msg)


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        msg = f"milliseconds are due, not {type(value).__name__}"
        raise UndecodableError(msg)
    try:
        return int(value)
    except ValueError as error:
        msg = "milliseconds are due"
        raise UndecodableError(msg) from error


def _at(value: object, zone: tzinfo = UTC) -> datetime:
    try:
        return at_ms(_whole(value)).astimezone(zone)
    except OverflowError as error:
        msg = "a time beyond the calendar: milliseconds are due"
        raise UndecodableError(msg) from error


def _day(value: JsonValue) -> date:
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        msg = f"a day is due, not {str(value)[:40]!r}"
        raise UndecodableError(msg) from error


def _decimal(value: object) -> str:
    try:
        number = Decimal(str(value))
    except InvalidOperation as error:
        msg = "a number is due"
        raise UndecodableError(msg) from error
    if isinstance(value, bool) or not number.is_finite():
        msg = "a number is due"
        raise UndecodableError(msg)
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
