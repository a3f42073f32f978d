"""The crosswalk ``anji.crosswalk.v1``: which records are the same thing; one row per side."""

from enum import StrEnum
from typing import Self

from pydantic import AwareDatetime, Field

from anji_common.events.envelope import Event, body_of, derived_id, envelope, parsed
from anji_common.messages import Message, Record
from anji_common.refs import Ref
from anji_common.topics import CROSSWALK

__all__ = ["CrosswalkRow", "RowState"]


class RowState(StrEnum):
    """Whether the pair stands."""

    LINKED = "linked"
    ENDED = "ended"
    """One side is deleted; the row stays, so that its past can be told (``protocol.md`` 5)."""


class CrosswalkRow(Event):
    """One side of a pair, and where its counterpart is."""

    ref: Ref
    """This side; the key of the record."""

    counterpart: Ref | None
    link_type: str
    state: RowState = RowState.LINKED
    business_number: str | None = None
    """Of `ref`, as its own system shows it: ``FNumber``, ``FBillNo``, ``name``."""

    lines: dict[str, str] = Field(default_factory=dict)
    """Line id of this side → line id of the counterpart."""

    shared: dict[str, str] = Field(default_factory=dict)
    """Values of this side that other links may need (an order's owner), as its mapping says."""

    updated_at: AwareDatetime

    def to_message(self) -> Message:
        """Return the record for the crosswalk topic."""
        body = body_of(self)
        return Message(
            topic=CROSSWALK.name,
            key=str(self.ref),
            value=body,
            headers=envelope(
                event_id=derived_id(self.ref, body),
                source="/anji/mapper",
                kind="anji.crosswalk.v1",
                subject=str(self.ref),
                time=self.updated_at,
            ),
        )

    @classmethod
    def from_record(cls, record: Record) -> Self:
        """Return the row; raises UndecodableError."""
        return parsed(cls, record)
