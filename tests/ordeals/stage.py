"""Where an ordeal takes place: two vendors, Anji in one process or in many, all of them real.

`anji up` stands on the embedded broker, the services as separate processes on Kafka. Whatever is
done to a process is counted here: an ordeal in which nothing was broken proves nothing.
"""

import math
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

from anji.installation import Installation
from anji.sandboxes import free_port, settings_of
from anji_common.budget import seconds_to_midnight
from anji_common.clock import SystemClock
from anji_common.refs import System
from labs.installation import until
from labs.kafka_server import KafkaServer
from labs.processes import AnjiProcess, discard_all
from labs.small_disk import small_disk
from ordeals.diary import Diary
from ordeals.shelves import Shelves
from ordeals.staff import Staff
from ordeals.vendors import VENDORS, Vendor

__all__ = ["SERVICES", "STARTED", "Bound", "Form", "Stage", "open_stage"]

_CLOCK = SystemClock()
_LONGEST_START_SECONDS = 600.0
"""Of six processes and Kafka: a minute of a processor, which a busy machine gives in ten."""
STARTED = b"services.started"
"""What a process of Anji says when it works."""
Form = Literal["up", "services"]
SERVICES = (
    "fxiaoke-callback",
    "fxiaoke-source",
    "fxiaoke-writer",
    "k3cloud-source",
    "k3cloud-writer",
    "mapper",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A figure of a run, and what it may be."""

    words: str
    value: float
    at_most: float = math.inf
    at_least: float = 0.0
    is_judged: bool = False
    """Whether a figure beyond it is a failure; those of seconds are told and not judged."""

    @property
    def is_kept(self) -> bool:
        """Whether it is within."""
        return self.at_least <= self.value <= self.at_most


@dataclass
class Stage:
    """All processes of one installation, and what was done to them."""

    folder: Path
    vendors: dict[str, Vendor]
    anji: dict[str, AnjiProcess]
    settings: Mapping[str, str]
    diary: Diary
    without: Sequence[str] = ()
    """Rules that Anji goes without."""
    kafka: KafkaServer | None = None
    ahead_seconds: float = 0.0
    """How far Anji's clocks go ahead of the machine's."""
    midnight_at: float = 0.0
    """When it is midnight in Beijing by Anji's clocks, by the monotonic clock."""
    staff: Staff | None = None
    broken: Counter[str] = field(default_factory=Counter)
    """What was broken, by what it was, and how often."""
    seen: dict[str, float] = field(default_factory=dict)
    """Figures of this run that are no harm."""
    bounds: list[Bound] = field(default_factory=list)
    """Figures that the suite promises."""
    is_measured: bool = False
    """Whether the run is long enough for them to be judged."""
    heard: set[tuple[str, str, datetime]] = field(default_factory=set)
    """Notices that people have acted on: link, kind and time."""
    peoples_writes: int = 0
    """Of people in accidents; the staff counts its own."""
    work_seconds: float = 0.0
    """How long people work: other things take as long, so that the long form is long."""
    patience_seconds: float = 0.0
    """How long something is waited for that may never come."""
    began: float = field(default_factory=_CLOCK.monotonic)

    def tell(self, words: str) -> None:
        """Say how far the run is."""
        minutes = (_CLOCK.monotonic() - self.began) / 60
        sys.stdout.write(f"  {self.folder.name}, {minutes:.1f} min: {words}\n")
        sys.stdout.flush()

    @property
    def people(self) -> Staff:
        """Who works here; there from the moment when things begin to break."""
        assert self.staff is not None
        return self.staff

    async def provoke(self) -> None:
        """Have a person make a customer, so that something crosses now."""
        await self.people.make_customer()

    def let_midnight_come(self, seconds: float) -> None:
        """Set Anji's clocks, which do not run yet, so that midnight comes so soon."""
        self.midnight_at = _CLOCK.monotonic() + seconds
        self.ahead_seconds = seconds_to_midnight(_CLOCK.now()) - seconds

    def shelves(self) -> Shelves:
        """Return what stands in both systems now."""
        return Shelves.read(self.vendors["fxiaoke"].data, self.vendors["k3cloud"].data)

    async def writes(self) -> Counter[str]:
        """Return what was written on both sides, by people and by Anji."""
        found: Counter[str] = Counter()
        for vendor in self.vendors.values():
            found.update(await vendor.writes())
        return found

    @property
    def installation(self) -> dict[str, str]:
        """Settings of whoever looks into the installation, or types a command."""
        return {**self.settings, "ANJI_HOME": str(self.home)}

    def process(self, name: str, words: Sequence[str]) -> AnjiProcess:
        """Return a process of Anji with a home of its own, not started yet."""
        settings = {**self.settings, "ANJI_HOME": str(self.folder / name)}
        if self.without:
            launcher = ("ordeals.without", ",".join(self.without))
        elif self.ahead_seconds:
            launcher = ("ordeals.clocks", str(self.ahead_seconds))
        else:
            return AnjiProcess(settings, self.log(name), words)
        program = (sys.executable, "-m", *launcher)
        settings["PYTHONPATH"] = str(Path(__file__).parents[1])
        return AnjiProcess(settings, self.log(name), words, program)

    @property
    def home(self) -> Path:
        """The home of `anji up`, where the embedded broker's file stands."""
        return self.folder / "anji"

    def log(self, name: str) -> Path:
        """Where a process of Anji says what it does."""
        return self.folder / f"{name}.log"

    def said(self, words: bytes) -> int:
        """Return how often Anji's processes have said this."""
        logs = [self.log(name) for name in self.anji]
        return sum(log.read_bytes().count(words) for log in logs if log.exists())

    async def all_started(self) -> None:
        """Return when every process works, or has ended by itself.

        Only then does it tell anything that a record has not crossed: on a busy machine a start
        takes longer than a control is waited for.
        """
        await until(
            lambda: all(each.has_said(STARTED) or each.has_ended for each in self.anji.values()),
            "every process has started",
            seconds=_LONGEST_START_SECONDS,
        )

    def freeze(self, name: str) -> None:
        """Stop a process where it stands."""
        self.anji[name].send(signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        """Let it go on."""
        self.anji[name].send(signal.SIGCONT)


@asynccontextmanager
async def open_stage(  # noqa: PLR0913 - what a stage is made of
    folder: Path,
    form: Form,
    seed: str,
    *,
    settings: Mapping[str, str],
    switches: Mapping[str, Mapping[str, object]],
    without: Sequence[str] = (),
    kafka: KafkaServer | None = None,
    disk_megabytes: int = 0,
    midnight_seconds: float = 0.0,
) -> AsyncIterator[Stage]:
    """Yield a stage on which every source has begun, so that what people do is news.

    Args:
        folder: For the files of all processes; empty.
        form: One process, or one for each service.
        seed: Of both vendors' ids and chance.
        settings: Of Anji, over those that every stage has.
        switches: Of the sandboxes, by vendor.
        without: Rules that Anji goes without, for a control.
        kafka: Where the services meet; needed for that form.
        disk_megabytes: Of a disk of its own for the home of `anji up`; 0 for none.
        midnight_seconds: When midnight comes by Anji's clocks; 0 leaves them alone.
    """
    stage = _new_stage(folder, seed, switches, without, kafka)
    vendors, disk = stage.vendors, ExitStack()
    try:
        if disk_megabytes:
            disk.enter_context(small_disk(stage.home, disk_megabytes))
        for vendor in vendors.values():
            await vendor.start()
        stage.settings = {**_settings(stage), **settings}
        if midnight_seconds:
            stage.let_midnight_come(midnight_seconds)
        names = {"anji": ("up",)} if form == "up" else {each: ("run", each) for each in SERVICES}
        stage.anji = {name: stage.process(name, words) for name, words in names.items()}
        for process in stage.anji.values():
            process.start()
        objects = _objects(stage)
        await until(
            lambda: stage.said(b"source.begun") >= objects,
            "every source has begun",
            seconds=_LONGEST_START_SECONDS,
        )
        yield stage
    finally:
        discard_all()
        for vendor in vendors.values():
            await vendor.end()
        disk.close()


def _new_stage(
    folder: Path,
    seed: str,
    switches: Mapping[str, Mapping[str, object]],
    without: Sequence[str],
    kafka: KafkaServer | None,
) -> Stage:
    folder.mkdir()
    callback_port = free_port()
    vendors: dict[str, Vendor] = {
        name: Vendor(name, folder / name, callback_port, seed, switches=switches.get(name, {}))
        for name in VENDORS
    }
    return Stage(folder, vendors, {}, {}, Diary(folder / "diary.jsonl"), without, kafka)


def _objects(stage: Stage) -> int:
    """Return how many objects have a source: both sides' of every link type."""
    mappings = Installation.read({**stage.settings, "ANJI_HOME": str(stage.home)}).mappings
    return len(
        {(system, each.side(system).object_name) for system in System for each in mappings.types}
    )


def _settings(stage: Stage) -> dict[str, str]:
    known = {name: vendor.known for name, vendor in stage.vendors.items()}
    found = {
        **{name: value for name, value in settings_of(known).items() if "ADMIN" not in name},
        "ANJI_HEALTH_PORT": "0",
        "ANJI_FXIAOKE_CALLBACK_PORT": str(stage.vendors["fxiaoke"].callback_port),
        "ANJI_FXIAOKE_CALLS_PER_WINDOW": str(10**6),
        "ANJI_FXIAOKE_CALLS_PER_DAY": str(10**9),
        "ANJI_FXIAOKE_POLL_SECONDS": "1",
        "ANJI_FXIAOKE_MOST_POLL_SECONDS": "2",
        "ANJI_K3CLOUD_POLL_SECONDS": "1",
        "ANJI_WRITER_PAUSE_SECONDS": "5",
        "ANJI_WRITER_PROCESSING_SECONDS": "5",
        "ANJI_PARTITIONS": "4",
    }
    if stage.kafka is not None:
        found |= {
            "ANJI_BROKER": "kafka",
            "ANJI_TOPIC_PREFIX": f"{stage.folder.name}.",
            "ANJI_KAFKA_BOOTSTRAP_SERVERS": stage.kafka.bootstrap,
            "ANJI_KAFKA_REPLICATION_FACTOR": "1",
            "ANJI_KAFKA_SESSION_TIMEOUT_SECONDS": "6",
        }
    return found
