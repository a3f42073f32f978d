"""What the source knows, for a writer whose vendor's reads are paid (``protocol.md`` 11).

A source's checkpoint tells when the newest window of an object that it read whole was begun. What
people did before that is published, and the commands that were decided since have seen it; for
what they did later, or while the source stood still, a writer has to look for itself.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

import structlog

from anji_common.clock import Clock
from anji_common.errors import RetriableError
from anji_common.events.signals import source_key
from anji_common.messages import Record
from anji_common.refs import System
from anji_common.runtime import Runtime
from anji_common.sourcing.checkpoints import Checkpoint
from anji_common.topics import CHECKPOINTS
from anji_common.views import View

__all__ = ["Knowledge", "knowing"]

_AGAIN_SECONDS = 5.0

_log = structlog.get_logger("anji.writer")


class Knowledge:
    """When the objects of one system were last read whole. Open it with `knowing`."""

    def __init__(self, view: View, system: System) -> None:
        self._view = view
        self._system = system

    def read_at(self, object_name: str) -> datetime | None:
        """Return when the newest whole reading was begun; `None` if there was none."""
        kept = self._view.get(source_key(self._system, object_name))
        return None if kept is None else datetime.fromisoformat(kept.decode())


@asynccontextmanager
async def knowing(runtime: Runtime, system: System) -> AsyncIterator[Knowledge]:
    """Follow the checkpoints of a system's sources as long as the context lasts.

    A follower that falls behind tells an old time: then more is looked at, never less.
    """
    view = View(runtime.broker, CHECKPOINTS.name, project=_read_at)
    await view.start()
    work = _follow(view, runtime.clock)
    following = asyncio.create_task(work, name=f"{system} writer: checkpoints")
    try:
        yield Knowledge(view, system)
    finally:
        following.cancel()
        await asyncio.wait([following])
        await view.close()


async def _follow(view: View, clock: Clock) -> None:
    while True:
        try:
            await view.follow()
        except RetriableError as error:
            _log.warning("checkpoints.awaited", reason=str(error))
            await clock.sleep(_AGAIN_SECONDS)


def _read_at(record: Record) -> bytes | None:
    if record.value is None:
        return None
    read_at = Checkpoint.from_record(record).read_at
    return None if read_at is None else read_at.isoformat().encode()
