"""When an object is polled next: what was told of it, what polls found, and a spread.

In memory only: a new owner begins by polling.
"""

import math
from random import Random

from anji_common.sourcing.settings import SourceSettings
from anji_common.sourcing.windows import Pace

__all__ = ["Rhythm"]

_SPREAD = 0.1
"""Share by which polls come sooner or later: objects begun together do not ask together."""


class Rhythm:
    """The polls of one object. All times are monotonic seconds."""

    def __init__(self, settings: SourceSettings, gather_seconds: float, chance: Random) -> None:
        self._settings = settings
        self._gather_seconds = gather_seconds
        self._chance = chance
        self._pace = Pace(settings.poll_seconds, settings.most_poll_seconds)
        self._interval = settings.poll_seconds
        self._polled_at = -math.inf
        self._news_at = 0.0
        self._hinted_at: float | None = None
        self._is_told = False
        self.due = 0.0
        """When the next poll is due."""

    def begin(self, now: float) -> None:
        """Poll at once, as a new owner."""
        self.due = self._news_at = now

    def at_once(self, now: float) -> None:
        """Poll at once, for a person or a rebuild waits."""
        self.due = min(self.due, now)

    def hinted(self, now: float) -> None:
        """A callback came: polls may become fewer while they find nothing else."""
        self._hinted_at = now

    def told(self, now: float) -> None:
        """Something moved, nobody knows what: poll soon, once for all that is told meanwhile."""
        soon = max(now, self._polled_at + self._gather_seconds)
        self.due, self._is_told = min(self.due, soon), True

    def begins_poll(self) -> bool:
        """Return whether the poll that begins was asked for.

        What is told from now on it may not see: that has the next one due.
        """
        was_told, self._is_told = self._is_told, False
        self.due = math.inf
        return was_told

    def failed(self, now: float) -> None:
        """Have a poll that was broken off due again."""
        self.due = now if self.due == math.inf else self.due

    def polled(self, now: float, *, found_news: bool, was_told: bool) -> None:
        """Plan the next poll, after one was read whole."""
        if found_news and not was_told:
            self._hinted_at = None  # hints leave things out: polls do the work, until one comes
        has_hints = (
            self._hinted_at is not None
            and now - self._hinted_at < self._settings.trust_hints_seconds
        )
        self._news_at = now if found_news else self._news_at
        self._interval = self._pace.after_poll(
            self._interval, has_hints=has_hints, quiet_seconds=now - self._news_at
        )
        spread = 1.0 + _SPREAD * (2.0 * self._chance.random() - 1.0)
        if self._is_told:  # meanwhile
            self.due = max(self.due, now + self._gather_seconds)
        self._polled_at, self.due = now, min(self.due, now + self._interval * spread)
