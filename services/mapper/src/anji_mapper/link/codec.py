"""Seats to bytes and back, for ``anji.links.v1``. Old bytes stay readable.

The form is JSON by position: a list that begins with the number of its form. What a link holds
twice is written once: most agreed pairs are just what both sides show, lines have the same fields
(`agreements`), and the refs of key and partner stand in many places. What is mostly empty is
written by name, where it is not.

What the first version wrote, an object with the names of all fields, is read by pydantic; what
came between is in `earlier`. A new form gets a new number, and the reader of the last one goes
there. A field of the state has its place here, or is forgotten:
``tests/unit/mapper/test_codec.py`` names them all.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError

from anji_common.errors import NewerFormError, UndecodableError
from anji_common.events.inbox import Entry
from anji_common.messages import Message
from anji_common.refs import Ref
from anji_common.topics import LINKS
from anji_mapper.link.agreements import (
    Json,
    lines_from,
    lines_to,
    pairs_from,
    pairs_to,
    whole_from,
)
from anji_mapper.link.earlier import second_form
from anji_mapper.link.forms import (
    BLANK_SEAT,
    change_from,
    change_to,
    decisions_from,
    decisions_to,
    entry_from,
    problem_from,
    problem_to,
    seen_of,
    side_from,
    side_to,
)
from anji_mapper.link.state import PendingMessage, Seat, Stage, changed

__all__ = ["decode_seat", "encode_seat", "index_tokens", "seat_message"]

_FORM = 3
_SECOND_FORM = 2
_FIRST_FORM = TypeAdapter(Seat)
_STAGES = {stage.value: stage for stage in Stage}


def encode_seat(seat: Seat) -> bytes:
    """Return the state as JSON."""
    crm, erp = seen_of(seat.crm), seen_of(seat.erp)
    partner = None if seat.partner is None else str(seat.partner)
    known = (str(seat.key), partner)
    heard: Json = seat.heard
    if len(heard) == 1 and partner in heard:
        heard = heard[partner]
    written = [
        _FORM,
        known[0],
        seat.link_type,
        seat.generation,
        seat.version,
        seat.stage,
        partner,
        side_to(seat.crm, known),
        side_to(seat.erp, known),
        pairs_to(seat.agreed, crm.head, erp.head),
        {
            name: lines_to(states, crm.rows.get(name, {}), erp.rows.get(name, {}))
            for name, states in seat.lines.items()
        },
        seat.said,
        heard,
        seat.rows_digest,
        seat.claimed_on,
    ]
    fields = seat.__dict__
    if rare := {name: form(held) for name, form in _RARE_TO if (held := fields[name])}:
        written.append(rare)
    return orjson.dumps(written, option=orjson.OPT_UTC_Z)


def decode_seat(value: bytes) -> Seat:
    """Return the seat.

    Raises:
        NewerFormError: a later version of Anji wrote them. To take them for rubbish would be to
            forget links, and to make their records again.
        UndecodableError: these are no bytes of `encode_seat`, of this version or an earlier one.
    """
    try:
        read = orjson.loads(value)
        if isinstance(read, dict):
            return _FIRST_FORM.validate_json(value)
        form, *fields = read
        if form == _FORM:
            return _seat_from(fields)
        if form == _SECOND_FORM:
            return second_form(fields)
    except ValidationError as error:
        msg = f"not a seat: {error.error_count()} errors, first: {error.errors()[0]['msg']}"
        raise UndecodableError(msg) from error
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        msg = f"not a seat: {error}"
        raise UndecodableError(msg) from error
    if isinstance(form, int) and form > _FORM:
        msg = (
            f"a newer version of Anji wrote the states of links (form {form}, this one reads up to"
            f" {_FORM}): nothing was changed, no link is followed; start the newer version again"
        )
        raise NewerFormError(msg)
    msg = f"a seat of form {str(form)[:20]}, which this version of Anji does not know"
    raise UndecodableError(msg)


def seat_message(seat: Seat) -> Message:
    """Return the state row of a seat."""
    return Message(topic=LINKS.name, key=str(seat.key), value=encode_seat(seat))


def index_tokens(seat: Seat) -> tuple[str, ...]:
    """Return by what a seat is found: what it waits for, its timer, its problem, its type."""
    tokens = [f"waits:{token}" for token in seat.waits]
    if seat.waits or any(
        side.flight is not None and side.flight.answered_at is not None
        for side in (seat.crm, seat.erp)
    ):
        tokens.append("timer")
    if seat.problem is not None:
        tokens.append("problem")
    if seat.stage is not Stage.POINTER:
        tokens.append(f"type:{seat.link_type}")
    return tuple(tokens)


def _seat_from(fields: Json) -> Seat:
    key, link_type, generation, version, stage, partner, crm, erp, agreed, *more = fields
    lines, said, heard, rows_digest, claimed_on, *rare = more
    known = (key, partner)
    crm_side, erp_side = side_from(crm, known), side_from(erp, known)
    crm_seen, erp_seen = seen_of(crm_side), seen_of(erp_side)
    seat = changed(
        BLANK_SEAT,
        key=Ref.parse(key),
        link_type=link_type,
        generation=generation,
        version=version,
        stage=_STAGES[stage],
        partner=None if partner is None else Ref.parse(partner),
        crm=crm_side,
        erp=erp_side,
        agreed=pairs_from(agreed, crm_seen.head, erp_seen.head),
        lines={
            name: lines_from(states, crm_seen.rows.get(name, {}), erp_seen.rows.get(name, {}))
            for name, states in lines.items()
        },
        said=said,
        heard={partner: heard} if isinstance(heard, int) else heard,
        rows_digest=rows_digest,
        claimed_on=claimed_on,
    )
    if rare:
        seat = changed(seat, **{name: _RARE_FROM[name](held) for name, held in rare[0].items()})
    return seat


def _entries_to(entries: Sequence[Entry]) -> Json:
    return [entry.model_dump(mode="json", exclude_defaults=True) for entry in entries]


def _entries_from(read: Json) -> tuple[Entry, ...]:
    return tuple(map(entry_from, read))


def _refs_to(refs: Sequence[Ref]) -> Json:
    return [*map(str, refs)]


def _refs_from(read: Json) -> tuple[Ref, ...]:
    return tuple(map(Ref.parse, read))


def _messages_to(messages: Sequence[PendingMessage]) -> Json:
    return [(message.to, message.text) for message in messages]


def _messages_from(read: Json) -> tuple[PendingMessage, ...]:
    return tuple(PendingMessage(to, text) for to, text in read)


def _as_is(value: Json) -> Json:
    return value


_RARE_TO: tuple[tuple[str, Callable[[Any], Json]], ...] = (
    ("waits", _as_is),
    ("waiting_since", _as_is),
    ("problem", problem_to),
    ("newest", change_to),
    ("deferred", _entries_to),
    ("messages", _messages_to),
    ("claimants", _refs_to),
    ("asked", _as_is),
    ("decisions", decisions_to),
    ("renumbered", _as_is),
    ("is_unsettled", _as_is),
)
"""Fields of a seat of which there is mostly nothing to say: written by name where there is."""
_RARE_FROM: Mapping[str, Callable[[Json], Any]] = {
    "waits": tuple,
    "waiting_since": datetime.fromisoformat,
    "problem": problem_from,
    "newest": change_from,
    "deferred": _entries_from,
    "messages": _messages_from,
    "claimants": _refs_from,
    "asked": whole_from,
    "decisions": decisions_from,
    "renumbered": _as_is,
    "is_unsettled": _as_is,
}
