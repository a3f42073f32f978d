"""A snapshot's reading: a stretch of time after the other, a page at a time."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

from anji_common.errors import RefusedError, RetriableError
from anji_common.interest import ObjectInterest
from anji_common.sourcing.checkpoints import SnapshotProgress
from anji_common.sourcing.feed import Feed, Page
from anji_common.sourcing.windows import BEGINNING, next_span, snapshot_window

__all__ = ["Snapshots"]

_FIRST_SPAN = timedelta(days=30)


class Snapshots:
    """Reads what one object held before; how far it is stands in the checkpoint."""

    def __init__(self, feed: Feed, interest: ObjectInterest) -> None:
        self._feed = feed
        self._interest = interest
        self._pages: AsyncIterator[Page] | None = None
        self._pages_read = 0

    @staticmethod
    def begun(now: datetime) -> SnapshotProgress:
        """Return a snapshot of everything up to `now`, at its beginning."""
        return SnapshotProgress(
            since=BEGINNING, until=now, span_seconds=_FIRST_SPAN.total_seconds()
        )

    async def page(self, progress: SnapshotProgress) -> Page | None:
        """Return the next page of the present stretch; `None` after its last.

        Raises:
            RetriableError, RefusedError: the stretch begins anew.
        """
        window = snapshot_window(
            progress.since, progress.until, timedelta(seconds=progress.span_seconds)
        )
        if self._pages is None:
            self._pages = self._feed.changed(self._interest, window, {})
            self._pages_read = 0
        try:
            page = await anext(self._pages, None)
        except (RetriableError, RefusedError):
            self._pages = None
            raise
        self._pages_read += page is not None
        return page

    def after_stretch(self, progress: SnapshotProgress) -> SnapshotProgress | None:
        """Return the progress after the present stretch; `None` when all is read."""
        self._pages = None
        span = timedelta(seconds=progress.span_seconds)
        since = snapshot_window(progress.since, progress.until, span).until
        if since >= progress.until:
            return None
        seconds = next_span(span, self._pages_read).total_seconds()
        return progress.model_copy(update={"since": since, "span_seconds": seconds})
