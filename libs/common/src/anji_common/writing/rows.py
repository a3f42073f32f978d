"""The attempt rows of one partition: a view of ``<system>.attempts.v1``, read to its end first."""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import structlog

from anji_common.errors import AnjiError
from anji_common.messages import Message, Record
from anji_common.refs import Ref, System
from anji_common.runtime import Runtime
from anji_common.topics import attempts_topic
from anji_common.views import View
from anji_common.writing.attempts import AttemptRow

__all__ = ["AttemptRows"]

_UNFINISHED = "unfinished"

_log = structlog.get_logger("anji.writer")


class AttemptRows:
    """What is known of the seats of one partition. Make it with `opened`."""

    def __init__(self, view: View, topic: str) -> None:
        self._view = view
        self._topic = topic

    @classmethod
    async def opened(cls, runtime: Runtime, system: System, partition: int) -> Self:
        """Return the rows, complete up to now: the former owner is fenced already."""
        topic = attempts_topic(system)
        store: Path | None = None
        if runtime.state_dir is not None:
            store = runtime.state_dir / f"{topic}-{partition}.sqlite"
        view = View(
            runtime.broker,
            topic,
            partitions=[partition],
            store=store,
            project=_checked,
            index=_tokens,
            on_bad=_tell_of_bad,
        )
        await view.start()
        return cls(view, topic)

    def get(self, seat: Ref) -> AttemptRow | None:
        """Return the row of one seat."""
        value = self._view.get(str(seat))
        return None if value is None else AttemptRow.model_validate_json(value)

    def unfinished(self) -> list[Ref]:
        """Return the seats that have an open or waiting command."""
        return [Ref.parse(key) for key in self._view.find(_UNFINISHED)]

    def apply(self, messages: Sequence[Message], end: int) -> None:
        """Take over what this partition's owner has just published, up to the offset `end`."""
        self._view.apply(messages, end)

    async def close(self) -> None:
        """Let go of the view."""
        await self._view.close()


def _checked(record: Record) -> bytes | None:
    if record.value is not None:
        AttemptRow.from_record(record)
    return record.value


def _tokens(_key: str, value: bytes) -> tuple[str, ...]:
    return () if AttemptRow.model_validate_json(value).is_idle else (_UNFINISHED,)


def _tell_of_bad(record: Record, error: AnjiError) -> None:
    """Say what cannot be read: whoever wrote it, it was no writer of ours."""
    _log.error("attempt.unreadable", place=record.place, reason=str(error))
