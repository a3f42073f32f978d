"""Changes: the public facts ``<system>.<Object>.changes.v1``, open to every subscriber.

The value is the whole normalised record and nothing else; what is known *about* it stands in
headers, so that a tombstone can carry it too. Key and ``ce_subject`` are the ref.
"""

import orjson
from pydantic import AwareDatetime, Field, JsonValue

from anji_common.errors import UndecodableError
from anji_common.events.envelope import (
    Event,
    data_of,
    derived_id,
    envelope,
    instant,
    timed,
)
from anji_common.events.observed import Observed, Stamp, status_of
from anji_common.messages import Message, Record
from anji_common.refs import Ref
from anji_common.topics import changes_topic

__all__ = ["Change", "revision_of"]

_COUNTER_BITS = 20
_ATTRIBUTES = (
    "ce_subject",
    "ce_sequence",
    "ce_time",
    "ce_approvedat",
    "ce_status",
    "ce_modifiedby",
    "ce_byanji",
    "ce_answers",
    "ce_unread",
)


def revision_of(modified_at: AwareDatetime, counter: int) -> int:
    """Return the vendor's modify time in milliseconds, shifted left, plus `counter`.

    `counter` tells changes apart that the vendor's time does not (``protocol.md`` 6); it may
    run over its 20 bits, the sum still rises.
    """
    return (int(modified_at.timestamp() * 1000) << _COUNTER_BITS) + counter


class Change(Event):
    """One record as it is now, or the news that it is gone."""

    ref: Ref
    """Which record. CloudEvents ``subject``, and the key of the Kafka record."""

    revision: int = Field(ge=0)
    """Orders the changes of one `ref`, strictly; gaps are normal. ``ce_sequence``."""

    stamp: Stamp
    """What the vendor says about time, stage and author. ``ce_time`` is its modify time."""

    data: dict[str, JsonValue] | None
    """The whole normalised record, head and lines; `None` is a tombstone."""

    answers: str | None = None
    """The number of the command whose signalled read this is (``protocol.md`` 8); several with
    commas between them."""

    @property
    def event_id(self) -> str:
        """Derived, so that a change which is read twice has the same id twice."""
        return derived_id(self.ref, self.revision)

    @property
    def observed(self) -> Observed | None:
        """The record as read, or `None` for a tombstone."""
        return (
            None if self.data is None else Observed(ref=self.ref, stamp=self.stamp, data=self.data)
        )

    def to_message(self) -> Message:
        """Return the record for the change topic."""
        ref, stamp = self.ref, self.stamp
        kind = "deleted" if self.data is None else "changed"
        return Message(
            topic=changes_topic(ref.system, ref.object_name),
            key=str(ref),
            value=None if self.data is None else orjson.dumps(self.data),
            headers=envelope(
                event_id=self.event_id,
                source=f"/{ref.system}/{ref.object_name}",
                kind=f"{ref.system}.{ref.object_name}.{kind}.v1",
                subject=str(ref),
                time=stamp.modified_at,
                has_data=self.data is not None,
                extensions={
                    "sequence": f"{self.revision:020}",  # padded: the attribute sorts as text
                    "approvedat": None if stamp.approved_at is None else timed(stamp.approved_at),
                    "status": stamp.status,
                    "modifiedby": stamp.modified_by,
                    "byanji": "true" if stamp.by_anji else "false",
                    "answers": self.answers,
                    "unread": " ".join(stamp.unread) or None,
                },
            ),
        )

    @classmethod
    def from_record(cls, record: Record) -> "Change":
        """Return the change that `record` carries.

        Raises:
            UndecodableError: it carries none.
        """
        ref, sequence, time, approved, status, author, ours, answers, unread = record.texts(
            _ATTRIBUTES
        )
        try:
            if ref is None or sequence is None or time is None:
                msg = "ce_subject, ce_sequence or ce_time is missing"
                raise ValueError(msg)  # noqa: TRY301 - told with the record's place, below
            revision = int(sequence)
            data = None if record.value is None else data_of(record)
            if revision < 0 or not (data is None or isinstance(data, dict)):
                msg = "a revision below zero, or data that is no object"
                raise ValueError(msg)  # noqa: TRY301 - told with the record's place, below
            stamp = Stamp.model_construct(
                modified_at=instant(time),
                approved_at=None if approved is None else instant(approved),
                status=status_of(status),
                modified_by=author,
                by_anji=ours == "true",
                unread=tuple(unread.split()) if unread else (),
            )
            # What orjson has read needs no second look, and it may be long.
            return cls.model_construct(
                ref=Ref.parse(ref),
                revision=revision,
                stamp=stamp,
                data=data,
                answers=answers,
            )
        except ValueError as error:
            msg = f"{record.place}: not a change: {error}"
            raise UndecodableError(msg) from error
