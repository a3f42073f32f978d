"""What the source knows, for a writer whose vendor's reads are paid (``protocol.md`` 11).

A source's checkpoint tells when the newest window of an object that it read whole was begun. What
people did before that is published, and the commands that were decided since have seen it; for
what they did later, or while the source stood still, a writer has to look for itself. It tells as
well since when windows follow each other: commands that were decided before have not seen what
people did while the source stood still, however fresh its newest window is by now.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial

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
from anji_common.writing.rules import Known

__all__ = ["Knowledge", "knowing"]

_AGAIN_SECONDS = 5.0

_log = structlog.get_logger("anji.writer")


class Knowledge:
    """When the objects of one system were last read whole. Open it with `knowing`."""

    def __init__(self, view: View, system: System) -> None:
        self._view = view
        self._system = system

    def of(self, object_name: str) -> Known | None:
        """Return what was read whole of an object; `None` if there was nothing."""
        kept = self._view.get(source_key(self._system, object_name))
        return None if kept is None else Known(*map(datetime.fromisoformat, kept.decode().split()))


@asynccontextmanager
async def knowing(runtime: Runtime, system: System) -> AsyncIterator[Knowledge]:
    """Follow the checkpoints of a system's sources as long as the context lasts.

    A follower that falls behind tells an old time: then more is looked at, never less.
    """
    view = View(runtime.broker, CHECKPOINTS.name, project=partial(_known, system))
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


def _known(system: System, record: Record) -> bytes | None:
    """Return what is kept of a checkpoint; of another system's nothing, and it is not parsed."""
    if record.value is None or not record.text_key.startswith(source_key(system, "")):
        return None
    kept = Checkpoint.from_record(record)
    if kept.read_at is None or kept.steady_since is None:  # the latter: an older version's
        return None
    return f"{kept.read_at.isoformat()} {kept.steady_since.isoformat()}".encode()
