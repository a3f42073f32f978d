"""Agreed pairs as JSON, and back: what both sides show is written once, as what they show.

At rest most agreed pairs are just what stands on both sides, which the state holds already. So
only their places are written, and only those that differ are written whole. Read with the same
rows they are the same pairs again.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from anji_mapper.link.state import LineState, ValuePair
from anji_mapper.mapping.model import Row

__all__ = ["Json", "lines_from", "lines_to", "pairs_from", "pairs_to", "paths_of", "whole_from"]

Json = Any
"""Of any shape: what orjson can write, or what it has read."""

_AS_SEEN = 1
"""Stands for all pairs of a line, where they are what both rows show."""
_IN_ORDER = 1
"""Stands for lines that are both sides' rows, one after the other."""
_NO_ROW: Row = {}
_ABSENT = object()
_ONE_JSON = frozenset((str, type(None)))
"""What equals a value of these is the same JSON."""
_PLAIN = frozenset((*_ONE_JSON, bool, int, float))


def pairs_to(pairs: Mapping[str, ValuePair], crm: Row, erp: Row) -> Json:
    """Return [the places of pairs that are what both rows show, the others whole].

    A place is two numbers: where its paths stand in the row of either side.
    """
    places: list[int] = []
    others = {}
    for name, ours, theirs, place in _placed(tuple(pairs), tuple(crm), tuple(erp)):
        pair = pairs[name]
        if place and _is_as_seen(pair, crm[ours], erp[theirs]):
            places += place
        else:
            others[name] = pair
    return [places, others] if others else [places]


def pairs_from(read: Json, crm: Row, erp: Row) -> dict[str, ValuePair]:
    """Return the pairs of `pairs_to`, of the same two rows."""
    places, *others = read
    paths = _named(tuple(places), tuple(crm), tuple(erp))
    pairs = {name: (crm[ours], erp[theirs]) for name, ours, theirs in paths}
    return pairs | whole_from(others[0]) if others else pairs


def lines_to(
    states: Mapping[str, LineState], crm_rows: Mapping[str, Row], erp_rows: Mapping[str, Row]
) -> Json:
    """Return [names of the pairs of the first line, CRM line id → its state].

    A line of which there is nothing else to say is the id of its ERP row alone; and where all
    lines are so, and in the order of both sides' rows, they are not written at all.
    """
    names = next(([*state.agreed] for state in states.values()), [])
    paths = paths_of(tuple(names))
    written: dict[str, Json] = {}
    are_usual = True
    for crm_id, state in states.items():
        crm, erp = crm_rows.get(crm_id, _NO_ROW), erp_rows.get(state.erp_id, _NO_ROW)
        is_usual = [*state.agreed] == names and _shows_all(state.agreed, paths, crm, erp)
        if is_usual and not (state.is_lost or state.is_missed or state.was_marked):
            written[crm_id] = state.erp_id
            continue
        are_usual = False
        written[crm_id] = [state.erp_id, _AS_SEEN if is_usual else dict(state.agreed)]
        written[crm_id] += [state.is_lost, state.missed_at]
        if state.was_marked or state.erp_missed_at >= 0:
            written[crm_id].append(state.was_marked)
        if state.erp_missed_at >= 0:
            written[crm_id].append(state.erp_missed_at)
    if are_usual and [*written] == [*crm_rows] and [*written.values()] == [*erp_rows]:
        return [names, _IN_ORDER]
    return [names, written]


def lines_from(
    read: Json, crm_rows: Mapping[str, Row], erp_rows: Mapping[str, Row]
) -> dict[str, LineState]:
    """Return the lines of `lines_to`, of the same rows."""
    names, written = read
    paths = paths_of(tuple(names))
    if written == _IN_ORDER:
        written = dict(zip(crm_rows, erp_rows, strict=True))
    states = {}
    for crm_id, line in written.items():
        erp_id, agreed, *more = (line, _AS_SEEN) if isinstance(line, str) else line
        if agreed == _AS_SEEN:
            crm, erp = crm_rows.get(crm_id, _NO_ROW), erp_rows.get(erp_id, _NO_ROW)
            pairs = {name: (crm[ours], erp[theirs]) for name, ours, theirs in paths}
        else:
            pairs = whole_from(agreed)
        states[crm_id] = LineState(erp_id, pairs, *more)
    return states


@lru_cache(maxsize=1024)  # of a link type there are a few
def paths_of(names: tuple[str, ...]) -> tuple[tuple[str, str, str], ...]:
    """Return (name, its path in the CRM, its path in the ERP) of each."""
    parts = (name.partition("~") for name in names)
    return tuple((crm + tilde + erp, crm, erp) for crm, tilde, erp in parts)


@lru_cache(maxsize=1024)
def _placed(
    names: tuple[str, ...], crm: tuple[str, ...], erp: tuple[str, ...]
) -> tuple[tuple[str, str, str, tuple[int, ...]], ...]:
    """Return (name, its paths, their places in the rows with these paths; none if it has none)."""
    of_crm, of_erp = ({path: n for n, path in enumerate(row)} for row in (crm, erp))
    return tuple(
        (name, ours, theirs, (of_crm[ours], of_erp[theirs]))
        if "~" in name and ours in of_crm and theirs in of_erp
        else (name, ours, theirs, ())
        for name, ours, theirs in paths_of(names)
    )


@lru_cache(maxsize=1024)
def _named(
    places: tuple[int, ...], crm: tuple[str, ...], erp: tuple[str, ...]
) -> tuple[tuple[str, str, str], ...]:
    """Return (name, its paths) of each place."""
    pairs = zip(places[::2], places[1::2], strict=True)
    return tuple((f"{crm[ours]}~{erp[theirs]}", crm[ours], erp[theirs]) for ours, theirs in pairs)


def _shows_all(
    agreed: Mapping[str, ValuePair],
    paths: tuple[tuple[str, str, str], ...],
    crm: Row,
    erp: Row,
) -> bool:
    """Whether all pairs of a line, in the order of their `paths`, are what both rows show."""
    for pair, (_, ours, theirs) in zip(agreed.values(), paths, strict=True):
        left, right = crm.get(ours, _ABSENT), erp.get(theirs, _ABSENT)
        if not (pair[0] is left and pair[1] is right) and not _is_as_seen(pair, left, right):
            return False
    return True


def _is_as_seen(pair: ValuePair, crm: object, erp: object) -> bool:
    """Whether a pair is, as JSON, what two rows show."""
    ours, theirs = pair
    if ours is crm and theirs is erp:
        return True  # as it was read
    if ours != crm or theirs != erp:
        return False
    of_crm, of_erp = type(crm), type(erp)
    if of_crm in _ONE_JSON and of_erp in _ONE_JSON:
        return True
    # By type as well: 1 and true are equal, and are not the same JSON; nor are lists of them.
    is_plain = of_crm in _PLAIN and of_erp in _PLAIN
    return is_plain and type(ours) is of_crm and type(theirs) is of_erp


def whole_from(read: Json) -> dict[str, ValuePair]:
    """Return pairs that were written whole."""
    return {name: (crm, erp) for name, (crm, erp) in read.items()}
