"""What is measured stands on a broker: embedded in a file, or a real Kafka where there is one."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from uuid import uuid4

from anji_common.broker.embedded_broker import EmbeddedBroker
from anji_common.broker.kafka_broker import KafkaBroker
from anji_common.broker.kafka_settings import KafkaSettings
from anji_common.broker.port import Broker
from anji_common.clock import SystemClock
from anji_common.refs import System
from anji_common.runtime import Runtime
from anji_common.topics import declared_topics
from anji_mapper.mapping.model import Mappings

__all__ = ["Stand", "declare", "embedded_stand", "kafka_stand"]

Opened = Callable[[Mappings], AbstractAsyncContextManager[Runtime]]


@dataclass(frozen=True, slots=True)
class Stand:
    """A kind of broker; each opening has topics and files of its own."""

    name: str
    opened: Opened
    settings: Mapping[str, str]
    """Of an installation on it, in a process of its own."""


def embedded_stand() -> Stand:
    """Return the embedded broker, in a file on this machine's disk."""

    @asynccontextmanager
    async def opened(mappings: Mappings) -> AsyncIterator[Runtime]:
        with TemporaryDirectory(prefix="anji-bench-") as home:
            broker = EmbeddedBroker(Path(home) / "broker.sqlite", clock=SystemClock())
            async with _runtime(broker, mappings, Path(home)) as runtime:
                yield runtime

    return Stand("embedded", opened, {"ANJI_BROKER": "embedded"})


def kafka_stand(bootstrap: str) -> Stand:
    """Return the Kafka at that address; its topics stay behind, under a prefix of their own."""

    @asynccontextmanager
    async def opened(mappings: Mappings) -> AsyncIterator[Runtime]:
        settings = KafkaSettings(bootstrap_servers=bootstrap, replication_factor=1)
        prefix = f"bench-{uuid4().hex[:8]}."
        with TemporaryDirectory(prefix="anji-bench-") as home:
            broker = KafkaBroker(settings, SystemClock(), topic_prefix=prefix)
            async with _runtime(broker, mappings, Path(home)) as runtime:
                yield runtime

    settings = {
        "ANJI_BROKER": "kafka",
        "ANJI_KAFKA_BOOTSTRAP_SERVERS": bootstrap,
        "ANJI_KAFKA_REPLICATION_FACTOR": "1",
    }
    return Stand("Kafka", opened, settings)


async def declare(broker: Broker, mappings: Mappings) -> None:
    """Make the topics of an installation with these mappings."""
    objects = {
        system: tuple(each.object_name for each in mappings.interest(system).objects)
        for system in System
    }
    await broker.declare(declared_topics(objects))


@asynccontextmanager
async def _runtime(broker: Broker, mappings: Mappings, home: Path) -> AsyncIterator[Runtime]:
    try:
        await declare(broker, mappings)
        yield Runtime(broker, SystemClock(), Random("bench"), home / "views")
    finally:
        await broker.close()
