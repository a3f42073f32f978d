"""What a seat remembers. All of it is frozen; a step returns another.

A seat is the aggregate keyed by one record's own ref. The home's seat holds the link; its
partner's seat is a pointer (``protocol.md`` 1).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from pydantic import JsonValue

from anji_common.events.changes import Change
from anji_common.events.commands import Action, CommandNumber, Finish
from anji_common.events.inbox import Entry
from anji_common.events.observed import Stamp
from anji_common.refs import Ref, System
from anji_common.values import frozen, frozen_open
from anji_mapper.mapping.model import Seen

__all__ = [
    "Decision",
    "Flight",
    "Held",
    "LineState",
    "PendingMessage",
    "Problem",
    "ProblemKind",
    "Refusal",
    "Returned",
    "Rewrites",
    "RowAgreement",
    "Seat",
    "SideState",
    "Stage",
    "Unfinished",
    "ValuePair",
    "as_pointer",
    "changed",
]

V = TypeVar("V", "Flight", "LineState", "Seat", "SideState")

ValuePair = tuple[JsonValue, JsonValue]
"""(value on the CRM side, value on the ERP side)."""


Returned = tuple[JsonValue, JsonValue]
"""(what we sent to a side, what somebody else had made of it when it was read back)."""


Rewrites = tuple[int, bool]
"""(how many of our writes of a value in a row came back differently, whether people were told)."""


class Stage(StrEnum):
    """What a seat is to its link."""

    NEW = "new"
    """No partner yet: nothing was decided, or its own create is in flight."""
    CLAIMING = "claiming"
    """The partner's ref is known, its grant is not here yet."""
    LINKED = "linked"
    """Home of a link."""
    POINTER = "pointer"
    """Forwards to the home."""
    REFUSED = "refused"
    """The partner belongs to another home; woken when that lets go."""
    ENDED = "ended"
    """A home whose record is deleted; its partner was let go (``protocol.md`` 5)."""
    ORPHAN = "orphan"
    """Was a pointer, and its home let go: may be claimed, never creates (``protocol.md`` 5)."""


class ProblemKind(StrEnum):
    """Why a link does not move."""

    REFUSED = "refused"
    IN_DOUBT = "in doubt"
    UNMAPPED = "unmapped"
    UNFINISHED = "unfinished"
    """It was saved, and what should follow was refused: an audit, an allocation, a file."""
    UNMATCHED = "unmatched"
    """Nothing fits a record of a link type that is only matched; no problem, and not tried again
    until either side changes."""
    WAITING = "waiting"
    ASKED = "asked"
    CLAIMED = "claimed elsewhere"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a link does not move, in the vendor's words where it spoke."""

    id: str
    """A decision names it, so that a replayed decision answers nothing newer."""
    kind: ProblemKind
    words: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Refusal:
    """The last wish that a side refused: the same wish is not sent again."""

    digest: str
    """Of the wished values; ``*`` stands for any wish."""
    kind: ProblemKind
    words: str
    number: CommandNumber


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A record that holds the wish, and was not taken as far as it should be."""

    words: str
    """The vendor's; empty where a step is due that nobody has refused."""
    finish: Finish
    """How far it should be."""
    number: CommandNumber
    """Whose result told."""
    is_retried: bool = False
    """A person asked for another try."""


@frozen
class RowAgreement:
    """What will be agreed about one line if the command in flight succeeds."""

    crm_id: str | None
    erp_id: str | None
    pairs: Mapping[str, ValuePair]


@frozen_open
class Flight:
    """The one command in flight to a side (``protocol.md`` 14)."""

    number: CommandNumber
    action: Action
    digest: str
    pairs: Mapping[str, ValuePair] = field(default_factory=dict)
    """`Pair.name` → what will be agreed if the command succeeds."""
    rows: Mapping[str, tuple[RowAgreement, ...]] = field(default_factory=dict)
    """`LinesPair.name` → the same for lines."""
    removes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """`LinesPair.name` → CRM ids of the lines that it takes out of the side."""
    decided_on: int = -1
    """Revision of the other side's change that the command was decided on."""
    base_at: datetime | None = None
    """The side's modify time when the command was decided."""
    answered_at: datetime | None = None
    """The result is here, and the read that settles it is not (``protocol.md`` 8)."""
    asked_at: datetime | None = None
    """When that read was last asked for."""
    ours_seen: bool = False
    """A change by our account, later than `base_at`, was among those held."""
    finish: Finish = Finish.SAVED
    """ERP: how far the command takes the record."""
    refusal: "Refusal | None" = None
    """It was refused, and what was done of it before is to be read."""


@frozen
class Held:
    """The newest change of a side while a command to it is in flight (``protocol.md`` 7)."""

    revision: int
    stamp: Stamp
    seen: Seen


@frozen_open
class SideState:
    """One side of a link, as far as it was seen."""

    ref: Ref | None = None
    revision: int = -1
    """Of the newest change applied."""
    stamp: Stamp | None = None
    seen: Seen | None = None
    floor: Stamp | None = None
    """Read back after our last write: what was read before it is the past (``protocol.md`` 8)."""
    flight: Flight | None = None
    held: Held | None = None
    sent: int = 0
    """n of the last command to this side."""
    refusal: Refusal | None = None
    is_gone: bool = False
    returned: Mapping[str, Returned] = field(default_factory=dict)
    """`Pair.name`, or `row_key`, → the last of it (``protocol.md`` 13)."""
    unfinished: Unfinished | None = None
    """ERP: what the last command left undone though its values hold."""
    owes_read: str = ""
    """Number of the operation, done and read back, whose signalled read has still to come: what
    has the floor's time may have been read before it."""
    rewrites: Mapping[str, Rewrites] = field(default_factory=dict)
    """By the same keys as `returned`, whoever rewrote it; gone once a value comes back as sent."""


@frozen_open
class LineState:
    """One line that both sides have."""

    erp_id: str
    agreed: Mapping[str, ValuePair] = field(default_factory=dict)
    is_lost: bool = False
    """One side has it no more; told once (``protocol.md`` 18)."""
    missed_at: int = -1
    """Revision of the CRM's first change that did not show it; it is asked for once more."""
    was_marked: bool = False
    """The ERP's row is gone, or was, and named this line by its marker when it was seen last."""
    erp_missed_at: int = -1
    """The same of the ERP: the two sides' revisions do not compare."""

    @property
    def is_missed(self) -> bool:
        """Whether a side did not show it when both were compared last."""
        return self.missed_at >= 0 or self.erp_missed_at >= 0


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided about one field, for just the values that they were shown."""

    winner: System
    values: ValuePair
    person: str


@dataclass(frozen=True, slots=True)
class PendingMessage:
    """A message to people, not sent yet."""

    to: str
    text: str


@frozen_open
class Seat:
    """The aggregate of one record."""

    key: Ref
    link_type: str
    generation: int
    """First part of its commands' numbers; rises whenever the seat is made anew."""
    version: str = ""
    """Of the mapping that decided last."""
    stage: Stage = Stage.NEW
    partner: Ref | None = None
    """LINKED, CLAIMING, REFUSED, ENDED: the other record. POINTER: the home."""
    crm: SideState = field(default_factory=SideState)
    erp: SideState = field(default_factory=SideState)
    agreed: Mapping[str, ValuePair] = field(default_factory=dict)
    """`Pair.name` → the last values that both sides were known to hold."""
    lines: Mapping[str, Mapping[str, LineState]] = field(default_factory=dict)
    """`LinesPair.name` → CRM line id → its ERP row and agreed pairs."""
    asked: Mapping[str, ValuePair] = field(default_factory=dict)
    """`Pair.name`, or `row_key`, → what both sides hold: people are asked which one stays."""
    decisions: Mapping[str, Decision] = field(default_factory=dict)
    """By the same keys: answers that are being carried out."""
    waits: tuple[str, ...] = ()
    """Tokens of what must come first (`AwaitedError`), sorted."""
    waiting_since: datetime | None = None
    problem: Problem | None = None
    said: int = 0
    """Sequence of the last entry told."""
    heard: Mapping[str, int] = field(default_factory=dict)
    """Sender → the highest sequence heard of it (``protocol.md`` 9)."""
    claimed_on: int = -1
    """Revision of the own record for which the partner was found."""
    newest: Change | None = None
    """Of a record that may become a pointer: its newest change, for the grant."""
    deferred: tuple[Entry, ...] = ()
    """Claims and adoptions that wait for our own create's result (``protocol.md`` 2); values that
    people wrote for a side to which a command is in flight."""
    claimants: tuple[Ref, ...] = ()
    """Homes that were refused this seat's record, to be woken when it is free."""
    messages: tuple[PendingMessage, ...] = ()
    rows_digest: str = ""
    """Of the crosswalk rows last published."""
    renumbered: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """`LinesPair.name` → id that a line of the CRM may be marked with → the id that its ERP row
    has by now; of rows that a command to the CRM names, and that no line is known to be of yet."""
    is_unsettled: bool = False
    """The pair was known before its state was lost: once both sides are seen, what stands there
    is agreed (``protocol.md`` 16)."""

    def side(self, system: System) -> SideState:
        """Return one side."""
        return self.crm if system is System.FXIAOKE else self.erp


def changed(value: V, **changes: Any) -> V:  # noqa: ANN401 - fields of `value`
    """Return `value` with other values of some fields.

    It is `dataclasses.replace` in a tenth of the time, for values that check nothing when they
    are made; every step makes some seven of them. So the classes that it takes have no slots.

    Raises:
        TypeError: there is no such field.
    """
    known = value.__dict__
    fields = known | changes
    if len(fields) != len(known):
        msg = f"{type(value).__name__} has no {', '.join(sorted(changes.keys() - known.keys()))}"
        raise TypeError(msg)
    copy: V = object.__new__(type(value))
    copy.__dict__ = fields
    return copy


def as_pointer(seat: Seat, home: Ref) -> Seat:
    """Return the seat as a pointer: what its record shows is remembered by its home alone."""
    return changed(
        seat,
        stage=Stage.POINTER,
        partner=home,
        newest=None,
        crm=changed(seat.crm, seen=None),
        erp=changed(seat.erp, seen=None),
    )
