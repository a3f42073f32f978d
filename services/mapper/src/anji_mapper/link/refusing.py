"""What becomes of a link whose command was refused, or of which nobody can tell what it did."""

from anji_common.events.notices import NoticeKind
from anji_common.events.results import Outcome, Result
from anji_common.refs import System
from anji_mapper.link.finishing import note_refused_way
from anji_mapper.link.observing import cleared
from anji_mapper.link.renumbered import remember_rows
from anji_mapper.link.state import Flight, ProblemKind, Refusal, changed
from anji_mapper.link.turn import Turn
from anji_mapper.link.waiting import ask_to_read, ask_to_seek

__all__ = ["forget_refused", "refuse"]

_REFUSALS = {
    Outcome.REJECTED: ProblemKind.REFUSED,
    Outcome.IN_DOUBT: ProblemKind.IN_DOUBT,
    Outcome.UNMATCHED: ProblemKind.UNMATCHED,
}


def refuse(turn: Turn, flight: Flight, result: Result) -> None:
    """Keep what was refused, so that the same is not sent again, and tell people.

    An update of which some may have been done stays in flight until its target was read: what the
    read shows of it is ours, and only what is left is decided anew.
    """
    system, side = result.system, turn.seat.side(result.system)
    refusal = _refusal(flight, result)
    if side.ref is not None and turn.rules.may_be_gone_unread(side, result):
        ask_to_seek(turn, side.ref)
    if side.ref is not None and turn.rules.may_be_half_done(flight, result):
        now = turn.context.now
        flight = changed(flight, answered_at=now, asked_at=now, refusal=refusal)
        turn.put_side(system, changed(side, flight=flight, refusal=refusal))
        ask_to_read(turn, side.ref, answers=str(flight.number))
        return
    cleared(turn, system)
    if flight.action == "message":
        turn.notify(NoticeKind.MESSAGE_IN_DOUBT, result.words or "a message may not have left")
        return
    if system is System.FXIAOKE:
        remember_rows(turn, flight)
    if system is System.K3CLOUD and note_refused_way(turn, flight, refusal.words):
        return
    turn.put_side(system, changed(turn.seat.side(system), refusal=refusal))


def forget_refused(turn: Turn) -> None:
    """Forget that a counterpart was refused: its record takes no part any more, nothing is wished.

    If it takes part again it is wished again, for whatever was wrong may be mended by then. A
    create that is in doubt stays a person's.
    """
    far = turn.seat.side(turn.far)
    if far.refusal is not None and far.refusal.kind is not ProblemKind.IN_DOUBT:
        turn.put_side(turn.far, changed(far, refusal=None))


def _refusal(flight: Flight, result: Result) -> Refusal:
    kind = _REFUSALS[result.outcome]
    digest = "*" if kind is ProblemKind.IN_DOUBT else flight.digest
    told = f"{result.words} [{result.field}]" if result.field else result.words
    return Refusal(digest, kind, told or str(result.outcome), flight.number)
