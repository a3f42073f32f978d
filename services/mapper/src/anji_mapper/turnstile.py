"""How many tasks of a process look at released links at the same time.

One row may release 50,000 links, some in every task. All tasks share one event loop: if each
looked at a few in its turn, a record that comes meanwhile would wait for twelve such turns, twice
(its task's own included). So only so many are let in as keep the processor busy while one of them
commits; the others wait for records, and take what comes at once.
"""

from collections.abc import Callable

__all__ = ["Turnstile"]

_Wake = Callable[[], None]


class Turnstile:
    """Lets tasks in by turns, in the order of asking. A task is known by what wakes it."""

    def __init__(self, most: int) -> None:
        """Let `most` tasks in at the same time."""
        self._free = most
        self._waiting: dict[_Wake, None] = {}

    def enter(self, wake: _Wake) -> bool:
        """Say whether a task may go in now; if not, it is woken when its turn comes.

        Who has gone in leaves by `leave`.
        """
        ahead = list(self._waiting)
        place = ahead.index(wake) if wake in self._waiting else len(ahead)
        if place < self._free:
            self._waiting.pop(wake, None)
            self._free -= 1
            return True
        self._waiting.setdefault(wake)
        return False

    def leave(self) -> None:
        """Let the next ones in."""
        self._free += 1
        for wake in list(self._waiting)[: self._free]:
            wake()

    def forget(self, wake: _Wake) -> None:
        """Wait no more on behalf of a task that has ended."""
        if wake in self._waiting:
            del self._waiting[wake]
            for other in list(self._waiting)[: self._free]:
                other()
