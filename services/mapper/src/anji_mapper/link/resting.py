"""Inputs after which nothing is to be decided, for it was decided already.

Every step ends with a decision, which depends on the seat, on the crosswalk and on time. For the
crosswalk a link waits by name, for time it has timers; both let the seat be looked at (`Looked`).
So a change that told nothing new would be decided as the last input was: our own write, seen by
the source after the writer had read it back, and passed on by its pointer. That is a fourth of
what a busy link takes in. A rebuilt seat was not decided yet; it is told to look by an entry.
"""

from anji_common.events.inbox import EntryKind
from anji_mapper.link.inputs import Changed, Input, Told
from anji_mapper.link.state import Seat, SideState, Stage
from anji_mapper.link.turn import Turn

__all__ = ["rests"]

_NEVER_DECIDES = frozenset(("heard", "said"))


def rests(turn: Turn, before: Seat, happened: Input) -> bool:
    """Whether the seat is decided as it stands, `happened` taken in."""
    seat = turn.seat
    if not _is_fact(happened) or seat.version != turn.link_type.version:
        return False
    if seat.waits or seat.problem is not None or seat.is_unsettled:
        return False
    if seat.stage is Stage.POINTER and before.stage is Stage.POINTER:
        return _is_idle(seat.crm) and _is_idle(seat.erp)
    was = before.__dict__
    for name, each in seat.__dict__.items():
        if each is not was[name] and name not in _NEVER_DECIDES:
            return False
    return True


def _is_fact(happened: Input) -> bool:
    """Whether it only tells what a record is; all else asks for a decision, or may."""
    if isinstance(happened, Told):
        return happened.entry.kind is EntryKind.FORWARD
    return isinstance(happened, Changed)


def _is_idle(side: SideState) -> bool:
    return side.flight is None and side.refusal is None and side.unfinished is None
