"""The embedded broker's lab: one file, opened by as many brokers as a test wants."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from anji_common.broker.embedded_broker import EmbeddedBroker, EmbeddedTimes
from anji_common.clock import SystemClock
from labs.brokers import BrokerLab

__all__ = ["EmbeddedLab", "embedded_lab"]


@dataclass(kw_only=True)
class EmbeddedLab(BrokerLab):
    """A home folder: whatever `start` returns has opened the same file."""

    home: Path

    @property
    def arguments(self) -> Sequence[str]:
        return (
            "embedded",
            str(self.home),
            str(self.partitions),
            str(self.session_timeout_seconds),
        )

    @property
    def environment(self) -> Mapping[str, str]:
        return {"ANJI_HOME": str(self.home), "ANJI_BROKER": "embedded"}

    def start(self, *, partitions: int | None = None) -> EmbeddedBroker:
        broker = EmbeddedBroker(
            self.home / "broker.sqlite",
            clock=SystemClock(),
            partitions=partitions or self.partitions,
            times=EmbeddedTimes(member_timeout_seconds=self.session_timeout_seconds),
        )
        self.started.append(broker)
        return broker

    def another(self) -> "EmbeddedLab":
        other = EmbeddedLab(home=self.home / f"another-{len(self.others)}")
        self.others.append(other)
        return other


@pytest.fixture
async def embedded_lab(tmp_path: Path) -> AsyncIterator[EmbeddedLab]:
    """A fresh home."""
    lab = EmbeddedLab(home=tmp_path)
    yield lab
    await lab.close()
