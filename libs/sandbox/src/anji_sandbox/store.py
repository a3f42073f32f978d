"""The memory of a sandbox: records by kind and id, numbers, and a log of calls.

Everything is held in memory and, when a file is given, written through to one SQLite table, so
that a sandbox that was killed and started again has the state of its last finished write. A write
is durable against `kill -9` of the process when the call, or the transaction around it, returns
(WAL, `synchronous=NORMAL`: only a crash of the whole machine could take it back). Not here: what
the records mean.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

__all__ = ["Record", "Store"]

Record = dict[str, Any]
"""A record as JSON knows it."""

_NUMBERS = "#numbers"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS things (
  place INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, json BLOB NOT NULL,
  UNIQUE (kind, id)
) STRICT
"""
_PUT = """
INSERT INTO things (kind, id, json) VALUES (?, ?, ?)
ON CONFLICT (kind, id) DO UPDATE SET json = excluded.json
"""


class Store:
    """Records by kind and id in the order they were first put, with or without a file.

    What `get` and `all` give are the stored records themselves: change a copy and `put` it.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._kinds: dict[str, dict[str, Record]] = {}
        self._numbers: dict[str, int] = {}
        self._depth = 0
        self._undo: list[tuple[str, str, Record | int | None]] = []
        self.calls: Counter[str] = Counter()
        """Calls since the start as the core counts them, such as ``data/query AccountObj``."""
        self.writes: Counter[str] = Counter()
        """Committed writes since the start as the core counts them: ``AccountObj update``."""
        self.habits: Counter[str] = Counter()
        """How often something showed that is so by a switch only, such as a query that lagged."""
        self._file = None if path is None else _open(path)
        if self._file is not None:
            self._load(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def get(self, kind: str, record_id: str) -> Record | None:
        """Return the record, or `None`."""
        return self._kinds.get(kind, {}).get(record_id)

    def put(self, kind: str, record_id: str, record: Record) -> None:
        """Keep the record under its id, in place of any earlier one."""
        self._remember(kind, record_id)
        self._kinds.setdefault(kind, {})[record_id] = record
        self._write(_PUT, (kind, record_id, orjson.dumps(record)))

    def delete(self, kind: str, record_id: str) -> None:
        """Forget the record; nothing happens if there is none."""
        if record_id not in self._kinds.get(kind, {}):
            return
        self._remember(kind, record_id)
        del self._kinds[kind][record_id]
        self._write("DELETE FROM things WHERE kind = ? AND id = ?", (kind, record_id))

    def all(self, kind: str) -> Iterator[Record]:
        """Give every record of a kind, as it stands now."""
        return iter(tuple(self._kinds.get(kind, {}).values()))

    def ids(self, kind: str) -> tuple[str, ...]:
        """Return the ids of a kind, as they stand now."""
        return tuple(self._kinds.get(kind, ()))

    def count(self, kind: str) -> int:
        """Return how many records of a kind there are."""
        return len(self._kinds.get(kind, ()))

    def kinds(self) -> tuple[str, ...]:
        """Return the kinds that have records, sorted."""
        return tuple(sorted(kind for kind, records in self._kinds.items() if records))

    def next_number(self, name: str) -> int:
        """Return 1, 2, 3 … for a name; never the same twice, also after a restart."""
        before = self._numbers.get(name, 0)
        if self._depth:
            self._undo.append((_NUMBERS, name, before))
        number = before + 1
        self._numbers[name] = number
        self._write(_PUT, (_NUMBERS, name, orjson.dumps(number)))
        return number

    def number(self, name: str) -> int:
        """Return the last number of a name, 0 before the first."""
        return self._numbers.get(name, 0)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep all writes within, or, when an error leaves the block, none of them.

        Blocks may be nested; the outermost one counts.
        """
        if self._depth:
            yield
            return
        self._depth = 1
        if self._file is not None:
            self._file.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            if self._file is not None:
                self._file.execute("ROLLBACK")
            self._roll_back()
            raise
        else:
            if self._file is not None:
                self._file.execute("COMMIT")
        finally:
            self._depth = 0
            self._undo.clear()

    def close(self) -> None:
        """Close the file, if there is one."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _load(self, file: sqlite3.Connection) -> None:
        for kind, record_id, json in file.execute(
            "SELECT kind, id, json FROM things ORDER BY place"
        ):
            if kind == _NUMBERS:
                self._numbers[record_id] = orjson.loads(json)
            else:
                self._kinds.setdefault(kind, {})[record_id] = orjson.loads(json)

    def _write(self, statement: str, values: tuple[object, ...]) -> None:
        if self._file is not None:
            self._file.execute(statement, values)

    def _remember(self, kind: str, record_id: str) -> None:
        if self._depth:
            self._undo.append((kind, record_id, self._kinds.get(kind, {}).get(record_id)))

    def _roll_back(self) -> None:
        for kind, record_id, before in reversed(self._undo):
            if isinstance(before, int):
                self._numbers[record_id] = before
            elif before is None:
                self._kinds[kind].pop(record_id, None)
            else:
                self._kinds[kind][record_id] = before


def _open(path: Path) -> sqlite3.Connection:
    file = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    file.execute("PRAGMA journal_mode = WAL")
    file.execute("PRAGMA synchronous = NORMAL")
    file.execute(_SCHEMA)
    return file
