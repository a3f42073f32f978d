"""Lenses between values alone: conversions that run both ways.

Law, checked for every class here by ``tests/unit/mapper/test_lenses.py``: what went to the
ERP and comes back is what left. A lens that broke it would see each of its own writes as
somebody's edit, and write for ever; one that must lose something (`Text`, `Day`) declares its
tolerance and is tested up to it. A lens that runs one way only (`Constant`) is refused the other
way when its mapping is compiled. Lenses that look at other records are in `referring`, those that
look at other fields in `combining`.

Values are in normal form (`anji_common.events.observed.Document`). Empty stays empty: `None` goes
to `None`, whatever the lens.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta, timezone
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

from pydantic import JsonValue

from anji_common.errors import ConfigurationError, MappingError
from anji_common.refs import System
from anji_mapper.mapping.model import Around
from anji_mapper.mapping.refusals import one_way

__all__ = [
    "Boolean",
    "Constant",
    "Day",
    "Region",
    "Same",
    "Scaled",
    "Text",
    "ValueMap",
]


@dataclass(frozen=True, slots=True)
class Same:
    """The same value on both sides; normal form has made it comparable already."""

    def crm_to_erp(self, value: JsonValue, _around: Around) -> JsonValue:
        return value

    def erp_to_crm(self, value: JsonValue, _around: Around) -> JsonValue:
        return value


@dataclass(frozen=True, slots=True)
class ValueMap:
    """Options that are spelled differently. No two options may share a counterpart."""

    values: Mapping[str, str]
    """CRM value → ERP value."""
    crm_default: str | None = None
    """For ERP values that the map does not name; `None` refuses them."""
    erp_default: str | None = None
    """For CRM values that the map does not name; `None` refuses them."""
    _back: Mapping[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        back = {erp: crm for crm, erp in self.values.items()}
        if len(back) != len(self.values):
            twice = sorted({erp for crm, erp in self.values.items() if back[erp] != crm})
            msg = f"two CRM values map to {', '.join(twice)}: it could not be read back"
            raise ConfigurationError(msg)
        object.__setattr__(self, "_back", back)

    def crm_to_erp(self, value: JsonValue, _around: Around) -> JsonValue:
        return _looked_up(value, self.values, self.erp_default)

    def erp_to_crm(self, value: JsonValue, _around: Around) -> JsonValue:
        return _looked_up(value, self._back, self.crm_default)


@dataclass(frozen=True, slots=True)
class Region:
    """A region of a list: an option in the CRM, auxiliary data by its number in the ERP.

    Tolerance: a label of the CRM comes back as the option's value.
    """

    rows: tuple[tuple[str, str | None, str], ...]
    """(CRM value, CRM label, ERP number)."""
    _numbers: Mapping[str, str] = field(init=False, repr=False, compare=False)
    _values: Mapping[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        named = [
            (name, number)
            for value, label, number in self.rows
            for name in dict.fromkeys((value, label or value))
        ]
        names, numbers = (name for name, _ in named), (number for _, _, number in self.rows)
        twice = [each for found in (names, numbers) for each, n in Counter(found).items() if n > 1]
        if twice:
            msg = f"two regions are {', '.join(sorted(twice))}: they could not be told apart"
            raise ConfigurationError(msg)
        object.__setattr__(self, "_numbers", dict(named))
        object.__setattr__(self, "_values", {number: value for value, _, number in self.rows})

    def crm_to_erp(self, value: JsonValue, _around: Around) -> JsonValue:
        return _looked_up(value, self._numbers, None)

    def erp_to_crm(self, value: JsonValue, _around: Around) -> JsonValue:
        return _looked_up(value, self._values, None)


@dataclass(frozen=True, slots=True)
class Boolean:
    """Yes or no in the CRM, one of two texts in the ERP (``FForbidStatus``: ``B`` or ``A``)."""

    when_true: str
    when_false: str

    def __post_init__(self) -> None:
        if self.when_true == self.when_false:
            msg = f"true and false are both {self.when_true!r} in the ERP"
            raise ConfigurationError(msg)

    def crm_to_erp(self, value: JsonValue, _around: Around) -> JsonValue:
        if value is None:
            return None
        if not isinstance(value, bool):
            msg = f"{value!r} is neither true nor false"
            raise MappingError(msg)
        return self.when_true if value else self.when_false

    def erp_to_crm(self, value: JsonValue, _around: Around) -> JsonValue:
        return _looked_up_flag(value, {self.when_true: True, self.when_false: False})


@dataclass(frozen=True, slots=True)
class Scaled:
    """A quantity in another unit: an ERP value is `factor` times the CRM's, then rounded."""

    factor: Decimal
    crm_step: Decimal
    """The smallest difference that the CRM field can hold, such as ``Decimal("0.01")``."""
    erp_step: Decimal

    def __post_init__(self) -> None:
        if min(self.factor, self.crm_step, self.erp_step) <= 0:
            msg = "factor and steps must be above zero"
            raise ConfigurationError(msg)
        if self.erp_step > self.crm_step * self.factor:
            msg = f"an ERP step of {self.erp_step} cannot tell {self.crm_step} in the CRM apart"
            raise ConfigurationError(msg)

    def crm_to_erp(self, value: JsonValue, _around: Around) -> JsonValue:
        return None if value is None else _on_grid(_number(value) * self.factor, self.erp_step)

    def erp_to_crm(self, value: JsonValue, _around: Around) -> JsonValue:
        return None if value is None else _on_grid(_number(value) / self.factor, self.crm_step)


@dataclass(frozen=True, slots=True)
class Text:
    """Text without outer blanks, and no longer than a side can hold.

    Tolerance: outer blanks, and what stands after the first `limit` characters.
    """

    limit: int | None = None

    def crm_to_erp(self, value: JsonValue, _around: Around) -> JsonValue:
        return self._cut(value)

    def erp_to_crm(self, value: JsonValue, _around: Around) -> JsonValue:
        return self._cut(value)

    def _cut(self, value: JsonValue) -> JsonValue:
        if value is None:
            return None
        return str(value).strip()[: self.limit].rstrip() or None


@dataclass(frozen=True, slots=True)
class Day:
    """An instant in the CRM, the day on which it falls in the ERP.

    Tolerance: the time of day.
    """

    offset_hours: int = 8
    """Of the zone whose days they are; Beijing time has no summer time."""

    def crm_to_erp(self, value: JsonValue, _around: Around) -> JsonValue:
        if value is None:
            return None
        return _within(_instant(value), self._zone).date().isoformat()

    def erp_to_crm(self, value: JsonValue, _around: Around) -> JsonValue:
        if value is None:
            return None
        start = datetime.combine(_instant(value).date(), time(), self._zone)
        return _within(start, UTC).isoformat().replace("+00:00", "Z")

    @property
    def _zone(self) -> timezone:
        return timezone(timedelta(hours=self.offset_hours))


@dataclass(frozen=True, slots=True)
class Constant:
    """One way: wherever there is a value, the other side shows `value`."""

    value: str
    to: System

    def crm_to_erp(self, value: JsonValue, _around: Around) -> JsonValue:
        return self._said(value, System.K3CLOUD)

    def erp_to_crm(self, value: JsonValue, _around: Around) -> JsonValue:
        return self._said(value, System.FXIAOKE)

    def _said(self, value: JsonValue, system: System) -> JsonValue:
        if system is not self.to:
            raise one_way(self.to)
        return None if value is None else self.value


def _looked_up(value: JsonValue, values: Mapping[str, str], default: str | None) -> JsonValue:
    if value is None:
        return None
    found = values.get(str(value), default)
    if found is None:
        msg = f"no counterpart for {value!r}; known are {', '.join(sorted(values))}"
        raise MappingError(msg)
    return found


def _looked_up_flag(value: JsonValue, values: Mapping[str, bool]) -> JsonValue:
    if value is None:
        return None
    found = values.get(str(value))
    if found is None:
        msg = f"{value!r} is none of {', '.join(sorted(values))}"
        raise MappingError(msg)
    return found


def _number(value: JsonValue) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation as error:
        msg = f"{value!r} is no number"
        raise MappingError(msg) from error
    if not number.is_finite():
        msg = f"{value!r} is no number"
        raise MappingError(msg)
    return number


def _on_grid(number: Decimal, step: Decimal) -> str:
    """Return the nearest multiple of `step`, as normal form writes decimals."""
    steps = (number / step).to_integral_value(ROUND_HALF_EVEN)
    text = format(steps * step, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def _within(at: datetime, zone: timezone) -> datetime:
    """Return an instant in another zone, whose calendar may end before it."""
    try:
        return at.astimezone(zone)
    except OverflowError as error:
        msg = f"{at.isoformat()} is beyond the calendar"
        raise MappingError(msg) from error


def _instant(value: JsonValue) -> datetime:
    try:
        instant = datetime.fromisoformat(str(value))
    except ValueError as error:
        msg = f"{value!r} is no time"
        raise MappingError(msg) from error
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
