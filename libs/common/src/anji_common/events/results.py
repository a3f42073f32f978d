"""Results: what became of a command, ``<system>.results.v1``."""

from enum import StrEnum
from typing import Self

from pydantic import AwareDatetime, Field

from anji_common.events.commands import CommandNumber
from anji_common.events.envelope import Event, body_of, derived_id, envelope, parsed
from anji_common.events.observed import Observed
from anji_common.messages import Message, Record
from anji_common.refs import Ref, System
from anji_common.topics import Lane, results_topic

__all__ = ["Outcome", "Result"]


class Outcome(StrEnum):
    """What became of a command, by what the link does next."""

    CREATED = "created"
    """Made for this seat (by this attempt or an earlier one): what was sent is agreed."""

    MATCHED = "matched"
    """A record that somebody else made, found by natural key: the first-load rule decides."""

    UNMATCHED = "unmatched"
    """No record fits, and the command wished for none to be made."""

    UPDATED = "updated"
    """Written, or found to hold the wished values already."""

    MOVED = "moved"
    """The target holds neither base nor wish: `observed` tells what; decide again."""

    REJECTED = "rejected"
    """The vendor understood and said no, in its `words`."""

    IN_DOUBT = "in_doubt"
    """Cannot be told even after the quarantine: a person decides."""

    SENT = "sent"
    """A message left."""

    @property
    def holds_the_wish(self) -> bool:
        """Whether the target now has what was wished."""
        return self in (Outcome.CREATED, Outcome.UPDATED, Outcome.SENT)


class Result(Event):
    """The answer to one command. Published atomically with the command's offset."""

    seat: Ref
    """The seat that issued the command, and the key of the record."""

    number: CommandNumber
    system: System
    outcome: Outcome
    answered_at: AwareDatetime
    ref: Ref | None = None
    """The target record, where there is one."""

    business_number: str | None = None
    """``FNumber``, ``FBillNo`` or ``name`` of the target."""

    observed: Observed | None = None
    """The target as read *after* the write (or instead of it). `None` where a read is paid and
    the source's own read will tell (CRM updates, ``protocol.md`` 8)."""

    lines: dict[str, dict[str, str]] = Field(default_factory=dict)
    """Lines path → `RowWish.source_id` → the line's id in the target."""

    words: str = ""
    """The vendor's message, word for word."""

    code: str = ""
    field: str = ""
    calls: int = 0
    """Vendor calls that wrote for this command (a share of a batch counts as 0)."""

    lane: Lane = Lane.LIVE
    """Of the command: what follows from a mass change leaves the live lane to live work, too."""

    @property
    def event_id(self) -> str:
        """Derived from the command answered."""
        return derived_id(self.seat, self.system, self.number, "result")

    def to_message(self) -> Message:
        """Return the record for the result topic."""
        return Message(
            topic=results_topic(self.system),
            key=str(self.seat),
            value=body_of(self),
            headers=envelope(
                event_id=self.event_id,
                source=f"/{self.system}/writer",
                kind=f"anji.result.{self.outcome}.v1",
                subject=str(self.seat),
                time=self.answered_at,
                extensions={"number": str(self.number)},
            ),
        )

    @classmethod
    def from_record(cls, record: Record) -> Self:
        """Return the result; raises UndecodableError."""
        return parsed(cls, record)
