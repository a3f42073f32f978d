"""The CRM as the sourcing engine sees it: what changed in a window, and records by id.

A line changes without touching its head, so every window is asked of the head's object and of
each object of lines; a line that moved has its whole document read. What was read whole already
and has not moved (`seen`) costs nothing more.
"""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from anji_common.interest import LinesInterest, ObjectInterest
from anji_common.refs import System
from anji_common.sourcing.feed import Listed, Page, Window
from anji_common.topics import Lane
from anji_fxiaoke.calls import Purpose
from anji_fxiaoke.client import MAX_PAGE_RECORDS, Client
from anji_fxiaoke.documents import Documents, Raw
from anji_fxiaoke.metadata import Metadata
from anji_fxiaoke.normalise import head_fields
from anji_fxiaoke.paging import Mark, after, chunks, one_of, within
from anji_fxiaoke.settings import FxiaokeSettings
from anji_fxiaoke.wire import Filter

__all__ = ["FxiaokeFeed"]

_POLL = Purpose("poll")
_POLL_LINES = Purpose("poll lines")
_READ = Purpose("read")
_LISTED = Purpose("read: unknown?")
_STANDING = Purpose("read: gone?")
_SNAPSHOT = Purpose("snapshot", Lane.BULK)
_LINE_FIELDS = ("_id", "last_modified_time", "version")


class FxiaokeFeed:
    """The port `Feed` over one tenant's open API."""

    def __init__(self, client: Client, metadata: Metadata, settings: FxiaokeSettings) -> None:
        self._client = client
        self._metadata = metadata
        self._documents = Documents(client, settings)

    @property
    def system(self) -> System:
        return System.FXIAOKE

    @property
    def time_step_seconds(self) -> float:
        return 0.001

    async def now(self) -> datetime:
        return self._client.now()

    async def changed(
        self, interest: ObjectInterest, window: Window, seen: Mapping[str, str]
    ) -> AsyncIterator[Page]:
        interest = await self._metadata.completed(interest)
        purpose = _SNAPSHOT if window.is_bulk else _POLL
        met = {record_id: Mark.parse(mark) for record_id, mark in seen.items()}
        fields = head_fields(interest)
        filters = within(window)
        async for heads in self._documents.pages(interest.object_name, filters, fields, purpose):
            news = [head for head in heads if not _is_known(head, met)]
            known = {str(head["_id"]) for head in heads if _is_known(head, met)}
            page = self._counted(interest, await self._documents.whole(interest, news, purpose))
            met |= {record_id: Mark.parse(mark) for record_id, mark in page.marks.items()}
            yield _with_marks(page, known, seen)
        if window.is_bulk:
            return  # every line of a snapshot came with its head, however old either is
        async for page in self._of_moved_lines(interest, window, met):
            yield page

    async def read(
        self, interest: ObjectInterest, ids: Sequence[str], published: Collection[str] = ()
    ) -> Page:
        interest = await self._metadata.completed(interest)
        return self._counted(
            interest, await self._documents.by_ids(interest, ids, _READ, published)
        )

    async def listed(self, interest: ObjectInterest, window: Window, behind: str) -> Listed:
        filters = [*within(window), *([Filter("_id", "GT", (behind,))] if behind else [])]
        page = await self._client.query(interest.object_name, filters, ("_id",), _LISTED)
        ids = tuple(str(record["_id"]) for record in page.records)
        return Listed(ids, is_last=after(page, MAX_PAGE_RECORDS) is None)

    async def standing(self, interest: ObjectInterest, ids: Sequence[str]) -> Sequence[str]:
        filters = [one_of("_id", ids)]
        page = await self._client.query(
            interest.object_name, filters, ("_id",), _STANDING, backwards=True
        )
        return [*(str(record["_id"]) for record in page.records), *page.doubled]

    def _counted(self, interest: ObjectInterest, page: Page) -> Page:
        tally = self._client.caller.tally
        tally.brought(interest.object_name, len(page.records))
        for each in interest.lines:
            lines = (found.data.get(each.path) for found in page.records)
            tally.brought(each.path, sum(len(rows) for rows in lines if isinstance(rows, list)))
        return page

    async def _of_moved_lines(
        self, interest: ObjectInterest, window: Window, met: Mapping[str, Mark]
    ) -> AsyncIterator[Page]:
        """Yield the documents of lines that moved in `window` and were not read with it yet."""
        moved: dict[str, None] = {}
        known: dict[str, None] = {}
        for each in interest.lines:
            async for head_id, line in self._moved_lines(each, window):
                mark = met.get(head_id)
                if mark is not None and mark.has_line(line):
                    known[head_id] = None
                else:
                    moved[head_id] = None
        if still := known.keys() - moved.keys():
            yield Page((), marks={head_id: str(met[head_id]) for head_id in still})
        for ids in chunks(moved, MAX_PAGE_RECORDS):
            heads = await self._documents.heads(interest, ids, _POLL_LINES)
            page = await self._documents.whole(interest, heads, _POLL_LINES)
            yield self._counted(interest, page)

    async def _moved_lines(
        self, lines: LinesInterest, window: Window
    ) -> AsyncIterator[tuple[str, Raw]]:
        if lines.master_field is None:
            return
        fields = (*_LINE_FIELDS, lines.master_field)
        async for page in self._documents.pages(lines.path, within(window), fields, _POLL_LINES):
            for line in page:
                if head_id := line.get(lines.master_field):
                    yield str(head_id), line


def _is_known(head: Raw, met: Mapping[str, Mark]) -> bool:
    mark = met.get(str(head["_id"]))
    return mark is not None and mark.has_head(head)


def _with_marks(page: Page, known: Iterable[str], seen: Mapping[str, str]) -> Page:
    """Return the page with the marks of what was left out of it, too."""
    kept = {record_id: seen[record_id] for record_id in known if record_id in seen}
    return replace(page, marks={**kept, **page.marks})
