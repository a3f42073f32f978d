"""The mapper as a service: the crosswalk's view beside the tasks of the group ``mapper``."""

import asyncio
from collections import deque

from anji_common.broker.port import Task
from anji_common.deadletters import dead_letter
from anji_common.errors import AnjiError
from anji_common.messages import Record
from anji_common.runtime import Runtime
from anji_common.topics import CROSSWALK
from anji_common.views import View
from anji_mapper.bursts import Bursts
from anji_mapper.decode import GROUP, input_topics
from anji_mapper.link.step import Reducer
from anji_mapper.mapping.model import Mappings
from anji_mapper.references import ViewReferences, checked_row, row_tokens, tokens_released
from anji_mapper.settings import MapperSettings
from anji_mapper.tasks import MapperTask, Sharing
from anji_mapper.turnstile import Turnstile

__all__ = ["GROUP", "run"]

_BURY_EVERY_SECONDS = 1.0
_LOOKING_AT_ONCE = 2
"""Tasks with released links at work: one commits while the other decides."""


async def run(
    mappings: Mappings,
    settings: MapperSettings,
    runtime: Runtime,
    *,
    reducer: Reducer | None = None,
) -> None:
    """Decide about all links whose partitions are given to us, until cancelled.

    Args:
        mappings: Every link type of the installation.
        settings: Sizes and times.
        runtime: Broker, clock, state folder.
        reducer: Composed of the rules; the shipped ones by default.
    """
    service = _Service(mappings, settings, runtime, reducer or Reducer())
    await service.run()


class _Service:
    """The crosswalk's view, and the tasks that it releases links in."""

    def __init__(
        self, mappings: Mappings, settings: MapperSettings, runtime: Runtime, reducer: Reducer
    ) -> None:
        self._mappings = mappings
        self._settings = settings
        self._runtime = runtime
        self._reducer = reducer
        self._bad: deque[tuple[Record, AnjiError]] = deque()
        self._has_bad = asyncio.Event()
        self._running: dict[MapperTask, None] = {}
        store = None
        if runtime.state_dir is not None:
            store = runtime.state_dir / f"{CROSSWALK.name}.sqlite"
        self._crosswalk = View(
            runtime.broker,
            CROSSWALK.name,
            store=store,
            project=checked_row,
            index=row_tokens,
            on_bad=self._found_bad,
        )
        self._references = ViewReferences(self._crosswalk)
        bursts = Bursts(settings.burst_changes, settings.burst_seconds)
        self._sharing = Sharing(bursts, Turnstile(_LOOKING_AT_ONCE))

    async def run(self) -> None:
        """Follow, serve and bury, until cancelled."""
        await self._crosswalk.start()
        unsubscribe = self._crosswalk.subscribe(self._row_came)
        broker = self._runtime.broker
        try:
            async with asyncio.TaskGroup() as together:
                together.create_task(self._crosswalk.follow())
                together.create_task(self._bury())
                together.create_task(broker.serve(GROUP, input_topics(self._mappings), self._work))
        finally:
            unsubscribe()
            await self._crosswalk.close()

    def _row_came(self, key: str) -> None:
        waiting = [task for task in self._running if task.awaits]
        freed = self._references.freed(key)
        if waiting:
            tokens = (*tokens_released(key, self._crosswalk.get(key)), *freed)
            released = sum([task.release(tokens) for task in waiting])
            if released > self._settings.burst_changes:
                for task in waiting:
                    task.treat_as_mass()

    async def _work(self, task: Task) -> None:
        mapper_task = MapperTask(
            task,
            self._mappings,
            self._references,
            self._settings,
            self._runtime,
            self._reducer,
            self._sharing,
        )
        self._running[mapper_task] = None
        try:
            await mapper_task.run()
        finally:
            self._running.pop(mapper_task, None)

    def _found_bad(self, record: Record, error: AnjiError) -> None:
        self._bad.append((record, error))
        self._has_bad.set()

    async def _bury(self) -> None:
        while True:
            await self._has_bad.wait()
            self._has_bad.clear()
            await self._runtime.clock.sleep(_BURY_EVERY_SECONDS)
            letters = [dead_letter(record, error, by="mapper") for record, error in self._bad]
            if letters:
                await self._runtime.broker.publish(letters)
                for _ in letters:
                    self._bad.popleft()
