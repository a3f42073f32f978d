"""A company's own conversions: Python functions that a mapping may name, and nothing else.

They are declared as entry points of the group ``anji.lenses`` by an installed package: a mapping
names what somebody has installed on purpose, and no text of a file is ever evaluated. What they
give back is checked each time: a value that would not come back is refused, for it would be taken
for somebody's edit and written for ever.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from pydantic import JsonValue

from anji_common.errors import ConfigurationError, MappingError
from anji_mapper.mapping.findings import near
from anji_mapper.mapping.lens_forms import OwnForm
from anji_mapper.mapping.model import Around

__all__ = ["GROUP", "Conversion", "Factories", "Factory", "Own", "build_own"]

GROUP = "anji.lenses"
"""The entry-point group."""

_SCALARS = (str, bool, type(None))


class Conversion(Protocol):
    """What an entry point makes: two functions without side effects, of values in normal form.

    Neither is ever called with an empty value; empty stays empty.
    """

    def crm_to_erp(self, value: JsonValue) -> JsonValue:
        """Return the ERP's value; ValueError if there is none, with words for people."""
        ...

    def erp_to_crm(self, value: JsonValue) -> JsonValue:
        """Return the CRM's value; ValueError as above."""
        ...


Factory = Callable[[], Callable[..., Conversion]]
Factories = Mapping[str, Factory]
"""Name of an entry point → what loads it: a class, or a function, that is given the options.

Loading may raise whatever importing somebody's module raises.
"""

_MISTAKES = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What a function raises that was given a value it cannot take."""


@dataclass(frozen=True, slots=True)
class Own:
    """A conversion of the company's own.

    Tolerance: a value may come back as another one that goes to the same counterpart.
    """

    name: str
    conversion: Conversion

    def crm_to_erp(self, value: JsonValue, _around: Around) -> JsonValue:
        return self._there(value, self.conversion.crm_to_erp, self.conversion.erp_to_crm)

    def erp_to_crm(self, value: JsonValue, _around: Around) -> JsonValue:
        return self._there(value, self.conversion.erp_to_crm, self.conversion.crm_to_erp)

    def _there(
        self,
        value: JsonValue,
        there: Callable[[JsonValue], JsonValue],
        back: Callable[[JsonValue], JsonValue],
    ) -> JsonValue:
        if value is None:
            return None
        try:
            found = there(value)
            returned = None if found is None else back(found)
            comes_back = returned == value or (returned is not None and there(returned) == found)
        except _MISTAKES as error:
            msg = f"{self.name} cannot convert {value!r}: {error}"
            raise MappingError(msg) from error
        if not isinstance(found, _SCALARS):
            msg = f"{self.name} made a {type(found).__name__} of {value!r}: text or a boolean"
            raise MappingError(msg)
        if not comes_back:
            msg = f"{self.name}: {value!r} becomes {found!r}, which comes back as {returned!r}"
            raise MappingError(msg)
        return found


def build_own(form: OwnForm, factories: Factories) -> Own:
    """Return the conversion, after it has converted its examples.

    Raises:
        ConfigurationError: nobody has installed it, it cannot be made, or an example is not kept.
    """
    if form.function not in factories:
        installed = ", ".join(sorted(factories)) or "none"
        msg = (
            f"no installed package has an entry point {form.function!r} in the group {GROUP!r}"
            f"{near(form.function, factories)}; installed are: {installed}"
        )
        raise ConfigurationError(msg)
    try:
        conversion = factories[form.function]()(**form.options)
    except (ImportError, *_MISTAKES) as error:
        msg = f"{form.function} cannot be made: {error}"
        raise ConfigurationError(msg) from error
    own = Own(form.function, conversion)
    for crm, erp in form.examples.items():
        _keep(own, crm, erp)
    return own


def _keep(own: Own, crm: str, erp: str) -> None:
    nowhere = Around(_Nobody(), head={})
    try:
        found = own.crm_to_erp(crm, nowhere)
        own.erp_to_crm(erp, nowhere)
    except MappingError as error:
        msg = f"an example is not kept: {error}"
        raise ConfigurationError(msg) from error
    if found != erp:
        msg = f"an example is not kept: {own.name} makes {found!r} of {crm!r}, not {erp!r}"
        raise ConfigurationError(msg)


class _Nobody:
    """No other links: a conversion of its own looks at none."""

    def row(self, _ref: str) -> None:
        return None

    def by_number(self, _object_key: str, _number: str) -> None:
        return None
