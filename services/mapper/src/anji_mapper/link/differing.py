"""In which fields two linked records differ, whatever was agreed about them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from anji_common.events.changes import Change
from anji_common.refs import System
from anji_mapper.link.context import Context
from anji_mapper.link.merge import Wish, compare
from anji_mapper.link.renditions import row_key
from anji_mapper.link.state import LineState, Seat, ValuePair, changed
from anji_mapper.mapping.model import LinkType, Pair, Row

__all__ = ["Differing", "differences"]


@dataclass(frozen=True, slots=True)
class Differing:
    """One field in which two linked records differ."""

    field: str
    crm: JsonValue
    erp: JsonValue
    owner: System
    is_agreed: bool
    """Both are known to differ so: nothing will be done about it by itself."""


def differences(
    seat: Seat, changes: tuple[Change, Change], link_type: LinkType, context: Context
) -> list[Differing]:
    """Return the fields in which the records differ; what only one line has is not compared.

    Args:
        seat: The link.
        changes: (the CRM's record, the ERP's), both there.
        link_type: Of the link.
        context: For references.

    Raises:
        UndecodableError: a record has lines without ids.
    """
    crm, erp = (link_type.seen(each.ref.system, each.data or {}) for each in changes)
    fits = link_type.variant_of(crm, erp) if link_type.variants else None
    chosen = link_type if fits is None else fits.link_type
    lines = {name: _unagreed(states) for name, states in seat.lines.items()}
    found = compare(chosen, (crm, erp), ({}, lines), context, lambda *_: None)
    head = [
        _differing(wish.pair.name, wish.pair, (crm.head, erp.head), seat.agreed)
        for wish in found.wishes
    ]
    return [*head, *_row_differences(found.row_wishes, seat, (crm.rows, erp.rows))]


def _row_differences(
    wishes: Mapping[str, list[tuple[str, str, list[Wish]]]],
    seat: Seat,
    rows: tuple[Mapping[str, Mapping[str, Row]], Mapping[str, Mapping[str, Row]]],
) -> Iterator[Differing]:
    for name, each in wishes.items():
        for crm_id, erp_id, mine in each:
            state = seat.lines.get(name, {}).get(crm_id, LineState(erp_id))
            for wish in mine:
                crm, erp = rows[0][name][crm_id], rows[1][name][erp_id]
                key = row_key(name, crm_id, wish.pair.name)
                yield _differing(key, wish.pair, (crm, erp), state.agreed)


def _unagreed(states: Mapping[str, LineState]) -> dict[str, LineState]:
    return {crm_id: changed(state, agreed={}) for crm_id, state in states.items()}


def _differing(
    key: str, pair: Pair, rows: tuple[Row, Row], agreed: Mapping[str, ValuePair]
) -> Differing:
    values = rows[0].get(pair.crm), rows[1].get(pair.erp)
    return Differing(key, *values, owner=pair.owner, is_agreed=agreed.get(pair.name) == values)
