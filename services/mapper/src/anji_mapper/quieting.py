"""Waiting until nothing is under way: what was decided is done, and what was done is read.

Both are told by topics alone: by the offsets and attempts of the writers, and by the checkpoints
of the sources (``protocol.md`` 16).
"""

from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import datetime

from anji_common.errors import ServiceSilentError
from anji_common.events.signals import Signal, SignalKind, source_key
from anji_common.messages import Record
from anji_common.refs import SYSTEMS
from anji_common.runtime import Runtime
from anji_common.sourcing.checkpoints import Checkpoint, checked_checkpoint
from anji_common.topics import CHECKPOINTS, Lane, attempts_topic, commands_topic
from anji_common.views import View
from anji_common.writing.attempts import AttemptRow
from anji_common.writing.engine import writer_group
from anji_mapper.mapping.model import Mappings

__all__ = ["OnProgress", "Quiet"]

OnProgress = Callable[[str, int], None]
"""(what is being done, how many: done so far, or left)."""

_LOOK_SECONDS = 1.0
_QUIET_LOOKS = 2
"""A record may be so young that it has no age yet."""
_UNFINISHED = "unfinished"


class Quiet:
    """The writers and sources of an installation whose mapper is stopped."""

    def __init__(
        self,
        mappings: Mappings,
        runtime: Runtime,
        patience_seconds: float,
        on_progress: OnProgress,
    ) -> None:
        self._mappings = mappings
        self._runtime = runtime
        self._broker = runtime.broker
        self._patience_seconds = patience_seconds
        self._on_progress = on_progress

    async def until_writers_are_done(self) -> int:
        """Wait until every command has its result, and none is open (the first of the order).

        Returns:
            The greatest generation of which a writer has finished a command; 0 if there is none.
        """
        end = self._runtime.clock.monotonic() + self._patience_seconds
        async with AsyncExitStack() as opened:
            rows = []
            for system in SYSTEMS:
                view = View(self._broker, attempts_topic(system), project=_row, index=_unfinished)
                opened.push_async_callback(view.close)
                await view.start()
                rows.append(view)
            quiet_looks = 0
            while quiet_looks < _QUIET_LOOKS:
                left = await self._commands_left()
                for view in rows:
                    await view.catch_up()
                    left += len(view.find(_UNFINISHED))
                quiet_looks = 0 if left else quiet_looks + 1
                self._on_progress("commands that the writers have still to finish", left)
                if left and self._runtime.clock.monotonic() > end:
                    msg = (
                        f"{left} commands are not finished: are both writers running? Start them"
                        " (anji run fxiaoke-writer k3cloud-writer) and rebuild again. The mapper's"
                        " group stands at the end of its topics; no link was made."
                    )
                    raise ServiceSilentError(msg)
                await self._runtime.clock.sleep(_LOOK_SECONDS)
            return max((_generation(each) for view in rows for _, each in view.scan()), default=0)

    async def _commands_left(self) -> int:
        left = 0
        for system in SYSTEMS:
            lanes = [commands_topic(system, lane) for lane in Lane]
            lags = await self._broker.lag(writer_group(system), lanes)
            # Without an age there is no record, only the mark of a transaction.
            left += sum(lag.records for lag in lags if lag.records and lag.seconds > 0)
        return left

    async def until_sources_have_read(self) -> None:
        """Wait until each source has read all that had changed by now (the second)."""
        clock = self._runtime.clock
        asked_at = clock.now()
        end = clock.monotonic() + self._patience_seconds
        waited = {
            source_key(system, name): Signal(
                system=system, object_name=name, kind=SignalKind.CONFIRM, at=asked_at
            )
            for system in SYSTEMS
            for name in dict.fromkeys(
                each.side(system).object_name for each in self._mappings.types
            )
        }
        await self._broker.publish([each.to_message() for each in waited.values()])
        places = View(self._broker, CHECKPOINTS.name, project=checked_checkpoint)
        await places.start()
        try:
            while True:
                await places.catch_up()
                missing = [key for key in waited if not _has_read(places.get(key), asked_at)]
                self._on_progress("objects whose sources have still to read", len(missing))
                if not missing:
                    return
                if clock.monotonic() > end:
                    msg = (
                        f"nobody has read {', '.join(sorted(missing))} since: are both sources"
                        " running, and not paused? Start them (anji run fxiaoke-source"
                        " k3cloud-source) and rebuild again. No link was made."
                    )
                    raise ServiceSilentError(msg)
                await clock.sleep(_LOOK_SECONDS)
        finally:
            await places.close()


def _row(record: Record) -> bytes | None:
    if record.value is not None:
        AttemptRow.from_record(record)
    return record.value


def _unfinished(_key: str, value: bytes) -> tuple[str, ...]:
    return () if AttemptRow.model_validate_json(value).is_idle else (_UNFINISHED,)


def _generation(value: bytes) -> int:
    finished = AttemptRow.model_validate_json(value).finished
    return 0 if finished is None else finished.generation


def _has_read(value: bytes | None, asked_at: datetime) -> bool:
    if value is None:
        return False
    confirmed = Checkpoint.model_validate_json(value).confirmed
    return confirmed is not None and confirmed >= asked_at
