"""The process that `link_counts` measures: a mapper starts beside edits that wait for it.

``python -m bench.starting HOME LINKS EDITS TURN`` publishes the edits, no link's in two turns,
and starts the mapper. It prints one JSON object once all are taken in: seconds since the start,
of the processor and by the clock, and its own resident megabytes at most.
"""

import asyncio
import json
import resource
import sys
from contextlib import suppress
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
from bench.effort import Stopwatch
from bench.many_links import edits_of
from bench.waves import inputs_so_far

__all__ = ["started"]

_LOOK_SECONDS = 0.02


async def started(home: Path, edits: list[Message]) -> dict[str, float]:
    """Start a mapper, and return what that took, with these edits taken in."""
    clock = SystemClock()
    broker = EmbeddedBroker(home / "broker.sqlite", clock=clock)
    runtime = Runtime(broker, clock, Random("bench"), home / "views")
    await broker.publish(edits)
    calm_collector()
    watch = Stopwatch()
    serving = asyncio.create_task(run(load_mappings(), MapperSettings(), runtime))
    try:
        while inputs_so_far() < len(edits):
            await clock.sleep(_LOOK_SECONDS)
            if serving.done():
                serving.result()
        effort = watch.read()
    finally:
        serving.cancel()
        with suppress(asyncio.CancelledError):
            await serving
        await broker.close()
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    return {"cpu": effort.cpu_seconds, "wall": effort.wall_seconds, "megabytes": most}


if __name__ == "__main__":
    _links, _count, _turn = (int(each) for each in sys.argv[2:5])
    _edits = edits_of(_links, range(_turn * _count, (_turn + 1) * _count))
    _told = asyncio.run(started(Path(sys.argv[1]), [*_edits]))
    sys.stdout.write(json.dumps(_told) + "\n")
