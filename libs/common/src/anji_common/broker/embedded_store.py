"""The SQLite file behind `EmbeddedBroker`: topics, logs, records. Everything here is synchronous.

A log is one partition of one topic. Offsets of a log rise by one and are never given twice;
timestamps in a log never go back, so that the first record at or after a time is found by
halving, and what is too old is a beginning.

Durability is a sync of SQLite's write-ahead log after each transaction, as ``synchronous=FULL``
does it, but apart from the commit (`sync`): it takes a disk 0.3 to 10 ms, and everything else can
go on meanwhile. `EmbeddedQueue` tells nobody of a commit before it is synced, and what was
committed later lies behind it in the log, so nothing durable ever rests on what is not.
"""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import orjson

from anji_common.broker.no_room import has_no_room, no_room_words
from anji_common.broker.partitions import partition_for
from anji_common.errors import AnjiError, ConfigurationError, FatalError, RetriableError
from anji_common.messages import Headers, Message, Record
from anji_common.topics import Topic

__all__ = ["OFFSET_BITS", "BusyError", "EmbeddedStore", "Entry", "Shape"]

OFFSET_BITS = 38
"""2.7e11 records in a log: at 20,000 a second five months without pause, and 870 years at 10."""
_PARTITION_BITS = 10
_VERSION = 1
_BUSY_SECONDS = 1.0
"""How long a call may stand still behind another process's transaction, which takes millis.

Once: while the file is still held, as by a process that was stopped in the middle, those who try
again do not stand still, for everything else stands still with them."""


class BusyError(Exception):
    """Another process is writing just now: try again shortly. Never leaves the broker."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A declared topic as it stands in the file."""

    topic_id: int
    topic: Topic
    partitions: int

    def log(self, partition: int) -> int:
        """Return the number of one partition's log."""
        return self.topic_id << _PARTITION_BITS | partition

    @property
    def logs(self) -> range:
        """The numbers of all logs, by partition number."""
        return range(self.log(0), self.log(0) + self.partitions)


Entry = tuple[int, bytes, bytes | None, bytes | None]
"""A message ready for the file: log, key, value, headers as JSON."""


class EmbeddedStore:
    """One connection to one file, or to a database in memory."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.is_closed = False
        self._was_busy = False
        self._log: int | None = None
        self._shapes: dict[str, Shape] = {}
        self._data_version = -1
        self.ends: dict[int, int] = {}
        """Per log the offset after its newest record, as of the last look (`refresh`)."""
        self.renewals = 0
        """How often a look has found that another process had written, whoever looked."""
        self.newest: dict[int, int] = {}
        """Per log the newest timestamp, where no other process can write: what is known stands."""
        self._beginnings: dict[int, int] = {}
        """Per log its oldest offset, where no other process can write."""
        self.epochs: dict[tuple[str, int], int] = {}
        """The epoch of a group's partition, as far as it was looked at since an epoch rose."""
        with self._translated():
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(
                ":memory:" if path is None else path,
                isolation_level=None,
                timeout=_BUSY_SECONDS,
                cached_statements=256,
            )
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._make_schema()
            if path is not None:
                self._log = os.open(f"{path}-wal", os.O_RDWR)
                _sync_folder(path.parent)
        self.refresh()

    @property
    def is_shared(self) -> bool:
        """Other processes may open the same file."""
        return self.path is not None

    def close(self) -> None:
        """Let go of the file."""
        self.is_closed = True
        if self._log is not None:
            os.close(self._log)
            self._log = None
        self._db.close()

    def sync(self) -> None:
        """Return once everything that is committed by now is durable. May run in any thread.

        Raises:
            FatalError: the disk failed; nobody knows what of it is there.
        """
        if self._log is not None:
            try:
                _data_sync(self._log)
            except OSError as error:  # also for want of room: it was told to be there
                msg = f"the broker's file {self.path} cannot be used: {error}"
                raise FatalError(msg) from error

    def rows(self, sql: str, *arguments: object) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows."""
        try:  # the hot path of every poll: no context manager
            return self._db.execute(sql, arguments).fetchall()
        except (sqlite3.Error, OSError) as error:
            raise self._unusable(error) from error

    def run(self, sql: str, *arguments: object) -> int:
        """Run one statement and return how many rows it changed."""
        try:
            return self._db.execute(sql, arguments).rowcount
        except (sqlite3.Error, OSError) as error:
            raise self._unusable(error) from error

    def run_many(self, sql: str, rows: Sequence[tuple[object, ...]]) -> None:
        """Run one statement for each of `rows`."""
        if not rows:
            return
        try:
            self._db.executemany(sql, rows)
        except (sqlite3.Error, OSError) as error:
            raise self._unusable(error) from error

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction: committed when it is left, durable after `sync`; or nothing at all.

        Raises:
            BusyError: another process is writing.
            RetriableError: the disk is full.
        """
        try:
            self._begin()
        except sqlite3.Error as error:
            self._was_busy = _code(error) == sqlite3.SQLITE_BUSY
            if not self._was_busy:
                raise self._unusable(error) from error
            raise BusyError from error
        try:
            yield
            self.run("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def _begin(self) -> None:
        """Begin to write; wait for whoever writes only where nobody has waited for him yet."""
        if not self._was_busy:
            self._db.execute("BEGIN IMMEDIATE")
            return
        self._db.execute("PRAGMA busy_timeout=0")
        try:
            self._db.execute("BEGIN IMMEDIATE")
        finally:
            self._db.execute(f"PRAGMA busy_timeout={_BUSY_SECONDS * 1000:.0f}")
        self._was_busy = False

    def refresh(self) -> None:
        """Look whether another process has written; if so, renew `ends` and count that."""
        if not self.is_shared and self._data_version >= 0:
            return  # nobody else can
        (version,) = self.rows("PRAGMA data_version")[0]
        if version == self._data_version:
            return
        self._data_version = version
        self.ends = dict(self.rows("SELECT log, next_offset FROM logs"))
        self.forget_owners()
        self.renewals += 1

    def forget_owners(self) -> None:
        """Look at the file anew before an epoch is trusted: one rises, or may have risen."""
        self.epochs.clear()

    def shape(self, name: str) -> Shape:
        """Return a topic as it stands in the file.

        Raises:
            ConfigurationError: it was never declared.
        """
        shape = self._shapes.get(name) or self.shape_or_none(name)
        if shape is None:
            msg = (
                f"topic {name} is not declared on this broker ({self.path or 'in memory'}); "
                "declare it first (`anji topics create`)"
            )
            raise ConfigurationError(msg)
        return shape

    def shape_or_none(self, name: str) -> Shape | None:
        """Return a topic as it stands in the file, or `None`."""
        self._shapes = {shape.topic.name: shape for shape in self._stored_shapes()}
        return self._shapes.get(name)

    def shapes(self) -> list[Shape]:
        """Return all topics as they stand in the file, by name."""
        return sorted(self._stored_shapes(), key=lambda shape: shape.topic.name)

    def entry(self, message: Message) -> Entry:
        """Return `message` ready for the file.

        Raises:
            ConfigurationError: its topic was never declared.
        """
        shape = self._shapes.get(message.topic) or self.shape(message.topic)
        key = message.key.encode()
        log = shape.log(partition_for(key, shape.partitions))
        return log, key, message.value, _packed(message.headers)

    def read(
        self, shape: Shape, partition: int, start: int, limit: int
    ) -> tuple[list[Record], int]:
        """Return up to `limit` records from offset `start` on, and where to read next."""
        log = shape.log(partition)
        end = self.ends.get(log, 0)
        if start >= end:
            return [], start
        base = log << OFFSET_BITS
        rows = self.rows(
            "SELECT place, timestamp_ms, key, value, headers FROM records"
            " WHERE place >= ? AND place < ? ORDER BY place LIMIT ?",
            base + start,
            base + end,
            limit,
        )
        name = shape.topic.name
        records = [
            Record(name, partition, place - base, at, key, value, _unpacked(headers))
            for place, at, key, value, headers in rows
        ]
        return records, (records[-1].offset + 1 if len(records) == limit else end)

    def beginning(self, log: int) -> int:
        """Return the oldest offset that may still be there."""
        known = self._beginnings.get(log)
        if known is not None:
            return known
        ((first,),) = self.rows("SELECT first_offset FROM logs WHERE log = ?", log)
        if not self.is_shared:
            self._beginnings[log] = int(first)
        return int(first)

    def forget_beginning(self, log: int) -> None:
        """Look at the file anew: the oldest records of a log go, or have stayed after all."""
        self._beginnings.pop(log, None)

    def first_from(self, log: int, offset: int) -> tuple[int, int] | None:
        """Return offset and timestamp of the first record at or after `offset`.

        What a transaction under way has written does not count: it lies behind the end.
        """
        end = self.ends.get(log, 0)
        if offset >= end:
            return None
        base = log << OFFSET_BITS
        found = self.rows(
            "SELECT place, timestamp_ms FROM records WHERE place >= ? AND place < ?"
            " ORDER BY place LIMIT 1",
            base + offset,
            base + end,
        )
        return (found[0][0] - base, found[0][1]) if found else None

    def offset_at(self, log: int, at_ms: int) -> int:
        """Return the first offset whose record is of `at_ms` or later; the end if none is."""
        low, high = self.beginning(log), self.ends.get(log, 0)
        while low < high:
            middle = (low + high) // 2
            found = self.first_from(log, middle)
            if found is None or found[1] >= at_ms:
                high = middle
            else:
                low = found[0] + 1
        found = self.first_from(log, low)
        return self.ends.get(log, 0) if found is None else found[0]

    def _stored_shapes(self) -> Iterator[Shape]:
        for topic_id, name, partitions, compacted, kept, lag, tombstone in self.rows(
            "SELECT topic_id, name, partitions, is_compacted, retention_seconds,"
            " min_compaction_lag_seconds, tombstone_seconds FROM topics"
        ):
            topic = Topic(name, bool(compacted), kept, lag, tombstone)
            yield Shape(topic_id, topic, partitions)

    def _make_schema(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version == 0:
            schema = files("anji_common.broker").joinpath("embedded_schema.sql").read_text()
            for statement in _statements(schema):
                self._db.execute(statement)
            self._db.execute(f"PRAGMA user_version={_VERSION}")
        self._db.execute("COMMIT")
        if version not in {0, _VERSION}:
            msg = (
                f"{self.path} was written by another version of Anji (format {version}, this "
                f"one reads {_VERSION}); run that version, or move the file away"
            )
            raise ConfigurationError(msg)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise self._unusable(error) from error

    def _unusable(self, error: Exception) -> AnjiError:
        if has_no_room(error):
            return RetriableError(no_room_words(self.path, error))
        return FatalError(f"the broker's file {self.path} cannot be used: {error}")


_data_sync = getattr(os, "fdatasync", os.fsync)
"""Not every system has the cheaper one."""


def _sync_folder(folder: Path) -> None:
    """Make the names of new files durable."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _code(error: sqlite3.Error) -> int:
    """Return SQLite's primary code; an error of Python's own part has none."""
    return int(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)) & 0xFF


def _packed(headers: Headers) -> bytes | None:
    """Return headers as JSON, which anybody can read in the file; latin-1 keeps every byte."""
    if not headers:
        return None
    return orjson.dumps([(name, value.decode("latin-1")) for name, value in headers])


@lru_cache(maxsize=1024)  # what one publishes several read, most of them at once
def _unpacked(packed: bytes | None) -> Headers:
    if packed is None:
        return ()
    return tuple([(name, value.encode("latin-1")) for name, value in orjson.loads(packed)])


def _statements(schema: str) -> Iterator[str]:
    """Return the statements of a script one by one: `executescript` would end a transaction."""
    lines = (line.partition("--")[0].rstrip() for line in schema.splitlines())
    statements = "\n".join(line for line in lines if line).split(";")
    return (statement for statement in statements if statement.strip())
