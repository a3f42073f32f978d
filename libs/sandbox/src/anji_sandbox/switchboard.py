"""Switches as JSON: told, and turned by name while a sandbox runs.

Sets are lists there, nested switches maps. What is given is checked as a whole by the declared
types before anything is turned. Not here: what the switches mean.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

__all__ = ["told", "turn"]

_WRONG = object()


def told(switches: Any) -> dict[str, Any]:  # noqa: ANN401 - any dataclass of switches
    """Return every switch and how it stands, as JSON knows it."""
    return {each.name: _told(getattr(switches, each.name)) for each in fields(switches)}


def turn(switches: Any, given: object) -> None:  # noqa: ANN401 - any dataclass of switches
    """Turn the switches that a map names.

    Raises:
        ValueError: there is no such switch, or it cannot stand so; nothing was turned.
    """
    for target, name, value in _turned(switches, given):
        setattr(target, name, value)


def _told(value: Any) -> Any:  # noqa: ANN401 - JSON
    if is_dataclass(value):
        return told(value)
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, Mapping):
        return {name: _told(each) for name, each in value.items()}
    return value


def _turned(switches: Any, given: object) -> list[tuple[Any, str, Any]]:  # noqa: ANN401 - as above
    """Return what is to be set where."""
    hints = get_type_hints(type(switches))
    if not isinstance(given, dict):
        msg = "switches are a map by name"
        raise ValueError(msg)  # noqa: TRY004 - a value of a request, not a caller's slip
    found: list[tuple[Any, str, Any]] = []
    for name, value in given.items():
        if name not in hints:
            msg = f"there is no switch {name}"
            raise ValueError(msg)
        nested = getattr(switches, name)
        if is_dataclass(nested):
            found.extend(_turned(nested, value))
        else:
            found.append((switches, name, _read(name, hints[name], value)))
    return found


def _read(name: str, hint: Any, value: object) -> object:  # noqa: ANN401 - a type
    """Return a value of JSON as its switch holds it.

    Raises:
        ValueError: the switch cannot stand so.
    """
    origin, choices = get_origin(hint), get_args(hint)
    if origin is UnionType:  # some type, or None
        if value is None and NoneType in choices:
            return None
        (hint,) = (each for each in choices if each is not NoneType)
        origin, choices = get_origin(hint), get_args(hint)
    stood: object
    if origin is Literal or hint in (bool, int):
        stood = value if value in choices or type(value) is hint else _WRONG
    elif origin in (frozenset, tuple):
        stood = origin(map(str, value)) if isinstance(value, list) else _WRONG
    elif origin is Mapping:
        stood = MappingProxyType(value) if isinstance(value, dict) else _WRONG
    else:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        stood = float(str(value)) if is_number else _WRONG
    if stood is _WRONG:
        wanted = f"one of {choices}" if origin is Literal else f"of type {hint}"
        msg = f"switch {name} is {wanted}, not {value!r}"
        raise ValueError(msg)
    return stood
