"""A command on its way through a write, and the outcome it has come to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from anji_common.errors import (
    MappingError,
    RecordBusyError,
    RefusedError,
    RejectedError,
    RetriableError,
)
from anji_common.events.commands import Action, Command
from anji_common.events.observed import Observed
from anji_common.events.results import Outcome
from anji_common.interest import ObjectInterest
from anji_common.refs import Ref, System
from anji_common.writing.comparing import same
from anji_common.writing.target import Busy, Refused, WriteOutcome, Written
from anji_k3cloud.packets import Packet
from anji_k3cloud.pairing import paired_lines

__all__ = ["Outcomes", "Piece", "is_marked", "kept_from", "with_words", "written"]

Outcomes = dict[int, WriteOutcome]
"""By the command's place in its batch."""


@dataclass(slots=True)
class Piece:
    """One command, and what is known of its record so far."""

    place: int
    command: Command
    interest: ObjectInterest
    packet: Packet | None = None
    record_id: str = ""
    number: str = ""
    status: str | None = None
    """Document status after the last step; `None` where nobody knows."""
    words: str = ""
    """What did not go as wished though the record was saved."""
    is_locked: bool = False
    """`words` are of a lock: the same step may pass a little later."""
    observed: Observed | None = None
    rows_beside: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Where rows are removed: ids of those of entities that no mapping names, before the save."""

    @property
    def form_id(self) -> str:
        """The record's form."""
        return self.interest.object_name

    @property
    def ref(self) -> Ref:
        """The record itself."""
        return Ref(System.K3CLOUD, self.form_id, self.record_id)


def with_words(piece: Piece, words: str) -> None:
    """Add to what did not go as wished."""
    piece.words = f"{piece.words}; {words}" if piece.words else words


def is_marked(piece: Piece, observed: Observed | None) -> bool:
    """Whether a record carries the marker that the command wishes."""
    marker = piece.interest.marker_field
    if marker is None or observed is None:
        return False
    return same(observed.data.get(marker), piece.command.values.get(marker))


def kept_from(error: RejectedError | RetriableError) -> Refused | Busy:
    """Return the outcome of a record that an error kept from being written at all."""
    match error:
        case RefusedError():
            return Refused(error.words, error.code, error.field)
        case MappingError():
            return Refused(str(error), code="mapping")
        case RejectedError() | RecordBusyError():  # an answer that is none may be one next time
            return Busy(str(error))
        case _:
            return Busy(str(error), is_unreached=True)


def written(piece: Piece) -> Written:
    """Return the outcome of a record that was saved."""
    observed = piece.observed
    number = None if observed is None else observed.data.get(piece.interest.number_field)
    lines = {} if observed is None else paired_lines(piece.command, observed, piece.interest)
    is_create = piece.command.action is Action.CREATE
    return Written(
        outcome=Outcome.CREATED if is_create else Outcome.UPDATED,
        ref=piece.ref,
        business_number=piece.number or (None if number is None else str(number)),
        observed=observed,
        lines=lines,
        words=piece.words,
    )
