"""A disk without room, for a file of this process: no file may grow beyond that one's size.

SQLite's errors for it are those of a quota; a disk that is really full is in ``ordeals.disks``.
"""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["no_room_behind"]

_LEAST_BYTES = 65_536
"""Smaller files must go on growing: what a test prints is one."""


@contextmanager
def no_room_behind(path: Path) -> Iterator[None]:
    """Let `path` not grow as long as the context lasts."""
    size = path.stat().st_size
    assert size >= _LEAST_BYTES
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
