"""Where the reading of retained records begins."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from anji_common.broker.port import Broker

__all__ = ["Start"]


@dataclass(frozen=True, slots=True)
class Start:
    """Where reading begins: at a time, at one offset of all partitions, or at the oldest."""

    since: datetime | None = None
    offset: int | None = None

    async def of(self, broker: Broker, topic: str) -> Mapping[int, int]:
        """Return the offset of each partition."""
        if self.since is not None:
            return await broker.offsets_at(topic, self.since)
        beginnings = await broker.beginnings(topic)
        if self.offset is None:
            return beginnings
        return {each: max(self.offset, first) for each, first in beginnings.items()}

    def __str__(self) -> str:
        if self.since is not None:
            return f"since {self.since.isoformat(timespec='seconds')}"
        return "all that is retained" if self.offset is None else f"from offset {self.offset}"
