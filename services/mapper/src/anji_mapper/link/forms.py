"""The parts of a seat as JSON by position, and back. `codec` puts them together.

Each pair of functions is one form: what the first writes, the second reads (times are left to
orjson). They are made by hand because they run for every input. Nothing here checks more than it
needs: only `codec` writes these bytes, and what is not of their shape raises some ordinary error
that it translates.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeVar

from anji_common.events.changes import Change
from anji_common.events.commands import Action, CommandNumber, Finish
from anji_common.events.observed import Stamp
from anji_common.refs import Ref, System
from anji_mapper.link.agreements import Json, whole_from
from anji_mapper.link.state import (
    Decision,
    Flight,
    Held,
    Problem,
    ProblemKind,
    Refusal,
    RowAgreement,
    SideState,
    Unfinished,
    changed,
)
from anji_mapper.mapping.model import Row, Seen

__all__ = [
    "change_from",
    "change_to",
    "decisions_from",
    "decisions_to",
    "maybe",
    "problem_from",
    "problem_to",
    "side_from",
    "side_to",
]


_BLANK = SideState()
_AS_STAMP = 1
"""Stands for a floor that is the newest stamp."""

A = TypeVar("A")
B = TypeVar("B")


def maybe(form: Callable[[A], B], value: A | None) -> B | None:
    """Return the form of a value, and `None` for none."""
    return None if value is None else form(value)


def side_to(side: SideState) -> Json:
    """Return a side by position; nothing for one of which nothing is known."""
    if side.ref is None and side == _BLANK:
        return None
    is_floor_newest = side.floor is not None and side.floor == side.stamp
    return [
        maybe(str, side.ref),
        side.revision,
        maybe(_stamp_to, side.stamp),
        maybe(_seen_to, side.seen),
        _AS_STAMP if is_floor_newest else maybe(_stamp_to, side.floor),
        maybe(_flight_to, side.flight),
        maybe(_held_to, side.held),
        side.sent,
        maybe(_refusal_to, side.refusal),
        side.is_gone,
        side.returned,
        maybe(_unfinished_to, side.unfinished),
        side.rewrites,
    ]


def side_from(read: Json) -> SideState:
    """Return the side of `side_to`."""
    if read is None:
        return _BLANK
    ref, revision, stamp, seen, floor, flight, held, sent, refusal, is_gone, *later = read
    returned, unfinished, rewrites = (*later, None, None)[:3]
    newest = None if stamp is None else _stamp_from(stamp)
    return changed(
        _BLANK,
        ref=None if ref is None else Ref.parse(ref),
        revision=revision,
        stamp=newest,
        seen=None if seen is None else _seen_from(seen),
        floor=newest if floor == _AS_STAMP else maybe(_stamp_from, floor),
        flight=None if flight is None else _flight_from(flight),
        held=None if held is None else _held_from(held),
        sent=sent,
        refusal=None if refusal is None else _refusal_from(refusal),
        is_gone=is_gone,
        returned=whole_from(returned) if returned else returned,
        unfinished=None if unfinished is None else _unfinished_from(unfinished),
        rewrites={key: (times, told) for key, (times, told) in (rewrites or {}).items()},
    )


def problem_to(problem: Problem) -> Json:
    """Return a problem by position."""
    return [problem.id, problem.kind.value, problem.words, problem.since]


def problem_from(read: Json) -> Problem:
    """Return the problem of `problem_to`."""
    return Problem(read[0], ProblemKind(read[1]), read[2], datetime.fromisoformat(read[3]))


def change_to(change: Change) -> Json:
    """Return a change by position."""
    stamp = _stamp_to(change.stamp)
    return [str(change.ref), change.revision, stamp, change.data, change.answers]


def change_from(read: Json) -> Change:
    """Return the change of `change_to`."""
    ref, revision, stamp, data, answers = read
    # Not validated again: its data is JSON that was validated when it came.
    return Change.model_construct(
        ref=Ref.parse(ref),
        revision=revision,
        stamp=_stamp_from(stamp),
        data=data,
        answers=answers,
    )


def decisions_to(decisions: Mapping[str, Decision]) -> Json:
    """Return decisions by name of their field."""
    return {key: [each.winner.value, each.values, each.person] for key, each in decisions.items()}


def decisions_from(read: Json) -> dict[str, Decision]:
    """Return the decisions of `decisions_to`."""
    return {
        key: Decision(System(winner), (crm, erp), person)
        for key, (winner, (crm, erp), person) in read.items()
    }


def _stamp_to(stamp: Stamp) -> Json:
    return [
        stamp.modified_at,
        stamp.approved_at,
        stamp.status,
        stamp.modified_by,
        stamp.by_anji,
        stamp.unread,
    ]


def _stamp_from(read: Json) -> Stamp:
    modified_at, approved_at, status, modified_by, by_anji, unread = read
    return Stamp.model_construct(
        modified_at=datetime.fromisoformat(modified_at),
        approved_at=maybe(datetime.fromisoformat, approved_at),
        status=status,
        modified_by=modified_by,
        by_anji=by_anji,
        unread=tuple(unread),
    )


def _seen_to(seen: Seen) -> Json:
    rows = {name: _rows_to(rows) for name, rows in seen.rows.items()}
    return [seen.head, rows, seen.number, seen.marker]


def _seen_from(read: Json) -> Seen:
    head, rows, number, marker = read
    return Seen(head, {name: _rows_from(each) for name, each in rows.items()}, number, marker)


def _rows_to(rows: Mapping[str, Row]) -> Json:
    """Return [paths, row id → values in their order]: the link type gives all rows the same."""
    paths = next(([*row] for row in rows.values()), [])
    written = {}
    for row_id, row in rows.items():
        if [*row] != paths:
            return rows
        written[row_id] = [*row.values()]
    return [paths, written]


def _rows_from(read: Json) -> dict[str, Row]:
    if isinstance(read, dict):
        return read
    paths, rows = read
    return {row_id: dict(zip(paths, values, strict=True)) for row_id, values in rows.items()}


def _flight_to(flight: Flight) -> Json:
    rows = {
        name: [(row.crm_id, row.erp_id, row.pairs) for row in sent]
        for name, sent in flight.rows.items()
    }
    return [
        _number_to(flight.number),
        flight.action.value,
        flight.digest,
        flight.pairs,
        rows,
        flight.base_at,
        flight.answered_at,
        flight.asked_at,
        flight.ours_seen,
        flight.decided_on,
        flight.finish.value,
        flight.removes,
    ]


def _flight_from(read: Json) -> Flight:
    number, action, digest, pairs, rows, base_at, answered_at, asked_at, ours_seen, *later = read
    return Flight(
        number=_number_from(number),
        action=Action(action),
        digest=digest,
        pairs=whole_from(pairs),
        rows={
            name: tuple(RowAgreement(crm, erp, whole_from(pairs)) for crm, erp, pairs in sent)
            for name, sent in rows.items()
        },
        base_at=maybe(datetime.fromisoformat, base_at),
        answered_at=maybe(datetime.fromisoformat, answered_at),
        asked_at=maybe(datetime.fromisoformat, asked_at),
        ours_seen=ours_seen,
        decided_on=later[0] if later else -1,
        finish=Finish(later[1]) if later[1:] else Finish.SAVED,
        removes={name: tuple(ids) for name, ids in later[2].items()} if later[2:] else {},
    )


def _held_to(held: Held) -> Json:
    return [held.revision, _stamp_to(held.stamp), _seen_to(held.seen)]


def _held_from(read: Json) -> Held:
    return Held(read[0], _stamp_from(read[1]), _seen_from(read[2]))


def _refusal_to(refusal: Refusal) -> Json:
    return [refusal.digest, refusal.kind.value, refusal.words, _number_to(refusal.number)]


def _refusal_from(read: Json) -> Refusal:
    return Refusal(read[0], ProblemKind(read[1]), read[2], _number_from(read[3]))


def _unfinished_to(unfinished: Unfinished) -> Json:
    number = _number_to(unfinished.number)
    return [unfinished.words, unfinished.finish.value, number, unfinished.is_retried]


def _unfinished_from(read: Json) -> Unfinished:
    words, finish, number, is_retried = read
    return Unfinished(words, Finish(finish), _number_from(number), is_retried)


def _number_to(number: CommandNumber) -> Json:
    return [number.generation, number.n]


def _number_from(read: Json) -> CommandNumber:
    return CommandNumber(read[0], read[1])
