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
        self._logs = {partition: shape.log(partition) for partition in starts}
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
            await self._core.wakeups.wait(self._event, [*self._logs.values()], remaining)
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
        logs, ends = tuple(self._logs.items()), self._core.store.ends
        first = self._turn % len(logs) if logs else 0
        found: list[Record] = []
        for partition, log in (*logs[first:], *logs[:first]):
            start = self._positions[partition]
            if start < ends.get(log, 0):
                records, self._positions[partition] = self._core.store.read(
                    self._shape, partition, start, max_records - len(found)
                )
                found += records
                if len(found) >= max_records:
                    break
        return found
