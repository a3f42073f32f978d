"""A snapshot's reading: a stretch of time after the other, a page at a time.

A page may have to wait for calls that live work leaves over, so it is fetched beside that work:
whoever asks is told at once whether the page is here.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta

from anji_common.errors import RefusedError, RetriableError
from anji_common.interest import ObjectInterest
from anji_common.sourcing.checkpoints import Checkpoint, SnapshotProgress
from anji_common.sourcing.feed import Feed, Page
from anji_common.sourcing.windows import BEGINNING, next_span, snapshot_window

__all__ = ["Snapshots", "asked_for_all"]

_FIRST_SPAN = timedelta(days=30)


class Snapshots:
    """Reads what one object held before; how far it is stands in the checkpoint."""

    def __init__(self, feed: Feed, interest: ObjectInterest, on_page: Callable[[], None]) -> None:
        """Prepare; `on_page` is called whenever a page, or an error, is here."""
        self._feed = feed
        self._interest = interest
        self._on_page = on_page
        self._fetching: asyncio.Task[Page | None] | None = None
        self._pages: AsyncIterator[Page] | None = None
        self._pages_read = 0

    @staticmethod
    def begun(now: datetime, watermark: datetime) -> SnapshotProgress:
        """Return a snapshot of everything up to `now`, at its beginning.

        Before the vendor's first answer nobody knows its time, but polls have reached the
        watermark: what is younger they read.
        """
        return SnapshotProgress(
            since=BEGINNING,
            until=max(now, watermark),
            span_seconds=_FIRST_SPAN.total_seconds(),
        )

    @property
    def is_waiting(self) -> bool:
        """Whether a page is being fetched and is not here yet."""
        return self._fetching is not None and not self._fetching.done()

    def fetched(self, progress: SnapshotProgress) -> asyncio.Task[Page | None] | None:
        """Return the next page's fetching once it is over, else begin it or let it go on."""
        if self._fetching is None:
            self._fetching = asyncio.create_task(self._page(progress))
            self._fetching.add_done_callback(lambda _: self._on_page())
            return None
        if not self._fetching.done():
            return None
        found, self._fetching = self._fetching, None
        return found

    def begin_stretch_anew(self) -> None:
        """Read the present stretch from its beginning: a page of it could not be published."""
        self._pages = None

    async def close(self) -> None:
        """End what is being fetched."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.wait([self._fetching])
            self._fetching = None

    async def _page(self, progress: SnapshotProgress) -> Page | None:
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

    def after_stretch(
        self, progress: SnapshotProgress, watermark: datetime
    ) -> SnapshotProgress | None:
        """Return the progress after the present stretch; `None` when all is read.

        What was asked for meanwhile begins then: the mapping may have begun to read more.
        """
        self._pages = None
        span = timedelta(seconds=progress.span_seconds)
        since = snapshot_window(progress.since, progress.until, span).until
        if since >= progress.until:
            return self.begun(progress.until, watermark) if progress.again else None
        seconds = next_span(span, self._pages_read).total_seconds()
        return progress.model_copy(update={"since": since, "span_seconds": seconds})


def asked_for_all(place: Checkpoint, now: datetime) -> SnapshotProgress:
    """Return the snapshot once somebody has asked for one: it begins, or another follows it."""
    if place.snapshot is not None:
        return place.snapshot.model_copy(update={"again": True})
    return Snapshots.begun(now, place.watermark)
