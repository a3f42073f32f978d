"""Shares: which part of an account's limits is this process's, by the partitions that it owns.

Limits that a vendor sets per account are divided by partitions, so that all processes of an
installation together never call more, without talking to each other. What two roles (source and
writer) both call is split between them by a setting. A process that owns all has all, exactly.

A part that grows counts only after a whole window: whoever had it may have used it just before.
The first window of a process is the exception; see `Budget.charge` for what is known of others.
"""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from anji_common.clock import Clock

__all__ = ["Shares"]


class Shares:
    """What this process owns, by role, and which part of each interface follows from it."""

    def __init__(
        self,
        clock: Clock,
        *,
        partitions: int,
        window_seconds: float,
        part_of: Callable[[str, str], float],
        whole: float = 1.0,
    ) -> None:
        """Start with nothing owned.

        Args:
            clock: Tells how long something is owned.
            partitions: How many a role has in the whole installation.
            window_seconds: Of the vendor's limit.
            part_of: Role, interface → the role's part of that interface's limit.
            whole: The installation's part of the account's limits.
        """
        self._clock = clock
        self._partitions = partitions
        self._window_seconds = window_seconds
        self._part_of = part_of
        self._whole = whole
        self._owned: dict[str, set[int]] = {}
        self._born_at = clock.monotonic()
        self._past: deque[tuple[float, dict[str, int]]] = deque()
        """When something was given or taken, and how many were owned until then."""

    @contextmanager
    def owning(self, role: str, partition: int) -> Iterator[None]:
        """Own a partition as long as the context lasts."""
        self._note()
        self._owned.setdefault(role, set()).add(partition)
        try:
            yield
        finally:
            self._note()
            self._owned[role].discard(partition)

    def of(self, interface: str) -> float:
        """Return our part of the interface's limit at this moment, from 0 to 1."""
        share = sum(
            self._part_of(role, interface) * self._least(role, len(owned)) / self._partitions
            for role, owned in self._owned.items()
        )
        return min(share, 1.0) * self._whole

    def _least(self, role: str, owned: int) -> int:
        """Return the fewest partitions of a role that were owned within the last window."""
        since = self._clock.monotonic() - self._window_seconds
        while self._past and self._past[0][0] <= since:
            self._past.popleft()
        return min([owned, *(counts.get(role, 0) for _, counts in self._past)])

    def _note(self) -> None:
        now = self._clock.monotonic()
        if now - self._born_at >= self._window_seconds:
            counts = {role: len(owned) for role, owned in self._owned.items()}
            self._past.append((now, counts))
