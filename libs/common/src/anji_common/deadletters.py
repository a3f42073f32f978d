"""Dead letters ``anji.deadletters.v1``: inputs that nobody could decode, kept whole.

The value is the original value, byte for byte; the original key and headers stand in headers whose
names begin with ``original.``; who met it, where it stood and why it was refused stand in ``ce_*``
headers. So it can be looked at with any Kafka tool, and put back (redriven) exactly as it was.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from anji_common.errors import AnjiError, UndecodableError
from anji_common.events.envelope import derived_id, envelope, required
from anji_common.messages import Headers, Message, Record
from anji_common.metrics import DEAD_LETTERS
from anji_common.topics import DEADLETTERS

__all__ = ["DeadLetter", "dead_letter"]

_ORIGINAL = "original."
_MAX_REASON_CHARACTERS = 1000


def dead_letter(
    found: Record | bytes, error: AnjiError, by: str, *, at: datetime | None = None
) -> Message:
    """Return the record for the dead-letter topic.

    Args:
        found: The input, or the bytes of one that came from no topic (a vendor's callback).
        error: Why nobody can read it.
        by: Who met it: ``mapper``, ``fxiaoke/callback``.
        at: When it was met; by default the record's own time.
    """
    DEAD_LETTERS.labels(by.split("/", maxsplit=1)[0]).inc()
    record = found if isinstance(found, Record) else None
    key = b"" if record is None or record.key is None else record.key
    value = found if isinstance(found, bytes) else found.value
    when = at or datetime.fromtimestamp(record.timestamp_ms / 1000 if record else 0, UTC)
    place = by if record is None else record.place
    extensions = {
        "by": by,
        "error": type(error).__name__,
        "reason": str(error)[:_MAX_REASON_CHARACTERS],
        "haskey": "false" if record is None or record.key is None else "true",
    }
    if record is not None:
        extensions |= {
            "origintopic": record.topic,
            "originpartition": str(record.partition),
            "originoffset": str(record.offset),
        }
    return Message(
        topic=DEADLETTERS.name,
        key=key.decode(errors="replace"),
        value=value,
        headers=(
            *envelope(
                event_id=derived_id(place, value if record is None else ""),
                source=f"/anji/{by}",
                kind="anji.deadletter.v1",
                subject=place,
                time=when,
                has_data=False,
                extensions=extensions,
            ),
            (f"{_ORIGINAL}key", key),
            *((f"{_ORIGINAL}header.{name}", value or b"") for name, value in _headers(record)),
        ),
    )


def _headers(record: Record | None) -> Headers:
    return () if record is None else record.headers


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One dead letter, as read back."""

    by: str
    error: str
    """Name of the error's class."""
    reason: str
    topic: str | None
    """Where it stood; `None` for one that came from no topic."""
    partition: int | None
    offset: int | None
    key: bytes | None
    value: bytes | None
    headers: Headers

    @classmethod
    def from_record(cls, record: Record) -> Self:
        """Return the dead letter that `record` carries.

        Raises:
            UndecodableError: it carries none.
        """
        topic = record.header("ce_origintopic")
        try:
            partition = None if topic is None else int(required(record, "ce_originpartition"))
            offset = None if topic is None else int(required(record, "ce_originoffset"))
        except ValueError as error:
            msg = f"{record.place}: not a dead letter: {error}"
            raise UndecodableError(msg) from error
        keys = [value for name, value in record.headers if name == f"{_ORIGINAL}key"]
        return cls(
            by=required(record, "ce_by"),
            error=required(record, "ce_error"),
            reason=required(record, "ce_reason"),
            topic=topic,
            partition=partition,
            offset=offset,
            key=keys[0] if keys and record.header("ce_haskey") == "true" else None,
            value=record.value,
            headers=tuple(
                (name.removeprefix(f"{_ORIGINAL}header."), value)
                for name, value in record.headers
                if name.startswith(f"{_ORIGINAL}header.")
            ),
        )

    def redriven(self) -> Message:
        """Return the original, to be published to its topic again.

        Raises:
            UndecodableError: it came from no topic, or its key is not text and so could not be
                put back as it was.
        """
        if self.topic is None or self.key is None:
            msg = f"a dead letter of {self.by} without topic or key cannot be put back"
            raise UndecodableError(msg)
        try:
            key = self.key.decode()
        except UnicodeDecodeError as error:
            msg = f"a dead letter of {self.by} whose key is not UTF-8 cannot be put back"
            raise UndecodableError(msg) from error
        return Message(self.topic, key, self.value, self.headers)
