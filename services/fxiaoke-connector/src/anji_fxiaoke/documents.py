"""Whole documents: heads and their lines, read by as few queries as there are kinds of lines.

The CRM tells lines by queries of their own. So a document can be torn: its head from before an
edit, its lines from after (``protocol.md`` 19). Where ids are known the lines are read first, then
the heads: a head that did not move since is whole without a further call. Where heads come first
they are read once more after the lines, and must be the same. A young document must be older than
the lag of queries, and its lines must add up to its amount, where both are mapped. What is torn is
read again, never guessed; so is one in use that has just moved and shows no line at all, as one
that was recovered. Another older document that has just moved is told as it is, and is `early`: a
line that was removed with that move may still show, and no date will tell that it went.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from anji_common.errors import UndecodableError
from anji_common.events.observed import Observed
from anji_common.interest import LinesInterest, ObjectInterest
from anji_common.sourcing.feed import Page, Unreadable
from anji_common.turns import in_turns
from anji_fxiaoke.calls import Purpose
from anji_fxiaoke.client import MAX_PAGE_RECORDS, Client
from anji_fxiaoke.normalise import document, head_fields, line_fields
from anji_fxiaoke.paging import (
    Mark,
    after,
    chunks,
    is_bare,
    is_early,
    mark_of,
    one_of,
    stood_still,
    sums_differ,
)
from anji_fxiaoke.settings import FxiaokeSettings
from anji_fxiaoke.wire import Filter, ms_of

__all__ = ["Documents", "Raw"]

Raw = Mapping[str, Any]
_SECOND_MS = 1000
_Lines = dict[str, dict[str, list[Raw]]]
"""Head id → lines path → lines."""


class Documents:
    """Reads documents of one tenant."""

    def __init__(self, client: Client, settings: FxiaokeSettings) -> None:
        self._client = client
        self._settings = settings

    async def pages(
        self,
        object_name: str,
        filters: Sequence[Filter],
        fields: Sequence[str],
        purpose: Purpose,
    ) -> AsyncIterator[list[Raw]]:
        """Yield all matching records of an object, by ascending ``_id``.

        Raises:
            RetriableError, RefusedError: see `Client.query`.
        """
        key: Filter | None = None
        while True:
            conditions = [*filters, *([] if key is None else [key])]
            page = await self._client.query(object_name, conditions, fields, purpose)
            if page.records:
                yield list(page.records)
            key = after(page, MAX_PAGE_RECORDS)
            if key is None:
                return

    async def heads(
        self, interest: ObjectInterest, ids: Sequence[str], purpose: Purpose
    ) -> list[Raw]:
        """Return those heads that exist, a hundred a query."""
        found: list[Raw] = []
        fields = head_fields(interest)
        for chunk in chunks(ids, MAX_PAGE_RECORDS):
            filters = [one_of("_id", chunk)]
            page = await self._client.query(interest.object_name, filters, fields, purpose)
            asked = {*chunk}  # what else is told is nobody's answer: another spelling of an id
            found += (each for each in page.records if str(each["_id"]) in asked)
        return found

    async def by_ids(
        self,
        interest: ObjectInterest,
        ids: Sequence[str],
        purpose: Purpose,
        published: Collection[str],
    ) -> Page:
        """Return the documents of those ids that exist: a query for each kind of lines, and one.

        A head that was published before is not asked to prove that it did not move meanwhile: its
        move is a change of its own, that is read like any other.
        """
        if not interest.lines:
            return await self.whole(interest, await self.heads(interest, ids, purpose), purpose)
        began_ms = ms_of(self._client.now())
        lines = await self._lines(interest, ids, purpose)
        heads = await self.heads(interest, ids, purpose)
        torn = self._too_young(interest, heads, lines, began_ms)
        torn |= {
            str(head["_id"])
            for head in heads
            if str(head["_id"]) not in published
            and not stood_still(head, lines[str(head["_id"])], began_ms)
        }
        page = await self._page(interest, heads, lines, torn)
        return self._with_early(page, heads, lines, began_ms)

    async def whole(
        self, interest: ObjectInterest, heads: Sequence[Raw], purpose: Purpose
    ) -> Page:
        """Return the documents of some heads, and which of them are torn.

        For objects without lines this costs nothing; else a query for each kind of lines, and
        one to read the heads again.
        """
        if not heads or not interest.lines:
            return await self._page(interest, heads, {}, set())
        began_ms = ms_of(self._client.now())
        lines = await self._lines(interest, [str(head["_id"]) for head in heads], purpose)
        torn = await self._moved(interest, heads, purpose)
        torn |= self._too_young(interest, heads, lines, began_ms)
        page = await self._page(interest, heads, lines, torn)
        return self._with_early(page, heads, lines, began_ms)

    async def as_they_are(
        self, interest: ObjectInterest, heads: Sequence[Raw], purpose: Purpose
    ) -> dict[str, Observed]:
        """Return the documents of some heads by id, torn or not: for looking before a write.

        Raises:
            UndecodableError: one of them cannot be normalised.
        """
        lines = await self._lines(interest, [str(head["_id"]) for head in heads], purpose)
        user = await self._client.caller.acting_user()
        return {
            str(head["_id"]): document(interest, head, lines[str(head["_id"])], user)
            for head in heads
        }

    async def _lines(
        self, interest: ObjectInterest, ids: Sequence[str], purpose: Purpose
    ) -> _Lines:
        found: _Lines = {each: {lines.path: [] for lines in interest.lines} for each in ids}
        reading = replace(purpose, name=f"{purpose.name}: lines")
        for each in interest.lines:
            master = _master(each)
            for chunk in chunks(found, MAX_PAGE_RECORDS):
                filters = [one_of(master, chunk)]
                async for page in self.pages(each.path, filters, line_fields(each), reading):
                    for line in page:
                        if (head := found.get(str(line.get(master)))) is not None:
                            head[each.path].append(line)
        return found

    async def _moved(
        self, interest: ObjectInterest, heads: Sequence[Raw], purpose: Purpose
    ) -> set[str]:
        """Return the ids of heads that are not what they were before their lines were read."""
        before = {str(head["_id"]): mark_of(head, ()) for head in heads}
        reading = replace(purpose, name=f"{purpose.name}: again")
        fields = ("_id", "last_modified_time", "version")
        now: dict[str, Mark] = {}
        for chunk in chunks(before, MAX_PAGE_RECORDS):
            again = await self._client.query(
                interest.object_name, [one_of("_id", chunk)], fields, reading
            )
            now |= {str(head["_id"]): mark_of(head, ()) for head in again.records}
        return {record_id for record_id, mark in before.items() if now.get(record_id) != mark}

    def _too_young(
        self, interest: ObjectInterest, heads: Sequence[Raw], lines: _Lines, began_ms: int
    ) -> set[str]:
        """Return the ids of heads whose lines may not all have shown when they were read.

        Their age counts at `began_ms`, before the lines were asked for: an answer may come late.
        """
        return {
            str(head["_id"])
            for head in heads
            if self._is_too_young(interest, head, lines[str(head["_id"])], began_ms)
        }

    def _is_too_young(
        self, interest: ObjectInterest, head: Raw, lines: Mapping[str, list[Raw]], now_ms: int
    ) -> bool:
        created_ms = head.get("create_time")
        if not isinstance(created_ms, int):
            return False
        age = (now_ms - created_ms) / _SECOND_MS
        # A time of whole seconds is cut: what looks a second old may be new.
        cut_seconds = 1.0 if created_ms % _SECOND_MS == 0 else 0.0
        lag_seconds = self._settings.lines_lag_seconds
        # Whoever makes records from elsewhere may say their time: one from well after the reading
        # is none to wait for.
        if lag_seconds and -self._settings.overlap_seconds < age < lag_seconds + cut_seconds:
            return True
        lag_ms = lag_seconds * _SECOND_MS
        if (
            lag_ms
            and is_bare(interest, head, lines)
            and is_early(head, lines, lag_ms, (now_ms, now_ms))
        ):
            return True  # such as one that was recovered: its lines come back with it
        if abs(age) > self._settings.overlap_seconds:
            return False
        return sums_differ(interest.object_name, head, lines)

    def _with_early(self, page: Page, heads: Sequence[Raw], lines: _Lines, began_ms: int) -> Page:
        """Return the page with those of its documents that are to be looked at a second time.

        That they are published meanwhile keeps what waits for them as quick as it was.
        """
        lag_ms = self._settings.lines_lag_seconds * _SECOND_MS
        if not lag_ms:
            return page
        told = {found.ref.record_id for found in page.records}
        read_ms = (began_ms, ms_of(self._client.now()))
        early = (
            record_id
            for head in heads
            if (record_id := str(head["_id"])) in told
            and is_early(head, lines[record_id], lag_ms, read_ms)
        )
        return replace(page, early=tuple(early))

    async def _page(
        self,
        interest: ObjectInterest,
        heads: Sequence[Raw],
        lines: _Lines,
        torn: set[str],
    ) -> Page:
        user = await self._client.caller.acting_user()
        records: list[Observed] = []
        unreadable: list[Unreadable] = []
        marks: dict[str, str] = {}
        async for head in in_turns(heads, self._client.caller.clock):
            record_id = str(head["_id"])
            if record_id in torn:
                continue
            own = lines.get(record_id, {})
            try:
                records.append(document(interest, head, own, user))
            except UndecodableError as error:
                raw = orjson.dumps({"head": head, "lines": own}, option=orjson.OPT_SORT_KEYS)
                unreadable.append(Unreadable(record_id, raw, error))
            marks[record_id] = str(mark_of(head, (row for rows in own.values() for row in rows)))
        return Page(tuple(records), tuple(sorted(torn)), tuple(unreadable), marks)


def _master(lines: LinesInterest) -> str:
    if lines.master_field is None:
        msg = f"the mapping does not say which field of {lines.path} names its head"
        raise UndecodableError(msg)
    return lines.master_field
