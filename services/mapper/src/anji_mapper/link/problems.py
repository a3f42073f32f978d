"""Why a link does not move: one problem a link, raised and cleared with notices."""

from anji_common.events.notices import NoticeKind
from anji_common.refs import SYSTEMS
from anji_mapper.link.state import Problem, ProblemKind, Seat, Stage
from anji_mapper.link.turn import Turn

__all__ = ["judge"]


def judge(turn: Turn, unmapped: list[str]) -> None:
    """Raise, replace or clear the link's problem; say so once."""
    found = _problem(turn, unmapped)
    before = turn.seat.problem
    if found is None:
        if before is not None:
            turn.put(problem=None)
            turn.notify(NoticeKind.PROBLEM_CLEARED, before.words, problem=before.id)
        return
    kind, name, words = found
    problem_id = f"{kind}:{name}"
    if before is not None and before.id == problem_id and before.words == words:
        return
    turn.put(problem=Problem(problem_id, kind, words, turn.context.now))
    turn.notify(NoticeKind.PROBLEM_RAISED, words, problem=problem_id, cause=str(kind))


def _problem(turn: Turn, unmapped: list[str]) -> tuple[ProblemKind, str, str] | None:
    """Return (kind, what tells it from the next of its kind, words), the gravest first."""
    seat = turn.seat
    if seat.stage is not Stage.LINKED and seat.side(turn.own).is_gone:
        return None  # nobody misses a counterpart
    if _gone(seat):
        words = "one side was deleted; nothing is written any more"
        return ProblemKind.GONE, str(seat.key), words
    if said_no := _refusal(seat):
        return said_no
    if unmapped:
        return ProblemKind.UNMAPPED, unmapped[0], "; ".join(unmapped)
    if seat.waits and seat.waiting_since is not None:
        waited = turn.context.now - seat.waiting_since
        if waited >= turn.context.patience:
            tokens = ", ".join(seat.waits[:3])
            return ProblemKind.WAITING, seat.waits[0], f"waits for {tokens}"
    return None


def _refusal(seat: Seat) -> tuple[ProblemKind, str, str] | None:
    """What a vendor or the partner's holder refused."""
    for system in SYSTEMS:
        refusal = seat.side(system).refusal
        if refusal is not None:
            return refusal.kind, f"{system}:{refusal.number}", refusal.words
    if seat.stage is Stage.REFUSED:
        words = f"{seat.partner} is linked with another record; end that link or unmark this one"
        return ProblemKind.CLAIMED, str(seat.partner), words
    return None


def _gone(seat: Seat) -> bool:
    return seat.stage is Stage.LINKED and (seat.crm.is_gone or seat.erp.is_gone)
