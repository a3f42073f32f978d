"""The process that `memory` weighs: a mapper on an embedded broker, and what happens to it.

``python -m bench.weighing HOME LINKS HISTORY`` prints one JSON object: resident megabytes at
several moments, and how long the restore took.
"""

import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from random import Random

from anji_common.broker.embedded_broker import EmbeddedBroker
from anji_common.clock import SystemClock
from anji_common.collector import calm_collector
from anji_common.messages import Message
from anji_common.runtime import Runtime
from anji_mapper.mapping.folder import load_mappings
from anji_mapper.service import run
from anji_mapper.settings import MapperSettings
from bench.many_links import edits_of
from bench.waves import inputs_so_far

__all__ = ["resident_megabytes", "weigh"]

_BATCH = 500
_LOOK_SECONDS = 0.05


def resident_megabytes() -> float:
    """Return this process's resident memory (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


async def weigh(home: Path, links: int, history: int) -> dict[str, float]:
    """Run a mapper and return what it weighs, and when."""
    clock = SystemClock()
    broker = EmbeddedBroker(home / "broker.sqlite", clock=clock)
    runtime = Runtime(broker, clock, Random("bench"), home / "views")
    weighed = {"before": resident_megabytes()}
    begin = clock.monotonic()
    calm_collector()
    serving = asyncio.create_task(run(load_mappings(), MapperSettings(), runtime))
    try:
        await _taken(runtime, edits_of(links, range(1)))
        weighed["seconds"] = clock.monotonic() - begin
        weighed["restored"] = resident_megabytes()
        await _taken(runtime, edits_of(links, range(history), 1))
        weighed["half"] = resident_megabytes()
        await _taken(runtime, edits_of(links, range(history), 2))
        weighed["whole"] = resident_megabytes()
    finally:
        serving.cancel()
        with suppress(asyncio.CancelledError):
            await serving
        await broker.close()
    return weighed


async def _taken(runtime: Runtime, messages: Iterator[Message]) -> None:
    """Publish, and wait until the mapper has taken all of it in."""
    wanted = inputs_so_far()
    while batch := list(islice(messages, _BATCH)):
        await runtime.broker.publish(batch)
        wanted += len(batch)
        while inputs_so_far() < wanted:
            await runtime.clock.sleep(_LOOK_SECONDS)


if __name__ == "__main__":
    told = asyncio.run(weigh(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
    sys.stdout.write(json.dumps(told) + "\n")
