"""A real Kafka for tests, found or started: once per run, shared by its processes.

In this order: the one at ``KAFKA_BOOTSTRAP``; a container, where there is Docker; a process of
our own, where there is Java >= 17 and Maven. Every test has topics and groups of its own, by a
prefix, so nothing is deleted and tests may run at the same time.

``python -m labs.kafka up|down|env`` (from ``tests/``) keeps one for the hand, below the cache
folder: `up` starts it and prints ``KAFKA_BOOTSTRAP=…``, `env` prints it again, `down` stops it.
"""

import asyncio
import fcntl
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import pytest

from anji_common.broker.kafka_broker import KafkaBroker
from anji_common.broker.kafka_settings import KafkaSettings
from anji_common.clock import SystemClock
from labs.brokers import BrokerLab
from labs.kafka_guard import running, spawn_guard
from labs.kafka_jars import JavaMissingError
from labs.kafka_server import KafkaServer
from labs.kafka_settings import LabSettings
from labs.needs import absent

__all__ = ["KafkaLab", "kafka_bootstrap", "kafka_lab", "main", "private_kafka"]

_USUAL_SESSION_SECONDS = 6.0  # the least that a broker takes which nobody has told otherwise


@dataclass(kw_only=True)
class KafkaLab(BrokerLab):
    """A corner of a cluster: whatever `start` returns sees the same topics, and no others."""

    bootstrap: str
    prefix: str = field(default_factory=lambda: f"t{uuid4().hex[:12]}.")

    @property
    def settings(self) -> KafkaSettings:
        """What a broker of this lab is made from, here or in another process."""
        return KafkaSettings(
            bootstrap_servers=self.bootstrap,
            session_timeout_seconds=self.session_timeout_seconds,
            replication_factor=1,
        )

    @property
    def arguments(self) -> Sequence[str]:
        numbers = (str(self.partitions), str(self.session_timeout_seconds))
        return ("kafka", self.bootstrap, self.prefix, *numbers)

    @property
    def environment(self) -> Mapping[str, str]:
        return {
            "ANJI_BROKER": "kafka",
            "ANJI_TOPIC_PREFIX": self.prefix,
            "ANJI_KAFKA_BOOTSTRAP_SERVERS": self.bootstrap,
            "ANJI_KAFKA_REPLICATION_FACTOR": "1",
        }

    def start(self, *, partitions: int | None = None) -> KafkaBroker:
        broker = KafkaBroker(
            self.settings,
            SystemClock(),
            partitions=partitions or self.partitions,
            topic_prefix=self.prefix,
        )
        self.started.append(broker)
        return broker

    def another(self) -> "KafkaLab":
        other = KafkaLab(bootstrap=self.bootstrap)
        self.others.append(other)
        return other


@pytest.fixture(scope="session")
def kafka_bootstrap(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Address of the run's Kafka; the test fails or is skipped loudly where there is none."""
    given = LabSettings().kafka_bootstrap
    if given:
        yield given
        return
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if hasattr(request.config, "workerinput") else base) / "kafka"
    folder.mkdir(exist_ok=True)
    with (folder / "users.lock").open("w") as users, (folder / "start.lock").open("w") as starting:
        fcntl.flock(starting, fcntl.LOCK_EX)
        # In this order: the guard removes what it told before it lets the users' lock go.
        fcntl.flock(users, fcntl.LOCK_SH)
        found = running(folder) or asyncio.run(spawn_guard(folder))
        fcntl.flock(starting, fcntl.LOCK_UN)
        if found.absence:
            absent(request.config, "kafka", found.absence)
        yield found.bootstrap


@pytest.fixture
async def kafka_lab(kafka_bootstrap: str) -> AsyncIterator[KafkaLab]:
    """A fresh corner of the run's Kafka."""
    is_ours = not LabSettings().kafka_bootstrap
    lab = KafkaLab(bootstrap=kafka_bootstrap)
    if not is_ours:
        lab.session_timeout_seconds = _USUAL_SESSION_SECONDS
    yield lab
    await lab.close()


@pytest.fixture
async def private_kafka(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[KafkaServer]:
    """A broker of the test's own, to be stopped, killed and started again."""
    server = KafkaServer(tmp_path / "broker", LabSettings().cache)
    try:
        await server.start()
    except JavaMissingError as error:
        absent(request.config, "kafka", f"a broker that may be killed needs Java: {error}")
    yield server
    await server.kill()


def main(command: str) -> int:
    """Run one command of the line; return its exit code."""
    folder = LabSettings().cache / "running"
    found = running(folder)
    if command == "up" and found is None:
        found = asyncio.run(spawn_guard(folder, until_stopped=True))
    if found is None or found.absence:
        sys.stderr.write(f"no Kafka is running: {found.absence if found else 'run `up`'}\n")
        return 1
    if command == "down":
        with suppress(ProcessLookupError):
            os.kill(found.guard_pid, signal.SIGTERM)
        (folder / "running.json").unlink(missing_ok=True)
        return 0
    sys.stdout.write(f"KAFKA_BOOTSTRAP={found.bootstrap}\n")
    return 0


if __name__ == "__main__":
    if sys.argv[1:] not in (["up"], ["down"], ["env"]):
        sys.exit("usage: python -m labs.kafka up|down|env")
    sys.exit(main(sys.argv[1]))
