"""The link tells the CRM's record how it stands, where its mapping names fields for that.

Only a link at rest says something: in step, or with a problem. What is on its way is not told, for
each word costs a call to the CRM; so a link that goes from well to well says nothing anew.
Whoever writes into such a field is let be until the link has something else to say.
"""

from collections.abc import Mapping
from dataclasses import replace

from pydantic import JsonValue

from anji_common.refs import System
from anji_mapper.link.merge import Comparison, compare
from anji_mapper.link.problems import gravest
from anji_mapper.link.state import Problem, Stage
from anji_mapper.link.states import is_at_rest
from anji_mapper.link.turn import Turn
from anji_mapper.link.wishes import send_update
from anji_mapper.mapping.model import Seen

__all__ = ["as_made", "leave_to_problems", "tell_back", "with_status"]


def as_made(turn: Turn, source: Seen) -> Seen:
    """Return what a counterpart is made of: a CRM record is in step from its first day."""
    told = turn.link_type.telling
    if told is None or turn.far is not System.FXIAOKE:
        return source
    return _saying(source, told.says(None))


def with_status(turn: Turn, seen: Seen) -> Seen:
    """Return the ERP's side with "in step" beside it, where that is so: it goes with the rest."""
    told, seat = turn.link_type.telling, turn.seat
    if told is None or seat.waits or seat.erp.flight is not None:
        return seen
    if not _is_in_step(turn, seat.problem):
        return seen
    return _saying(seen, told.says(None))


def _is_in_step(turn: Turn, problem: Problem | None) -> bool:
    """Whether nothing is wrong but what the CRM has refused.

    That goes on being wished as it was: else another wish would seem to be left, or none, and be
    sent, and be refused, without an end.
    """
    refusal, found = turn.seat.crm.refusal, gravest(turn, [])
    own = "" if refusal is None else f"{refusal.kind}:{System.FXIAOKE}:{refusal.number}"
    is_known = problem is None or problem.id == own
    return is_known and (found is None or f"{found[0]}:{found[1]}" == own)


def leave_to_problems(turn: Turn, found: Comparison) -> None:
    """Take "in step" back from a comparison that has found out that it is not so."""
    told = turn.link_type.telling
    if told is not None and (found.unmapped or found.asked or found.awaited):
        found.wishes = [wish for wish in found.wishes if wish.pair not in told.pairs]


def tell_back(turn: Turn) -> None:
    """Wish that the CRM's record says how the link stands, if that is another word than before."""
    told, crm = turn.link_type.telling, turn.seat.crm
    if told is None or crm.seen is None or crm.ref is None or crm.is_gone:
        return
    if turn.rules.is_busy(crm) or crm.refusal is not None or is_at_rest(turn, System.FXIAOKE):
        return  # what the CRM refused is not told to the CRM: that would be refused as well
    problem = turn.seat.problem
    if not _may_speak(turn, problem):
        return
    found = compare(
        replace(turn.link_type, pairs=told.pairs, lines=()),
        (crm.seen, _saying(Seen({}), told.says(None if problem is None else problem.words))),
        (turn.seat.agreed, {}),
        turn.context,
        lambda _key, _before, _now: None,
    )
    turn.put(agreed=found.agreed)
    if found.wishes:
        send_update(turn, System.FXIAOKE, found)


def _may_speak(turn: Turn, problem: Problem | None) -> bool:
    seat = turn.seat
    if seat.stage is Stage.LINKED:
        return problem is not None or (seat.erp.flight is None and not seat.waits)
    return problem is not None and seat.stage in (Stage.NEW, Stage.REFUSED) and turn.is_home


def _saying(seen: Seen, says: Mapping[str, JsonValue]) -> Seen:
    return replace(seen, head={**seen.head, **says})
