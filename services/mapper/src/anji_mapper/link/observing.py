"""What a side is now: changes taken in, held or dropped, and the settling of commands.

The order at a result is fixed (``protocol.md`` 7): first agree, then merge the held change, only
then decide the next command (which `step` does).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from anji_common.events.changes import Change
from anji_common.events.observed import Observed, Stamp
from anji_common.refs import System
from anji_mapper.link.state import (
    Flight,
    Held,
    LineState,
    RowAgreement,
    SideState,
    ValuePair,
)
from anji_mapper.link.turn import Turn
from anji_mapper.mapping.model import Pair, Row, Seen

__all__ = ["agree", "cleared", "look_at", "observe"]


def observe(turn: Turn, system: System, change: Change) -> bool:
    """Take in a change of one side; return whether it said anything new."""
    rules, side = turn.rules, turn.seat.side(system)
    if rules.is_stale(side, change.revision):
        return False
    if change.data is None:
        turn.put_side(system, replace(side, revision=change.revision, is_gone=True, held=None))
        return True
    if rules.is_past(side, change.stamp):
        return False
    seen = turn.link_type.seen(system, change.data)
    held = Held(change.revision, change.stamp, seen)
    flight = side.flight
    if flight is None or not rules.holds(side):
        turn.put_side(system, _applied(side, held))
        return True
    ours = rules.is_ours(flight, change.stamp)
    flight = replace(flight, ours_seen=flight.ours_seen or ours)
    turn.put_side(system, replace(side, flight=flight, held=held))
    settles = flight.ours_seen or change.answers == str(flight.number)
    if flight.answered_at is not None and settles:
        settle_by_held(turn, system)
    return True


def settle_by_held(turn: Turn, system: System) -> None:
    """Agree on an answered command by the change that shows it, and take that change in."""
    side = turn.seat.side(system)
    if side.flight is None or side.held is None:
        return
    agree(turn, system, side.flight, side.held.stamp, side.held.seen, lines={})
    cleared(turn, system)


def cleared(turn: Turn, system: System) -> None:
    """End the command in flight; then the held change is merged, unless it is the past."""
    side = replace(turn.seat.side(system), flight=None)
    held = side.held
    if held is not None:
        is_past = turn.rules.is_past(side, held.stamp)
        side = replace(side, held=None, revision=max(side.revision, held.revision))
        if not is_past:
            side = _applied(side, held)
    turn.put_side(system, side)


def look_at(turn: Turn, system: System, observed: Observed) -> None:
    """Take in a record as a writer read it: nothing read before it is news (rule 8)."""
    side = turn.seat.side(system)
    turn.put_side(
        system,
        replace(
            side,
            ref=observed.ref,
            stamp=observed.stamp,
            floor=observed.stamp,
            seen=turn.link_type.seen(system, observed.data),
        ),
    )


def agree(  # noqa: PLR0913 - what a command said, and what came of it
    turn: Turn,
    system: System,
    flight: Flight,
    stamp: Stamp | None,
    came: Seen | None,
    *,
    lines: Mapping[str, Mapping[str, str]],
) -> None:
    """Agree on what a command in flight to `system` wished, now that it holds.

    Args:
        turn: The step in hand.
        system: The command's target.
        flight: The command.
        stamp: Of `came`.
        came: The target as read after the write; `None` where nobody read it.
        lines: Lines path → line id of the source → line id of the target, of new lines.
    """
    as_sent = came is None or turn.rules.agrees_as_sent(stamp)
    agreed = dict(turn.seat.agreed)
    names = {pair.name: pair for pair in turn.link_type.pairs}
    for name, sent in flight.pairs.items():
        if name in names:
            row = None if as_sent or came is None else came.head
            agreed[name] = _pair(names[name], system, sent, row)
    states = {name: dict(found) for name, found in turn.seat.lines.items()}
    for document_lines in turn.link_type.lines:
        names = {pair.name: pair for pair in document_lines.pairs}
        made = lines.get(document_lines.path(system), {}) or _by_order(
            flight.rows.get(document_lines.name, ()),
            {} if came is None else came.rows.get(document_lines.name, {}),
        )
        came_rows = {} if as_sent or came is None else came.rows.get(document_lines.name, {})
        of_lines = states.setdefault(document_lines.name, {})
        for row_agreement in flight.rows.get(document_lines.name, ()):
            crm_id, erp_id = _ids(row_agreement, made)
            if crm_id is None or erp_id is None:
                continue
            came_row = came_rows.get(crm_id if system is System.FXIAOKE else erp_id)
            before = of_lines.get(crm_id, LineState(erp_id))
            pairs = {
                name: _pair(names[name], system, sent, came_row)
                for name, sent in row_agreement.pairs.items()
                if name in names
            }
            of_lines[crm_id] = LineState(erp_id, {**before.agreed, **pairs})
    turn.put(agreed=agreed, lines=states)


def _by_order(sent: Sequence[RowAgreement], came: Mapping[str, Row]) -> dict[str, str]:
    """Rule 18: after our own create, rows are paired in the order sent."""
    new = [row.crm_id or row.erp_id or "" for row in sent if None in (row.crm_id, row.erp_id)]
    if len(new) != len(sent) or len(new) != len(came):
        return {}
    return dict(zip(new, came, strict=True))


def _applied(side: SideState, held: Held) -> SideState:
    return replace(side, revision=held.revision, stamp=held.stamp, seen=held.seen)


def _pair(pair: Pair, system: System, sent: ValuePair, came: Row | None) -> ValuePair:
    """Rule 13's first half: what came back stands for what was sent."""
    if came is None:
        return sent
    value = came.get(pair.path(system))
    return (value, sent[1]) if system is System.FXIAOKE else (sent[0], value)


def _ids(row: RowAgreement, made: Mapping[str, str]) -> tuple[str | None, str | None]:
    """Return (CRM line id, ERP line id), the missing one from the result."""
    if row.erp_id is None and row.crm_id is not None:
        return row.crm_id, made.get(row.crm_id)
    if row.crm_id is None and row.erp_id is not None:
        return made.get(row.erp_id), row.erp_id
    return row.crm_id, row.erp_id
