"""Why a link does not move: one problem a link, raised and cleared with notices."""

from anji_common.events.notices import NoticeKind
from anji_common.refs import SYSTEMS, System
from anji_mapper.link.questions import question_id, question_words
from anji_mapper.link.state import Problem, ProblemKind, Seat, Stage
from anji_mapper.link.turn import Turn

__all__ = ["gravest", "judge"]

_Found = tuple[ProblemKind, str, str]
"""(kind, what tells it from the next of its kind, words)."""


def judge(turn: Turn, unmapped: list[str]) -> None:
    """Raise, replace or clear the link's problem; say so once."""
    found = gravest(turn, unmapped)
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


def gravest(turn: Turn, unmapped: list[str]) -> _Found | None:
    """Return the gravest of what keeps the link from moving, if anything does."""
    seat = turn.seat
    if seat.stage is not Stage.LINKED and seat.side(turn.own).is_gone:
        return None  # nobody misses a counterpart
    if _gone(turn):
        words = "one side was deleted; nothing is written any more"
        return ProblemKind.GONE, str(seat.key), words
    return _refusal(seat) or _unmapped(unmapped) or _asked(seat) or _overdue(turn)


def _unmapped(unmapped: list[str]) -> _Found | None:
    return (ProblemKind.UNMAPPED, unmapped[0], "; ".join(unmapped)) if unmapped else None


def _asked(seat: Seat) -> _Found | None:
    if not seat.asked:
        return None
    fields = sorted(seat.asked.items())
    words = "; ".join(question_words(key, values) for key, values in fields)
    return ProblemKind.ASKED, " ".join(question_id(*each) for each in fields), words


def _overdue(turn: Turn) -> _Found | None:
    seat = turn.seat
    if not seat.waits or seat.waiting_since is None:
        return None
    if turn.context.now - seat.waiting_since < turn.context.patience:
        return None
    return ProblemKind.WAITING, seat.waits[0], f"waits for {', '.join(seat.waits[:3])}"


def _refusal(seat: Seat) -> _Found | None:
    """What a vendor or the partner's holder refused."""
    for system in SYSTEMS:
        refusal = seat.side(system).refusal
        if refusal is not None and refusal.kind is not ProblemKind.UNMATCHED:
            return refusal.kind, f"{system}:{refusal.number}", refusal.words
    undone = seat.erp.unfinished
    if undone is not None and undone.words:  # not merely due
        return ProblemKind.UNFINISHED, f"{System.K3CLOUD}:{undone.number}", undone.words
    if seat.stage is Stage.REFUSED:
        words = f"{seat.partner} is linked with another record; end that link or unmark this one"
        return ProblemKind.CLAIMED, str(seat.partner), words
    return None


def _gone(turn: Turn) -> bool:
    """Whether a side was deleted, and the mapping says nothing of that, or cannot be followed.

    It cannot where the links were lost since: nobody knows any more what that side held, or
    whether a person has decided. A record that is out of use already misses nothing.
    """
    seat = turn.seat
    if seat.stage is not Stage.LINKED or not (seat.crm.is_gone or seat.erp.is_gone):
        return False
    gone = [system for system in SYSTEMS if seat.side(system).is_gone]
    deletion = turn.link_type.deletion
    does = {} if deletion is None or deletion.state is None else deletion.state.does
    if any(system.other not in does for system in gone):
        return True
    return any(
        does[system.other].enter
        and seat.side(system).seen is None
        and not turn.is_out_of_use(system.other)
        for system in gone
    )
