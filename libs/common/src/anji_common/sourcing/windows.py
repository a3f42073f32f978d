"""Windows: which stretch of the vendor's time is read next. Pure.

Time is the vendor's: the watermark follows the newest modify time that was seen, and where nothing
moves it follows the vendor's now at a distance (`slack`), so that our knowledge of the vendor's
clock may be that wrong. Each window begins an `overlap` before the watermark, because a query may
show a write late, and because a second version may hide in the same grain of the vendor's time.
It never begins before the installation did (``protocol.md`` 23).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from anji_common.events.observed import Observed
from anji_common.sourcing.feed import Window

__all__ = [
    "BEGINNING",
    "Pace",
    "advanced",
    "bounded_marks",
    "moved_at",
    "next_span",
    "next_window",
    "snapshot_window",
]

BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
"""Where a snapshot begins: no record of either vendor is older."""

_MOST_MARKS = 10_000
_FEW_PAGES = 2
_MANY_PAGES = 20
_LEAST_SPAN = timedelta(minutes=10)
_WIDER = 2
_QUIET_PART = 0.1


def next_window(
    begun_at: datetime,
    watermark: datetime,
    now: datetime,
    *,
    overlap: timedelta,
    slack: timedelta,
) -> Window:
    """Return the window of the next poll.

    It reaches `slack` beyond the vendor's now as we know it: what a hint has just told is in it
    even where our clock is behind.
    """
    return Window(max(begun_at, watermark - overlap), now + slack)


def moved_at(found: Observed) -> datetime:
    """Return when a record moved last: its modify time, or its approval where that is later."""
    approved = found.stamp.approved_at
    return found.stamp.modified_at if approved is None else max(found.stamp.modified_at, approved)


def bounded_marks(marks: Mapping[str, str]) -> dict[str, str]:
    """Return the marks that are kept until the next window; one without is read again there."""
    return dict(list(marks.items())[:_MOST_MARKS])


def advanced(
    watermark: datetime, now: datetime, newest: datetime | None, slack: timedelta
) -> datetime:
    """Return the watermark after a window was read whole; it never goes back.

    Nor does it pass the time at which the reading began: a record that was read early may have
    changed while the last ones were read.

    Args:
        watermark: Before.
        now: The vendor's time, as we know it, when the reading began.
        newest: The newest modify time among what was read, if anything was.
        slack: How far our knowledge of the vendor's clock may be wrong.
    """
    reached = max(watermark, now - slack)
    return reached if newest is None else max(reached, min(newest, now))


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

    def after_poll(self, before: float, *, has_hints: bool, quiet_seconds: float = 0.0) -> float:
        """Return the seconds to the next poll.

        Args:
            before: Seconds before this poll.
            has_hints: Some came lately, and polls find nothing that they had not told.
            quiet_seconds: How long no poll has found anything: without hints too, polls become
                fewer then, though never so few that the next change waits longer than a tenth of
                the quiet before it.
        """
        if has_hints:
            return min(before * _WIDER, self.most_seconds)
        patient = max(quiet_seconds * _QUIET_PART, self.least_seconds)
        return min(patient, self.most_seconds)
