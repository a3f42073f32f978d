"""What a side is now: changes taken in, held or dropped, and the settling of commands.

The order at a result is fixed (``protocol.md`` 7): first agree, then merge the held change, only
then decide the next command (which `step` does).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pydantic import JsonValue

from anji_common.events.changes import Change
from anji_common.events.notices import NoticeKind
from anji_common.events.observed import Document, Observed, Stamp
from anji_common.refs import System
from anji_mapper.link.lines import (
    numbered_anew,
    shows_all,
    under_known_ids,
)
from anji_mapper.link.partly import agree_on_what_was_done
from anji_mapper.link.remembering import AnsweredRows, Memory
from anji_mapper.link.renditions import Answers
from anji_mapper.link.renumbered import ids_by_now, marked_by_now, under_ids_by_now
from anji_mapper.link.state import (
    Flight,
    Held,
    LineState,
    SideState,
    ValuePair,
    changed,
)
from anji_mapper.link.turn import Turn
from anji_mapper.mapping.model import LinesPair, LinkType, Row, Seen

__all__ = [
    "agree",
    "cleared",
    "filled",
    "is_answer",
    "look_at",
    "observe",
    "owe_read",
    "settle_by_held",
]


def observe(turn: Turn, system: System, change: Change) -> bool:
    """Take in a change of one side; return whether it said anything new."""
    rules, side = turn.rules, turn.seat.side(system)
    if rules.is_stale(side, change.revision):
        return False
    if change.data is None:
        turn.put_side(system, _gone(turn, side, change.revision))
        return True
    if side.owes_read and is_answer(change, side.owes_read):
        side = changed(side, owes_read="")
        turn.put_side(system, side)
    if rules.is_past(side, change.stamp):
        if not _settles(side, change):
            return False
        # Begun after our write, and so after whatever the floor tells: a line that was removed has
        # taken its time with it.
        side = changed(side, floor=None)
        turn.put_side(system, side)
    seen = _seen(turn, system, change.stamp, change.data)
    held = Held(change.revision, change.stamp, seen)
    flight = side.flight
    if flight is None or not rules.holds(side):
        turn.put_side(system, _applied(side, held))
        return True
    ours = rules.is_ours(flight, change.stamp)
    flight = changed(flight, ours_seen=flight.ours_seen or ours)
    turn.put_side(system, changed(side, flight=flight, held=held))
    if flight.answered_at is not None:
        if _settles(side, change):
            _settle(turn, system, flight, held)
        else:
            settle_by_held(turn, system)
    return True


def _settles(side: SideState, change: Change) -> bool:
    """Whether it is the read that an answered command waits for."""
    flight = side.flight
    if flight is None or flight.answered_at is None:
        return False
    return is_answer(change, str(flight.number))


def is_answer(change: Change, number: str) -> bool:
    """Whether a change is the signalled read of a command; one read may answer several."""
    return change.answers is not None and number in change.answers.split(",")


def owe_read(turn: Turn, system: System, flight: Flight) -> None:
    """Take nothing with the floor's time for news until the read that `flight` asks for comes."""
    turn.put_side(system, changed(turn.seat.side(system), owes_read=str(flight.number)))


def _seen(turn: Turn, system: System, stamp: Stamp, data: Document) -> Seen:
    """Return what a document shows; what was not asked for stays as it was seen last."""
    seen, last = turn.link_type.seen(system, data), turn.seat.side(system).seen
    if last is None:
        return seen
    seen = filled(seen, last, turn.link_type, system)
    if not stamp.unread:
        return seen
    rows = {
        each.name: {
            line_id: _kept(row, last.rows.get(each.name, {}).get(line_id, {}), stamp, each, system)
            for line_id, row in seen.rows.get(each.name, {}).items()
        }
        for each in turn.link_type.lines
    }
    head = {
        path: last.head.get(path) if path in stamp.unread else value
        for path, value in seen.head.items()
    }
    head |= turn.link_type.states_of(system, head)  # of what is known, read now or before
    return replace(seen, head=head, rows=rows)


def filled(seen: Seen, last: Seen, link_type: LinkType, system: System) -> Seen:
    """Return what is seen, with what a reader of an older mapping did not know of as it was."""
    side, head = link_type.side(system), seen.head
    if _is_whole(seen, link_type, system):
        return seen  # nearly always
    paths = (*side.head_fields, *(first.path for first in side.first_rows))
    lacking = [path for path in paths if path not in head]
    if lacking:
        head = {**{path: last.head[path] for path in lacking if path in last.head}, **head}
        head |= link_type.states_of(system, head)
    rows = {
        lines.name: filled
        for lines in link_type.lines
        if (filled := _rows_filled(lines, side.row_fields, seen, last, system)) is not None
    }
    return replace(seen, head=head, rows=rows)


def _is_whole(seen: Seen, link_type: LinkType, system: System) -> bool:
    side = link_type.side(system)
    if not all(map(seen.head.__contains__, side.head_fields)):
        return False
    if any(first.path not in seen.head for first in side.first_rows):
        return False
    for lines in link_type.lines:
        rows, width = seen.rows.get(lines.name), len(side.row_fields[lines.path(system)])
        if rows is None or min(map(len, rows.values()), default=width) < width:
            return False
    return True


def _rows_filled(
    lines: LinesPair,
    row_fields: Mapping[str, tuple[str, ...]],
    seen: Seen,
    last: Seen,
    system: System,
) -> Mapping[str, Row] | None:
    rows, known = seen.rows.get(lines.name), last.rows.get(lines.name)
    if rows is None or known is None:
        return known if rows is None else rows
    paths = row_fields.get(lines.path(system), ())
    if all(len(row) == len(paths) for row in rows.values()):
        return rows
    return {
        line_id: {
            **{path: value for path, value in known.get(line_id, {}).items() if path in paths},
            **row,
        }
        for line_id, row in rows.items()
    }


def _kept(row: Row, last: Row, stamp: Stamp, lines: LinesPair, system: System) -> Row:
    return {
        path: last.get(path) if f"{lines.path(system)}.{path}" in stamp.unread else value
        for path, value in row.items()
    }


def settle_by_held(turn: Turn, system: System) -> None:
    """Agree on an answered command by the change that shows it, if it does, and take that in."""
    flight, held = turn.seat.side(system).flight, turn.seat.side(system).held
    if flight is None or held is None or not flight.ours_seen:
        return
    if flight.refusal is not None:
        return  # it may have been read between two of its calls
    sent = [(each, flight.rows.get(each.name, ())) for each in turn.link_type.lines]
    if all(
        shows_all(each, system, rows, held.seen.rows.get(each.name, {})) for each, rows in sent
    ):
        _settle(turn, system, flight, held)


def _settle(turn: Turn, system: System, flight: Flight, held: Held) -> None:
    before = turn.seat.side(system).seen
    if flight.refusal is not None:
        cleared(turn, system)
        if before is not None:
            agree_on_what_was_done(turn, system, flight, before)
        return
    agree(turn, system, flight, held.stamp, (before, held.seen), lines={})
    cleared(turn, system)


def cleared(turn: Turn, system: System) -> None:
    """End the command in flight; then the held change is merged, unless it is the past."""
    side = changed(turn.seat.side(system), flight=None)
    held = side.held
    if held is not None:
        is_past = turn.rules.is_past(side, held.stamp)
        side = changed(side, held=None, revision=max(side.revision, held.revision))
        if not is_past:
            side = _applied(side, held)
    turn.put_side(system, side)


def look_at(turn: Turn, system: System, observed: Observed) -> None:
    """Take in a record as a writer read it: nothing read before it is news (rule 8).

    One that is known to be gone stays so: its deletion may come before what was read before it.
    """
    side = turn.seat.side(system)
    seen = _seen(turn, system, observed.stamp, observed.data)
    turn.put_side(
        system,
        changed(
            side,
            ref=observed.ref,
            stamp=observed.stamp,
            floor=observed.stamp,
            seen=_deleted(turn, seen) if side.is_gone else seen,
        ),
    )


def agree(  # noqa: PLR0913 - what a command said, and what came of it
    turn: Turn,
    system: System,
    flight: Flight,
    stamp: Stamp | None,
    seen: tuple[Seen | None, Seen | None],
    *,
    lines: Mapping[str, Mapping[str, str]],
) -> None:
    """Agree on what a command in flight to `system` wished, now that it holds.

    Args:
        turn: The step in hand.
        system: The command's target.
        flight: The command.
        stamp: Of the target as read after the write.
        seen: (the target before the write, as read after it), where anybody read it.
        lines: Lines path → line id of the source → line id of the target, of new lines.
    """
    before, came = seen
    side = turn.seat.side(system)
    answers = Answers(turn.rules, system, stamp, side.returned, side.rewrites)
    memory = Memory(dict(side.returned), dict(side.rewrites))
    agreed = dict(turn.seat.agreed)
    head = None if came is None else came.head
    names = {pair.name: pair for pair in turn.link_type.pairs}
    for name, sent in flight.pairs.items():
        pair = names.get(name)
        if pair is not None:
            agreed[name] = memory.agreed(answers, name, pair, sent, head)
    agreed |= _entered(turn, flight, before, came)
    states = dict(turn.seat.lines)
    for each in turn.link_type.lines:
        if each.name in flight.rows:
            now = ids_by_now(turn, each) if system is System.FXIAOKE else {}
            answered = lines.get(each.path(system), {})
            told = {now.get(source, source): target for source, target in answered.items()}
            came_rows = {} if came is None else came.rows.get(each.name, {})
            came_rows = marked_by_now(each, came_rows, now)
            known = states.get(each.name, {})
            wished = under_known_ids(under_ids_by_now(flight.rows[each.name], now), known)
            agreement = AnsweredRows(each, answers, wished, told, came_rows, memory)
            states[each.name] = agreement.over(known)
        if system is System.K3CLOUD and before is not None and came is not None:
            known, paired = turn.seat.lines.get(each.name, {}), states.get(each.name, {})
            settled = _settled(flight.removes.get(each.name, ()), known, paired)
            rows = before.rows.get(each.name, {}), came.rows.get(each.name, {})
            if paired and turn.rules.are_in_order(stamp):
                states[each.name] = numbered_anew(each, paired, rows, settled)
    turn.put(agreed=agreed, lines=states)
    side = turn.seat.side(system)
    turn.put_side(system, changed(side, returned=memory.returned, rewrites=memory.rewrites))
    if memory.news:
        words = f"{system} does not keep what it is sent: {', '.join(sorted(memory.news))}"
        fields: dict[str, JsonValue] = {key: [*each] for key, each in memory.news.items()}
        turn.notify(NoticeKind.VALUE_REWRITTEN, words, system=system.value, fields=fields)


def _entered(
    turn: Turn, flight: Flight, before: Seen | None, came: Seen | None
) -> dict[str, ValuePair]:
    """Agree on states into which we took a record because the other one was deleted.

    So it is no edit of anybody, and is taken back if that one is there again.
    """
    deletion = turn.link_type.deletion
    if came is None or deletion is None or deletion.name not in flight.pairs:
        return {}
    was = {} if before is None else before.head
    return {
        f"{state.path}~{state.path}": (True, True)
        for state in turn.link_type.states
        if came.head.get(state.path) is True and was.get(state.path) is not True
    }


def _settled(
    removed: Sequence[str], known: Mapping[str, LineState], now: Mapping[str, LineState]
) -> set[str]:
    """Return the ids of ERP rows that a save has removed, or whose new ids were told."""
    gone = {known[crm].erp_id for crm in removed if crm in known}
    there = {state.erp_id for state in now.values()}
    return gone | {state.erp_id for state in known.values() if state.erp_id not in there}


def _gone(turn: Turn, side: SideState, revision: int) -> SideState:
    """Return a side whose record was deleted: in the state of it, as it was seen last."""
    seen = None if side.seen is None else _deleted(turn, side.seen)
    return changed(side, revision=revision, is_gone=True, held=None, seen=seen)


def _deleted(turn: Turn, seen: Seen) -> Seen:
    deletion = turn.link_type.deletion
    return seen if deletion is None else replace(seen, head={**seen.head, deletion.crm: True})


def _applied(side: SideState, held: Held) -> SideState:
    return changed(
        side, revision=held.revision, stamp=held.stamp, seen=held.seen, is_gone=False, owes_read=""
    )
