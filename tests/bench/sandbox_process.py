"""A server in a process of its own, and what calls take of that process's processor."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

__all__ = ["seconds_of", "served", "taken"]


@asynccontextmanager
async def served(
    vendor: str, arguments: Sequence[str], *, module: str = "bench.sandbox_served"
) -> AsyncIterator[tuple[Process, dict[str, str]]]:
    """Serve a vendor's sandbox, or `module`, in a process of its own.

    Yields it, and what it told first: its address and credentials.
    """
    command = (sys.executable, "-m", module, vendor, *arguments)
    here = Path(__file__).parents[1]
    process = await asyncio.create_subprocess_exec(*command, cwd=here, stdin=PIPE, stdout=PIPE)
    try:
        yield process, await _told(process)
    finally:
        if process.stdin is not None:
            process.stdin.close()
        await process.wait()


async def seconds_of(process: Process) -> float:
    """Return the processor seconds that the server has taken so far."""
    if process.stdin is not None:
        process.stdin.write(b"\n")
        await process.stdin.drain()
    return float(await _told(process))


async def _told(process: Process) -> Any:  # noqa: ANN401 - JSON
    line = b"" if process.stdout is None else await process.stdout.readline()
    if not line:
        msg = "the server that was to be measured ended"
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

    before = await seconds_of(process)
    await asyncio.gather(*(work() for _ in range(callers)))
    return max(await seconds_of(process) - before, 1e-9)
