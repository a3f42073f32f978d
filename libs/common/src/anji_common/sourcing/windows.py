"""Windows: which stretch of the vendor's time is read next. Pure.

Time is the vendor's: the watermark follows the newest modify time that was seen, and where nothing
moves it follows the vendor's now at a distance (`slack`), so that our knowledge of the vendor's
clock may be that wrong. Each window begins an `overlap` before the watermark, because a query may
show a write late, and because a second version may hide in the same grain of the vendor's time.
It never begins before the installation did (``protocol.md`` 23).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from anji_common.sourcing.feed import Window

__all__ = ["BEGINNING", "Pace", "advanced", "next_span", "next_window", "snapshot_window"]

BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
"""Where a snapshot begins: no record of either vendor is older."""

_FEW_PAGES = 2
_MANY_PAGES = 20
_LEAST_SPAN = timedelta(minutes=10)
_WIDER = 2


def next_window(
    begun_at: datetime, watermark: datetime, now: datetime, overlap: timedelta
) -> Window | None:
    """Return the window of the next poll; `None` while the vendor's time stands still."""
    since = max(begun_at, watermark - overlap)
    return Window(since, now) if now > since else None


def advanced(
    watermark: datetime, window: Window, newest: datetime | None, slack: timedelta
) -> datetime:
    """Return the watermark after `window` was read whole; it never goes back.

    Args:
        watermark: Before.
        window: What was read.
        newest: The newest modify time among what was read, if anything was.
        slack: How far our knowledge of the vendor's clock may be ahead of it.
    """
    reached = max(watermark, window.until - slack)
    return reached if newest is None else max(reached, min(newest, window.until))


def snapshot_window(since: datetime, until: datetime, span: timedelta) -> Window:
    """Return the next stretch of a snapshot that reaches up to `until`."""
    return Window(since, min(since + span, until), is_bulk=True)


def next_span(span: timedelta, pages: int) -> timedelta:
    """Return how long the next stretch of a snapshot is: a stretch is what a crash repeats."""
    if pages <= _FEW_PAGES:
        return span * _WIDER
    return max(span / _WIDER, _LEAST_SPAN) if pages >= _MANY_PAGES else span


@dataclass(frozen=True, slots=True)
class Pace:
    """How often to poll: at `least_seconds`, and up to `most_seconds` while hints do the work."""

    least_seconds: float
    most_seconds: float

    def after_poll(self, before: float, *, found_news: bool, has_hints: bool) -> float:
        """Return the seconds to the next poll.

        Args:
            before: Seconds before this poll.
            found_news: It found what no hint had told: hints cannot be relied on.
            has_hints: Some came lately.
        """
        if found_news or not has_hints:
            return self.least_seconds
        return min(before * _WIDER, self.most_seconds)
