"""What was done of a command of which it is not known, or not true, that all was done.

The CRM takes an update in several calls: one may be refused, or its answer lost, after others have
gone through. What these wrote is nobody's edit: agreed as sent, it neither wins over what people
say meanwhile, nor is it made a second time.
"""

from collections.abc import Mapping

from anji_common.refs import System
from anji_mapper.link.lines import made_by_us, marked_by_us, source_of, under_known_ids
from anji_mapper.link.remembering import AnsweredRows, Memory
from anji_mapper.link.renditions import Answers
from anji_mapper.link.renumbered import ids_by_now, marked_by_now, under_ids_by_now
from anji_mapper.link.state import Flight, LineState, RowAgreement, changed
from anji_mapper.link.turn import Turn
from anji_mapper.mapping.model import LinesPair, Seen

__all__ = ["agree_on_made_rows", "agree_on_what_was_done", "agree_where_moved"]


def agree_on_what_was_done(turn: Turn, system: System, flight: Flight, base: Seen) -> None:
    """Agree on each part of an update that stands in its target as it was sent.

    Whoever wrote it, the target holds there what the other side held when the command was decided.

    Args:
        turn: The step in hand; the target is seen as it stands after the last call.
        system: The target.
        flight: What was sent.
        base: What the target was seen to hold when it was sent.
    """
    side = turn.seat.side(system)
    if side.seen is None:
        return
    agree_on_made_rows(turn, system, flight, base)
    place = 1 if system is System.K3CLOUD else 0
    done = {
        pair.name: sent
        for pair in turn.link_type.pairs
        if (sent := flight.pairs.get(pair.name)) is not None
        and side.seen.head.get(pair.path(system)) == sent[place]
    }
    lines = {
        each.name: _with_done_rows(turn, each, system, flight) for each in turn.link_type.lines
    }
    turn.put(agreed={**turn.seat.agreed, **done}, lines={**turn.seat.lines, **lines})


def _with_done_rows(
    turn: Turn, lines: LinesPair, system: System, flight: Flight
) -> dict[str, LineState]:
    """Return lines that both sides had before, with what was written to them."""
    states = dict(turn.seat.lines.get(lines.name, {}))
    seen, place = turn.seat.side(system).seen or Seen({}), 1 if system is System.K3CLOUD else 0
    came = seen.rows.get(lines.name, {})
    paths = {pair.name: pair.path(system) for pair in lines.pairs}
    for row in under_known_ids(flight.rows.get(lines.name, ()), states):
        target = came.get((row.erp_id if system is System.K3CLOUD else row.crm_id) or "")
        if row.crm_id not in states or target is None:
            continue
        done = {
            name: sent
            for name, sent in row.pairs.items()
            if name in paths and target.get(paths[name]) == sent[place]
        }
        state = states[row.crm_id]
        states[row.crm_id] = changed(state, agreed={**state.agreed, **done})
    return states


def agree_on_made_rows(
    turn: Turn, system: System, flight: Flight, base: Seen | None = None
) -> None:
    """Agree on the new rows that a command made, though it is not known to have done all of it.

    They carry our marker (rule 4): what stands on either side otherwise is an edit made since.
    Where nothing marks them, and it is known which rows stood there before (`base`), a row that
    came since and holds just what was sent is taken for ours.
    """
    side = turn.seat.side(system)
    if side.seen is None:
        return
    answers = Answers(turn.rules, system, side.stamp, side.returned, side.rewrites)
    memory = Memory(dict(side.returned), dict(side.rewrites))
    states = dict(turn.seat.lines)
    for each in turn.link_type.lines:
        known = states.get(each.name, {})
        now = ids_by_now(turn, each) if system is System.FXIAOKE else {}
        sent = under_ids_by_now(flight.rows.get(each.name, ()), now)
        new = [row for row in sent if not _is_known(row, known)]
        came = marked_by_now(each, side.seen.rows.get(each.name, {}), now)
        before = None if base is None else base.rows.get(each.name, {})
        found = (
            marked_by_us(each, system, new, came)
            if before is None
            else made_by_us(each, system, new, came, before)
        )
        made = [row for row in new if source_of(row, system) in found]
        if made:
            states[each.name] = AnsweredRows(each, answers, made, found, came, memory).over(known)
    turn.put(lines=states)


def _is_known(row: RowAgreement, known: Mapping[str, LineState]) -> bool:
    """Whether both sides had a line before the command in flight was decided."""
    return row.crm_id in known and row.erp_id is not None


def agree_where_moved(turn: Turn, system: System, flight: Flight, base: Seen) -> None:
    """Agree on a command that took effect unanswered, in what stands elsewhere than at its base.

    What differs from the wish is the target's rendition of it or, by another hand, an edit made
    since: that was not made at the same time as the wish, so it has no conflict with it.
    """
    side = turn.seat.side(system)
    if side.seen is None:
        return
    answers = Answers(turn.rules, system, side.stamp, side.returned, side.rewrites)
    came, agreed = side.seen.head, dict(turn.seat.agreed)
    for pair in turn.link_type.pairs:
        path, sent = pair.path(system), flight.pairs.get(pair.name)
        if sent is not None and came.get(path) != base.head.get(path):
            agreed[pair.name] = answers.of(pair.name, pair, sent, came).agreed
    turn.put(agreed=agreed)
