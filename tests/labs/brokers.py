"""A lab for each adapter of the port `Broker`: one installation, and several brokers on it.

What a lab starts sees the same topics as everything else of that lab, as several processes
would; `labs.member` is such a process, to be frozen or killed. The suite in ``tests/contract``
asks for the fixture `lab` and runs on every adapter.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from anji_common.broker.port import Broker, Task, Work
from anji_common.clock import SystemClock
from anji_common.messages import Record

__all__ = ["BrokerLab", "lab", "polled", "records_of", "told", "until"]

_LOOK_SECONDS = 0.05
_WAIT_SECONDS = 30.0
_SETTLE_SECONDS = 10.0


@dataclass
class BrokerLab(ABC):
    """One installation on one adapter."""

    partitions: int = 4
    """Enough for members to share, few enough to be quick."""
    session_timeout_seconds: float = 2.0
    """A member that is silent for so long has lost its tasks."""
    started: list[Broker] = field(default_factory=list, repr=False)
    others: list["BrokerLab"] = field(default_factory=list, repr=False)

    @property
    @abstractmethod
    def arguments(self) -> Sequence[str]:
        """What another process makes the same lab from; the first word names the adapter."""

    @property
    @abstractmethod
    def environment(self) -> Mapping[str, str]:
        """The settings by which the `anji` command finds this installation."""

    @property
    def settings_of_a_process(self) -> Mapping[str, str]:
        """The same, for services that share the work: partitions, and when one counts as dead."""
        return {
            **self.environment,
            "ANJI_PARTITIONS": str(self.partitions),
            "ANJI_KAFKA_SESSION_TIMEOUT_SECONDS": str(max(self.session_timeout_seconds, 6.0)),
        }

    @abstractmethod
    def start(self, *, partitions: int | None = None) -> Broker:
        """Return another broker on the same topics, as another process would have."""

    @abstractmethod
    def another(self) -> "BrokerLab":
        """Return the lab of another installation, which sees nothing of this one."""

    @asynccontextmanager
    async def member(self, group: str, inputs: Sequence[str], work: Work) -> AsyncIterator[None]:
        """Let one more member of `group` work meanwhile; what it fails with is raised."""
        serving = asyncio.ensure_future(self.start().serve(group, inputs, work))
        try:
            yield
        finally:
            serving.cancel()
            await asyncio.wait([serving])
            if not serving.cancelled():
                serving.result()

    async def until_caught_up(
        self,
        broker: Broker,
        group: str,
        inputs: Sequence[str],
        within_seconds: float = _WAIT_SECONDS,
    ) -> None:
        """Wait until `group` has moved past all records of topics that no task writes to."""
        clock = SystemClock()
        async with asyncio.timeout(within_seconds):
            while any(one.records > 0 for one in await broker.lag(group, inputs)):
                await clock.sleep(_LOOK_SECONDS)

    async def close(self) -> None:
        """Close all that was started."""
        for one in self.others:
            await one.close()
        for broker in self.started:
            await broker.close()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what other tasks of this loop bring about."""
    clock = SystemClock()
    async with asyncio.timeout(_WAIT_SECONDS):
        while not condition():
            await clock.sleep(_LOOK_SECONDS)


async def told(ask: Callable[[], Awaitable[object]], expected: object) -> object:
    """Ask until the answer is `expected`, or for a while; return the last answer.

    What a commit wrote is seen together, but on Kafka a moment after it has returned: the
    markers of its transaction are written when it is decided already.
    """
    clock = SystemClock()
    deadline = clock.monotonic() + _SETTLE_SECONDS
    while (answer := await ask()) != expected and clock.monotonic() < deadline:
        await clock.sleep(_LOOK_SECONDS)
    return answer


async def polled(task: Task, count: int) -> list[Record]:
    """Return the next `count` records of a task, which may come in several polls."""
    found: list[Record] = []
    async with asyncio.timeout(_WAIT_SECONDS):
        while len(found) < count:
            found += await task.poll(max_records=count - len(found), wait_seconds=1)
    return found


async def records_of(
    broker: Broker, topic: str, starts: Mapping[int, int] | None = None
) -> list[Record]:
    """Return all committed records of a topic, from its beginning or from `starts` on."""
    ends = await broker.ends(topic)
    starts = await broker.beginnings(topic) if starts is None else starts
    reader = await broker.reader(topic, starts)
    found: list[Record] = []
    try:
        async with asyncio.timeout(_WAIT_SECONDS):
            while any(reader.position(partition) < ends[partition] for partition in starts):
                found += await reader.poll(wait_seconds=0.5)
    finally:
        await reader.close()
    return found


@pytest.fixture(params=["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
def lab(request: pytest.FixtureRequest) -> BrokerLab:
    """Each adapter's lab, one after the other."""
    found: BrokerLab = request.getfixturevalue(f"{request.param}_lab")
    return found
