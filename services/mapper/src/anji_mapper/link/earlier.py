"""Seats as an earlier version wrote them: read here, and written by `codec` in the form of today.

The second form is today's at length: each side's ref and marker in full, agreed pairs by their
names, and every field in its place, whether there is anything to say of it or not.
"""

from collections.abc import Mapping
from datetime import datetime

from anji_common.events.changes import Change
from anji_common.events.observed import Stamp
from anji_common.refs import Ref
from anji_mapper.link.agreements import Json, paths_of, whole_from
from anji_mapper.link.forms import (
    BLANK_SEAT,
    change_from,
    decisions_from,
    entry_from,
    flight_from,
    maybe,
    problem_from,
    refusal_from,
    rows_from,
    seen_of,
    stamp_from,
    unfinished_from,
)
from anji_mapper.link.state import (
    Held,
    LineState,
    PendingMessage,
    Seat,
    SideState,
    Stage,
    ValuePair,
    changed,
)
from anji_mapper.mapping.model import Row, Seen

__all__ = ["second_form"]

_AS_STAMP = 1
"""Stands for a floor that is the newest stamp."""
_AS_SEEN = 1
"""Stands for all pairs of a line, where they are what both rows show."""


def second_form(fields: Json) -> Seat:
    """Return the seat of what stands after the number of the form."""
    key, link_type, generation, version, stage, partner, crm, erp, *rest = fields
    agreed, lines, waits, since, problem, said, heard, newest, *last = rest
    deferred, messages, rows_digest, claimants, asked, decisions, *later = last
    crm_side, erp_side = _side_from(crm), _side_from(erp)
    crm_seen, erp_seen = seen_of(crm_side), seen_of(erp_side)
    return changed(
        BLANK_SEAT,
        key=Ref.parse(key),
        link_type=link_type,
        generation=generation,
        version=version,
        stage=Stage(stage),
        partner=maybe(Ref.parse, partner),
        crm=crm_side,
        erp=erp_side,
        agreed=_pairs_from(agreed, crm_seen.head, erp_seen.head),
        lines={
            name: _lines_from(states, crm_seen.rows.get(name, {}), erp_seen.rows.get(name, {}))
            for name, states in lines.items()
        },
        waits=tuple(waits),
        waiting_since=maybe(datetime.fromisoformat, since),
        problem=maybe(problem_from, problem),
        said=said,
        heard=heard,
        newest=maybe(_change_from, newest),
        deferred=tuple(map(entry_from, deferred)),
        messages=tuple(PendingMessage(to, text) for to, text in messages) if messages else (),
        rows_digest=rows_digest,
        claimants=tuple(map(Ref.parse, claimants)),
        asked=whole_from(asked) if asked else {},
        decisions=decisions_from(decisions) if decisions else {},
        claimed_on=later[0] if later else -1,
        is_unsettled=len(later) > 1 and later[1],
    )


def _side_from(read: Json) -> SideState:
    if read is None:
        return SideState()
    ref, revision, stamp, seen, floor, flight, held, sent, refusal, is_gone, *later = read
    returned, unfinished, rewrites = (*later, None, None)[:3]
    newest = None if stamp is None else _stamp_from(stamp)
    return changed(
        SideState(),
        ref=None if ref is None else Ref.parse(ref),
        revision=revision,
        stamp=newest,
        seen=None if seen is None else _seen_from(seen),
        floor=newest if floor == _AS_STAMP else maybe(_stamp_from, floor),
        flight=None if flight is None else flight_from(flight),
        held=None if held is None else _held_from(held),
        sent=sent,
        refusal=None if refusal is None else refusal_from(refusal),
        is_gone=is_gone,
        returned=whole_from(returned) if returned else returned,
        unfinished=None if unfinished is None else unfinished_from(unfinished),
        rewrites={key: (times, told) for key, (times, told) in (rewrites or {}).items()},
    )


def _stamp_from(read: Json) -> Stamp:
    return stamp_from(_in_order_of_today(read))


def _in_order_of_today(stamp: Json) -> Json:
    modified_at, approved_at, status, modified_by, by_anji, unread = stamp
    return [modified_at, modified_by, by_anji, status, approved_at, unread]


def _seen_from(read: Json) -> Seen:
    head, rows, number, marker = read
    return Seen(head, {name: rows_from(each) for name, each in rows.items()}, number, marker)


def _held_from(read: Json) -> Held:
    return Held(read[0], _stamp_from(read[1]), _seen_from(read[2]))


def _change_from(read: Json) -> Change:
    ref, revision, stamp, *rest = read
    return change_from([ref, revision, _in_order_of_today(stamp), *rest])


def _pairs_from(read: Json, crm: Row, erp: Row) -> dict[str, ValuePair]:
    as_seen, others = read
    pairs = {name: (crm[ours], erp[theirs]) for name, ours, theirs in paths_of(tuple(as_seen))}
    return pairs | whole_from(others) if others else pairs


def _lines_from(
    read: Json, crm_rows: Mapping[str, Row], erp_rows: Mapping[str, Row]
) -> dict[str, LineState]:
    names, written = read
    paths = paths_of(tuple(names))
    states = {}
    for crm_id, (erp_id, agreed, is_lost, *missed_at) in written.items():
        if agreed == _AS_SEEN:
            crm, erp = crm_rows.get(crm_id, {}), erp_rows.get(erp_id, {})
            pairs = {name: (crm[ours], erp[theirs]) for name, ours, theirs in paths}
        else:
            pairs = whole_from(agreed)
        states[crm_id] = LineState(erp_id, pairs, is_lost, *missed_at)
    return states
