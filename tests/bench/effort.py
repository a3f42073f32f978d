"""What something took: by the clock on the wall, and of this process's processor time.

A shared machine lends its cores to others as well, so the wall says little about our code. The
processor time of this process does not count what others took, which makes "per core" a figure
that can be repeated. What another process (a Kafka broker) took is not in it.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

__all__ = ["Effort", "Stopwatch", "measured"]


@dataclass(slots=True)
class Effort:
    """Seconds of both kinds."""

    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0

    def __add__(self, other: "Effort") -> "Effort":
        """Return both together."""
        return Effort(self.wall_seconds + other.wall_seconds, self.cpu_seconds + other.cpu_seconds)

    def __sub__(self, other: "Effort") -> "Effort":
        """Return what is left without `other`."""
        return Effort(self.wall_seconds - other.wall_seconds, self.cpu_seconds - other.cpu_seconds)

    def per_core(self, count: int) -> float:
        """Return how many of `count` things one core does in a second."""
        return count / max(self.cpu_seconds, 1e-9)

    def per_second(self, count: int) -> float:
        """Return how many of `count` things were done in a second by the clock on the wall."""
        return count / max(self.wall_seconds, 1e-9)

    def micros(self, count: int) -> float:
        """Return the microseconds of processor time that one of `count` things took."""
        return self.cpu_seconds * 1e6 / max(count, 1)


class Stopwatch:
    """Begins when it is made."""

    def __init__(self) -> None:
        self._wall = time.perf_counter()
        self._cpu = time.process_time()

    def read(self) -> Effort:
        """Return what has been taken so far."""
        return Effort(time.perf_counter() - self._wall, time.process_time() - self._cpu)


@contextmanager
def measured() -> Iterator[Effort]:
    """Yield an effort that is filled in when the block is left."""
    effort, watch = Effort(), Stopwatch()
    yield effort
    taken = watch.read()
    effort.wall_seconds, effort.cpu_seconds = taken.wall_seconds, taken.cpu_seconds
