"""Rows that get another id in the ERP while lines are made of them (``protocol.md`` 18).

A line's marker names the id that the row had when the command was issued. Until the line is known
as that row's, the seat remembers which id the row has by now; else the line would look like a new
one of people, would be copied back, and its row would be made a line once more.

A row that is to stay without a line stays so under its new id. Of a row that is gone it is kept
whether it was marked: one without a marker is not the same row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from anji_mapper.link.lines import alone_in_erp
from anji_mapper.link.rules import Rows
from anji_mapper.link.state import Flight, LineState, RowAgreement, Seat, changed
from anji_mapper.link.turn import Turn
from anji_mapper.mapping.model import LinesPair, Seen

__all__ = [
    "follow_rows",
    "forget_rows",
    "ids_by_now",
    "marked_by_now",
    "remember_rows",
    "under_ids_by_now",
    "under_rows_by_now",
]

_UNSEEN = Seen({})


def follow_rows(turn: Turn, before: Seat) -> None:
    """Take in which ids rows have by now, where the ERP's side is seen otherwise than before."""
    seen, last = turn.seat.erp.seen, before.erp.seen
    if seen is None or last is None or seen is last:
        return
    _remember_markers(turn, last, seen)
    followed: dict[str, Mapping[str, str]] = {}
    states: dict[str, Mapping[str, LineState]] = {}
    for each in turn.link_type.lines:
        was, now = last.rows.get(each.name, {}), seen.rows.get(each.name, {})
        held = dict(ids_by_now(turn, each))
        ids = held | {old: old for old in _named(turn.seat.crm.flight, each) if old not in held}
        known = turn.seat.lines.get(each.name, {})
        alone = [key for key, state in known.items() if key == alone_in_erp(state.erp_id)]
        if {*ids.values(), *(known[key].erp_id for key in alone)} <= now.keys():
            continue
        anew = turn.rules.follows_rows(each.erp_marker, was, now)
        moved = {old: anew.get(row_id, row_id) for old, row_id in ids.items()}
        followed[each.name] = held | {old: new for old, new in moved.items() if new != ids[old]}
        states[each.name] = _alone_by_now(known, _surely(each, anew, was, now))
    if states:
        turn.put(
            renumbered=_without_blanks({**turn.seat.renumbered, **followed}),
            lines={**turn.seat.lines, **states},
        )


def _remember_markers(turn: Turn, last: Seen, seen: Seen) -> None:
    """Keep of lines whose rows are gone that these named them; later, nobody can see it."""
    states: dict[str, Mapping[str, LineState]] = {}
    for each in turn.link_type.lines:
        was, now = last.rows.get(each.name, {}), seen.rows.get(each.name, {})
        mark, known = each.erp_marker, turn.seat.lines.get(each.name)
        if mark is None or not known or was.keys() <= now.keys():
            continue
        states[each.name] = {
            crm: changed(state, was_marked=True)
            if state.erp_id not in now and was.get(state.erp_id, {}).get(mark) == crm
            else state
            for crm, state in known.items()
        }
    if states:
        turn.put(lines={**turn.seat.lines, **states})


def _surely(lines: LinesPair, anew: Mapping[str, str], was: Rows, now: Rows) -> dict[str, str]:
    """Return what is known of rows by more than their order."""
    mark = lines.erp_marker
    return {
        old: new
        for old, new in anew.items()
        if was[old] == now[new] or (mark is not None and was[old].get(mark) is not None)
    }


def _alone_by_now(known: Mapping[str, LineState], anew: Mapping[str, str]) -> dict[str, LineState]:
    """Return lines with the new ids of rows that the ERP alone has, and that shall get no line."""
    states = {}
    for key, state in known.items():
        new = anew.get(state.erp_id)
        if new is not None and key == alone_in_erp(state.erp_id):
            states[alone_in_erp(new)] = changed(state, erp_id=new)
        else:
            states[key] = state
    return states


def remember_rows(turn: Turn, flight: Flight) -> None:
    """Keep the rows of a command to the CRM that may have made some of its lines all the same."""
    remembered = {
        each.name: {old: old for old in _named(flight, each)} | dict(ids_by_now(turn, each))
        for each in turn.link_type.lines
    }
    turn.put(renumbered=_without_blanks({**turn.seat.renumbered, **remembered}))


def forget_rows(turn: Turn) -> None:
    """Forget rows that are gone, or of which the CRM has a line; not what is in flight."""
    seat = turn.seat
    if not seat.renumbered:
        return
    crm, erp = seat.crm.seen or _UNSEEN, seat.erp.seen or _UNSEEN
    left = {}
    for name, ids in seat.renumbered.items():
        named = () if seat.crm.flight is None else seat.crm.flight.rows.get(name, ())
        open_ids = {row.erp_id for row in named}
        lines, rows = crm.rows.get(name, {}), erp.rows.get(name, {})
        paired = {
            state.erp_id for crm_id, state in seat.lines.get(name, {}).items() if crm_id in lines
        }
        left[name] = {
            old: new
            for old, new in ids.items()
            if old in open_ids or (new in rows and new not in paired)
        }
    turn.put(renumbered=_without_blanks(left))


def ids_by_now(turn: Turn, lines: LinesPair) -> Mapping[str, str]:
    """Return the id that rows of the ERP were named by → the one that they have by now."""
    return turn.seat.renumbered.get(lines.name, {})


def under_ids_by_now(
    sent: Sequence[RowAgreement], now: Mapping[str, str]
) -> Sequence[RowAgreement]:
    """Return what was sent of lines under the ids that `now` tells of their rows."""
    if not now:
        return sent
    return [
        RowAgreement(row.crm_id, now.get(row.erp_id or "", row.erp_id), row.pairs) for row in sent
    ]


def marked_by_now(lines: LinesPair, rows: Rows, now: Mapping[str, str]) -> Rows:
    """Return rows of the CRM as if they had been marked with the ids that `now` tells."""
    marker = lines.crm_marker
    if not now or marker is None:
        return rows
    return {
        line_id: {**row, marker: now[str(held)]} if (held := row.get(marker)) in now else row
        for line_id, row in rows.items()
    }


def under_rows_by_now(turn: Turn, seen: Seen) -> Seen:
    """Return the CRM's side as if its lines had been marked with the ids that rows have by now."""
    if not turn.seat.renumbered:
        return seen
    rows = {
        each.name: marked_by_now(each, seen.rows.get(each.name, {}), ids_by_now(turn, each))
        for each in turn.link_type.lines
    }
    return replace(seen, rows={**seen.rows, **rows})


def _named(flight: Flight | None, lines: LinesPair) -> list[str]:
    """Return the ids of ERP rows of which a command to the CRM makes lines."""
    sent = () if flight is None else flight.rows.get(lines.name, ())
    return [row.erp_id for row in sent if row.crm_id is None and row.erp_id is not None]


def _without_blanks(found: Mapping[str, Mapping[str, str]]) -> dict[str, Mapping[str, str]]:
    return {name: ids for name, ids in found.items() if ids}
