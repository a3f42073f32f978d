"""A sandbox in a process of its own, and what calls take of that process's processor."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

__all__ = ["served", "taken"]


@asynccontextmanager
async def served(
    vendor: str, arguments: Sequence[str]
) -> AsyncIterator[tuple[Process, dict[str, str]]]:
    """Serve a vendor's sandbox in a process of its own; yield it, its address and credentials."""
    command = (sys.executable, "-m", "bench.sandbox_served", vendor, *arguments)
    here = Path(__file__).parents[1]
    process = await asyncio.create_subprocess_exec(*command, cwd=here, stdin=PIPE, stdout=PIPE)
    try:
        yield process, await _told(process)
    finally:
        if process.stdin is not None:
            process.stdin.close()
        await process.wait()


async def _seconds(process: Process) -> float:
    if process.stdin is not None:
        process.stdin.write(b"\n")
        await process.stdin.drain()
    return float(await _told(process))


async def _told(process: Process) -> Any:  # noqa: ANN401 - JSON
    line = b"" if process.stdout is None else await process.stdout.readline()
    if not line:
        msg = "the sandbox that was to be measured ended"
        raise RuntimeError(msg)
    return json.loads(line)


async def taken(
    process: Process, call: Callable[[int], Awaitable[None]], count: int, callers: int
) -> float:
    """Return the processor seconds that the server took for so many calls."""
    numbers = iter(range(count))

    async def work() -> None:
        for number in numbers:
            await call(number)

    before = await _seconds(process)
    await asyncio.gather(*(work() for _ in range(callers)))
    return max(await _seconds(process) - before, 1e-9)
