"""What another process has measured of itself."""

import asyncio
import json
import sys
from pathlib import Path

from labs.processes import heard_out

__all__ = ["told_by"]


async def told_by(module: str, *arguments: object) -> dict[str, float]:
    """Run a module of the benches in a process of its own; return the JSON that it prints.

    Raises:
        RuntimeError: it did not end well.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        *map(str, arguments),
        cwd=Path(__file__).parents[1],
        stdout=asyncio.subprocess.PIPE,
    )
    told, _ = await heard_out(process)
    if process.returncode != 0:
        msg = f"the process that was to be measured, {module}, ended with {process.returncode}"
        raise RuntimeError(msg)
    measured: dict[str, float] = json.loads(told)
    return measured
