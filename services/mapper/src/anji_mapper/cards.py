"""From a record to what tells it from others: marks, numbers, natural keys, name, tax number."""

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import JsonValue

from anji_common.errors import AwaitedError, MappingError
from anji_common.events.changes import Change
from anji_common.refs import SYSTEMS, System
from anji_mapper.link.context import Context
from anji_mapper.link.converting import convert
from anji_mapper.mapping.model import LinkType, Pair, Seen
from anji_mapper.pairing import Card

__all__ = ["Names", "card_of"]

_NAMES = {"name", "FName"}
_TAX_NUMBERS = {"FTAXREGISTERCODE"}


@dataclass(frozen=True, slots=True)
class Names:
    """The fields by which people know a record: (CRM path, ERP path); `None` for none."""

    name: tuple[str, str] | None
    tax: tuple[str, str] | None

    @classmethod
    def of(cls, link_type: LinkType) -> "Names":
        """Return those that the mapping names in the vendors' own words."""
        return cls(_found(link_type, _NAMES), _found(link_type, _TAX_NUMBERS))


def _found(link_type: LinkType, paths: set[str]) -> tuple[str, str] | None:
    pairs = ((pair.crm, pair.erp) for pair in link_type.pairs if {pair.crm, pair.erp} & paths)
    return next(pairs, None)


def card_of(change: Change, link_type: LinkType, names: Names, context: Context) -> Card:
    """Return what tells a record apart, in the ERP's values.

    Raises:
        UndecodableError: it has lines without ids.
    """
    system = change.ref.system
    data = change.data or {}
    seen = link_type.seen(system, data)
    place = 0 if system is System.FXIAOKE else 1
    return Card(
        ref=str(change.ref),
        number=seen.number,
        name=_text(data.get(names.name[place])) if names.name else None,
        tax=_text(data.get(names.tax[place])) if names.tax else None,
        keys=tuple(_keys(str(change.ref), seen, link_type, system, context)),
    )


def _keys(
    ref: str, seen: Seen, link_type: LinkType, system: System, context: Context
) -> Iterator[tuple[str, ...]]:
    yield "mark", ref if seen.marker is None else seen.marker
    for paths in _exact(link_type):
        values = [_value(path, seen, link_type, system, context) for path in paths]
        yield (
            (" and ".join(paths), *(str(value) for value in values))
            if all(value is not None for value in values)
            else ("nothing", ref)
        )


def _exact(link_type: LinkType) -> list[tuple[str, ...]]:
    """Return the sets of ERP paths that tell records apart, each once."""
    found: dict[tuple[str, ...], None] = {}
    to_erp = {pair.crm: pair.erp for pair in link_type.pairs}
    for system in SYSTEMS:
        side = link_type.side(system)
        keys = [*side.natural_keys, *([(side.own_number,)] if side.own_number else [])]
        for paths in keys:
            if system is System.K3CLOUD:
                found[paths] = None
            elif all(path in to_erp for path in paths):
                found[tuple(to_erp[path] for path in paths)] = None
    return list(found)


def _value(
    path: str, seen: Seen, link_type: LinkType, system: System, context: Context
) -> JsonValue:
    if system is System.K3CLOUD:
        return seen.head.get(path)
    pair = next((each for each in link_type.pairs if each.erp == path), None)
    return None if pair is None else _converted(pair, seen, context)


def _converted(pair: Pair, seen: Seen, context: Context) -> JsonValue:
    try:
        return convert(pair, System.K3CLOUD, seen, None, context)
    except (AwaitedError, MappingError):
        return None


def _text(value: JsonValue) -> str | None:
    return None if value is None else str(value)
