"""`anji` commands in a process of their own: what they took, and what they have published."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from anji_common.broker.embedded_broker import EmbeddedBroker
from anji_common.clock import SystemClock
from anji_common.topics import declared_topics

__all__ = ["Taken", "published_so_far", "timed_command"]

_ANJI = str(Path(sys.executable).with_name("anji"))


@dataclass(frozen=True, slots=True)
class Taken:
    """What one command took, with the processes that it has started itself."""

    shown: str
    wall_seconds: float
    cpu_seconds: float
    megabytes: float
    """Resident at most, of the largest of its processes (Linux)."""


async def timed_command(home: Path, *words: str) -> Taken:
    """Run `anji` with those words on the embedded installation in `home`.

    Raises:
        RuntimeError: it did not end well.
    """
    return await asyncio.to_thread(_timed, {"ANJI_HOME": str(home)}, words)


def _timed(settings: Mapping[str, str], words: tuple[str, ...]) -> Taken:
    environment = {**os.environ, **settings}  # noqa: TID251 - what a child process inherits
    begun = time.perf_counter()
    with subprocess.Popen(  # noqa: S603 - our own command
        (_ANJI, *words), env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        shown = process.stdout.read() if process.stdout else ""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        msg = f"anji {' '.join(words)} ended with {process.returncode}"
        raise RuntimeError(msg)
    wall = time.perf_counter() - begun
    return Taken(shown, wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6)


async def published_so_far(home: Path) -> int:
    """Return how many records all topics of an embedded installation have ever held."""
    broker = EmbeddedBroker(home / "broker.sqlite", clock=SystemClock())
    try:
        ends = [sum((await broker.ends(each.name)).values()) for each in declared_topics({})]
    finally:
        await broker.close()
    return sum(ends)
