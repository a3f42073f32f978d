"""Source and writer of the CRM as services of a process of their own, under virtual time."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from random import Random

import orjson

from anji_common.runtime import Runtime
from anji_common.transport import Answer, Call
from anji_fxiaoke.service import run_source, run_writer
from labs.fxiaoke_lab import INTEREST, Lab
from labs.sandbox_transport import SandboxTransport

__all__ = ["Watched", "running"]


class Watched(SandboxTransport):
    """Counts what the CRM answered, by its code."""

    def __init__(self, lab: Lab) -> None:
        super().__init__(lab.crm, lab.clock, latency_seconds=0.005)
        self.codes: Counter[int] = Counter()

    async def send(self, call: Call) -> Answer:
        answer = await super().send(call)
        self.codes[orjson.loads(answer.body)["errorCode"]] += 1
        return answer


@asynccontextmanager
async def running(lab: Lab, runtime: Runtime) -> AsyncIterator[Watched]:
    """Run source and writer in a process of their own as long as the context lasts."""
    transport = Watched(lab)
    own = replace(runtime, chance=Random(lab.transport.sent))
    tasks = [
        asyncio.create_task(run(lab.settings, INTEREST, own, transport))
        for run in (run_source, run_writer)
    ]
    try:
        yield transport
        for task in tasks:
            assert not task.done(), task
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
