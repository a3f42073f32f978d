"""One Kafka broker as a process of ours: start, stop, kill, freeze, and start again.

A single KRaft node on localhost without Docker; its port is chosen once, below what is lent to
outgoing calls, and kept, so that clients find it again after a restart. Tuned for tests: a small
heap, one partition for the internal topics, quick compaction, sessions as short as a test wants
them (a killed broker is let in again when the session of its former life is over), and an archive
of loaded classes (AppCDS), which halves the start.
"""

import asyncio
import base64
import resource
import shutil
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from anji.sandboxes import free_port
from anji_common.clock import SystemClock
from labs.kafka_jars import KAFKA_VERSION, fetch_jars
from labs.kafka_probe import NotReadyError, until_ready

__all__ = ["KafkaServer", "free_ports"]

_HOST = "127.0.0.1"
_STOP_SECONDS = 20.0
_PAUSE_SECONDS = 0.03
_LOGGING = """status=error
appender.c.type=Console
appender.c.name=C
appender.c.layout.type=PatternLayout
appender.c.layout.pattern=%d %p %c{1} %m%n
rootLogger.level=warn
rootLogger.appenderRef.c.ref=C
"""
_PROPERTIES = """process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller_port}
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=PLAINTEXT://{host}:{port}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={folder}/data
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
broker.heartbeat.interval.ms=200
broker.session.timeout.ms=1000
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=500
log.cleaner.backoff.ms=200
log.cleaner.min.cleanable.ratio=0.01
log.cleaner.dedupe.buffer.size=16777216
log.retention.check.interval.ms=1000
"""


@dataclass
class KafkaServer:
    """A broker whose data lives in `folder`; `cache` keeps jars and class archives."""

    folder: Path
    cache: Path
    heap_megabytes: int = 384
    port: int = 0
    more_properties: str = ""
    """Further settings of the broker; the last word on one counts."""
    format_options: Sequence[str] = ()
    """What its storage is formatted with, such as users."""
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def bootstrap(self) -> str:
        """What a client is given."""
        return f"{_HOST}:{self.port}"

    async def start(self) -> None:
        """Start, or start again on the same port and data, and wait until transactions work.

        Raises:
            JavaMissingError: this machine cannot run one.
            NotReadyError: it did not come up; ``broker.log`` in the folder says why.
        """
        jars = await asyncio.to_thread(fetch_jars, self.cache)
        if self.port == 0:
            await self._format(jars)
        command = self._java(jars, "server", "kafka.Kafka", str(self._properties))
        self._process = self._spawn(command)
        await until_ready(_HOST, self.port)

    async def stop(self) -> None:
        """End it in order; at once if that takes too long."""
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await self._end(signal.SIGTERM)
        except TimeoutError:
            await self._end(signal.SIGKILL)
        self._keep_archive("server")

    async def kill(self) -> None:
        """End it at once (SIGKILL)."""
        await self._end(signal.SIGKILL)

    def send(self, what: signal.Signals) -> None:
        """Send it a signal, such as one that freezes it."""
        if self._process is not None:
            self._process.send_signal(what)

    def deny_room(self) -> None:
        """Let none of its files grow any more, as on a full disk; it will end because of it."""
        if self._process is not None:
            _, hard = resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, (1, hard))

    async def wait(self) -> None:
        """Wait until it has ended by itself."""
        if self._process is not None:
            await _ended(self._process)

    @property
    def _properties(self) -> Path:
        return self.folder / "server.properties"

    async def _format(self, jars: Path) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port, controller_port = free_ports(2)
        properties = (_PROPERTIES + self.more_properties).format(
            host=_HOST, port=self.port, controller_port=controller_port, folder=self.folder
        )
        self._properties.write_text(properties)
        (self.folder / "log4j2.properties").write_text(_LOGGING)
        cluster = "a" + base64.urlsafe_b64encode(uuid4().bytes).decode()[1:22]
        arguments = ("format", "-t", cluster, "-c", str(self._properties), *self.format_options)
        formatting = self._spawn(self._java(jars, "format", "kafka.tools.StorageTool", *arguments))
        if await _ended(formatting) != 0:
            msg = f"Kafka could not format its storage; see {self.folder / 'broker.log'}"
            raise NotReadyError(msg)
        self._keep_archive("format")

    def _java(self, jars: Path, archive: str, main: str, *arguments: str) -> list[str]:
        kept, fresh = self._archive(archive)
        classes = ":".join(str(jar) for jar in sorted(jars.glob("*.jar")))
        sharing = f"-XX:SharedArchiveFile={kept}"
        return [
            *(shutil.which("java") or "java", "-Xms128m", f"-Xmx{self.heap_megabytes}m"),
            *("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
            sharing if kept.exists() else f"-XX:ArchiveClassesAtExit={fresh}",
            f"-Dlog4j2.configurationFile={self.folder / 'log4j2.properties'}",
            *("-cp", classes, main, *arguments),
        ]

    def _archive(self, name: str) -> tuple[Path, Path]:
        """Return the archive of loaded classes, and where an ending Java would write a new one."""
        return self.cache / f"{name}-{KAFKA_VERSION}.jsa", self.folder / f"{name}.jsa"

    def _keep_archive(self, name: str) -> None:
        kept, fresh = self._archive(name)
        if fresh.exists() and not kept.exists():
            partial = kept.with_name(f"{kept.name}.{self.port}")
            shutil.move(fresh, partial)
            partial.rename(kept)  # at once, for others may be starting

    def _spawn(self, command: list[str]) -> subprocess.Popen[bytes]:
        keeper = shutil.which("setpriv")
        if keeper is not None:  # Linux: let it end with us, however we end
            command = [keeper, "--pdeathsig", "KILL", *command]
        with (self.folder / "broker.log").open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - our own command
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    async def _end(self, how: signal.Signals) -> None:
        self.send(how)
        if self._process is not None:
            await _ended(self._process)


async def _ended(process: subprocess.Popen[bytes]) -> int:
    clock = SystemClock()
    while (code := process.poll()) is None:
        await clock.sleep(_PAUSE_SECONDS)
    return code


def free_ports(count: int) -> list[int]:
    """Return so many ports, each another, that no outgoing call is lent meanwhile."""
    found: set[int] = set()
    while len(found) < count:
        found.add(free_port())
    return sorted(found)
