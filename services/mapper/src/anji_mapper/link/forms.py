"""The parts of a seat as JSON by position, and back. `codec` puts them together.

Each pair of functions is one form: what the first writes, the second reads (times are left to
orjson). They are made by hand because they run for every input. Nothing here checks more than it
needs: only `codec` writes these bytes, and what is not of their shape raises some ordinary error
that it translates.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

import orjson

from anji_common.events.changes import Change
from anji_common.events.commands import Action, CommandNumber, Finish
from anji_common.events.inbox import Entry
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
    Rewrites,
    RowAgreement,
    Seat,
    SideState,
    Unfinished,
    changed,
)
from anji_mapper.mapping.model import Row, Seen

__all__ = [
    "BLANK_SEAT",
    "Known",
    "change_from",
    "change_to",
    "decisions_from",
    "decisions_to",
    "entry_from",
    "flight_from",
    "maybe",
    "problem_from",
    "problem_to",
    "refusal_from",
    "rows_from",
    "seen_of",
    "side_from",
    "side_to",
    "stamp_from",
    "unfinished_from",
]


Known = tuple[str, str | None]
"""The texts of a seat's key and of its partner, which stand in its bytes once."""

BLANK_SEAT = Seat(key=Ref(System.FXIAOKE, "", ""), link_type="", generation=0)
"""What is read from bytes changes it."""
_NOTHING: Known = ("", None)
_BLANK = SideState()
_UNSEEN = Seen({})
_AS_STAMP = 1
"""Stands for a floor that is the newest stamp."""

A = TypeVar("A")
B = TypeVar("B")


def maybe(form: Callable[[A], B], value: A | None) -> B | None:
    """Return the form of a value, and `None` for none."""
    return None if value is None else form(value)


def seen_of(side: SideState) -> Seen:
    """Return what a side shows; nothing of one that nobody has seen."""
    return _UNSEEN if side.seen is None else side.seen


def side_to(side: SideState, known: Known) -> Json:
    """Return a side by position; nothing for one of which nothing is known.

    Args:
        side: Which one.
        known: The texts of the seat's key and of its partner: they are not written again.
    """
    if side.ref is None and side == _BLANK:
        return None
    ref, seen, stamp, floor = side.ref, side.seen, side.stamp, side.floor
    is_floor_newest = floor is not None and (floor is stamp or floor == stamp)
    written = [
        None if ref is None else _short(str(ref), known),
        side.revision,
        None if stamp is None else _stamp_to(stamp),
        None if seen is None else _seen_to(seen, known),
        _AS_STAMP if is_floor_newest else maybe(_stamp_to, floor),
        side.sent,
    ]
    if side.flight or side.held or side.returned or side.rewrites or _is_off(side):
        rare = {name: form(held) for name, form in _RARE_TO if (held := getattr(side, name))}
        written.append(rare)
    return written


def _is_off(side: SideState) -> bool:
    return bool(side.is_gone or side.refusal or side.unfinished or side.owes_read)


def side_from(read: Json, known: Known) -> SideState:
    """Return the side of `side_to`."""
    if read is None:
        return _BLANK
    ref, revision, stamp, seen, floor, sent, *rare = read
    newest = None if stamp is None else stamp_from(stamp)
    side = changed(
        _BLANK,
        ref=None if ref is None else Ref.parse(_long(ref, known)),
        revision=revision,
        stamp=newest,
        seen=None if seen is None else _seen_from(seen, known),
        floor=newest if floor == _AS_STAMP else maybe(stamp_from, floor),
        sent=sent,
    )
    if rare:
        side = changed(side, **{name: _RARE_FROM[name](held) for name, held in rare[0].items()})
    return side


def _short(text: str, known: Known) -> Json:
    """Return the number of a text that is known, else itself."""
    return known.index(text) if text in known else text


def _long(read: Json, known: Known) -> str:
    """Return the text of `_short`."""
    text: str | None = known[read] if isinstance(read, int) else read
    if text is None:
        msg = "it names a partner that the seat does not have"
        raise ValueError(msg)
    return text


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
        stamp=stamp_from(stamp),
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
    """Return a stamp by position, without what a CRM's record does not have."""
    usual = [stamp.modified_at, stamp.modified_by, stamp.by_anji]
    if stamp.approved_at is None and not stamp.unread:
        return usual if stamp.status is None else [*usual, stamp.status]
    return [*usual, stamp.status, stamp.approved_at, stamp.unread]


def stamp_from(read: Json) -> Stamp:
    """Return a stamp of `_stamp_to`, whether what may be left out was left out or not."""
    modified_at, modified_by, by_anji, *more = read
    status = more[0] if more else None
    approved_at, unread = more[1:] or (None, ())
    return Stamp.model_construct(
        modified_at=datetime.fromisoformat(modified_at),
        approved_at=None if approved_at is None else datetime.fromisoformat(approved_at),
        status=status,
        modified_by=modified_by,
        by_anji=by_anji,
        unread=tuple(unread),
    )


def _seen_to(seen: Seen, known: Known) -> Json:
    marker = None if seen.marker is None else _short(seen.marker, known)
    written = [seen.head, seen.number, marker]
    if seen.rows:
        written.append({name: _rows_to(rows) for name, rows in seen.rows.items()})
    return written


def _seen_from(read: Json, known: Known) -> Seen:
    head, number, marker, *rows = read
    found = {name: rows_from(each) for name, each in rows[0].items()} if rows else {}
    return Seen(head, found, number, None if marker is None else _long(marker, known))


def _rows_to(rows: Mapping[str, Row]) -> Json:
    """Return [paths, row id → values in their order]: the link type gives all rows the same."""
    paths = next(([*row] for row in rows.values()), [])
    written = {}
    for row_id, row in rows.items():
        if [*row] != paths:
            return rows
        written[row_id] = [*row.values()]
    return [paths, written]


def rows_from(read: Json) -> dict[str, Row]:
    """Return the rows of a side, by their ids."""
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
        maybe(_refusal_to, flight.refusal),
    ]


def flight_from(read: Json) -> Flight:
    """Return a command in flight."""
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
        refusal=maybe(refusal_from, later[3]) if later[3:] else None,
    )


def _held_to(held: Held) -> Json:
    return [held.revision, _stamp_to(held.stamp), _seen_to(held.seen, _NOTHING)]


def _held_from(read: Json) -> Held:
    return Held(read[0], stamp_from(read[1]), _seen_from(read[2], _NOTHING))


def _refusal_to(refusal: Refusal) -> Json:
    return [refusal.digest, refusal.kind.value, refusal.words, _number_to(refusal.number)]


def refusal_from(read: Json) -> Refusal:
    """Return what a side refused."""
    return Refusal(read[0], ProblemKind(read[1]), read[2], _number_from(read[3]))


def _unfinished_to(unfinished: Unfinished) -> Json:
    number = _number_to(unfinished.number)
    return [unfinished.words, unfinished.finish.value, number, unfinished.is_retried]


def unfinished_from(read: Json) -> Unfinished:
    """Return what was left undone."""
    words, finish, number, is_retried = read
    return Unfinished(words, Finish(finish), _number_from(number), is_retried)


def _number_to(number: CommandNumber) -> Json:
    return [number.generation, number.n]


def _number_from(read: Json) -> CommandNumber:
    return CommandNumber(read[0], read[1])


def entry_from(read: Json) -> Entry:
    """Return a deferred entry, which pydantic reads."""
    return Entry.model_validate_json(orjson.dumps(read))


def _as_is(value: Json) -> Json:
    return value


def _rewrites_from(read: Json) -> dict[str, Rewrites]:
    return {key: (times, told) for key, (times, told) in read.items()}


_RARE_TO: tuple[tuple[str, Callable[[Any], Json]], ...] = (
    ("flight", _flight_to),
    ("held", _held_to),
    ("refusal", _refusal_to),
    ("is_gone", _as_is),
    ("returned", _as_is),
    ("unfinished", _unfinished_to),
    ("owes_read", _as_is),
    ("rewrites", _as_is),
)
"""Fields of a side of which there is mostly nothing to say: written by name where there is."""
_RARE_FROM: Mapping[str, Callable[[Json], Any]] = {
    "flight": flight_from,
    "held": _held_from,
    "refusal": refusal_from,
    "is_gone": _as_is,
    "returned": whole_from,
    "unfinished": unfinished_from,
    "owes_read": _as_is,
    "rewrites": _rewrites_from,
}
