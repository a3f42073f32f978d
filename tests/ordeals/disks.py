"""A disk that is full: of `anji up` a small one of its own, of Kafka the place it may take.

`anji up` gets a file system in memory (tmpfs) for its home, which a file of zeros fills. Kafka's
files may not grow any more (RLIMIT_FSIZE): that fails its writes as a full disk does, and Kafka
ends because of it. Mounting needs root, or a container that may mount.
"""

import asyncio
import errno
from pathlib import Path
from random import Random

from anji_common.clock import SystemClock
from labs.installation import until
from ordeals.accidents import SAVE_SECONDS
from ordeals.stage import Stage

__all__ = ["disk_filled", "kafka_without_room"]

_CLOCK = SystemClock()
_PAGE = bytes(4096)
_FULL = b"disk is full"
"""What Anji says of it."""


async def disk_filled(stage: Stage, chance: Random) -> None:
    """The disk of `anji up` is full for a while, which it must say; then there is room again."""
    said = stage.said(_FULL)
    filler = stage.home / "filler"
    await asyncio.to_thread(_fill, filler)
    stage.broken["disk full"] += 1
    try:
        await until(lambda: stage.said(_FULL) > said, "Anji says that its disk is full")
        await _CLOCK.sleep(SAVE_SECONDS + chance.uniform(1.0, 5.0))
    finally:
        filler.unlink()
    assert not stage.anji["anji"].has_ended, "anji up ended, for its disk was full"


async def kafka_without_room(stage: Stage, chance: Random) -> None:
    """Kafka's files may not grow: it ends, as on a full disk; later it is started with room."""
    assert stage.kafka is not None
    stage.kafka.deny_room()
    await stage.kafka.wait()
    stage.broken["Kafka without room"] += 1
    await _CLOCK.sleep(chance.uniform(1.0, 6.0))
    await stage.kafka.start()


def _fill(filler: Path) -> None:
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(_PAGE)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
