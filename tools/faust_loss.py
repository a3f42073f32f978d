"""Shows on a real Kafka what Faust loses, and that a task of ours loses nothing.

``PYTHONPATH=tests .venv/bin/python tools/faust_loss.py`` prints a table after two minutes. It
takes the Kafka at ``KAFKA_BOOTSTRAP``, else starts one of its own as the tests do, with Java.
What follows is in ``docs/adr/0004-faust-is-not-on-the-critical-path.md``.

The same two things are done to both, in processes of their own. *Raise*: in the worker's first
life the handling of some numbers raises; in its second, all is well. *Kill*: the handling of one
number never ends while the others go on, and the process is killed (SIGKILL), three times over.
"""

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from anji_common.broker.kafka_broker import KafkaBroker
from anji_common.clock import SystemClock
from labs.kafka import KafkaLab
from labs.kafka_jars import JavaMissingError
from labs.kafka_server import KafkaServer
from labs.kafka_settings import LabSettings
from labs.losses import COPIED, GROUP, SENT, Fate, numbers

__all__ = ["RUNTIMES", "Bench", "Outcome", "killed", "main", "raised", "show"]

RUNTIMES: Mapping[str, str] = {"Faust": "labs.faust_worker", "Anji": "labs.task_worker"}
"""Each runtime's worker."""

_TESTS = Path(__file__).parents[1] / "tests"
_CONCURRENCY = 2
_BURST = 20
_KILLS = 3
_RAISING = frozenset(range(5, 20, 5))
# Faust commits every 2.8 s unless told otherwise: what is in flight when that has happened twice
# is judged as it stands.
_COMMITTED_SECONDS = 6.0
_WORK_SECONDS = 60.0
# After its last life a worker gets this long for what might still come.
_QUIET_SECONDS = 4.0
_LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the numbers that were sent."""

    runtime: str
    experiment: str
    sent: int
    copied: Counter[int]

    @property
    def lost(self) -> list[int]:
        """The numbers that were never copied."""
        return [n for n in range(self.sent) if not self.copied[n]]

    @property
    def doubled(self) -> int:
        """How many were copied more than once."""
        return sum(1 for times in self.copied.values() if times > 1)


class Bench:
    """One runtime's worker on topics of its own."""

    def __init__(self, lab: KafkaLab, runtime: str) -> None:
        self._lab = lab
        self._runtime = runtime
        self._clock = SystemClock()
        self.broker: KafkaBroker = lab.start()

    @asynccontextmanager
    async def worker(self, fate: Fate) -> AsyncIterator[asyncio.subprocess.Process]:
        """One life of the worker; killed in the end, if it still runs."""
        lab = self._lab
        arguments = (lab.bootstrap, lab.prefix, str(lab.session_timeout_seconds))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", RUNTIMES[self._runtime], *arguments, str(_CONCURRENCY)),
            *fate.arguments,
            cwd=_TESTS,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def said(self, process: asyncio.subprocess.Process, words: str) -> None:
        """Wait until the worker says `words`; return also when it has ended."""
        output = process.stdout
        async with asyncio.timeout(_WORK_SECONDS):
            while output is not None and (line := await output.readline()):
                if line.decode().strip() == words:
                    return

    async def until_committed(self, offset: int, within_seconds: float) -> bool:
        """Return whether the group moves past `offset` within that time."""
        end = self._clock.monotonic() + within_seconds
        while self._clock.monotonic() < end:
            standing = await self.broker.committed(GROUP, [SENT.name])
            if standing[SENT.name].get(0, 0) > offset:
                return True
            await self._clock.sleep(_LOOK_SECONDS)
        return False

    async def copies(self) -> Counter[int]:
        """Return how often each number stands in the topic of copies now."""
        ends = await self.broker.ends(COPIED.name)
        reader = await self.broker.reader(COPIED.name, {0: 0})
        found: Counter[int] = Counter()
        while reader.position(0) < ends[0]:
            records = await reader.poll(wait_seconds=0.5)
            found.update(int(record.value or b"") for record in records)
        await reader.close()
        return found

    async def last_life(self, sent: int) -> Counter[int]:
        """Let a worker to whom nothing happens finish; return what is copied then.

        Raises:
            TimeoutError: it does not; nothing is known about losses then.
        """
        async with self.worker(Fate()):
            if not await self.until_committed(sent - 1, _WORK_SECONDS):
                msg = f"{self._runtime} did not come to the end of {sent} numbers"
                raise TimeoutError(msg)
            end = self._clock.monotonic() + _QUIET_SECONDS
            while len(found := await self.copies()) < sent and self._clock.monotonic() < end:
                await self._clock.sleep(_LOOK_SECONDS)
        return found


async def raised(lab: KafkaLab, runtime: str) -> Outcome:
    """Let some handlings raise, then start a worker to whom nothing happens."""
    bench = await _bench(lab, runtime)
    await bench.broker.publish(numbers(0, _BURST))
    async with bench.worker(Fate(raising=_RAISING)) as worker:
        await bench.said(worker, f"raised {max(_RAISING)}")
        await bench.until_committed(_BURST - 1, _COMMITTED_SECONDS)
    return Outcome(runtime, "the handler raises", _BURST, await bench.last_life(_BURST))


async def killed(lab: KafkaLab, runtime: str) -> Outcome:
    """Kill workers with a number in flight, then start one to whom nothing happens."""
    bench = await _bench(lab, runtime)
    for first in range(0, _KILLS * _BURST, _BURST):
        await bench.broker.publish(numbers(first, _BURST))
        async with bench.worker(Fate(holding=frozenset([first]))) as worker:
            await bench.said(worker, f"holding {first}")
            await bench.until_committed(first + _BURST - 1, _COMMITTED_SECONDS)
    sent = _KILLS * _BURST
    return Outcome(runtime, "SIGKILL with one in flight", sent, await bench.last_life(sent))


async def _bench(lab: KafkaLab, runtime: str) -> Bench:
    bench = Bench(lab, runtime)
    await bench.broker.declare([SENT, COPIED])
    return bench


def show(console: Console, outcomes: Sequence[Outcome]) -> None:
    """Print what was sent and what survived."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("experiment", "runtime"):
        table.add_column(name)
    for name in ("sent", "survived", "lost", "doubled"):
        table.add_column(name, justify="right")
    table.add_column("which were lost")
    for one in outcomes:
        figures = (one.sent, one.sent - len(one.lost), len(one.lost), one.doubled)
        lost = ", ".join(str(n) for n in one.lost)
        table.add_row(one.experiment, one.runtime, *(str(figure) for figure in figures), lost)
    console.print(table)


@asynccontextmanager
async def _kafka() -> AsyncIterator[str]:
    """Yield the address of a Kafka: the one that is given, or one that lives as long as this."""
    settings = LabSettings()
    if settings.kafka_bootstrap:
        yield settings.kafka_bootstrap
        return
    with TemporaryDirectory(prefix="faust-loss-", ignore_cleanup_errors=True) as folder:
        server = KafkaServer(Path(folder), settings.cache)
        await server.start()
        try:
            yield server.bootstrap
        finally:
            await server.stop()


async def main() -> int:
    """Run both experiments on both runtimes, and print what came out."""
    outcomes = []
    async with _kafka() as bootstrap:
        for experiment in (raised, killed):
            for runtime in RUNTIMES:
                lab = KafkaLab(bootstrap=bootstrap, partitions=1, session_timeout_seconds=6.0)
                outcomes.append(await experiment(lab, runtime))
                await lab.close()
    show(Console(), outcomes)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(asyncio.run(main()))
    except JavaMissingError as missing:
        sys.exit(f"no Kafka at KAFKA_BOOTSTRAP, and none can be started: {missing}")
