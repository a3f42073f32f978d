"""What of a document that was read a mapping takes: fields that are there, lists of rows."""

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from anji_common.errors import UndecodableError
from anji_common.events.observed import Document

__all__ = ["listed", "read"]


def read(row: Mapping[str, JsonValue], paths: Sequence[str]) -> dict[str, JsonValue]:
    """Return those of the fields that are there; the others were not read."""
    # Faster than a zip of `map`s up to 40 paths, and a row that lacks one costs no exception.
    return {path: row[path] for path in paths if path in row}


def listed(data: Document, lines_path: str) -> list[dict[str, JsonValue]]:
    """Return the rows of a list of lines.

    Raises:
        UndecodableError: it is no list, or holds something that is no row.
    """
    found = data.get(lines_path) or []
    if not isinstance(found, list):
        msg = f"{lines_path} is no list of rows"
        raise UndecodableError(msg)
    rows = [row for row in found if isinstance(row, dict)]
    if len(rows) != len(found):
        msg = f"{lines_path} holds something that is no row"
        raise UndecodableError(msg)
    return rows
