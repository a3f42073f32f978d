"""Documents: records read whole, head and rows, as `Observed`.

One query reads heads and one entry together; an object with several entries takes one query for
each, and is whole only if no modify date moved between them (``protocol.md`` 19).
"""

import json
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, Literal, cast

from pydantic import JsonValue

from anji_common.errors import RefusedError, UndecodableError
from anji_common.events.observed import Observed, Stamp
from anji_common.interest import FieldInterest, LinesInterest, ObjectInterest
from anji_common.refs import Ref, System
from anji_common.sourcing.feed import Listed, Page, Unreadable, Window
from anji_common.sourcing.windows import BEGINNING
from anji_k3cloud.client import Client
from anji_k3cloud.metadata import Known, Metadata
from anji_k3cloud.normalise import is_masked, normal_value, query_key
from anji_k3cloud.objects import (
    APPROVED_AT,
    CREATED_AT,
    CREATED_BY,
    MODIFIED_AT,
    MODIFIED_BY,
    STATUS,
    entry_id_key,
    entry_seq_key,
)
from anji_k3cloud.paging import Row, after, changed_in, fold, id_literal, is_id, one_of
from anji_k3cloud.times import time_of

__all__ = ["MAX_IDS", "Documents"]

MAX_IDS = 100
"""Values of one ``in (…)``."""

_DATES = (MODIFIED_AT, CREATED_AT, APPROVED_AT)
_STATUSES = ("Z", "A", "B", "C", "D")


@dataclass(frozen=True, slots=True)
class _Columns:
    """What one query asks: id, system fields, head fields, then one entry."""

    known: Known
    head: tuple[FieldInterest, ...]
    lines: LinesInterest | None

    @property
    def keys(self) -> tuple[str, ...]:
        system = map(self.known.spelled, self.known.system)
        own = (self.interest.id_field, *system, *self._spelled(self.head))
        if self.lines is None:
            return own
        path = self.lines.path
        rows = self._spelled(self.lines.fields)
        return (*own, entry_id_key(path), entry_seq_key(path), *rows)

    @property
    def head_at(self) -> int:
        """Place of the first head field's cell."""
        return 1 + len(self.known.system)

    @property
    def entry_at(self) -> int:
        """Place of the entry row's id."""
        return self.head_at + len(self.head)

    @property
    def interest(self) -> ObjectInterest:
        """What is read of the form."""
        return self.known.interest

    def _spelled(self, fields: Iterable[FieldInterest]) -> Iterator[str]:
        return (self.known.spelled(query_key(field)) for field in fields)


class Documents:
    """Reads records of any form that an interest names."""

    def __init__(
        self,
        client: Client,
        metadata: Metadata,
        zone: tzinfo,
        *,
        our_user: str | None,
        page_rows: int,
    ) -> None:
        self._client = client
        self._metadata = metadata
        self._zone = zone
        self._our_user = our_user
        self._page_rows = page_rows

    async def whole(self, interest: ObjectInterest) -> ObjectInterest:
        """Return an interest with the kinds of its fields as they are read; raises as `matching`.

        What is written must be spelled by the same kinds.
        """
        return (await self._metadata.known(interest)).whole

    async def changed(self, interest: ObjectInterest, window: Window) -> AsyncIterator[Page]:
        """Yield what was made, modified or audited in a window; raises as `matching`."""
        known = await self._metadata.known(interest)
        dates = [known.spelled(key) for key in _DATES if key in known.system]
        async for page in self.matching(interest, changed_in(window, self._zone, dates)):
            yield page

    async def matching(self, interest: ObjectInterest, condition: str) -> AsyncIterator[Page]:
        """Yield the records that fulfil a filter, by ascending id.

        Raises:
            RetriableError: no answer.
            RefusedError: the vendor knows a form or field not, or hides a value.
        """
        known = await self._metadata.known(interest)
        interest = known.interest
        first = interest.lines[0] if interest.lines else None
        columns = _Columns(known, _head(interest), first)
        last_id: str | None = None
        while True:
            rows = await self._rows(columns, after(condition, interest.id_field, last_id))
            page = fold(rows, self._page_rows)
            documents = page.documents
            last_id = page.last_id or last_id
            if page.cut_id is not None:
                documents = (await self._long(columns, rows),)
                last_id = page.cut_id
            yield await self._page(columns, documents, interest.lines[1:])
            if page.is_last:
                return

    async def by_ids(self, interest: ObjectInterest, ids: Sequence[str]) -> Page:
        """Return the records of these ids that exist; raises as `matching`."""
        records: list[Observed] = []
        torn: list[str] = []
        unreadable: list[Unreadable] = []
        wanted = [id_literal(each) for each in dict.fromkeys(ids) if is_id(each)]
        for start in range(0, len(wanted), MAX_IDS):
            condition = one_of(interest.id_field, wanted[start : start + MAX_IDS])
            async for page in self.matching(interest, condition):
                records.extend(page.records)
                torn.extend(page.torn)
                unreadable.extend(page.unreadable)
        return Page(tuple(records), tuple(torn), tuple(unreadable))

    async def listed(self, interest: ObjectInterest, window: Window, behind: str) -> Listed:
        """Return ids of what was made, modified or audited in a window; raises as `matching`.

        Of a form without any date none: each poll reads all of it.
        """
        known = await self._metadata.known(interest)
        dates = [known.spelled(key) for key in _DATES if key in known.system]
        condition = changed_in(window, self._zone, dates)
        if not condition:
            return Listed((), is_last=True)
        ids = await self.ids(interest, after(condition, interest.id_field, behind or None))
        return Listed(tuple(ids), is_last=len(ids) < self._page_rows)

    async def standing(self, interest: ObjectInterest, ids: Sequence[str]) -> list[str]:
        """Return those of some ids that exist, the last first; raises as `matching`."""
        key = interest.id_field
        wanted = [id_literal(each) for each in ids if is_id(each)]
        rows = await self._client.query(
            interest.object_name,
            [key],
            condition=one_of(key, wanted),
            order=f"{key} DESC",
            limit=self._page_rows,
        )
        return [str(row[0]) for row in rows]

    async def ids(self, interest: ObjectInterest, condition: str) -> list[str]:
        """Return the ids of the records one of whose rows fulfils a filter; raises as `matching`.

        A filter on a row's field leaves the document's other rows out, so only ids are asked.
        """
        key = interest.id_field
        rows = await self._client.query(
            interest.object_name,
            [key],
            condition=condition,
            order=f"{key} ASC",
            limit=self._page_rows,
        )
        return list(dict.fromkeys(str(row[0]) for row in rows))

    async def _rows(self, columns: _Columns, condition: str, order: str = "") -> list[list[Any]]:
        try:
            return await self._client.query(
                columns.interest.object_name,
                columns.keys,
                condition=condition,
                order=order or f"{columns.interest.id_field} ASC",
                limit=self._page_rows,
            )
        except RefusedError as error:
            self._metadata.doubt(columns.interest, error)
            raise

    async def _long(self, columns: _Columns, rows: Sequence[Row]) -> tuple[Row, ...]:
        """Return all rows of a document that is longer than a page, by ascending entry id."""
        if columns.lines is None:
            msg = f"{columns.interest.object_name} {rows[0][0]} came more than once"
            raise UndecodableError(msg)
        key, place = entry_id_key(columns.lines.path), columns.entry_at
        one = f"{columns.interest.id_field}={id_literal(str(rows[0][0]))}"
        found: list[Row] = []
        more: Sequence[Row] = await self._rows(columns, one, f"{key} ASC")
        while more:
            found.extend(more)
            if len(more) < self._page_rows:
                break
            more = await self._rows(columns, f"{one} and {key}>{more[-1][place]}", f"{key} ASC")
        return tuple(found)

    async def _page(
        self,
        columns: _Columns,
        documents: Sequence[tuple[Row, ...]],
        others: Sequence[LinesInterest],
    ) -> Page:
        records, unreadable = self._read(columns, documents)
        torn: set[str] = set()
        for lines in others:
            more = _Columns(columns.known, (), lines)
            ids = list(records)
            seen: dict[str, Observed] = {}
            for start in range(0, len(ids), MAX_IDS):
                found = await self._all(more, ids[start : start + MAX_IDS])
                readable, bad = self._read(more, found)
                seen |= readable
                unreadable.extend(bad)
            for each in unreadable:
                records.pop(each.record_id, None)
            for record_id, record in list(records.items()):
                other = seen.get(record_id)
                both = None if other is None else _joined(record, other)
                if both is None:
                    torn.add(record_id)
                else:
                    records[record_id] = both
        whole = (record for record_id, record in records.items() if record_id not in torn)
        return Page(tuple(whole), tuple(sorted(torn)), tuple(unreadable))

    async def _all(self, columns: _Columns, ids: Sequence[str]) -> list[tuple[Row, ...]]:
        found: list[tuple[Row, ...]] = []
        condition, last_id = one_of(columns.interest.id_field, list(map(id_literal, ids))), None
        while True:
            rows = await self._rows(columns, after(condition, columns.interest.id_field, last_id))
            page = fold(rows, self._page_rows)
            found.extend(page.documents)
            if page.cut_id is not None:
                found.append(await self._long(columns, rows))
            last_id = page.cut_id or page.last_id
            if page.is_last:
                return found

    def _read(
        self, columns: _Columns, documents: Sequence[tuple[Row, ...]]
    ) -> tuple[dict[str, Observed], list[Unreadable]]:
        """Return the documents that can be read, by id, and those that cannot."""
        records: dict[str, Observed] = {}
        unreadable: list[Unreadable] = []
        for rows in documents:
            try:
                records[str(rows[0][0])] = self._observed(columns, rows)
            except UndecodableError as error:
                raw = json.dumps([columns.keys, *rows], default=str, ensure_ascii=False)
                unreadable.append(Unreadable(str(rows[0][0]), raw.encode(), error))
        return records, unreadable

    def _observed(self, columns: _Columns, rows: Sequence[Row]) -> Observed:
        first, start = rows[0], columns.head_at
        hidden: set[str] = set()
        data = self._values(columns.head, first[start:], "", hidden)
        if columns.lines is not None:
            lines = self._lines(columns.lines, rows, columns.entry_at, hidden)
            data[columns.lines.path] = lines
        interest = columns.interest
        for path in (interest.number_field, interest.marker_field):
            if path in hidden:
                msg = f"the ERP hides {path} of {interest.object_name} from our user"
                raise RefusedError(msg, field=path)
        stamp = self._stamp(first, columns.known)
        stamp = stamp.model_copy(update={"unread": (*stamp.unread, *sorted(hidden))})
        ref = Ref(System.K3CLOUD, interest.object_name, str(first[0]))
        return Observed(ref=ref, stamp=stamp, data=data)

    def _lines(
        self, lines: LinesInterest, rows: Iterable[Row], start: int, hidden: set[str]
    ) -> list[JsonValue]:
        # A row that an answer tells twice is one row.
        by_id = {str(row[start]): row for row in rows if row[start] not in (None, 0)}
        try:
            present = sorted(by_id.values(), key=lambda row: int(row[start + 1] or 0))
        except (TypeError, ValueError) as error:
            msg = f"{lines.path}: the place of a row is no number: {error}"
            raise UndecodableError(msg) from error
        return [
            {
                lines.id_field: str(row[start]),
                **self._values(lines.fields, row[start + 2 :], f"{lines.path}.", hidden),
            }
            for row in present
        ]

    def _values(
        self, fields: Iterable[FieldInterest], cells: Row, prefix: str, hidden: set[str]
    ) -> dict[str, JsonValue]:
        """Return values in normal form; a masked one is no value, and its path is `hidden`."""
        found: dict[str, JsonValue] = {}
        for field, cell in zip(fields, cells, strict=False):
            if is_masked(cell):
                hidden.add(f"{prefix}{field.path}")
            else:
                found[field.path] = normal_value(field, cell, self._zone)
        return found

    def _stamp(self, row: Row, known: Known) -> Stamp:
        cells = dict(zip(known.system, row[1:], strict=False))
        modified, created, approved = (time_of(cells.get(key), self._zone) for key in _DATES)
        at = max((each for each in (created, modified) if each is not None), default=None)
        if at is None and not {CREATED_AT, MODIFIED_AT} & set(known.system):
            at = BEGINNING  # the same each time: only its content tells versions apart
        if at is None:
            msg = f"record {row[0]} has neither a create nor a modify date"
            raise UndecodableError(msg)
        status = str(cells.get(STATUS) or "").strip()
        user = _user(cells.get(MODIFIED_BY)) or _user(cells.get(CREATED_BY))
        return Stamp(
            modified_at=at,
            approved_at=approved,
            status=cast(Literal["Z", "A", "B", "C", "D"], status) if status in _STATUSES else None,
            modified_by=user,
            by_anji=user is not None and user == self._our_user,
            unread=known.unread,
        )


def _joined(one: Observed, other: Observed) -> Observed | None:
    """Return a record whose entries were read by two queries; `None` if it changed between."""
    plain, same = (each.stamp.model_copy(update={"unread": ()}) for each in (one, other))
    if plain != same:
        return None
    unread = tuple(dict.fromkeys((*one.stamp.unread, *other.stamp.unread)))
    return Observed(
        ref=one.ref,
        stamp=plain.model_copy(update={"unread": unread}),
        data={**one.data, **other.data},
    )


def _head(interest: ObjectInterest) -> tuple[FieldInterest, ...]:
    """Return the head fields, the business number among them."""
    if any(field.path == interest.number_field for field in interest.fields):
        return interest.fields
    return (FieldInterest(interest.number_field), *interest.fields)


def _user(cell: object) -> str | None:
    text = str(cell if cell is not None else "").strip()
    return None if text in ("", "0") else text
