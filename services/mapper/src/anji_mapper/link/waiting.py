"""Waiting: for other links (a row releases, a deadline tells people), and for a settling read."""

from datetime import datetime

from anji_common.events.signals import Signal, SignalKind
from anji_common.refs import SYSTEMS, Ref
from anji_mapper.link.context import Context
from anji_mapper.link.state import SideState, changed
from anji_mapper.link.turn import Turn

__all__ = ["ask_to_read", "ask_to_seek", "ask_to_settle", "settling_at", "wait_for"]

_REF = "ref:"


def settling_at(side: SideState, context: Context) -> datetime | None:
    """Return when the read that settles an answered command is to be asked for (rule 8).

    The source reads our write by itself, mostly. Where somebody has changed the record since the
    command was decided, our account is not its modifier any more, and no such read can come.
    """
    flight, held = side.flight, side.held
    if flight is None or flight.answered_at is None:
        return None
    if flight.asked_at is not None:
        return flight.asked_at + context.settle_after
    is_hidden = held is not None and not held.stamp.by_anji
    return flight.answered_at + (
        context.settle_hidden_after if is_hidden else context.settle_after
    )


def wait_for(turn: Turn, awaited: set[str]) -> None:
    """Remember what the link waits for; ask for what nobody may have read yet."""
    seat = turn.seat
    tokens = tuple(sorted(awaited))
    if tokens == seat.waits:
        return
    for token in tokens:
        if token not in seat.waits and token.startswith(_REF):
            ref = Ref.parse(token.removeprefix(_REF))
            ask_to_read(turn, ref)
    since = None if not tokens else seat.waiting_since or turn.context.now
    turn.put(waits=tokens, waiting_since=since)


def ask_to_settle(turn: Turn) -> None:
    """Rule 8: the read that settles an answered CRM update is asked for until one comes."""
    for system in SYSTEMS:
        side = turn.seat.side(system)
        flight = side.flight
        if flight is None or side.ref is None:
            continue
        due = settling_at(side, turn.context)
        if due is None or turn.context.now < due:
            continue
        turn.put_side(system, changed(side, flight=changed(flight, asked_at=turn.context.now)))
        ask_to_read(turn, side.ref, answers=str(flight.number))


def ask_to_read(turn: Turn, ref: Ref, answers: str | None = None) -> None:
    """Have a record's source read it; and publish it for a command, though nothing has moved."""
    _ask(turn, ref, SignalKind.READ, answers)


def ask_to_seek(turn: Turn, ref: Ref) -> None:
    """Have the patrol find out whether a record is there that its source has never read."""
    _ask(turn, ref, SignalKind.SEEK)


def _ask(turn: Turn, ref: Ref, kind: SignalKind, answers: str | None = None) -> None:
    turn.effects.append(
        Signal(
            system=ref.system,
            object_name=ref.object_name,
            kind=kind,
            at=turn.context.now,
            ref=ref,
            answers=answers,
        )
    )
