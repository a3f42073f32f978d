"""Attempt rows: what a writer notes before it writes, and what it makes of a delivered command.

One row per seat in ``<system>.attempts.v1``, compacted, beside the seat's commands. A row tells
the highest finished number (kept for ever, so that no replay writes), the one command that is
open, and newer ones that wait for it. All of it is pure: values in, values out.
"""

from enum import Enum
from typing import Self

from pydantic import AwareDatetime, Field

from anji_common.errors import UndecodableError
from anji_common.events.commands import Command, CommandNumber
from anji_common.events.envelope import Event, body_of, parsed
from anji_common.events.results import Outcome
from anji_common.messages import Message, Record
from anji_common.refs import Ref, System
from anji_common.topics import Lane, attempts_topic

__all__ = [
    "Attempt",
    "AttemptRow",
    "Delivery",
    "Made",
    "Refusal",
    "Rest",
    "command_in",
    "delivery_of",
]


class Made(Event):
    """A write that the vendor confirmed, of which only the reading back is still due."""

    outcome: Outcome
    ref: Ref | None
    business_number: str | None = None
    lines: dict[str, dict[str, str]] = Field(default_factory=dict)
    words: str = ""


class Refusal(Event):
    """A refusal that is kept back until an earlier attempt can no longer take effect."""

    words: str
    code: str = ""
    field: str = ""


class Rest(Event):
    """What of an update an attempt sends, by name: the other parts stood already."""

    values: tuple[str, ...] = ()
    """Head paths."""

    rows: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Lines path → `RowWish.source_id`."""

    removes: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Lines path → `RowRemoval.target_id`."""

    @classmethod
    def of(cls, command: Command) -> Self:
        """Return the names of all that a command holds."""
        rows, removes = command.rows.items(), command.removes.items()
        return cls(
            values=tuple(command.values),
            rows={path: tuple(each.source_id for each in wishes) for path, wishes in rows},
            removes={path: tuple(each.target_id for each in gone) for path, gone in removes},
        )

    @property
    def count(self) -> int:
        """How many parts these are."""
        lines = (*self.rows.values(), *self.removes.values())
        return len(self.values) + sum(map(len, lines))


class Attempt(Event):
    """A command that was taken and has no result yet."""

    command: Command
    tries: int = 0
    """Attempts recorded so far."""

    began_at: AwareDatetime | None = None
    """When the last of them was begun, on its owner's clock; for people."""

    fruitful: int = 0
    """How many of them there had been when an effect was last seen, of an update in parts."""

    rest: Rest | None = None
    """What the last of them sends, where that is not the whole command."""

    in_doubt: bool = False
    """One of them may have taken effect, or still may: look, never repeat."""

    busy: int = 0
    """How often the vendor has put it off."""

    made: Made | None = None
    refusal: Refusal | None = None


class AttemptRow(Event):
    """What is known of one seat's commands to one system."""

    seat: Ref
    finished: CommandNumber | None = None
    """Commands up to this number have their results."""

    open: Attempt | None = None
    waiting: tuple[Command, ...] = ()
    """Newer commands, in order: each begins when the one before it is finished."""

    @property
    def is_idle(self) -> bool:
        """Whether nothing of this seat is left to be done."""
        return self.open is None and not self.waiting

    @property
    def lane(self) -> Lane:
        """Of the command that is open, or else of the one that is next."""
        if self.open is not None:
            return self.open.command.lane
        return self.waiting[0].lane if self.waiting else Lane.LIVE

    def opened(self, command: Command) -> Self:
        """Return the row with `command` open, not yet attempted."""
        return self.model_copy(update={"open": Attempt(command=command)})

    def with_attempt(self, attempt: Attempt) -> Self:
        """Return the row with its open command as in `attempt`."""
        return self.model_copy(update={"open": attempt})

    def with_waiting(self, command: Command) -> Self:
        """Return the row with one more command in the queue."""
        return self.model_copy(update={"waiting": (*self.waiting, command)})

    def closed(self, number: CommandNumber) -> Self:
        """Return the row after the result of `number`."""
        finished = number if self.finished is None else max(number, self.finished)
        return self.model_copy(update={"open": None, "finished": finished})

    def promoted(self) -> Self:
        """Return the row with the first waiting command open, if none is."""
        if self.open is not None or not self.waiting:
            return self
        first, *rest = self.waiting
        return self.model_copy(update={"open": Attempt(command=first), "waiting": tuple(rest)})

    def to_message(self, system: System) -> Message:
        """Return the record for the attempts topic."""
        return Message(
            topic=attempts_topic(system),
            key=str(self.seat),
            value=body_of(self),
            headers=(("content-type", b"application/json"),),
        )

    @classmethod
    def from_record(cls, record: Record) -> Self:
        """Return the row; raises UndecodableError."""
        return parsed(cls, record)


def command_in(record: Record, system: System) -> Command:
    """Return the command to `system` in a record; raises UndecodableError."""
    command = Command.from_record(record)
    if record.text_key != str(command.seat) or command.system is not system:
        msg = f"{record.place}: a command of {command.seat} to {command.system} is out of place"
        raise UndecodableError(msg)
    return command


class Delivery(Enum):
    """What is to be done with a command that was delivered."""

    SKIP = "finished before; only the offset moves"
    PARKED = "open or waiting already; only the offset moves"
    WAIT = "an older command of its seat is open"
    RUN = "its turn"


def delivery_of(row: AttemptRow | None, number: CommandNumber) -> Delivery:
    """Return what a delivered command's number means for its seat (``protocol.md`` 12).

    A number that is neither finished nor known but older than one that is open was superseded;
    it is finished together with that one.
    """
    if row is None:
        return Delivery.RUN
    if row.finished is not None and number <= row.finished:
        return Delivery.SKIP
    known = [row.open.command] if row.open is not None else []
    known.extend(row.waiting)
    if not known:
        return Delivery.RUN
    return Delivery.PARKED if number <= known[-1].number else Delivery.WAIT
