"""Views: the newest value of each key of a topic, on local disk, found by key or by token.

A view is complete up to the topic's end before its first read, and then follows. Restored from
its file it reads only the tail. One bad record never stalls it: what its projection refuses is
reported and counted, the key keeps the value it had, and the view moves on.

Memory does not grow with the rows of a view that has a file. A file that was not opened for longer
than the topic keeps its tombstones may hold rows that were deleted since: delete such a file.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import structlog

from anji_common.broker.port import Broker, Reader
from anji_common.broker.view_memory import ViewMemory
from anji_common.broker.view_store import Kept, ViewStore, projection_of
from anji_common.errors import AnjiError, FatalError
from anji_common.messages import Message, Record

__all__ = ["Index", "OnBad", "Project", "View"]

Project = Callable[[Record], bytes | None]
"""From a record to what the view keeps of it; `None` removes the key. Raises what it refuses."""
Index = Callable[[str, bytes], Iterable[str]]
"""From a key and what is kept of it to the tokens by which it is found."""
OnBad = Callable[[Record, AnjiError], None]

_log = structlog.get_logger("anji.view")

_BATCH_RECORDS = 2000
_WAIT_SECONDS = 1.0
_SAVE_SECONDS = 5.0
"""How long a view that is up to date waits for the next record before it saves its file; one that
comes wakes it."""
_IDLE_SECONDS = 600.0
"""The same where there is no file to save."""


def _value_of(record: Record) -> bytes | None:
    return record.value


class View:
    """One topic, or some of its partitions, by key. For one task, on one event loop."""

    def __init__(  # noqa: PLR0913 - all but two have a default that most callers keep
        self,
        broker: Broker,
        topic: str,
        *,
        partitions: Sequence[int] | None = None,
        store: Path | None = None,
        is_scratch: bool = False,
        project: Project = _value_of,
        index: Index | None = None,
        on_bad: OnBad | None = None,
    ) -> None:
        """Prepare a view; it reads nothing before `start`.

        Args:
            broker: Where the topic is.
            topic: Which one. Its records have text keys.
            partitions: Which of its partitions; `None` means all.
            store: The view's file; `None` keeps it in memory. One process at a time. The file
                is made anew when the code of `project` or `index` has changed.
            is_scratch: The file ends with this process: a copy that somebody works on.
            project: What to keep of a record: its value by default.
            index: The tokens that `find` looks for: none by default. Depends on nothing else.
            on_bad: Told of each record that `project` or `index` refuses; by default a warning
                is logged.
        """
        self._broker = broker
        self._topic = topic
        self._partitions = partitions
        self._path = store
        self._is_scratch = is_scratch
        self._project = project
        self._index = index
        self._on_bad = on_bad or _warn
        self._store: ViewStore | ViewMemory | None = None
        self._reader: Reader | None = None
        self._reading = asyncio.Lock()
        self._positions: dict[int, int] = {}
        self._listeners: list[Callable[[str], None]] = []
        self.records_read = 0
        """How many records were read from the topic since `start`."""
        self.bad_records = 0
        """How many of them were refused."""

    async def start(self) -> None:
        """Open the file and read what is missing, up to the topic's end as of this call.

        Raises:
            ConfigurationError: the topic was not declared, or the file is in use.
            FatalError: `project` or `index` says that a record must not be passed over.
        """
        ends = self._own(await self._broker.ends(self._topic))
        if self._path is None:
            self._store = ViewMemory()
        else:
            projection = projection_of(self._project, self._index)
            identity = f"{self._topic} {sorted(ends)} of {self._broker.partitions} {projection}"
            self._store = ViewStore(self._path, identity, is_scratch=self._is_scratch)
        try:
            await self._restore(ends)
        except BaseException:
            await self.close()
            raise

    async def follow(self) -> None:
        """Apply new records as they come, until cancelled."""
        wait_seconds = _IDLE_SECONDS if self._path is None else _SAVE_SECONDS
        while True:
            async with self._reading:
                came = await self._read(wait_seconds)
            if not came:
                self._opened.save()

    async def catch_up(self) -> None:
        """Apply everything that is committed as of this call."""
        await self._read_to(self._own(await self._broker.ends(self._topic)))

    def get(self, key: str) -> bytes | None:
        """Return what is kept of a key, or `None`."""
        return self._opened.get(key)

    def get_many(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Return what is kept of those of `keys` that there are."""
        return self._opened.get_many(keys)

    def find(self, token: str, limit: int | None = None) -> list[str]:
        """Return the keys whose value has that index token, sorted, at most `limit`."""
        return self._opened.find(token, limit)

    def scan(self) -> Iterator[tuple[str, bytes]]:
        """Return all rows by ascending key. The view may change meanwhile."""
        return self._opened.scan()

    def after(self, key: str) -> Iterator[tuple[str, bytes]]:
        """Return the rows with keys greater than `key`, by ascending key, as `scan` does."""
        return self._opened.scan(after=key)

    def __len__(self) -> int:
        return len(self._opened)

    def subscribe(self, callback: Callable[[str], None]) -> Callable[[], None]:
        """Call `callback` with the key after each applied record; returns what ends that."""
        self._listeners.append(callback)

        def unsubscribe() -> None:
            if callback in self._listeners:
                self._listeners.remove(callback)

        return unsubscribe

    def apply(
        self,
        messages: Sequence[Message],
        position: int | Mapping[int, int],
        *,
        tokens: Sequence[Iterable[str]] | None = None,
    ) -> None:
        """Apply rows that the owner of the partition has just committed: it reads its writes.

        Args:
            messages: The rows, in the order of their publishing. To `project` they are records
                without a timestamp.
            position: The offset after the last of them, as `Task.commit` returned it; per
                partition, where the view has several.
            tokens: What `index` would say of each row, where the caller has what it is made from:
                then the rows are kept as they are, and neither `project` nor `index` is asked.
        """
        if isinstance(position, int):
            (partition,) = self._positions
            position = {partition: position}
        if tokens is not None:
            pairs = zip(messages, tokens, strict=True)
            self._put([(message.key, message.value, found) for message, found in pairs])
        else:
            place = next(iter(position.items()), (0, 0))
            self._keep(
                Record(self._topic, *place, 0, each.key.encode(), each.value, each.headers)
                for each in messages
            )
        self._move(position)

    async def close(self) -> None:
        """Save the file and let go of everything."""
        store, self._store = self._store, None
        if store is not None:
            store.close()
        await self._let_go()

    async def _let_go(self) -> None:
        """Close the reader: on Kafka it asks for more for as long as it is open."""
        reader, self._reader = self._reader, None
        if reader is not None:
            await reader.close()

    @property
    def _opened(self) -> ViewStore | ViewMemory:
        if self._store is None:
            msg = f"the view of {self._topic} is not open: start it first"
            raise FatalError(msg)
        return self._store

    def _own(self, offsets: Mapping[int, int]) -> dict[int, int]:
        wanted = offsets if self._partitions is None else self._partitions
        return {partition: offsets[partition] for partition in wanted}

    async def _restore(self, ends: Mapping[int, int]) -> None:
        kept = self._opened.positions()
        if any(kept.get(partition, 0) > end for partition, end in ends.items()):
            self._opened.clear()  # made from another topic of this name, which is gone
            kept = {}
        self._positions = {partition: kept.get(partition, 0) for partition in ends}
        await self._read_to(ends)
        await self._let_go()  # whoever owns what it reads never follows: see `apply`
        self._opened.save()

    async def _read_to(self, ends: Mapping[int, int]) -> None:
        while any(self._positions[partition] < end for partition, end in ends.items()):
            async with self._reading:
                if any(self._positions[partition] < end for partition, end in ends.items()):
                    await self._read(_WAIT_SECONDS)

    async def _read(self, wait_seconds: float) -> int:
        """Read and apply a batch. One at a time (`_reading`), so that order is kept."""
        if self._store is None:
            msg = f"the view of {self._topic} was closed"
            raise FatalError(msg)
        if self._reader is None:
            self._reader = await self._broker.reader(self._topic, dict(self._positions))
        reader = self._reader
        records = await reader.poll(max_records=_BATCH_RECORDS, wait_seconds=wait_seconds)
        self.records_read += len(records)
        self._keep(
            record for record in records if record.offset >= self._positions[record.partition]
        )
        reached = {partition: reader.position(partition) for partition in self._positions}
        if reached != self._positions:
            self._move(reached)
        return len(records)

    def _keep(self, records: Iterable[Record]) -> None:
        index = self._index
        rows: list[Kept] = []
        for record in records:
            try:
                key = record.text_key
                value = self._project(record)
                tokens = () if index is None or value is None else tuple(index(key, value))
            except FatalError:
                raise  # what it tells cannot be done without: nothing of this batch is kept
            except AnjiError as error:
                self.bad_records += 1
                self._on_bad(record, error)
                continue
            rows.append((key, value, tokens))
        self._put(rows)

    def _put(self, rows: Sequence[Kept]) -> None:
        if not rows:
            return
        self._opened.put_many(rows)
        for listener in tuple(self._listeners):
            for key, _, _ in rows:
                listener(key)

    def _move(self, positions: Mapping[int, int]) -> None:
        for partition, position in positions.items():
            self._positions[partition] = max(position, self._positions[partition])
        self._opened.move({partition: self._positions[partition] for partition in positions})


def _warn(record: Record, error: AnjiError) -> None:
    _log.warning("record.refused", place=record.place, reason=str(error))
