"""How long a vendor is left alone that is down, limited or refuses."""

from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

from anji_common.clock import Clock
from anji_common.errors import RateLimitedError, RejectedError, RetriableError
from anji_common.lanes import working_in
from anji_common.sourcing.settings import SourceSettings
from anji_common.topics import Lane

__all__ = ["MOST_LIVE_RECORDS", "BackOff", "reading_many"]

MOST_LIVE_RECORDS = 50
"""Read at once. More of them are a mass change, whose reading leaves a reserve to live reading."""


class BackOff:
    """The waits of one object; longer with each failure in a row. Times are monotonic seconds."""

    def __init__(self, settings: SourceSettings, chance: Random) -> None:
        self._least = settings.least_back_off_seconds
        self._most = settings.most_back_off_seconds
        self._chance = chance
        self._failures = 0
        self.until = 0.0
        """Until when nothing is asked."""

    def succeeded(self) -> None:
        """Begin anew with short waits."""
        self._failures = 0

    def failed(self, now: float, error: RetriableError | RejectedError) -> float:
        """Wait from `now` on; return for how many seconds."""
        self._failures += 1
        wait = min(self._least * 2.0 ** min(self._failures - 1, 16), self._most)
        wait *= 0.75 + self._chance.random() / 2
        if isinstance(error, RateLimitedError):  # not earlier, and not a quarter of a day later
            wait = max(wait, error.retry_after_seconds + self._chance.random())
        self.until = now + wait
        return wait


@contextmanager
def reading_many(back_off: BackOff, clock: Clock, count: int) -> Iterator[None]:
    """Read what so many records live reading has met are, in the context: many in bulk.

    A mass change can wait for a while, not for the next day: where bulk work has no calls left it
    is read like live work, within what that may use.

    Args:
        back_off: Of bulk reading.
        clock: Tells the time.
        count: How many they are.

    Raises:
        RetriableError: bulk work has no calls left; once the desk has paused it is read live.
    """
    if count <= MOST_LIVE_RECORDS or clock.monotonic() < back_off.until:
        with working_in(Lane.LIVE):
            yield
        return
    try:
        with working_in(Lane.BULK):
            yield
    except RateLimitedError as error:
        wait = back_off.failed(clock.monotonic(), error)
        msg = f"{error}; for {wait:.0f} s a mass change is read like live work"
        raise RetriableError(msg) from error
