"""`anji` commands as a person types them, each in a process of its own."""

import asyncio
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from labs.processes import heard_out

__all__ = ["Typed", "asked", "typed"]

_ANJI = str(Path(sys.executable).with_name("anji"))


@dataclass(frozen=True, slots=True)
class Typed:
    """How a command ended."""

    code: int
    shown: str
    errors: str


async def typed(settings: Mapping[str, str], *words: str) -> Typed:
    """Run a command to its end; sandboxes of this process go on answering meanwhile."""
    process = await asyncio.create_subprocess_exec(
        _ANJI,
        *words,
        env={**os.environ, **settings},  # noqa: TID251 - what a child process inherits
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    shown, errors = await heard_out(process)
    return Typed(process.returncode or 0, shown.decode(), errors.decode())


async def asked(
    settings: Mapping[str, str], *words: str, within_seconds: float | None = None
) -> str:
    """Return what a command prints; it must end well, and in that time."""
    async with asyncio.timeout(within_seconds):
        ended = await typed(settings, *words)
    assert ended.code == 0, ended.errors + ended.shown
    return ended.shown
