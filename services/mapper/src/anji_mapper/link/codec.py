"""Seats to bytes and back, for ``anji.links.v1``. Old bytes stay readable: fields only come."""

from pydantic import TypeAdapter, ValidationError

from anji_common.errors import UndecodableError
from anji_common.messages import Message
from anji_common.topics import LINKS
from anji_mapper.link.state import Seat, Stage

__all__ = ["decode_seat", "encode_seat", "index_tokens", "seat_message"]

_ADAPTER = TypeAdapter(Seat)


def encode_seat(seat: Seat) -> bytes:
    """Return the state as JSON; what has its default is left out."""
    return _ADAPTER.dump_json(seat, exclude_defaults=True)


def decode_seat(value: bytes) -> Seat:
    """Return the seat.

    Raises:
        UndecodableError: these are no bytes of `encode_seat`.
    """
    try:
        return _ADAPTER.validate_json(value)
    except ValidationError as error:
        msg = f"not a seat: {error.error_count()} errors, first: {error.errors()[0]['msg']}"
        raise UndecodableError(msg) from error


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
