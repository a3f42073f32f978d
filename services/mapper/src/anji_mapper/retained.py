"""The newest retained change of every record, on disk: what plans and comparisons look at.

The change topics are read from where one likes to where they end at that moment, by no group. A
source never publishes an older revision of a record than its last (``protocol.md`` 6), so the
newest offset of a key is the newest of its changes. Memory does not grow with the records.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import orjson

from anji_common.broker.port import Broker
from anji_common.broker.view_store import ViewStore
from anji_common.messages import Record
from anji_mapper.starts import Start

__all__ = ["Retained"]

_BATCH_RECORDS = 2000
_WAIT_SECONDS = 1.0


class Retained:
    """The newest change of every record of some topics."""

    def __init__(self, folder: Path, name: str = "changes") -> None:
        """Open an empty store.

        Args:
            folder: Where its file goes; whoever made it removes it.
            name: Of the file.
        """
        self._store = ViewStore(folder / f"{name}.sqlite", "retained", is_scratch=True)
        self.events = 0
        """How many changes were read."""

    async def read(self, broker: Broker, topic: str, start: Start) -> Mapping[int, int]:
        """Read one topic up to its present end, which is returned.

        Raises:
            ConfigurationError: there is no such topic.
        """
        ends = await broker.ends(topic)
        reader = await broker.reader(topic, await start.of(broker, topic))
        try:
            while any(reader.position(each) < end for each, end in ends.items()):
                records = await reader.poll(max_records=_BATCH_RECORDS, wait_seconds=_WAIT_SECONDS)
                self._keep([each for each in records if each.offset < ends[each.partition]])
                self._store.move({each: reader.position(each) for each in ends})
        finally:
            await reader.close()
        return ends

    def _keep(self, records: Sequence[Record]) -> None:
        """Keep the newest of each key: what a batch holds twice is not even packed."""
        self.events += len(records)
        # A record without a key is nobody's: the mapper has made it a dead letter.
        newest = {record.key: record for record in records if record.key is not None}
        self._store.put_many(
            [(key.decode(errors="replace"), _packed(each), ()) for key, each in newest.items()]
        )

    def get(self, key: str) -> Record | None:
        """Return the newest change of a record, by the text of its ref."""
        value = self._store.get(key)
        return None if value is None else _unpacked(key, value)

    def scan(self) -> Iterator[tuple[str, Record]]:
        """Return the newest change of every record, by ascending key."""
        for key, value in self._store.scan():
            yield key, _unpacked(key, value)

    def __len__(self) -> int:
        return len(self._store)

    def close(self) -> None:
        """Let go of the file."""
        self._store.close()


def _packed(record: Record) -> bytes:
    about = orjson.dumps(
        [
            record.topic,
            record.partition,
            record.offset,
            record.timestamp_ms,
            [(name, value.decode(errors="replace")) for name, value in record.headers],
            record.value is not None,
        ]
    )
    return about + b"\n" + (record.value or b"")


def _unpacked(key: str, packed: bytes) -> Record:
    about, _, value = packed.partition(b"\n")
    topic, partition, offset, timestamp_ms, headers, has_value = orjson.loads(about)
    return Record(
        topic,
        partition,
        offset,
        timestamp_ms,
        key.encode(),
        value if has_value else None,
        tuple((name, text.encode()) for name, text in headers),
    )
