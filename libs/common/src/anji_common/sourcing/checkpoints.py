"""Checkpoints ``anji.checkpoints.v1``: how far each object has been read, and what is still asked.

Committed in one transaction with the changes it covers, so a source that crashes reads again at
most what it had published already, which is then known. Wishes (signals, callbacks, torn records)
stand in it too: once taken from their topic they are as safe here.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from pydantic import AwareDatetime, Field

from anji_common.events.envelope import Event, body_of, derived_id, envelope, parsed
from anji_common.events.signals import source_key
from anji_common.messages import Message, Record
from anji_common.refs import System
from anji_common.sourcing.settings import SourceSettings
from anji_common.topics import CHECKPOINTS

__all__ = [
    "Checkpoint",
    "PatrolProgress",
    "PatrolStage",
    "SnapshotProgress",
    "Wish",
    "checked_checkpoint",
]

_KEEP_EVERY = timedelta(seconds=10)
"""How far a watermark runs over quiet time before it is kept, and so told to writers."""


class Wish(Event):
    """One record that is to be read."""

    answers: str | None = None
    """The command that wants this read, or several with commas between them; it is published even
    though nothing moved."""

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

    again: bool = False
    """It was asked for once more meanwhile: what is read by then may be read otherwise now."""


class PatrolStage(StrEnum):
    """Where a round of the patrol is."""

    LOOKING = "looking"
    """Every known record is read once."""

    CONFIRMING = "confirming"
    """Those that were not there are read once more."""

    HELD = "held"
    """Too many are gone: a person has to approve."""

    OVER = "over"


class PatrolProgress(Event):
    """How far the patrol over known records is."""

    begun_at: AwareDatetime
    """Of the present round, else of the last one, in the vendor's time."""

    looked_at: AwareDatetime
    """When the last record was looked at the first time."""

    stage: PatrolStage = PatrolStage.LOOKING
    after: str = ""
    """LOOKING: ids up to this one were read."""

    listed: str | None = None
    """LOOKING: every known record was read, and what the vendor lists is known up to this id."""

    looked: int = 0
    missing: tuple[str, ...] = ()
    """Were not there once."""

    confirmed: tuple[str, ...] = ()
    """Were not there twice."""

    held: tuple[str, ...] = ()
    """A former round held these, and nobody has answered: this round looks at them again."""

    approved: tuple[str, ...] = ()
    """Of these a person has said that they may be gone."""

    is_approved: bool = False
    """The same of all; older versions wrote so."""

    @property
    def waiting(self) -> tuple[str, ...]:
        """Ids of the records about which a person is asked."""
        return self.confirmed if self.stage is PatrolStage.HELD else self.held

    @property
    def question(self) -> str:
        """Names what a person is asked: just these records; "" where nothing waits."""
        return derived_id(*sorted(self.waiting)) if self.waiting else ""

    @property
    def is_under_way(self) -> bool:
        """Whether the round goes on by itself."""
        return self.stage in (PatrolStage.LOOKING, PatrolStage.CONFIRMING)


class Checkpoint(Event):
    """The place of one object's source."""

    system: System
    object_name: str
    begun_at: AwareDatetime
    """The vendor's time when this installation first looked; nothing older is read by itself."""

    watermark: AwareDatetime
    read_at: AwareDatetime | None = None
    """When, by our clock, the newest window that was read whole was begun: whatever the vendor's
    queries told by then is published. Where reads are paid, writers rely on it."""

    steady_since: AwareDatetime | None = None
    """When, by our clock, the first whole window after a standstill (a start, a pause, a vendor
    that did not answer) was published: what was decided before has not seen what people did."""

    wishes: dict[str, Wish] = Field(default_factory=dict)
    """By record id."""

    sought: tuple[str, ...] = ()
    """Ids of records that links have and nobody has read: the patrol looks for them as well."""

    snapshot: SnapshotProgress | None = None
    patrol: PatrolProgress | None = None
    is_paused: bool = False
    confirms: AwareDatetime | None = None
    """When somebody asked to be told that all was read which had changed by then."""

    confirmed: AwareDatetime | None = None
    """The newest such moment for which a whole poll, begun later, was done and no wish is left."""

    def after_reading(self, confirms: datetime | None) -> dict[str, datetime | None]:
        """Return what changes after a whole poll before which `confirms` had been asked for."""
        if confirms is None or self.wishes:
            return {}
        return {
            "confirmed": confirms,
            "confirms": None if self.confirms == confirms else self.confirms,
        }

    def taken_up(self) -> Self:
        """Return it for a new owner, who does not know how long nobody has read."""
        return self.model_copy(update={"read_at": None})

    def read_whole(
        self, watermark: datetime, begun: datetime, now: datetime, settings: SourceSettings
    ) -> dict[str, datetime | None]:
        """Return what changes when a window that was begun at `begun` is published by `now`."""
        last, longest = self.read_at, 2 * settings.most_poll_seconds
        stood_still = last is None or (begun - last).total_seconds() > longest
        since = now if stood_still else self.steady_since
        return {"watermark": watermark, "read_at": begun, "steady_since": since}

    @property
    def key(self) -> str:
        """The key of the record: system and object."""
        return source_key(self.system, self.object_name)

    def is_worth_keeping_after(self, kept: "Checkpoint | None") -> bool:
        """Say whether it is to be written though nothing is published with it."""
        if kept is None or self.watermark - kept.watermark >= _KEEP_EVERY:
            return True
        return self.says_more_than(kept)

    def says_more_than(self, kept: Self) -> bool:
        """Whether more than time has passed since `kept`."""
        times = {"watermark": kept.watermark, "read_at": kept.read_at}
        return {**self.__dict__, **times} != kept.__dict__

    def to_message(self) -> Message:
        """Return the record for the checkpoint topic."""
        body = body_of(self)
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


def checked_checkpoint(record: Record) -> bytes | None:
    """Return what a view keeps of a checkpoint: its value, once it was read.

    Raises:
        UndecodableError: it is none.
    """
    if record.value is not None:
        Checkpoint.from_record(record)
    return record.value
