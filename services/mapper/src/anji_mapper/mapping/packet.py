"""The full create packet: every field of the vendor's packet as data, in the vendor's order.

A template's leaf may be a mark. ``{{name}}`` where a mapped field of that name has its place only
says so: the writer puts the mapped value there. A mark elsewhere is a *fill*: when the record is
made, the value of that field of the other side's record is put there as text, once.
``{{delivery_date | order_time}}`` takes the first field that is not empty.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from anji_mapper.mapping.model import Fill

__all__ = ["Loc", "Place", "Template", "place_of", "read_template"]

_MARK = re.compile(r"\{\{([^{}]*)\}\}")

Loc = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a path stands in a template."""

    loc: Loc
    number_key: str | None
    """The one key of the object there, where the field is a reference: ``FNumber``."""


@dataclass(frozen=True, slots=True)
class Template:
    """A packet without its marks, and what they said."""

    packet: Mapping[str, JsonValue]
    marks: tuple[Fill, ...]
    """Every mark, in the order of the packet."""


def read_template(packet: Mapping[str, JsonValue]) -> Template:
    """Return the packet with blanks for marks, and the marks."""
    marks: list[Fill] = []
    blank = {key: _without_marks(value, (key,), marks) for key, value in packet.items()}
    return Template(blank, tuple(marks))


def place_of(
    packet: Mapping[str, JsonValue], path: str, *, lines: str | None = None
) -> Place | None:
    """Return where a head path, or a path in the template row of `lines`, stands; else `None`."""
    node: JsonValue = dict(packet)
    loc: Loc = ()
    if lines is not None:
        rows = packet.get(lines)
        if not isinstance(rows, list) or len(rows) != 1:
            return None
        node, loc = rows[0], (lines, 0)
    for key in path.split("."):
        if not isinstance(node, dict) or key not in node:
            return None
        node, loc = node[key], (*loc, key)
    is_reference = isinstance(node, dict) and len(node) == 1
    return Place(loc, next(iter(node)) if isinstance(node, dict) and is_reference else None)


def _without_marks(value: JsonValue, loc: Loc, marks: list[Fill]) -> JsonValue:
    if isinstance(value, dict):
        return {key: _without_marks(each, (*loc, key), marks) for key, each in value.items()}
    if isinstance(value, list):
        return [_without_marks(each, (*loc, place), marks) for place, each in enumerate(value)]
    if isinstance(value, str) and (found := _MARK.fullmatch(value.strip())):
        marks.append(Fill(loc, tuple(each.strip() for each in found[1].split("|"))))
        return ""
    return value
