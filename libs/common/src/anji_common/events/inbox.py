"""The inbox ``anji.inbox.v1``: what seats and people tell a seat (internal form).

An entry carries its sender and the sender's sequence; a seat drops what it has heard
(``protocol.md`` 9), so that a replay of the topic does nothing.
"""

from enum import StrEnum
from typing import Self

from pydantic import AwareDatetime, Field, JsonValue

from anji_common.events.changes import Change
from anji_common.events.envelope import Event, body_of, derived_id, envelope, parsed
from anji_common.events.observed import Observed
from anji_common.messages import Message, Record
from anji_common.refs import Ref, System
from anji_common.topics import INBOX, Lane

__all__ = ["Entry", "EntryKind", "Sending"]


class Sending(Event):
    """One record as it will be published, byte for byte."""

    topic: str
    key: str
    headers: tuple[tuple[str, str], ...] = ()
    value: str
    """JSON, as every value of ours that is no tombstone."""

    @classmethod
    def of(cls, message: Message) -> Self:
        """Return what publishes `message`, which is no tombstone."""
        headers = tuple((name, value.decode()) for name, value in message.headers)
        value = (message.value or b"").decode()
        return cls(topic=message.topic, key=message.key, headers=headers, value=value)

    def to_message(self) -> Message:
        """Return the record."""
        headers = tuple((name, value.encode()) for name, value in self.headers)
        return Message(self.topic, self.key, self.value.encode(), headers)


class EntryKind(StrEnum):
    """What is told."""

    CLAIM = "claim"
    """A home has learned that this seat's record is its partner."""

    GRANT = "grant"
    """The seat is the sender's partner from now on; carries its newest change."""

    REFUSE = "refuse"
    """The seat belongs to another home, named in `holder`."""

    FORWARD = "forward"
    """A pointer's newest change."""

    ADOPT = "adopt"
    """An ERP seat has had its CRM record made: take the link over (``protocol.md`` 1)."""

    WAKE = "wake"
    """Whom you were refused by has let go: claim again."""

    RELEASE = "release"
    """The home's record is deleted: its partner's seat is free (``protocol.md`` 5)."""

    GONE = "gone"
    """The record that was claimed is deleted: look for another one."""

    DECIDE = "decide"
    """A person answers the question named in `problem`: `winner` keeps its value."""

    LOOK = "look"
    """Decide anew, though nothing has changed: the seat was made anew (``protocol.md`` 16)."""

    RETRY = "retry"
    """A person wants the problem named in `problem` tried again."""

    APPLY = "apply"
    """A person applies what a plan says about this link, if it has not moved since."""

    EDIT = "edit"
    """As RETRY; and in the field named in `fields`, `target` gets `value` this time."""

    SETTLE = "settle"
    """A person wants that `winner`'s values are written in `fields`, in which the sides differ."""


class Entry(Event):
    """One thing told to one seat."""

    to: Ref
    """The seat; the key of the record."""

    sender: str
    """The telling seat's ref, or ``person/<name>``."""

    sequence: int
    """Rises with every entry of `sender` to anybody; of a person, the time in ms."""

    kind: EntryKind
    at: AwareDatetime
    link_type: str = ""
    change: Change | None = None
    """GRANT, FORWARD: the sender's newest change. ADOPT: the ERP side's."""

    observed: Observed | None = None
    """ADOPT: the new CRM record as read back."""

    agreed: dict[str, tuple[JsonValue, JsonValue]] = Field(default_factory=dict)
    """ADOPT: path of the pair → (CRM value, ERP value)."""

    lines: dict[str, dict[str, str]] = Field(default_factory=dict)
    """ADOPT: lines path of the ERP side → ERP line id → CRM line id."""

    holder: Ref | None = None
    problem: str = ""
    """RETRY, EDIT, DECIDE: the id of the problem that this answers; any other is let be."""

    marker: str | None = None
    """CLAIM: the marker that the claimant saw in the record; its own seat may not have read it."""

    winner: System | None = None
    """DECIDE, SETTLE: whose value stays. SETTLE: by default the owner of each field."""

    fields: tuple[str, ...] = ()
    """SETTLE: names of pairs, of a line with the line before them. EDIT: one, of the head."""

    target: System | None = None
    """EDIT: who gets the value."""

    value: JsonValue = None
    """EDIT: in normal form."""

    before: str = ""
    """APPLY: the name of the state that was planned on; empty where there was none."""

    after: list[JsonValue] | None = None
    """APPLY: the state that the plan leads to, in the form of ``anji.links.v1``."""

    sends: tuple[Sending, ...] = ()
    """APPLY: what is published with it, byte for byte."""

    mapping_version: str = ""
    """APPLY: of the mapping that was planned with."""

    lane: Lane = Lane.LIVE
    """Of the commands that follow from it: bulk, where it is part of a mass change."""

    @property
    def event_id(self) -> str:
        """Derived from sender and sequence."""
        return derived_id(self.sender, self.sequence, self.to)

    def to_message(self) -> Message:
        """Return the record for the inbox topic."""
        return Message(
            topic=INBOX.name,
            key=str(self.to),
            value=body_of(self),
            headers=envelope(
                event_id=self.event_id,
                source="/anji/mapper",
                kind=f"anji.inbox.{self.kind}.v1",
                subject=str(self.to),
                time=self.at,
            ),
        )

    @classmethod
    def from_record(cls, record: Record) -> Self:
        """Return the entry; raises UndecodableError."""
        return parsed(cls, record)
