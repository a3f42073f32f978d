"""Agreed pairs as JSON, and back: what both sides show is written once, as what they show.

At rest most agreed pairs are just what stands on both sides, which the state holds already. So
only their names are written, and only those that differ are written whole. Read with the same
rows they are the same pairs again.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from anji_mapper.link.state import LineState, ValuePair
from anji_mapper.mapping.model import Row

__all__ = ["Json", "lines_from", "lines_to", "pairs_from", "pairs_to", "whole_from"]

Json = Any
"""Of any shape: what orjson can write, or what it has read."""

_AS_SEEN = 1
"""Stands for all pairs of a line, where they are what both rows show."""
_ABSENT = object()
_ONE_JSON = frozenset((str, type(None)))
"""What equals a value of these is the same JSON."""
_PLAIN = frozenset((*_ONE_JSON, bool, int, float))


def pairs_to(pairs: Mapping[str, ValuePair], crm: Row, erp: Row) -> Json:
    """Return [the names of pairs that are what both rows show, the others whole]."""
    as_seen = []
    others = {}
    for name, ours, theirs in _paths(tuple(pairs)):
        pair = pairs[name]
        if _is_as_seen(pair, crm.get(ours, _ABSENT), erp.get(theirs, _ABSENT)):
            as_seen.append(name)
        else:
            others[name] = pair
    return [as_seen, others]


def pairs_from(read: Json, crm: Row, erp: Row) -> dict[str, ValuePair]:
    """Return the pairs of `pairs_to`, of the same two rows."""
    as_seen, others = read
    pairs = {name: (crm[ours], erp[theirs]) for name, ours, theirs in _paths(tuple(as_seen))}
    return pairs | whole_from(others) if others else pairs


def lines_to(
    states: Mapping[str, LineState], crm_rows: Mapping[str, Row], erp_rows: Mapping[str, Row]
) -> Json:
    """Return [names of the pairs of the first line, CRM line id → its state]."""
    names = next(([*state.agreed] for state in states.values()), [])
    paths = _paths(tuple(names))
    written: dict[str, Json] = {}
    for crm_id, state in states.items():
        crm, erp = crm_rows.get(crm_id, {}), erp_rows.get(state.erp_id, {})
        is_usual = _shows_all(state.agreed, paths, crm, erp) and [*state.agreed] == names
        agreed = _AS_SEEN if is_usual else dict(state.agreed)
        written[crm_id] = [state.erp_id, agreed, state.is_lost]
        if state.missed_at >= 0:
            written[crm_id].append(state.missed_at)
    return [names, written]


def lines_from(
    read: Json, crm_rows: Mapping[str, Row], erp_rows: Mapping[str, Row]
) -> dict[str, LineState]:
    """Return the lines of `lines_to`, of the same rows."""
    names, written = read
    paths = _paths(tuple(names))
    states = {}
    for crm_id, (erp_id, agreed, is_lost, *missed_at) in written.items():
        if agreed == _AS_SEEN:
            crm, erp = crm_rows.get(crm_id, {}), erp_rows.get(erp_id, {})
            pairs = {name: (crm[ours], erp[theirs]) for name, ours, theirs in paths}
        else:
            pairs = whole_from(agreed)
        states[crm_id] = LineState(erp_id, pairs, is_lost, *missed_at)
    return states


@lru_cache(maxsize=1024)  # of a link type there are a few
def _paths(names: tuple[str, ...]) -> tuple[tuple[str, str, str], ...]:
    """Return (name, its path in the CRM, its path in the ERP) of each."""
    parts = (name.partition("~") for name in names)
    return tuple((crm + tilde + erp, crm, erp) for crm, tilde, erp in parts)


def _shows_all(
    agreed: Mapping[str, ValuePair],
    paths: tuple[tuple[str, str, str], ...],
    crm: Row,
    erp: Row,
) -> bool:
    """Whether all pairs of a line are what both rows show."""
    if len(agreed) != len(paths):
        return False
    for name, ours, theirs in paths:
        pair, left, right = agreed.get(name), crm.get(ours, _ABSENT), erp.get(theirs, _ABSENT)
        if pair is None or not _is_as_seen(pair, left, right):
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
