"""Checkpoints ``anji.checkpoints.v1``: how far each object has been read, and what is still asked.

Committed in one transaction with the changes it covers, so a source that crashes reads again at
most what it had published already, which is then known. Wishes (signals, callbacks, torn records)
stand in it too: once taken from their topic they are as safe here.
"""

from typing import Self

from pydantic import AwareDatetime, Field

from anji_common.events.envelope import Event, derived_id, envelope, parsed
from anji_common.events.signals import source_key
from anji_common.messages import Message, Record
from anji_common.refs import System
from anji_common.topics import CHECKPOINTS

__all__ = ["Checkpoint", "SnapshotProgress", "Wish"]


class Wish(Event):
    """One record that is to be read."""

    answers: str | None = None
    """The command that wants this read; it is published even though nothing moved."""

    tries: int = 0
    """How often it was read and was not there, not whole, or older than what is known."""

    is_there: bool = False
    """It was met, but torn: it exists, so it is never given up."""


class SnapshotProgress(Event):
    """How far a snapshot is."""

    since: AwareDatetime
    """Everything before was read."""

    until: AwareDatetime
    """When it was asked for: what changes later is live."""

    span_seconds: float


class Checkpoint(Event):
    """The place of one object's source."""

    system: System
    object_name: str
    begun_at: AwareDatetime
    """The vendor's time when this installation first looked; nothing older is read by itself."""

    watermark: AwareDatetime
    wishes: dict[str, Wish] = Field(default_factory=dict)
    """By record id."""

    snapshot: SnapshotProgress | None = None
    is_paused: bool = False

    @property
    def key(self) -> str:
        """The key of the record: system and object."""
        return source_key(self.system, self.object_name)

    def to_message(self) -> Message:
        """Return the record for the checkpoint topic."""
        body = self.model_dump_json(exclude_defaults=True).encode()
        return Message(
            topic=CHECKPOINTS.name,
            key=self.key,
            value=body,
            headers=envelope(
                event_id=derived_id(self.key, body),
                source=f"/{self.system}/source",
                kind="anji.checkpoint.v1",
                subject=self.key,
                time=self.watermark,
            ),
        )

    @classmethod
    def from_record(cls, record: Record) -> Self:
        """Return the checkpoint; raises UndecodableError."""
        return parsed(cls, record)
