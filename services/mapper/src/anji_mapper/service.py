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
from anji_mapper.decode import input_topics
from anji_mapper.link.step import Reducer
from anji_mapper.mapping.model import Mappings
from anji_mapper.references import ViewReferences, checked_row, row_tokens, tokens_released
from anji_mapper.settings import MapperSettings
from anji_mapper.tasks import MapperTask

__all__ = ["GROUP", "run"]

GROUP = "mapper"


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
    bad: deque[tuple[Record, AnjiError]] = deque()
    store = None if runtime.state_dir is None else runtime.state_dir / f"{CROSSWALK.name}.sqlite"
    crosswalk = View(
        runtime.broker,
        CROSSWALK.name,
        store=store,
        project=checked_row,
        index=row_tokens,
        on_bad=lambda record, error: bad.append((record, error)),
    )
    await crosswalk.start()
    running: set[MapperTask] = set()

    def row_came(key: str) -> None:
        tokens = tokens_released(key, crosswalk.get(key))
        for task in running:
            task.release(tokens)

    async def work(task: Task) -> None:
        mapper_task = MapperTask(
            task, mappings, ViewReferences(crosswalk), settings, runtime, reducer or Reducer()
        )
        running.add(mapper_task)
        try:
            await mapper_task.run()
        finally:
            running.discard(mapper_task)

    async def bury() -> None:
        while True:
            await runtime.clock.sleep(1.0)
            letters = [dead_letter(record, error, by="mapper") for record, error in bad]
            if letters:
                await runtime.broker.publish(letters)
                for _ in letters:
                    bad.popleft()

    unsubscribe = crosswalk.subscribe(row_came)
    try:
        async with asyncio.TaskGroup() as together:
            together.create_task(crosswalk.follow())
            together.create_task(bury())
            together.create_task(runtime.broker.serve(GROUP, input_topics(mappings), work))
    finally:
        unsubscribe()
        await crosswalk.close()
