"""A little vendor behind the port `Feed`, and sources that read it.

The vendor is a real state machine whose clock has a grain; what queries show may lag behind, a
record may be torn, and the vendor may be down.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Literal

from anji_common.broker.embedded_broker import EmbeddedBroker
from anji_common.clock import Clock
from anji_common.errors import RateLimitedError, UndecodableError, VendorUnavailableError
from anji_common.events.changes import Change
from anji_common.events.observed import Observed, Stamp
from anji_common.events.signals import Signal, SignalKind, source_key
from anji_common.interest import FieldInterest, Interest, ObjectInterest
from anji_common.messages import Record
from anji_common.refs import Ref, System
from anji_common.runtime import Runtime
from anji_common.sourcing.checkpoints import Checkpoint
from anji_common.sourcing.engine import run_source
from anji_common.sourcing.feed import Listed, Page, Unreadable, Window
from anji_common.sourcing.settings import SourceSettings
from anji_common.testing.virtual_time import LoopClock, run_virtually
from anji_common.topics import CALLBACKS, CHECKPOINTS, changes_topic, declared_topics
from labs.memory_broker import all_records

__all__ = ["INTEREST", "SETTINGS", "LittleFeed", "LittleShop", "SourceLab", "in_a_lab"]

INTEREST = Interest(
    System.K3CLOUD,
    tuple(ObjectInterest(name, "id", "no", (FieldInterest("text"),)) for name in ("Thing", "Bit")),
)
SETTINGS = SourceSettings(
    poll_seconds=1.0,
    most_poll_seconds=1.0,
    overlap_seconds=3.0,
    slack_seconds=5.0,
    hints_topic=CALLBACKS.name,
)
_PAGE_RECORDS = 3


@dataclass
class _Thing:
    text: str
    modified_at: datetime
    shown_at: float
    status: Literal["A", "C"] = "A"
    approved_at: datetime | None = None
    torn_until: float = 0.0


@dataclass
class LittleShop:
    """The vendor: records by object and id, and its troubles."""

    clock: Clock
    grain: timedelta = timedelta(milliseconds=1)
    lag_seconds: float = 0.0
    is_down: bool = False
    limited_seconds: float = 0.0
    things: dict[tuple[str, str], _Thing] = field(default_factory=dict)
    past: dict[tuple[str, str], _Thing] = field(default_factory=dict)
    """What queries still show while the newest version lags."""

    hidden: set[str] = field(default_factory=set)
    """Ids of records that no query shows to us."""

    def write(self, record_id: str, text: str, name: str = "Thing") -> None:
        key = (name, record_id)
        if key in self.things:
            self.past[key] = self.shown(key) or self.things[key]
        now = self.clock.monotonic()
        self.things[key] = _Thing(text, self.now(), now + self.lag_seconds)

    def make_old(self, count: int, days_apart: int) -> list[str]:
        """Make things of the past, evenly spread; return their ids in order."""
        made = [f"{number:02}" for number in range(count)]
        for number, record_id in enumerate(made):
            at = self.now() - timedelta(days=days_apart * (count - number))
            self.things["Thing", record_id] = _Thing("old", at, 0.0)
        return made

    def audit(self, record_id: str, *, days: int) -> None:
        """Audit a record: its modify date stays."""
        thing = self.things["Thing", record_id]
        thing.status = "C"
        thing.approved_at = self.now() + timedelta(days=days)

    def now(self) -> datetime:
        """Return the vendor's time, cut to its grain."""
        now = self.clock.now()
        return now - (now - datetime(2000, 1, 1, tzinfo=UTC)) % self.grain

    def shown(self, key: tuple[str, str]) -> _Thing | None:
        """Return what queries show of a record."""
        thing = None if key[1] in self.hidden else self.things.get(key)
        if thing is None or thing.shown_at <= self.clock.monotonic():
            return thing
        return self.past.get(key)


class LittleFeed:
    """The port over a `LittleShop`: one source's own connection."""

    page_records = _PAGE_RECORDS

    def __init__(self, shop: LittleShop) -> None:
        self._shop = shop
        self.reads: list[tuple[str, ...]] = []
        self.polls: Counter[str] = Counter()

    @property
    def system(self) -> System:
        return System.K3CLOUD

    @property
    def time_step_seconds(self) -> float:
        return self._shop.grain.total_seconds()

    async def now(self) -> datetime:
        return self._shop.clock.now()

    async def changed(
        self,
        interest: ObjectInterest,
        window: Window,
        seen: Mapping[str, str],  # noqa: ARG002 - the port's
    ) -> AsyncIterator[Page]:
        self.polls[interest.object_name] += 1
        last = ""
        while True:
            await self._ask()
            found = self._within(interest.object_name, window, last)
            if found:
                yield self._page(interest.object_name, found)
            if len(found) < self.page_records:
                return
            last = found[-1]

    async def read(
        self,
        interest: ObjectInterest,
        ids: Sequence[str],
        published: Collection[str] = (),  # noqa: ARG002 - the port's
    ) -> Page:
        await self._ask()
        self.reads.append(tuple(ids))
        return self._page(interest.object_name, ids)

    async def listed(self, interest: ObjectInterest, window: Window, behind: str) -> Listed:
        await self._ask()
        found = self._within(interest.object_name, window, behind)
        return Listed(tuple(found), is_last=len(found) < self.page_records)

    def _within(self, name: str, window: Window, behind: str) -> list[str]:
        return sorted(
            record_id
            for other, record_id in self._shop.things
            if other == name
            and record_id > behind
            and (thing := self._shop.shown((name, record_id))) is not None
            and any(
                window.since <= at < window.until
                for at in (thing.modified_at, thing.approved_at)
                if at is not None
            )
        )[: self.page_records]

    async def standing(self, interest: ObjectInterest, ids: Sequence[str]) -> Sequence[str]:
        await self._ask()
        found = (self._shop.shown((interest.object_name, each)) for each in ids)
        return [each for each, thing in zip(ids, found, strict=True) if thing is not None][::-1]

    async def _ask(self) -> None:
        await self._shop.clock.sleep(0.01)
        if self._shop.is_down:
            msg = "the little shop is down"
            raise VendorUnavailableError(msg)
        if self._shop.limited_seconds:
            msg = "too many calls"
            raise RateLimitedError(msg, retry_after_seconds=self._shop.limited_seconds)

    def _page(self, name: str, ids: Sequence[str]) -> Page:
        records: list[Observed] = []
        torn: list[str] = []
        unreadable: list[Unreadable] = []
        for record_id in ids:
            thing = self._shop.shown((name, record_id))
            if thing is None:
                continue
            if thing.torn_until > self._shop.clock.monotonic():
                torn.append(record_id)
            elif thing.text == "rubbish":
                unreadable.append(Unreadable(record_id, b"rubbish", UndecodableError("rubbish")))
            else:
                stamp = Stamp(
                    modified_at=thing.modified_at,
                    approved_at=thing.approved_at,
                    status=thing.status,
                )
                ref = Ref(System.K3CLOUD, name, record_id)
                records.append(Observed(ref=ref, stamp=stamp, data={"text": thing.text}))
        return Page(tuple(records), tuple(torn), tuple(unreadable))


@dataclass
class SourceLab:
    """A shop, a broker, and the sources that run."""

    clock: LoopClock
    broker: EmbeddedBroker
    shop: LittleShop
    settings: SourceSettings = SETTINGS
    sources: list[asyncio.Task[None]] = field(default_factory=list)

    def start(self, feed: LittleFeed | None = None) -> LittleFeed:
        """Start a source of its own, like a process."""
        feed = feed or LittleFeed(self.shop)
        runtime = Runtime(self.broker, self.clock, Random(1))
        work = run_source(feed, INTEREST, runtime, self.settings)
        self.sources.append(asyncio.create_task(work))
        return feed

    async def kill(self) -> None:
        """End every source where it stands."""
        for source in self.sources:
            source.cancel()
        await asyncio.gather(*self.sources, return_exceptions=True)
        self.sources.clear()

    async def wait(self, seconds: float) -> None:
        await self.clock.sleep(seconds)

    async def signal(
        self,
        kind: SignalKind = SignalKind.READ,
        record_id: str | None = None,
        answers: str | None = None,
        *,
        is_hint: bool = False,
    ) -> None:
        """Ask the source of things for something."""
        ref = None if record_id is None else Ref(System.K3CLOUD, "Thing", record_id)
        signal = Signal(
            system=System.K3CLOUD,
            object_name="Thing",
            kind=kind,
            at=self.clock.now(),
            ref=ref,
            answers=answers,
        )
        message = signal.to_message()
        if is_hint:
            message = type(message)(CALLBACKS.name, message.key, message.value, message.headers)
        await self.broker.publish([message])

    async def records(self, name: str = "Thing") -> list[Record]:
        return await all_records(self.broker, changes_topic(System.K3CLOUD, name))

    async def changes(self, name: str = "Thing") -> list[Change]:
        """Return every published change of an object, oldest first within a record."""
        return [Change.from_record(record) for record in await self.records(name)]

    async def texts(self, record_id: str = "1") -> list[object]:
        """Return the contents that were published of one thing, in order."""
        return [
            (change.data or {}).get("text")
            for change in await self.changes()
            if change.ref.record_id == record_id
        ]

    async def checkpoint(self) -> Checkpoint:
        """Return the newest checkpoint of things."""
        key = source_key(System.K3CLOUD, "Thing")
        found = [
            Checkpoint.from_record(record)
            for record in await all_records(self.broker, CHECKPOINTS.name)
            if record.text_key == key
        ]
        return found[-1]


def in_a_lab(
    test: Callable[[SourceLab], Coroutine[Any, Any, None]],
    *,
    settings: SourceSettings = SETTINGS,
    **shop: Any,  # noqa: ANN401 - passed on
) -> None:
    """Run a test on a new shop and broker under virtual time; no source may have failed."""

    async def run() -> None:
        clock = LoopClock(asyncio.get_running_loop())
        broker = EmbeddedBroker(None, clock=clock, partitions=3)
        await broker.declare(declared_topics({System.K3CLOUD: ("Thing", "Bit")}))
        lab = SourceLab(clock, broker, LittleShop(clock, **shop), settings)
        await test(lab)
        for source in lab.sources:
            assert not source.done(), source
        await lab.kill()
        await broker.close()

    run_virtually(run())
