"""A reader of `EmbeddedBroker`: given partitions from given offsets, outside any group."""

import asyncio
from collections.abc import Mapping

from anji_common.broker.embedded_core import EmbeddedCore
from anji_common.broker.embedded_store import Shape
from anji_common.messages import Record

__all__ = ["EmbeddedReader"]


class EmbeddedReader:
    """The port `Reader`."""

    def __init__(self, core: EmbeddedCore, shape: Shape, starts: Mapping[int, int]) -> None:
        self._core = core
        self._shape = shape
        self._positions = {
            partition: max(start, core.store.beginning(shape.log(partition)))
            for partition, start in starts.items()
        }
        self._event = asyncio.Event()
        self._turn = 0

    async def poll(self, *, max_records: int = 500, wait_seconds: float = 0.0) -> list[Record]:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait_seconds
        while True:
            self._event.clear()
            self._core.store.refresh()
            found = self._read(max_records)
            remaining = deadline - loop.time()
            if found or remaining <= 0:
                break
            keys = [self._shape.log(partition) for partition in self._positions]
            await self._core.wakeups.wait(self._event, keys, remaining)
        if not found:
            await self._core.clock.sleep(0)  # a loop of empty polls must not starve the others
        return found

    def position(self, partition: int) -> int:
        return self._positions[partition]

    async def close(self) -> None:
        self._event.set()

    def _read(self, max_records: int) -> list[Record]:
        """Read the partitions in turn, each time beginning with another, so that none starves."""
        self._turn += 1
        partitions = tuple(self._positions)
        ends = self._core.store.ends
        found: list[Record] = []
        for number in range(len(partitions)):
            partition = partitions[(self._turn + number) % len(partitions)]
            start = self._positions[partition]
            if start < ends.get(self._shape.log(partition), 0):
                records, self._positions[partition] = self._core.store.read(
                    self._shape, partition, start, max_records - len(found)
                )
                found += records
            if len(found) >= max_records:
                break
        return found
