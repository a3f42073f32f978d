"""How long a vendor is left alone that is down, limited or refuses."""

from random import Random

from anji_common.errors import RateLimitedError, RejectedError, RetriableError
from anji_common.sourcing.settings import SourceSettings

__all__ = ["BackOff"]


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
