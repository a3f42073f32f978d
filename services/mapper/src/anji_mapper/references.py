"""What is known of other links: the crosswalk, as a view of the whole topic."""

from functools import lru_cache

import structlog
from pydantic import ValidationError

from anji_common.errors import UndecodableError
from anji_common.events.crosswalk import CrosswalkRow, RowState
from anji_common.messages import Record
from anji_common.refs import Ref
from anji_common.views import View

__all__ = ["ViewReferences", "checked_row", "row_tokens", "tokens_released"]


_log = structlog.get_logger("anji.mapper")


def checked_row(record: Record) -> bytes | None:
    """Return what the view keeps of a crosswalk record: its value, once it was read.

    Raises:
        UndecodableError: it is no row, or not under its own key.
    """
    if record.value is None:
        return None
    row = _read(record)
    if str(row.ref) != record.text_key:
        msg = f"{record.place}: a row of {row.ref} under another key"
        raise UndecodableError(msg)
    return record.value


def row_tokens(_key: str, value: bytes) -> tuple[str, ...]:
    """Return by what a row is found besides its ref: the business number of its side."""
    row = _row(value)
    return () if row.business_number is None else (_number_token(row.ref, row.business_number),)


def _read(record: Record) -> CrosswalkRow:
    try:
        return _row(record.value or b"")
    except ValidationError:
        return CrosswalkRow.from_record(record)  # which raises, with the record's place


@lru_cache(maxsize=16)  # of one row there are several questions, one right after the other
def _row(value: bytes) -> CrosswalkRow:
    return CrosswalkRow.model_validate_json(value)


def tokens_released(key: str, value: bytes | None) -> tuple[str, ...]:
    """Return the tokens of those that wait for the row `key` (see `AwaitedError.token`)."""
    return () if value is None else (f"ref:{key}", *row_tokens(key, value))


def _number_token(ref: Ref, number: str) -> str:
    return f"number:{ref.system}/{ref.object_name}/{number}"


_REMEMBERED_ROWS = 4000
"""Rows kept as they were read: customers and products that are in use, 8 MB of orders at most."""


class ViewReferences:
    """The port `References` over a view of ``anji.crosswalk.v1``, for as long as that is open."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._remembered: dict[str, CrosswalkRow | None] = {}
        self._ambiguous: dict[str, str] = {}
        """Ref of a record whose number was looked for, and names several → the token of it."""
        view.subscribe(self._forget)

    def row(self, ref: str) -> CrosswalkRow | None:
        if ref in self._remembered:
            return self._remembered[ref]
        value = self._view.get(ref)
        row = None if value is None else _row(value)
        if len(self._remembered) >= _REMEMBERED_ROWS:
            self._remembered.clear()  # cheaper than to keep them in the order of their use
        self._remembered[ref] = row
        return row

    def by_number(self, object_key: str, number: str) -> CrosswalkRow | None:
        rows = [self.row(key) for key in self._view.find(f"number:{object_key}/{number}")]
        linked = [row for row in rows if row is not None and row.state is RowState.LINKED]
        if len(linked) > 1:  # of two organisations, say: the first of them is as wrong as right
            refs = ", ".join(str(row.ref) for row in linked)
            _log.warning("number.ambiguous", number=f"{object_key}/{number}", records=refs)
            token = f"number:{object_key}/{number}"
            self._ambiguous |= {str(row.ref): token for row in linked}
            return None
        return linked[0] if linked else None

    def freed(self, ref: str) -> tuple[str, ...]:
        """Return the token of an ambiguous number that a record had before its row came, if any.

        With another number now, it may leave the old one to the only other record that has it.
        """
        token = self._ambiguous.pop(ref, None)
        return () if token is None else (token,)

    def _forget(self, ref: str) -> None:
        self._remembered.pop(ref, None)
