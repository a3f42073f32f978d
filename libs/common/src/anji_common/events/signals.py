"""Signals ``anji.signals.v1``: what a source is asked to do, keyed by system and object."""

from enum import StrEnum
from typing import Self

from pydantic import AwareDatetime

from anji_common.events.envelope import Event, body_of, derived_id, envelope, parsed
from anji_common.messages import Message, Record
from anji_common.refs import Ref, System
from anji_common.topics import SIGNALS

__all__ = ["Signal", "SignalKind", "source_key"]


def source_key(system: System, object_name: str) -> str:
    """Return the key of an object's signals and checkpoints: ``fxiaoke/AccountObj``."""
    return f"{system}/{object_name}"


class SignalKind(StrEnum):
    """What is asked."""

    READ = "read"
    """Read `ref` and publish it, moved or not."""

    PAUSE = "pause"
    RESUME = "resume"
    SNAPSHOT = "snapshot"
    PROBE = "probe"
    """Read every known record again now: is it gone, has it changed without a date?"""

    SEEK = "seek"
    """Look for `ref` with every round over known records, though nobody has read it yet: a link
    has it, and its system refuses what is written to it."""

    CONFIRM = "confirm"
    """Say in the checkpoint that all that had changed by `at` was read (``protocol.md`` 16)."""

    APPROVE = "approve"
    """Those that a patrol found gone, and holds, may be published as gone."""

    REFUSE = "refuse"
    """They are not gone: nothing is published, and the next round looks again."""


class Signal(Event):
    """One wish to the source of one object."""

    system: System
    object_name: str
    kind: SignalKind
    at: AwareDatetime
    ref: Ref | None = None
    answers: str | None = None
    """READ: the command's number, put into the change (``protocol.md`` 8); then the read begins
    after `at`, and is published even though nothing moved. APPROVE, REFUSE: what was asked
    (`PatrolProgress.question`); an answer to anything else is let be."""

    def to_message(self) -> Message:
        """Return the record for the signal topic."""
        key = source_key(self.system, self.object_name)
        body = body_of(self)
        return Message(
            topic=SIGNALS.name,
            key=key,
            value=body,
            headers=envelope(
                event_id=derived_id(key, body),
                source="/anji",
                kind=f"anji.signal.{self.kind}.v1",
                subject=str(self.ref or key),
                time=self.at,
            ),
        )

    @classmethod
    def from_record(cls, record: Record) -> Self:
        """Return the signal; raises UndecodableError."""
        return parsed(cls, record)
