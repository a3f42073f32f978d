"""A small disk at a folder, in memory (tmpfs): mounting needs root, or a container that may."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["small_disk"]


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[None]:
    """Have a disk of that size at `folder`, as long as the context lasts."""
    folder.mkdir()
    size = f"size={megabytes}m"
    subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)], check=True)  # noqa: S603, S607 - a test's own folder, and the machine's mount
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)  # noqa: S603, S607 - as above
