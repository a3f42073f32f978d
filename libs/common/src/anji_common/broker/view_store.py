"""The SQLite file behind a view: rows, their index tokens, and how far the topic was read.

It is a cache: deleted, it is read again from the topic. Rows and positions are saved in one
transaction, many records at a time, so it never says that it has read what it does not hold. WAL
with ``synchronous=NORMAL`` keeps that true when the power fails, at the price of an fsync
per checkpoint instead of per transaction; what was not saved is the tail that is read again.

A file of another topic, other partitions or another projection, or one that SQLite cannot
read, is thrown away.
"""

import inspect
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from types import CodeType

import orjson

from anji_common.broker.no_room import has_no_room, no_room_words
from anji_common.errors import AnjiError, ConfigurationError, FatalError, NoRoomError

__all__ = ["Kept", "ViewStore", "projection_of"]

Kept = tuple[str, bytes | None, Iterable[str]]
"""A row: its key, its value (`None` removes it), the tokens by which it is found."""

_SCHEMA = (
    "CREATE TABLE identity (text TEXT NOT NULL)",
    "CREATE TABLE positions (partition INTEGER PRIMARY KEY, next_offset INTEGER NOT NULL)",
    # rows.tokens: what the table below holds for this key, as a JSON list
    "CREATE TABLE rows (key TEXT PRIMARY KEY, value BLOB NOT NULL, tokens BLOB NOT NULL)",
    """CREATE TABLE tokens (token TEXT NOT NULL, key TEXT NOT NULL,
                            PRIMARY KEY (token, key)) WITHOUT ROWID""",
)
_UNSAVED_ROWS = 2000
"""Saved at the latest after so many: 0.1 s of reading, and what a crash makes us read again."""
_CACHE_KIBIBYTES = 4096
"""Pages held in memory per view: 52 MiB for 12 partitions and the crosswalk, at any size."""
_PAGE_ROWS = 200
_ASKED_TOGETHER = 500
"""SQLite takes 32,766 values in one statement."""
_NO_TOKENS = b"[]"
_FORMAT = "2"
"""Of the file: one of another format is made anew."""
_UNREADABLE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def projection_of(*functions: Callable[..., object] | None) -> str:
    """Return a text that changes when the modules that define `functions` change."""
    digest = sha256()
    for function in functions:
        code = getattr(inspect.unwrap(function), "__code__", None) if function else None
        if isinstance(code, CodeType):
            digest.update(code.co_qualname.encode())
            digest.update(_source(code))
    return digest.hexdigest()[:16]


def _source(code: CodeType) -> bytes:
    try:
        return Path(code.co_filename).read_bytes()
    except OSError:
        return code.co_code  # shipped without sources


class ViewStore:
    """Rows by key, on disk, for one process at a time; `ViewMemory` does without."""

    def __init__(self, path: Path, identity: str, *, is_scratch: bool = False) -> None:
        """Open or make the file.

        Args:
            path: The file.
            identity: What the rows are made of. A file of another identity is thrown away.
            is_scratch: It ends with this process, and is not saved before: half the writing.

        Raises:
            ConfigurationError: another process has this file open.
            FatalError: it can be neither used nor made.
            NoRoomError: there is no room on its disk.
        """
        self._path = path
        self._identity = f"{_FORMAT} {identity}"
        self._is_scratch = is_scratch
        self._unsaved = 0
        self._db = self._opened()

    def get(self, key: str) -> bytes | None:
        """Return the value of a row, or `None`."""
        with self._translated():
            found = self._db.execute("SELECT value FROM rows WHERE key = ?", (key,)).fetchone()
        return None if found is None else bytes(found[0])

    def get_many(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Return the values of those of the rows that there are."""
        with self._translated():
            return dict(self._of("value", keys))

    def put(self, key: str, value: bytes | None, tokens: Iterable[str] = ()) -> None:
        """Write a row, found by `tokens`; `None` removes it."""
        self.put_many([(key, value, tokens)])

    def put_many(self, rows: Sequence[Kept]) -> None:
        """Write rows in their order, as `put` does each of them."""
        come = {
            key: (value, orjson.dumps(sorted({*tokens})) if value is not None else _NO_TOKENS)
            for key, value, tokens in rows
        }
        with self._writing(len(rows)):
            before = dict(self._of("tokens", [*come]))
            self._retoken(
                (key, before.get(key, _NO_TOKENS), listed)
                for key, (_, listed) in come.items()
                if listed != before.get(key, _NO_TOKENS)
            )
            self._db.executemany(
                "DELETE FROM rows WHERE key = ?",
                [(key,) for key, (value, _) in come.items() if value is None],
            )
            self._db.executemany(
                "INSERT INTO rows VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET"
                " value = excluded.value, tokens = excluded.tokens",
                [
                    (key, value, listed)
                    for key, (value, listed) in come.items()
                    if value is not None
                ],
            )

    def _of(self, column: str, keys: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """Yield key and column of rows, many with one statement."""
        for start in range(0, len(keys), _ASKED_TOGETHER):
            some = keys[start : start + _ASKED_TOGETHER]
            marks = ",".join("?" * len(some))
            sql = f"SELECT key, {column} FROM rows WHERE key IN ({marks})"  # noqa: S608 - ours
            yield from self._db.execute(sql, some)

    def _retoken(self, moved: Iterable[tuple[str, bytes, bytes]]) -> None:
        """Let keys be found by other tokens: (key, as listed before, as listed now) each."""
        lost: list[tuple[str, str]] = []
        new: list[tuple[str, str]] = []
        for key, before, now in moved:
            had, has = {*orjson.loads(before)}, {*orjson.loads(now)}
            lost += [(token, key) for token in had - has]
            new += [(token, key) for token in has - had]
        self._db.executemany("DELETE FROM tokens WHERE token = ? AND key = ?", lost)
        self._db.executemany("INSERT OR IGNORE INTO tokens VALUES (?, ?)", new)

    def find(self, token: str, limit: int | None) -> list[str]:
        """Return the keys of the rows with that token, sorted."""
        with self._translated():
            rows = self._db.execute(
                "SELECT key FROM tokens WHERE token = ? ORDER BY key LIMIT ?",
                (token, -1 if limit is None else limit),
            ).fetchall()
        return [key for (key,) in rows]

    def scan(self, after: str | None = None) -> Iterator[tuple[str, bytes]]:
        """Return all rows, or those after a key, by ascending key.

        Page by page: rows may be written meanwhile.
        """
        start = "" if after is None else after + "\0"
        while True:
            with self._translated():
                page = self._db.execute(
                    "SELECT key, value FROM rows WHERE key >= ? ORDER BY key LIMIT ?",
                    (start, _PAGE_ROWS),
                ).fetchall()
            yield from page
            if len(page) < _PAGE_ROWS:
                return
            start = page[-1][0] + "\0"  # the very next key

    def __len__(self) -> int:
        with self._translated():
            (count,) = self._db.execute("SELECT count(*) FROM rows").fetchone()
        return int(count)

    def positions(self) -> dict[int, int]:
        """Return per partition the offset below which everything is in the rows."""
        with self._translated():
            return dict(self._db.execute("SELECT partition, next_offset FROM positions"))

    def move(self, positions: Mapping[int, int]) -> None:
        """Say how far the rows go; saves them if many are not saved."""
        with self._writing():
            self._db.executemany(
                "INSERT OR REPLACE INTO positions VALUES (?, ?)", positions.items()
            )
        if self._unsaved >= _UNSAVED_ROWS and not self._is_scratch:
            self.save()

    def save(self) -> None:
        """Keep rows and positions on disk, in one transaction."""
        with self._translated():
            if self._db.in_transaction:
                self._db.execute("COMMIT")
        self._unsaved = 0

    def clear(self) -> None:
        """Remove everything."""
        with self._writing():
            for table in ("rows", "tokens", "positions"):
                self._db.execute(f"DELETE FROM {table}")  # noqa: S608 - our own three names
        self.save()

    def close(self) -> None:
        """Save, and let go of the file. Where there is no room, the tail is read again later."""
        with suppress(NoRoomError):
            self.save()
        self._db.close()

    def _opened(self) -> sqlite3.Connection:
        """Return the file, made anew if it is not what we want."""
        try:
            db = self._connected()
            if self._fits(db):
                return db
            db.close()
        except sqlite3.DatabaseError as error:
            if _code(error) in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
                msg = f"{self._path} is open in another process; give each its own ANJI_HOME"
                raise ConfigurationError(msg) from error
            if _code(error) not in _UNREADABLE:
                raise self._unusable(error) from error
        except OSError as error:
            raise self._unusable(error) from error
        with self._translated():
            self._throw_away()
            db = self._connected()
            for statement in _SCHEMA:
                db.execute(statement)
            db.execute("INSERT INTO identity VALUES (?)", (self._identity,))
        return db

    def _connected(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(self._path, isolation_level=None, timeout=0)
        try:
            db.execute("PRAGMA locking_mode=EXCLUSIVE")
            # Without a journal a transaction cannot be taken back, and nothing here ever is.
            db.execute(f"PRAGMA journal_mode={'OFF' if self._is_scratch else 'WAL'}")
            db.execute(f"PRAGMA synchronous={'OFF' if self._is_scratch else 'NORMAL'}")
            db.execute(f"PRAGMA cache_size=-{_CACHE_KIBIBYTES}")
        except sqlite3.Error:
            db.close()
            raise
        return db

    def _fits(self, db: sqlite3.Connection) -> bool:
        known = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'identity'").fetchone()
        if known is None:
            return False
        return bool(db.execute("SELECT text FROM identity").fetchone() == (self._identity,))

    def _throw_away(self) -> None:
        for suffix in ("", "-wal", "-shm"):
            Path(f"{self._path}{suffix}").unlink(missing_ok=True)

    @contextmanager
    def _writing(self, rows: int = 1) -> Iterator[None]:
        """Write in the open transaction; begin one if there is none."""
        with self._translated():
            if not self._db.in_transaction:
                self._db.execute("BEGIN")
            self._unsaved += rows
            yield

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            if _code(error) in _UNREADABLE:
                self._throw_away()
            raise self._unusable(error) from error

    def _unusable(self, error: Exception) -> AnjiError:
        if has_no_room(error):
            return NoRoomError(no_room_words(f"the view {self._path}", error))
        return FatalError(f"the view {self._path} cannot be used, start again: {error}")


def _code(error: Exception) -> int:
    """Return the primary code, the low byte of SQLite's extended one; others have none."""
    return int(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)) & 0xFF
