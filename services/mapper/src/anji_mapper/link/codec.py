"""Seats to bytes and back, for ``anji.links.v1``. Old bytes stay readable.

The form is JSON by position: a list that begins with the number of its form. What a link holds
twice is written once: most agreed pairs are just what both sides show, and lines have the same
fields (`agreements`).

What the first version wrote, an object with the names of all fields, is read by pydantic. A new
form gets a new number, and its reader stands beside the others. A field of the state has its
place here, or is forgotten: ``tests/unit/mapper/test_codec.py`` names them all.
"""

from datetime import datetime

import orjson
from pydantic import TypeAdapter, ValidationError

from anji_common.errors import UndecodableError
from anji_common.events.inbox import Entry
from anji_common.messages import Message
from anji_common.refs import Ref, System
from anji_common.topics import LINKS
from anji_mapper.link.agreements import (
    Json,
    lines_from,
    lines_to,
    pairs_from,
    pairs_to,
    whole_from,
)
from anji_mapper.link.forms import (
    change_from,
    change_to,
    decisions_from,
    decisions_to,
    maybe,
    problem_from,
    problem_to,
    side_from,
    side_to,
)
from anji_mapper.link.state import PendingMessage, Seat, SideState, Stage, changed
from anji_mapper.mapping.model import Seen

__all__ = ["decode_seat", "encode_seat", "index_tokens", "seat_message"]

_FORM = 2
_FIRST_FORM = TypeAdapter(Seat)
_UNSEEN = Seen({})
_STAGES = {stage.value: stage for stage in Stage}
_BLANK = Seat(key=Ref(System.FXIAOKE, "", ""), link_type="", generation=0)
"""Every field of it is read from the bytes."""


def encode_seat(seat: Seat) -> bytes:
    """Return the state as JSON."""
    crm, erp = _seen(seat.crm), _seen(seat.erp)
    lines = {
        name: lines_to(states, crm.rows.get(name, {}), erp.rows.get(name, {}))
        for name, states in seat.lines.items()
    }
    return orjson.dumps(
        [
            _FORM,
            str(seat.key),
            seat.link_type,
            seat.generation,
            seat.version,
            seat.stage,
            maybe(str, seat.partner),
            side_to(seat.crm),
            side_to(seat.erp),
            pairs_to(seat.agreed, crm.head, erp.head),
            lines,
            seat.waits,
            seat.waiting_since,
            maybe(problem_to, seat.problem),
            seat.said,
            seat.heard,
            maybe(change_to, seat.newest),
            [entry.model_dump(mode="json", exclude_defaults=True) for entry in seat.deferred],
            [(message.to, message.text) for message in seat.messages],
            seat.rows_digest,
            [str(claimant) for claimant in seat.claimants],
            seat.asked,
            decisions_to(seat.decisions),
            seat.claimed_on,
            seat.is_unsettled,
        ]
    )


def decode_seat(value: bytes) -> Seat:
    """Return the seat.

    Raises:
        UndecodableError: these are no bytes of `encode_seat`, of this version or an earlier one.
    """
    try:
        read = orjson.loads(value)
        if isinstance(read, dict):
            return _FIRST_FORM.validate_json(value)
        form, *fields = read
        if form == _FORM:
            return _seat_from(fields)
    except ValidationError as error:
        msg = f"not a seat: {error.error_count()} errors, first: {error.errors()[0]['msg']}"
        raise UndecodableError(msg) from error
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        msg = f"not a seat: {error}"
        raise UndecodableError(msg) from error
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


def _seen(side: SideState) -> Seen:
    return _UNSEEN if side.seen is None else side.seen


def _seat_from(fields: Json) -> Seat:
    key, link_type, generation, version, stage, partner, crm, erp, *rest = fields
    agreed, lines, waits, since, problem, said, heard, newest, *last = rest
    deferred, messages, rows_digest, claimants, asked, decisions, *later = last
    crm_side, erp_side = side_from(crm), side_from(erp)
    crm_seen, erp_seen = _seen(crm_side), _seen(erp_side)
    return changed(
        _BLANK,
        key=Ref.parse(key),
        link_type=link_type,
        generation=generation,
        version=version,
        stage=_STAGES[stage],
        partner=maybe(Ref.parse, partner),
        crm=crm_side,
        erp=erp_side,
        agreed=pairs_from(agreed, crm_seen.head, erp_seen.head),
        lines={
            name: lines_from(states, crm_seen.rows.get(name, {}), erp_seen.rows.get(name, {}))
            for name, states in lines.items()
        },
        waits=tuple(waits),
        waiting_since=maybe(datetime.fromisoformat, since),
        problem=maybe(problem_from, problem),
        said=said,
        heard=heard,
        newest=maybe(change_from, newest),
        deferred=tuple(map(_entry_from, deferred)),
        messages=tuple(PendingMessage(to, text) for to, text in messages) if messages else (),
        rows_digest=rows_digest,
        claimants=tuple(map(Ref.parse, claimants)),
        asked=whole_from(asked) if asked else {},
        decisions=decisions_from(decisions) if decisions else {},
        claimed_on=later[0] if later else -1,
        is_unsettled=len(later) > 1 and later[1],
    )


def _entry_from(read: Json) -> Entry:
    return Entry.model_validate_json(orjson.dumps(read))
