"""The meter: what was called, told to everybody, and what others told.

Every few seconds a process publishes to ``fxiaoke.calls.v1`` what it has called since, by object
and purpose, and how many records that brought. So the day's pack is one for all processes, each of
which follows that topic (what others call in those seconds it learns a little late: then the CRM
itself says 30002); a process that starts knows what is used of day and window already; and people
see what calls are spent on, by ``anji fxiaoke calls``.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self

import structlog
from pydantic import AwareDatetime, Field

from anji_common.broker.port import Reader
from anji_common.budget import BEIJING, Budget, Pause, beijing_day
from anji_common.errors import RetriableError, UndecodableError
from anji_common.events.envelope import Event, derived_id, envelope, parsed
from anji_common.events.notices import Notice, NoticeKind
from anji_common.messages import Message, Record
from anji_common.metrics import CALLS_PAUSED, CALLS_PER_DAY, CALLS_USED_TODAY
from anji_common.refs import Ref, System
from anji_common.runtime import Runtime
from anji_common.topics import CALLS
from anji_fxiaoke.tally import Tally

__all__ = ["CallsMade", "DayOfCalls", "Meter", "days_of_calls"]

_log = structlog.get_logger("anji.fxiaoke.meter")

_EVERY_SECONDS = 2.0
_PATIENCE_SECONDS = 0.5
"""For the broker to give what there is."""


class CallsMade(Event):
    """What one process has called since it last told."""

    by: str
    """The process; a new one at each start."""

    at: AwareDatetime
    day: str
    """In Beijing."""

    calls: dict[str, dict[str, int]] = Field(default_factory=dict)
    """Object (empty: none) → purpose → calls."""

    records: dict[str, int] = Field(default_factory=dict)
    """Object → records that these calls brought or wrote."""

    recent: dict[str, int] = Field(default_factory=dict)
    """Interface → calls that still count in its window, those told before too."""

    def to_message(self) -> Message:
        """Return the record for the topic."""
        body = self.model_dump_json(exclude_defaults=True).encode()
        key = f"{System.FXIAOKE}/calls"
        return Message(
            topic=CALLS.name,
            key=key,
            value=body,
            headers=envelope(
                event_id=derived_id(key, body),
                source="/fxiaoke",
                kind="anji.calls.v1",
                subject=key,
                time=self.at,
            ),
        )

    @classmethod
    def from_record(cls, record: Record) -> Self:
        """Return the event; raises UndecodableError."""
        return parsed(cls, record)


class Meter:
    """Tells what this process calls, and takes in what others tell."""

    def __init__(self, runtime: Runtime, budget: Budget, tally: Tally, window: float) -> None:
        self._runtime = runtime
        self.budget = budget
        """What is metered."""
        self._tally = tally
        self._window_seconds = window
        self._by = f"{runtime.chance.getrandbits(64):016x}"
        self._turn = asyncio.Lock()
        self._beginning = asyncio.Lock()
        self._heard_to: dict[int, int] = {}
        """Partition → offset up to which everything is counted; empty before the first reading."""
        self._reader: Reader | None = None
        self._told_pause: Pause | None = None

    def untold(self) -> Counter[tuple[str, str]]:
        """Return the calls that were made and not told yet, by object and purpose."""
        return self._tally.untold()[0]

    async def run(self) -> None:
        """Tell and listen until cancelled. Who runs it a second time waits to take over."""
        async with self._turn:
            try:
                while True:
                    try:
                        await self._round()
                    except RetriableError as error:
                        _log.warning("calls.not_told", reason=str(error))
                    await self._runtime.clock.sleep(_EVERY_SECONDS)
            finally:
                await self._end()

    async def begin(self) -> None:
        """Take in what was called before us, so that no call of ours is one too many.

        Raises:
            RetriableError: the broker does not answer.
        """
        async with self._beginning:
            if self._reader is None:
                await self._listen()

    async def _end(self) -> None:
        """Close the reader; the next one goes on where it stood, for all before is counted."""
        reader, self._reader = self._reader, None
        if reader is not None:
            self._heard_to = {each: reader.position(each) for each in self._heard_to}
            await reader.close()

    async def _round(self) -> None:
        await self.begin()
        await self._hear()
        calls, records = self._tally.untold()
        messages = [*self._calls(calls, records), *self._notices()]
        if messages:
            await self._runtime.broker.publish(messages)
            self._tally.settle(calls, records)
        CALLS_USED_TODAY.labels(System.FXIAOKE).set(self.budget.used_today)
        CALLS_PAUSED.labels(System.FXIAOKE).set(self.budget.pause is not None)
        if self.budget.calls_per_day is not None:
            CALLS_PER_DAY.labels(System.FXIAOKE).set(self.budget.calls_per_day)

    async def _listen(self) -> None:
        broker, now = self._runtime.broker, self._runtime.clock.now()
        if self._heard_to:
            self._reader = await broker.reader(CALLS.name, self._heard_to)
            return
        midnight = now.astimezone(BEIJING).replace(hour=0, minute=0, second=0, microsecond=0)
        starts = await broker.offsets_at(CALLS.name, min(midnight, now - timedelta(minutes=5)))
        self._heard_to = dict(starts)
        self._reader = await broker.reader(CALLS.name, starts)
        newest: dict[str, CallsMade] = {}
        ends = await broker.ends(CALLS.name)
        while any(self._reader.position(each) < end for each, end in ends.items()):
            newest.update({each.by: each for each in await self._hear(_PATIENCE_SECONDS)})
        for each in newest.values():
            age = (now - each.at).total_seconds()
            if 0 <= age < self._window_seconds:
                for interface, calls in each.recent.items():
                    self.budget.charge(interface, calls, age)

    async def _hear(self, wait_seconds: float = 0.0) -> list[CallsMade]:
        if self._reader is None:
            return []
        heard = _read(await self._reader.poll(wait_seconds=wait_seconds))
        for each in heard:
            if each.by != self._by:
                calls = sum(sum(purposes.values()) for purposes in each.calls.values())
                self.budget.used_elsewhere(each.day, calls)
        return heard

    def _calls(self, calls: Counter[tuple[str, str]], records: Counter[str]) -> list[Message]:
        if not calls and not records:
            return []
        by_object: dict[str, dict[str, int]] = defaultdict(dict)
        for (object_name, purpose), count in calls.items():
            by_object[object_name][purpose] = count
        now = self._runtime.clock.now()
        made = CallsMade(
            by=self._by,
            at=now,
            day=beijing_day(now),
            calls=dict(by_object),
            records=dict(records),
            recent=self.budget.recent(),
        )
        return [made.to_message()]

    def _notices(self) -> list[Message]:
        """Return what people are told when calls stop, and when they go on."""
        pause, told = self.budget.pause, self._told_pause
        if (pause is None) == (told is None):
            return []
        self._told_pause = pause
        now = self._runtime.clock.now()
        if pause is not None:
            until = pause.until.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M")
            words = f"{pause.words}. Nothing is lost; it goes on by itself at {until} in Beijing"
            _log.warning("calls.paused", reason=pause.words, until=pause.until.isoformat())
        else:
            words = "calls go on"
            _log.info("calls.resumed")
        kind = NoticeKind.CALLS_RESUMED if pause is None else NoticeKind.CALLS_PAUSED
        link = Ref(System.FXIAOKE, "calls", beijing_day(now))
        return [Notice(link=link, link_type="", kind=kind, at=now, words=words).to_message()]


@dataclass(slots=True)
class DayOfCalls:
    """What was called on one day, by all processes."""

    calls: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By object and purpose."""
    records: Counter[str] = field(default_factory=Counter)


async def days_of_calls(runtime: Runtime, since: datetime) -> Mapping[str, DayOfCalls]:
    """Return what was called since a time, by Beijing day.

    Raises:
        RetriableError: the broker does not answer.
    """
    broker = runtime.broker
    reader = await broker.reader(CALLS.name, await broker.offsets_at(CALLS.name, since))
    ends = await broker.ends(CALLS.name)
    days: dict[str, DayOfCalls] = defaultdict(DayOfCalls)
    try:
        while any(reader.position(each) < end for each, end in ends.items()):
            for made in _read(await reader.poll(wait_seconds=_PATIENCE_SECONDS)):
                day = days[made.day]
                day.records.update(made.records)
                for object_name, purposes in made.calls.items():
                    for purpose, count in purposes.items():
                        day.calls[object_name, purpose] += count
    finally:
        await reader.close()
    return days


def _read(records: list[Record]) -> list[CallsMade]:
    found: list[CallsMade] = []
    for record in records:
        try:
            found.append(CallsMade.from_record(record))
        except UndecodableError as error:
            _log.warning("calls.unreadable", place=record.place, reason=str(error))
    return found
