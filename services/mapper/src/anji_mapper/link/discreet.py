"""What a notice says without the values of fields that the mapping marks `personal`.

Everybody may read notices, so a person's number or name stands there as ``(personal)``, in the
details of its field and wherever it is quoted, as in a vendor's words. Which field it is, who won
and why is told all the same; the values stand in the links and in the changes, for those who may.
"""

from collections.abc import Iterator, Mapping, Sequence

from pydantic import JsonValue

from anji_mapper.link.state import Seat, SideState
from anji_mapper.mapping.model import LinkType, Pair, Row, Seen

__all__ = ["HIDDEN", "discreet"]

HIDDEN = "(personal)"

_LEAST = 2
"""Shorter values could stand in any word."""
_VALUES = ("crm", "erp", "mapped", "value")
"""Details that are values of the field that `field` names."""


def discreet(
    seat: Seat, link_type: LinkType, words: str, details: Mapping[str, JsonValue]
) -> tuple[str, dict[str, JsonValue]]:
    """Return a notice's words and details without personal values."""
    names = {pair.name for pair in _all_pairs(link_type) if pair.personal}
    if not names:
        return words, dict(details)
    given = dict(details)
    known = {each for side in (seat.crm, seat.erp) for each in _values(side, link_type)}
    if _is_of(given.get("field"), names):
        known.update(*(_texts(given.get(name)) for name in _VALUES))
        given |= {name: HIDDEN for name in _VALUES if given.get(name) is not None}
    texts = sorted((text for text in known if len(text) >= _LEAST), key=len, reverse=True)
    shown = {name: _shown(value, names, texts) for name, value in given.items()}
    return _without(words, texts), shown


def _shown(value: JsonValue, names: set[str], texts: Sequence[str]) -> JsonValue:
    match value:
        case str():
            return _without(value, texts)
        case list():
            return [_shown(each, names, texts) for each in value]
        case dict():
            return {
                key: HIDDEN if _is_of(key, names) else _shown(each, names, texts)
                for key, each in value.items()
            }
        case _:
            return value


def _without(text: str, texts: Sequence[str]) -> str:
    for each in texts:
        text = text.replace(each, HIDDEN)
    return text


def _is_of(name: JsonValue, names: set[str]) -> bool:
    """Whether a name is that of a personal field, in the head or in a line."""
    return isinstance(name, str) and name.rpartition("/")[2] in names


def _all_pairs(link_type: LinkType) -> Iterator[Pair]:
    yield from link_type.pairs
    for lines in link_type.lines:
        yield from lines.pairs


def _values(side: SideState, link_type: LinkType) -> Iterator[str]:
    """Give the personal values that a side holds, is sent, or has sent back."""
    for pair in link_type.pairs:
        if pair.personal:
            for seen in _seen(side):
                yield from _texts(_of(seen.head, pair))
            flights = () if side.flight is None else side.flight.pairs.get(pair.name, ())
            for value in (*flights, *side.returned.get(pair.name, ())):
                yield from _texts(value)
    for lines in link_type.lines:
        personal = [pair for pair in lines.pairs if pair.personal]
        rows = (row for seen in _seen(side) for row in seen.rows.get(lines.name, {}).values())
        for row in rows if personal else ():
            for pair in personal:
                yield from _texts(_of(row, pair))


def _seen(side: SideState) -> Iterator[Seen]:
    if side.seen is not None:
        yield side.seen
    if side.held is not None:
        yield side.held.seen


def _of(row: Row, pair: Pair) -> list[JsonValue]:
    return [row.get(pair.crm), row.get(pair.erp)]


def _texts(value: JsonValue) -> Iterator[str]:
    if isinstance(value, str):
        yield value
        yield value.strip()
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
