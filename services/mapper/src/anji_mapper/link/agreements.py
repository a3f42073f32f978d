"""Agreed pairs as JSON, and back: what both sides show is written once, as what they show.

At rest most agreed pairs are just what stands on both sides, which the state holds already. So
only their names are written, and only those that differ are written whole. Read with the same
rows they are the same pairs again.
"""

from collections.abc import Mapping
from typing import Any

from anji_mapper.link.state import LineState, ValuePair
from anji_mapper.mapping.model import Row

__all__ = ["Json", "lines_from", "lines_to", "pairs_from", "pairs_to", "whole_from"]

Json = Any
"""Of any shape: what orjson can write, or what it has read."""

_AS_SEEN = 1
"""Stands for all pairs of a line, where they are what both rows show."""
_ABSENT = object()
_PLAIN = frozenset((str, type(None), bool, int, float))


def pairs_to(pairs: Mapping[str, ValuePair], crm: Row, erp: Row) -> Json:
    """Return [the names of pairs that are what both rows show, the others whole]."""
    as_seen = []
    others = {}
    for name, pair in pairs.items():
        if _is_as_seen(name, pair, crm, erp):
            as_seen.append(name)
        else:
            others[name] = pair
    return [as_seen, others]


def pairs_from(read: Json, crm: Row, erp: Row) -> dict[str, ValuePair]:
    """Return the pairs of `pairs_to`, of the same two rows."""
    as_seen, others = read
    pairs = {name: _shown(name, crm, erp) for name in as_seen}
    return pairs | whole_from(others) if others else pairs


def lines_to(
    states: Mapping[str, LineState], crm_rows: Mapping[str, Row], erp_rows: Mapping[str, Row]
) -> Json:
    """Return [names of the pairs of the first line, CRM line id → its state]."""
    names = next(([*state.agreed] for state in states.values()), [])
    written: dict[str, Json] = {}
    for crm_id, state in states.items():
        crm, erp = crm_rows.get(crm_id, {}), erp_rows.get(state.erp_id, {})
        is_usual = [*state.agreed] == names and all(
            _is_as_seen(name, pair, crm, erp) for name, pair in state.agreed.items()
        )
        agreed = _AS_SEEN if is_usual else dict(state.agreed)
        written[crm_id] = [state.erp_id, agreed, state.is_lost]
    return [names, written]


def lines_from(
    read: Json, crm_rows: Mapping[str, Row], erp_rows: Mapping[str, Row]
) -> dict[str, LineState]:
    """Return the lines of `lines_to`, of the same rows."""
    names, written = read
    states = {}
    for crm_id, (erp_id, agreed, is_lost) in written.items():
        if agreed == _AS_SEEN:
            crm, erp = crm_rows.get(crm_id, {}), erp_rows.get(erp_id, {})
            states[crm_id] = LineState(
                erp_id, {name: _shown(name, crm, erp) for name in names}, is_lost
            )
        else:
            states[crm_id] = LineState(erp_id, whole_from(agreed), is_lost)
    return states


def _is_as_seen(name: str, pair: ValuePair, crm: Row, erp: Row) -> bool:
    crm_path, _, erp_path = name.partition("~")
    ours, theirs = crm.get(crm_path, _ABSENT), erp.get(erp_path, _ABSENT)
    # By type as well: 1 and true are equal, and are not the same JSON; nor are lists of them.
    return (
        pair == (ours, theirs)
        and type(pair[0]) is type(ours)
        and type(pair[1]) is type(theirs)
        and type(ours) in _PLAIN
        and type(theirs) in _PLAIN
    )


def _shown(name: str, crm: Row, erp: Row) -> ValuePair:
    crm_path, _, erp_path = name.partition("~")
    return crm[crm_path], erp[erp_path]


def whole_from(read: Json) -> dict[str, ValuePair]:
    """Return pairs that were written whole."""
    return {name: (crm, erp) for name, (crm, erp) in read.items()}
