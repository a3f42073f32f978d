"""Windows, pages by key, and the folding of rows into documents.

Pure. A query with entry fields answers one row per entry row, so a page may end in the middle of
a document: its last document is left to the next page, which begins after the last whole one. No
page is ever addressed by an offset: edits made meanwhile would hide or double records.

Source: reference "k3cloud-webapi.md", sections 3.5, 3.6 and 9.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from anji_common.sourcing.feed import Window
from anji_k3cloud.times import local_literal, whole_second_after

__all__ = ["Folded", "Row", "after", "changed_in", "fold", "id_literal", "is_id", "one_of"]

Row = Sequence[Any]
_GUID = re.compile(r"[0-9A-Fa-f-]{32,38}")


@dataclass(frozen=True, slots=True)
class Folded:
    """The whole documents of one page, each as its rows."""

    documents: tuple[tuple[Row, ...], ...]
    last_id: str | None
    """Id of the last whole document; `None` if there is none."""
    is_last: bool
    """There is nothing behind it."""
    cut_id: str | None = None
    """A document that alone is longer than a page: its rows so far are no whole document."""


def changed_in(window: Window, zone: tzinfo, dates: Sequence[str]) -> str:
    """Return the filter for what was made, modified or audited in a window, in whole seconds.

    An audit may not move the modify date, and a new record may have none: all `dates` that the
    form has are asked. A form without any is read whole each time: then the filter is empty.
    """
    low = local_literal(window.since, zone)
    high = local_literal(whole_second_after(window.until), zone)
    tests = [f"({key}>='{low}' and {key}<'{high}')" for key in dates]
    return f"({' or '.join(tests)})" if tests else ""


def after(condition: str, id_key: str, last_id: str | None) -> str:
    """Return `condition` for what comes behind a record."""
    if last_id is None:
        return condition
    behind = f"{id_key}>{id_literal(last_id)}"
    return f"{condition} and {behind}" if condition else behind


def is_id(text: str) -> bool:
    """Whether a text can be a record's id: a number, or on few forms a GUID."""
    return text.isdecimal() or _GUID.fullmatch(text) is not None


def id_literal(record_id: str) -> str:
    """Return an id as a filter's literal; few forms have ids that are no numbers."""
    return record_id if record_id.isdecimal() else "'" + record_id.replace("'", "''") + "'"


def one_of(key: str, literals: Sequence[str]) -> str:
    """Return the filter for any of some values, spelled as literals."""
    return f"{key} in ({','.join(literals)})"


def fold(rows: Sequence[Row], page_rows: int) -> Folded:
    """Return the whole documents in a page of rows, whose first cell is the document's id."""
    documents: dict[str, list[Row]] = {}
    for row in rows:
        documents.setdefault(str(row[0]), []).append(row)
    is_last = len(rows) < page_rows
    cut_id = None
    if not is_last and documents:
        last_id, _ = documents.popitem()
        if not documents:
            cut_id = last_id
    whole = tuple(tuple(found) for found in documents.values())
    return Folded(whole, next(reversed(documents), None), is_last, cut_id)
