"""The meter: what is called, told to everybody, and what others told.

Before a process calls it leases some of the day's calls on ``fxiaoke.calls.v1``, and every few
seconds tells there what it has called since, by object and purpose, and how many records that
brought. So the day's pack is one for all processes and never overdrawn; a process that starts
knows what is used of day and window already, and what one that fell over may have called after
its last word; and people see what calls are spent on, by ``anji fxiaoke calls``.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self

import structlog
from pydantic import AwareDatetime, Field

from anji_common.broker.port import Reader
from anji_common.budget import BEIJING, Budget, Pause, beijing_day, seconds_to_midnight
from anji_common.errors import RateLimitedError, RetriableError, UndecodableError
from anji_common.events.envelope import Event, body_of, derived_id, envelope, parsed
from anji_common.events.notices import Notice, NoticeKind
from anji_common.messages import Message, Record
from anji_common.metrics import CALLS_PAUSED, CALLS_PER_DAY, CALLS_USED_TODAY
from anji_common.refs import Ref, System
from anji_common.runtime import Runtime
from anji_common.topics import CALLS
from anji_fxiaoke.leasing import LEASE_SECONDS, Lease, Ledger, asked_for
from anji_fxiaoke.tally import Tally

__all__ = ["CallsMade", "DayOfCalls", "Meter", "days_of_calls"]

_log = structlog.get_logger("anji.fxiaoke.meter")

_PATIENCE_SECONDS = 0.5
"""For the broker to give what there is."""
_TRIES = 10


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

    claim: int = 0
    """Numbers the leases of a process; 0 asks for none."""

    asks: int = 0
    """Calls of `day` to be leased: what is left of `limit` after all records before this one."""

    returns: int = 0
    """Calls of `day` that were leased and are given back."""

    limit: int | None = None
    """Calls that the day has, as the process is set."""

    left: int = 0
    """Calls leased by now, and not made."""

    def to_message(self) -> Message:
        """Return the record for the topic."""
        body = body_of(self)
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

    def __init__(
        self, runtime: Runtime, budget: Budget, tally: Tally, window: float, every_seconds: float
    ) -> None:
        self._runtime = runtime
        self.budget = budget
        """What is metered."""
        self._every_seconds = every_seconds
        self._tally = tally
        self._window_seconds = window
        self._by = f"{runtime.chance.getrandbits(64):016x}"
        self._turn = asyncio.Lock()
        self._beginning = asyncio.Lock()
        self._heard_to: dict[int, int] = {}
        """Partition → offset up to which everything is counted; empty before the first reading."""
        self._reader: Reader | None = None
        self._told_pause: Pause | None = None
        self._hearing = asyncio.Lock()
        self._telling = asyncio.Lock()
        self._leasing = asyncio.Lock()
        self._ledger = Ledger()
        self._lease = Lease()
        self._claim = 0
        self._granted: int | None = None
        """To the newest claim, once it is heard."""
        budget.lease_from(self)

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
                    await self._runtime.clock.sleep(self._every_seconds)
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

    def spend(self) -> bool:
        """Take a leased call; see `Leases`."""
        clock = self._runtime.clock
        return self._lease.spend(beijing_day(clock.now()), clock.monotonic())

    async def renew(self) -> None:
        """Lease calls of the day; see `Leases`."""
        async with self._leasing:
            if self._has_lease():  # whoever waited before us has it
                return
            await self.begin()
            begun, now = self._runtime.clock.monotonic(), self._runtime.clock.now()
            spent, day = self._lease.spent, beijing_day(now)
            await self._hear()
            limit = self.budget.calls_per_day
            rest = None if limit is None else limit - self._ledger.leased(day)
            asked = asked_for(spent, rest)
            self._claim, self._granted = self._claim + 1, None
            await self._tell(asks=asked)
            granted = await self._grant()
            if not granted:
                msg = f"the calls of {day} are used up"
                raise RateLimitedError(msg, retry_after_seconds=seconds_to_midnight(now))
            self._lease = Lease(day, begun + LEASE_SECONDS, granted)

    def _has_lease(self) -> bool:
        clock, lease = self._runtime.clock, self._lease
        holds = lease.day == beijing_day(clock.now()) and clock.monotonic() < lease.ends_at
        return holds and lease.left > 0

    async def _grant(self) -> int:
        """Wait until our claim is heard, in the order of all; return what it was granted."""
        for _ in range(_TRIES):
            await self._hear(_PATIENCE_SECONDS)
            if self._granted is not None:
                return self._granted
        msg = "the broker does not tell what was leased"
        raise RetriableError(msg)

    async def _end(self) -> None:
        """Give back what is leased, and close the reader.

        The next one goes on where it stood, for all before is counted.
        """
        with suppress(RetriableError, TimeoutError):
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._tell()
        async with self._hearing:
            reader, self._reader = self._reader, None
            if reader is not None:
                self._heard_to = {each: reader.position(each) for each in self._heard_to}
                await reader.close()

    async def _round(self) -> None:
        await self.begin()
        await self._hear()
        await self._tell(keeps=self._has_lease())
        if notices := self._notices():
            await self._runtime.broker.publish(notices)
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
            if 0 <= age < self._window_seconds + LEASE_SECONDS and (each.asks or each.left):
                # It may live, or have fallen over with calls that it could not tell any more.
                untold = each.asks or each.left
                self.budget.charge_all(untold, max(age - LEASE_SECONDS, 0.0))

    async def _hear(self, wait_seconds: float = 0.0) -> list[CallsMade]:
        """Take in what there is, each record once and in the order of all."""
        async with self._hearing:
            if self._reader is None:
                return []
            heard = _read(await self._reader.poll(wait_seconds=wait_seconds))
            for each in heard:
                before = self._ledger.leased(each.day)
                granted = self._ledger.enter(
                    each.day, asked=each.asks, returned=each.returns, limit=each.limit
                )
                if each.by != self._by:
                    self.budget.used_elsewhere(each.day, self._ledger.leased(each.day) - before)
                elif each.claim == self._claim:
                    self._granted = granted
            return heard

    async def _tell(self, *, asks: int = 0, keeps: bool = False) -> None:
        """Publish what was called and not told yet; give back the lease, unless it is kept."""
        async with self._telling:
            calls, records = self._tally.untold()
            now = self._runtime.clock.now()
            day = beijing_day(now)
            # Given back once: if nobody hears of it these calls are lost, not doubled.
            returns = 0 if keeps else self._lease.given_back(day)
            if not (calls or records or asks or returns):
                return
            by_object: dict[str, dict[str, int]] = defaultdict(dict)
            for (object_name, purpose), count in calls.items():
                by_object[object_name][purpose] = count
            made = CallsMade(
                by=self._by,
                at=now,
                day=day,
                calls=dict(by_object),
                records=dict(records),
                recent=self.budget.recent(),
                claim=self._claim if asks else 0,
                asks=asks,
                returns=returns,
                limit=self.budget.calls_per_day,
                left=self._lease.left,
            )
            await self._runtime.broker.publish([made.to_message()])
            self._tally.settle(calls, records)

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
