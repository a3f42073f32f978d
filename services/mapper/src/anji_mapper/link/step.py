"""The reducer: one seat, one input → the seat as it is then, and what is to be done.

No I/O, clock or chance. The very same seat and no effects mean that the input said nothing
new: a replay, a duplicate, an echo. Raises nothing for a vendor's value: what cannot be mapped
becomes the link's problem.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from anji_common.errors import UndecodableError
from anji_common.events.changes import Change
from anji_common.events.inbox import Entry, EntryKind
from anji_common.events.notices import NoticeKind
from anji_common.events.results import Outcome, Result
from anji_common.refs import SYSTEMS, Ref
from anji_mapper.link import observing, partly, seats, states, waiting
from anji_mapper.link.applying import apply_planned
from anji_mapper.link.baseline import take_as_it_stands
from anji_mapper.link.context import Context
from anji_mapper.link.crosswalking import publish_rows, tells_of_news
from anji_mapper.link.editing import edited, wish_as_edited
from anji_mapper.link.effects import Effect
from anji_mapper.link.finishing import (
    note_what_is_undone,
    resume,
    see_what_is_done,
)
from anji_mapper.link.inputs import Answered, Changed, Input, Looked, Relooked, Told
from anji_mapper.link.lines import source_of
from anji_mapper.link.merge import compare
from anji_mapper.link.problems import judge
from anji_mapper.link.questions import ask, decided, ruling_of
from anji_mapper.link.refusing import forget_refused, refuse
from anji_mapper.link.remapping import look_again
from anji_mapper.link.removing import decide_removed
from anji_mapper.link.renumbered import (
    follow_rows,
    forget_rows,
    under_rows_by_now,
)
from anji_mapper.link.resting import rests
from anji_mapper.link.rules import RULES, Rules
from anji_mapper.link.settling import settle
from anji_mapper.link.state import Flight, Seat, Stage, changed
from anji_mapper.link.telling import as_made, leave_to_problems, tell_back, with_status
from anji_mapper.link.turn import Turn
from anji_mapper.link.variants import answer_organisation, choose_variant, tell_reassigned
from anji_mapper.link.wishes import message_texts, send_create, send_message, send_update
from anji_mapper.mapping.model import LinkType, Seen

__all__ = ["Reducer", "new_seat"]


def new_seat(key: Ref, link_type: LinkType, context: Context) -> Seat:
    """Return the seat of a record that nothing was known of.

    Its generation is the second of its making, so numbers go on rising when state was lost
    (``protocol.md`` 12).
    """
    return Seat(key=key, link_type=link_type.name, generation=int(context.now.timestamp()))


@dataclass(frozen=True, slots=True)
class Reducer:
    """The pure heart of the mapper, composed of its rules."""

    rules: Rules = RULES

    def step(
        self, seat: Seat, happened: Input, link_type: LinkType, context: Context
    ) -> tuple[Seat, tuple[Effect, ...]]:
        """Return the seat after `happened`, and what is to be done, in order."""
        turn = Turn(seat, link_type, context, self.rules)
        choose_variant(turn, link_type)
        if not _take_in(turn, happened):
            return seat, ()
        follow_rows(turn, seat)
        choose_variant(turn, link_type)
        if not (_is_plan(happened) or rests(turn, seat, happened)):
            tell_reassigned(turn, link_type, seat)
            _decide(turn, seat)
        if isinstance(happened, Looked | Relooked) and turn.seat == seat and not turn.effects:
            return seat, ()  # all else that is taken in is remembered
        return turn.seat, tuple(turn.effects)


def _is_plan(happened: Input) -> bool:
    """Whether all was decided already: a plan is carried out, and nothing else with it."""
    return isinstance(happened, Told) and happened.entry.kind is EntryKind.APPLY


def _take_in(turn: Turn, happened: Input) -> bool:
    """Take in the input; return whether it said anything new."""
    match happened:
        case Changed(change):
            return _own_change(turn, change)
        case Told(entry):
            return _told(turn, entry)
        case Answered(result):
            flight = turn.seat.side(result.system).flight
            if flight is None or flight.number != result.number or flight.answered_at is not None:
                return False
            _answered(turn, flight, result)
            return True
        case Looked():
            return True
        case Relooked(changes):
            for change in changes:
                if change.ref == turn.seat.key:
                    _own_change(turn, change)  # a newer one is news, as when it comes by itself
                look_again(turn, change.ref.system, change)
            return True


def _told(turn: Turn, entry: Entry) -> bool:
    if turn.rules.is_heard(turn.seat, entry):
        return False
    turn.put(heard={**turn.seat.heard, entry.sender: entry.sequence})
    _BY_PEOPLE.get(entry.kind, seats.hear)(turn, entry)
    return True


def _own_change(turn: Turn, change: Change) -> bool:
    if turn.seat.stage is Stage.POINTER and turn.seat.partner is not None:
        side = turn.seat.side(turn.own)
        if turn.rules.is_stale(side, change.revision):
            return False
        is_gone = change.data is None
        side = changed(side, revision=change.revision, is_gone=is_gone, seen=None)
        turn.put_side(turn.own, side)
        turn.tell(turn.seat.partner, EntryKind.FORWARD, change=change)
        if is_gone:
            seats.wake_claimants(turn)
        return True
    before = turn.seat.side(turn.own)
    if not observing.observe(turn, turn.own, change):
        return False
    seats.seem_free(turn, before)
    if turn.seat.stage is Stage.REFUSED and turn.seat.side(turn.own).held is None:
        seats.begin_anew(turn)
    if (
        turn.seat.stage is Stage.ENDED
        and turn.seat.partner is not None
        and change.data is not None
    ):
        seats.claim(turn, turn.seat.partner)  # it came back, and its partner may still be free
    if turn.seat.stage is not Stage.LINKED and not turn.is_home:
        turn.put(newest=change)
    own = turn.seat.side(turn.own)
    if own.ref is None:
        turn.put_side(turn.own, changed(own, ref=change.ref))
    return True


def _answered(turn: Turn, flight: Flight, result: Result) -> None:
    """First agree, then merge the held change (rule 7); what to do next is decided after."""
    system = result.system
    match result.outcome:
        case Outcome.CREATED | Outcome.UPDATED:
            _holds_the_wish(turn, flight, result)
            note_what_is_undone(turn, flight, result)
        case Outcome.MATCHED | Outcome.MOVED:
            _stands_otherwise(turn, flight, result)
        case Outcome.REJECTED | Outcome.IN_DOUBT | Outcome.UNMATCHED:
            refuse(turn, flight, result)
        case Outcome.SENT:
            observing.cleared(turn, system)
            turn.notify(NoticeKind.MESSAGE_SENT, "a message was sent")
    if result.outcome in (Outcome.CREATED, Outcome.MATCHED):
        _partner_found(turn, flight, result)
    own = turn.seat.side(turn.own)
    if turn.seat.stage is Stage.REFUSED and own.revision > turn.seat.claimed_on:
        seats.begin_anew(turn)  # what was held while its own record was being told is an edit
    seats.answer_deferred(turn)


def _stands_otherwise(turn: Turn, flight: Flight, result: Result) -> None:
    """The record is as people left it, or as the target made it of a write that was in doubt."""
    system, observed = result.system, result.observed
    base = turn.seat.side(system).seen
    if observed is not None:
        observing.look_at(turn, system, observed)
        if base is not None and turn.rules.may_be_half_done(flight, result):
            partly.agree_on_what_was_done(turn, system, flight, base)
        else:
            partly.agree_on_made_rows(turn, system, flight)
        if base is not None and turn.rules.took_effect(flight, result):
            partly.agree_where_moved(turn, system, flight, base)
    observing.cleared(turn, system)


def _holds_the_wish(turn: Turn, flight: Flight, result: Result) -> None:
    system, observed = result.system, result.observed
    before = turn.seat.side(system).seen
    if observed is not None or result.outcome is Outcome.CREATED:
        if observed is not None:
            observing.look_at(turn, system, observed)
            if turn.rules.may_move_no_date(flight):
                observing.owe_read(turn, system, flight)
                waiting.ask_to_read(turn, observed.ref, answers=str(flight.number))
        stamp = None if observed is None else observed.stamp
        came = None if observed is None else turn.seat.side(system).seen
        observing.agree(turn, system, flight, stamp, (before, came), lines=result.lines)
        observing.cleared(turn, system)
        return
    answered = changed(flight, answered_at=turn.context.now)
    turn.put_side(system, changed(turn.seat.side(system), flight=answered))
    if result.lines:  # the ids of new lines are told only here; others are agreed when read
        new = {
            each.name: tuple(
                row
                for row in flight.rows.get(each.name, ())
                if source_of(row, system) in result.lines.get(each.path(system), {})
            )
            for each in turn.link_type.lines
        }
        told = changed(answered, pairs={}, rows=new)
        observing.agree(turn, system, told, None, (None, None), lines=result.lines)
    observing.settle_by_held(turn, system)


def _partner_found(turn: Turn, flight: Flight, result: Result) -> None:
    ref = result.ref
    if ref is None:
        return
    if result.outcome is Outcome.CREATED:
        turn.put(messages=message_texts(turn.seat, turn))
    if turn.is_home:
        seats.claim(turn, ref, flight.decided_on)
    else:
        seats.adopt_out(turn, ref, result.observed)


def _retried(turn: Turn, entry: Entry) -> None:
    """A person's decision names the problem that it answers (``protocol.md`` 9)."""
    found = turn.seat.problem
    if found is None or found.id != entry.problem:
        return
    if entry.kind is EntryKind.EDIT:
        if entry.target is not None and turn.rules.is_busy(turn.seat.side(entry.target)):
            turn.put(deferred=(*turn.seat.deferred, entry))
            return
        if not edited(turn, entry):
            return
    turn.put(waits=(), waiting_since=None)  # what is still missing is asked for anew
    for system in SYSTEMS:
        turn.put_side(system, changed(turn.seat.side(system), refusal=None))
    resume(turn)
    seats.try_again(turn, is_edited=entry.kind is EntryKind.EDIT)


def _retry_deferred(turn: Turn) -> None:
    """Take in the values that people wrote for a side while a command to it was in flight."""
    if not turn.seat.deferred:
        return
    waiting = [each for each in turn.seat.deferred if each.kind is EntryKind.EDIT]
    if waiting:
        turn.put(deferred=tuple(each for each in turn.seat.deferred if each not in waiting))
        for entry in waiting:
            _retried(turn, entry)


def _person_decided(turn: Turn, entry: Entry) -> None:
    if not answer_organisation(turn, entry):
        decided(turn, entry)


_BY_PEOPLE: dict[EntryKind, Callable[[Turn, Entry], None]] = {
    EntryKind.RETRY: _retried,
    EntryKind.EDIT: _retried,
    EntryKind.DECIDE: _person_decided,
    EntryKind.APPLY: apply_planned,
    EntryKind.SETTLE: settle,
}


def _decide(turn: Turn, before: Seat) -> None:
    """Agree on what is equal, tell each idle side what it should hold, say what is wrong.

    `before` is the seat as it was before the step.
    """
    turn.put(version=turn.link_type.version)
    _end_settlements(turn)
    _retry_deferred(turn)
    see_what_is_done(turn)
    awaited: set[str] = set()
    unmapped: list[str] = []
    seat = turn.seat
    gone = seat.crm.is_gone or seat.erp.is_gone
    if seat.stage is Stage.NEW and not gone:
        awaited, unmapped = _begin(turn)
    elif seat.stage is Stage.LINKED:
        if not gone:
            awaited, unmapped = _level(turn)
        is_open = gone and states.after_delete(turn)
        if tells_of_news(before, turn.seat, turn.link_type):
            publish_rows(turn)
        if not gone:
            _say(turn)
        if turn.rules.lets_go(turn.seat) and not is_open:
            seats.let_go(turn)
    waiting.ask_to_settle(turn)
    waiting.wait_for(turn, awaited)
    judge(turn, unmapped)
    tell_back(turn)


def _begin(turn: Turn) -> tuple[set[str], list[str]]:
    """A record without a partner: claim what made it, or wish for a counterpart."""
    seat = turn.seat
    own, far = seat.side(turn.own), seat.side(turn.far)
    if own.seen is None or turn.rules.is_busy(far):
        return set(), []
    if own.seen.marker is not None and turn.is_home:
        return set(), _claim_maker(turn, own.seen.marker)
    if not turn.rules.may_begin(seat, turn.link_type):
        forget_refused(turn)
        return set(), seats.told_copied(turn)
    return _create_unless_refused(turn, as_made(turn, own.seen))


def _claim_maker(turn: Turn, marker: str) -> list[str]:
    """Rule 1: a CRM record that the ERP's record had made claims that one by itself."""
    try:
        maker = Ref.parse(marker)
    except UndecodableError:
        return [f"the marker field holds {marker[:60]!r}, which is no ref; empty it"]
    if (
        maker.system is not turn.far
        or maker.object_name != turn.link_type.side(turn.far).object_name
    ):
        return [f"the marker field names {maker}, which is nothing to link with; empty it"]
    seats.claim(turn, maker)
    return []


def _create_unless_refused(turn: Turn, source: Seen) -> tuple[set[str], list[str]]:
    before, effects = turn.seat, list(turn.effects)
    refusal = before.side(turn.far).refusal
    found = send_create(turn, source)
    flight = turn.seat.side(turn.far).flight
    if refusal is not None and flight is not None and refusal.digest in (flight.digest, "*"):
        turn.seat, turn.effects = before, effects  # the very wish that was refused
    return found


def _level(turn: Turn) -> tuple[set[str], list[str]]:
    """Both records are known: three-way merge, then at most one command a side."""
    crm, erp = turn.seat.crm.seen, turn.seat.erp.seen
    if crm is None or erp is None:
        return set(), []
    if turn.rules.is_baselined(turn.seat):
        take_as_it_stands(turn)
    seat = turn.seat
    found = compare(
        turn.link_type,
        (under_rows_by_now(turn, crm), with_status(turn, erp)),
        (seat.agreed, seat.lines),
        turn.context,
        partial(ruling_of, turn),
        rules=turn.rules,
    )
    leave_to_problems(turn, found)
    wish_as_edited(turn, found)
    awaited, unmapped = set(found.awaited), list(found.unmapped)
    decide_removed(turn, found)
    ask(turn, found)
    turn.put(agreed=found.agreed, lines={**seat.lines, **found.lines})
    forget_rows(turn)
    for system in SYSTEMS:
        if turn.rules.is_busy(turn.seat.side(system)):
            awaited |= {*seat.waits}  # what new lines wait for is asked again when it is idle
            continue
        if states.operate(turn, system, found) or states.rests(turn, system):
            continue
        more_awaited, more_unmapped = send_update(turn, system, found)
        awaited |= more_awaited
        unmapped += more_unmapped
    return awaited, unmapped


def _say(turn: Turn) -> None:
    messages = turn.seat.messages
    if messages and not turn.rules.is_busy(turn.seat.crm):
        turn.put(messages=messages[1:])
        send_message(turn, messages[0])


def _end_settlements(turn: Turn) -> None:
    """Rule 8, its end: an ending waits for answers, not for settlements: nobody can read it."""
    for system in SYSTEMS:
        side = turn.seat.side(system)
        if side.is_gone and side.flight is not None and side.flight.answered_at is not None:
            observing.cleared(turn, system)
