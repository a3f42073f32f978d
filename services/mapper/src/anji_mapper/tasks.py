"""The mapper's loop: batch in; step each; outputs, state and offsets out in one transaction.

One task per partition number. Its state is a view of ``anji.links.v1``'s same partition, kept
on local disk, so memory does not grow with the number of links. A task that starts re-checks
all that waits (``protocol.md`` 10): the row that releases a link may have been seen just before
a crash.
"""

from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache

import structlog

from anji_common.broker.port import Task
from anji_common.deadletters import dead_letter
from anji_common.errors import AnjiError, RejectedError, RetriableError, UndecodableError
from anji_common.messages import Message, Record
from anji_common.metrics import MAPPER_EFFECTS, MAPPER_INPUTS
from anji_common.runtime import Runtime
from anji_common.topics import LINKS
from anji_common.views import View
from anji_mapper.awaiting import Awaited
from anji_mapper.bursts import Bursts
from anji_mapper.decode import decode
from anji_mapper.link.codec import decode_seat, index_tokens, seat_message
from anji_mapper.link.context import Context
from anji_mapper.link.effects import in_bulk
from anji_mapper.link.inputs import Input, Looked
from anji_mapper.link.state import Seat
from anji_mapper.link.step import Reducer, new_seat
from anji_mapper.mapping.model import LinkType, Mappings
from anji_mapper.references import ViewReferences
from anji_mapper.settings import MapperSettings
from anji_mapper.timers import Timers, due_at
from anji_mapper.turnstile import Turnstile

__all__ = ["MapperTask", "Sharing", "checked_seat", "seat_tokens"]

_log = structlog.get_logger()

_IDLE_SECONDS = 300.0
"""How long a task waits for records; what wakes it sooner: a record, a released link, a timer."""
_RETRY_SECONDS = 0.5
_LOOKS_PER_TURN = 100
"""Seats looked at in one turn besides those that its records concern. One row may release 50,000
links: a record that comes meanwhile waits for the turns of those tasks that the turnstile has let
in; fewer take more transactions."""
_RECENT_SEATS = 128
"""Kept as values beside the view: what happens to a link comes in bursts, of a change, a result, a
claim and an echo within seconds. Orders of twenty lines make it 4 MB a task."""


def checked_seat(record: Record) -> bytes | None:
    """Return what the view keeps of a state record; raises UndecodableError for rubbish."""
    if record.value is not None:
        _restored(record.value)
    return record.value


def seat_tokens(_key: str, value: bytes) -> tuple[str, ...]:
    """Return by what a seat's state is found besides its key."""
    return index_tokens(_restored(value))


@lru_cache(maxsize=1)  # of each state that is restored there are two questions, one after another
def _restored(value: bytes) -> Seat:
    return decode_seat(value)


@dataclass(frozen=True, slots=True)
class Sharing:
    """What all tasks of a process have in common."""

    bursts: Bursts
    turnstile: Turnstile


@dataclass(slots=True)
class _Batch:
    """What one transaction will hold."""

    seats: dict[str, Seat] = field(default_factory=dict)
    outputs: list[Message] = field(default_factory=list)
    effects: Counter[str] = field(default_factory=Counter)
    stored: dict[str, bytes | None] = field(default_factory=dict)
    """Of seats that its records concern: as the view has them."""
    looked_at: list[str] = field(default_factory=list)
    """Seats that are looked at besides."""
    bad: list[tuple[Record, AnjiError]] = field(default_factory=list)
    """Rows of state that nobody can read."""


class MapperTask:
    """The work of one partition number, from being taken to being revoked."""

    def __init__(  # noqa: PLR0913, PLR0917 - what a task is composed of
        self,
        task: Task,
        mappings: Mappings,
        references: ViewReferences,
        settings: MapperSettings,
        runtime: Runtime,
        reducer: Reducer,
        sharing: Sharing,
    ) -> None:
        self._task = task
        self._mappings = mappings
        self._references = references
        self._settings = settings
        self._clock = runtime.clock
        self._reducer = reducer
        self._to_look_at: deque[str] = deque()
        self._queued: set[str] = set()
        self._timers = Timers()
        self._bursts = sharing.bursts
        self._turnstile = sharing.turnstile
        self._wake = task.wake  # one and the same: the turnstile knows the task by it
        self._is_mass_release = False
        self._recent: dict[str, Seat] = {}
        """As committed, by the time of their last commit."""
        self._awaited = Awaited(lambda token: bool(self._state.find(f"waits:{token}", 1)))
        self._bad: list[tuple[Record, AnjiError]] = []
        self._singles = 0
        """So much is still done one by one: the broker did not take something of a batch."""
        store = None
        if runtime.state_dir is not None:
            store = runtime.state_dir / f"{LINKS.name}-{task.partition}.sqlite"
        self._state = View(
            runtime.broker,
            LINKS.name,
            partitions=[task.partition],
            store=store,
            project=checked_seat,
            index=seat_tokens,
            on_bad=lambda record, error: self._bad.append((record, error)),
        )

    async def run(self) -> None:
        """Work until `RevokedError` or `FencedError`."""
        await self._state.start()
        try:
            self._recheck()
            while True:
                await self._turn()
        finally:
            self._turnstile.forget(self._wake)
            await self._state.close()

    @property
    def awaits(self) -> bool:
        """Whether a link of this task may wait for another."""
        return len(self._awaited) > 0

    def release(self, tokens: tuple[str, ...]) -> int:
        """Look again at the links that wait for any of `tokens`; return how many they are."""
        released = 0
        for token in self._awaited.among(tokens):
            keys = self._state.find(f"waits:{token}")
            if not keys:
                self._awaited.drop(token)
                continue
            for key in keys:
                self._queue(key)
            released += len(keys)
            self._wake()
        return released

    def treat_as_mass(self) -> None:
        """Let commands of all that is looked at now go by the bulk lane."""
        self._is_mass_release = bool(self._to_look_at)

    def _recheck(self) -> None:
        """Rule 10, and the timers of what is unfinished."""
        context = self._context()
        for key in self._state.find("timer"):
            seat = self._seat(_Batch(), key)
            if seat is not None:
                self._timers.set(key, due_at(seat, context))
                self._awaited.add(seat.waits)
                if self._reducer.rules.is_rechecked(seat):
                    self._queue(key)

    async def _turn(self) -> None:
        looks = bool(self._to_look_at) and self._turnstile.enter(self._wake)
        try:
            await self._take_turn(looks=looks)
        finally:
            if looks:
                self._turnstile.leave()

    async def _take_turn(self, *, looks: bool) -> None:
        batch = _Batch()
        records = await self._task.poll(
            max_records=1 if self._singles else self._settings.max_batch_records,
            wait_seconds=self._patience(looks=looks),
        )
        context = self._context()
        for topic, count in Counter(record.topic for record in records).items():
            MAPPER_INPUTS.labels(topic).inc(count)
        self._fetch(batch, records)
        for record in records:
            self._take_in(batch, record, context)
        is_mass = self._is_mass()
        for key in self._due(context, looks=looks, besides=len(records)):
            self._look_at(batch, key, context, is_bulk=is_mass)
        batch.bad, self._bad = self._bad, []
        batch.outputs.extend(dead_letter(*each, by="mapper") for each in batch.bad)
        for name, count in batch.effects.items():
            MAPPER_EFFECTS.labels(name).inc(count)
        await self._commit(batch, records, context)

    def _fetch(self, batch: _Batch, records: list[Record]) -> None:
        """Read what the batch concerns at once: one by one it takes SQLite three times as long."""
        keys = {record.key.decode(errors="replace") for record in records if record.key}
        wanted = [key for key in keys if key not in self._recent]
        batch.stored = {**dict.fromkeys(wanted), **self._state.get_many(wanted)}

    def _take_in(self, batch: _Batch, record: Record, context: Context) -> None:
        """Step the seat that a record concerns: read only now, for what is read lives shortly."""
        try:
            arrival = decode(record, self._mappings)
            if arrival is not None:
                seat = self._seat(batch, str(arrival.key))
                seat = seat or new_seat(arrival.key, arrival.link_type, context)
                is_bulk = self._bursts.take_in(arrival.happened, record.timestamp_ms)
                link_type, happened = arrival.link_type, arrival.happened
                self._step(batch, seat, link_type, happened, context, is_bulk=is_bulk)
        except UndecodableError as error:
            self._bury(batch, record, error)

    def _look_at(self, batch: _Batch, key: str, context: Context, *, is_bulk: bool) -> None:
        """Step a seat that nothing has happened to; what it cannot read leaves it as it is."""
        batch.looked_at.append(key)
        seat = self._seat(batch, key)
        link_type = None if seat is None else self._mappings.named(seat.link_type)
        if seat is None or link_type is None:
            return
        try:
            self._step(batch, seat, link_type, Looked(), context, is_bulk=is_bulk)
        except UndecodableError as error:
            _log.error("link.unreadable", link=key, reason=str(error))
            told = UndecodableError(f"{key} was left as it was: {error}")
            letter = dead_letter(key.encode(), told, by="mapper", at=context.now)
            batch.outputs.append(letter)

    def _bury(self, batch: _Batch, record: Record, error: UndecodableError) -> None:
        _log.warning("input.undecodable", place=record.place, reason=str(error))
        batch.outputs.append(dead_letter(record, error, by="mapper"))

    def _step(  # noqa: PLR0913 - what a step takes, and by which lane its commands go
        self,
        batch: _Batch,
        before: Seat,
        link_type: LinkType,
        happened: Input,
        context: Context,
        *,
        is_bulk: bool = False,
    ) -> None:
        after, effects = self._reducer.step(before, happened, link_type, context)
        if after is before and not effects:
            return
        effects = tuple(map(in_bulk, effects)) if is_bulk else effects
        batch.seats[str(after.key)] = after
        for effect in effects:
            batch.outputs.append(effect.to_message())
            batch.effects[type(effect).__name__] += 1

    async def _commit(self, batch: _Batch, records: list[Record], context: Context) -> None:
        states = [seat_message(seat) for seat in batch.seats.values()]
        if not (records or states or batch.outputs):
            return
        try:
            ends = await self._task.commit(records, [*batch.outputs, *states])
        except (RetriableError, RejectedError) as error:
            if not await self._left_out(batch, records, error):
                await self._begin_anew(batch, records, error)
            return
        self._singles = max(self._singles - 1, 0)
        if states:
            tokens = [index_tokens(seat) for seat in batch.seats.values()]
            self._state.apply(states, ends[LINKS.name], tokens=tokens)
            self._remember(batch.seats)
        for key, seat in batch.seats.items():
            self._timers.set(key, due_at(seat, context))
            if seat.waits:
                self._awaited.add(seat.waits)
                if any(map(self._has_come, seat.waits)):
                    self._queue(key)  # its row came while this batch was being committed

    async def _begin_anew(self, batch: _Batch, records: list[Record], error: AnjiError) -> None:
        """Do the batch again; one by one if the broker does not take something of it."""
        if isinstance(error, RejectedError):
            self._singles = len(records) + len(batch.looked_at)
        _log.warning("batch.not_committed", partition=self._task.partition, reason=str(error))
        self._bad = [*batch.bad, *self._bad]
        for key in dict.fromkeys((*batch.seats, *batch.looked_at)):
            self._queue(key)
        await self._clock.sleep(_RETRY_SECONDS)
        await self._task.rewind()

    async def _left_out(self, batch: _Batch, records: list[Record], error: AnjiError) -> bool:
        """Go on without what the broker does not take, if that is it: a state of more than 1 MB.

        The link stays as it was before, and what has happened to it is a dead letter.
        """
        if not isinstance(error, RejectedError) or len(records) + len(batch.looked_at) > 1:
            return False
        links = ", ".join(batch.seats)
        told = RejectedError(
            f"{links} was left as it was, what comes of this cannot stand: {error}"
        )
        _log.error("link.left_out", links=links, reason=str(error))
        now = self._clock.now()
        whole = [dead_letter(record, told, by="mapper") for record in records]
        for letters in (whole, [dead_letter(links.encode(), told, by="mapper", at=now)]):
            try:
                if letters:
                    await self._task.commit(records, letters)
                    return True
            except RejectedError:
                continue  # with its headers the letter is too large as well
            except RetriableError:
                return False
        return False

    def _remember(self, seats: dict[str, Seat]) -> None:
        for key in seats:
            self._recent.pop(key, None)
        self._recent.update(seats)
        while len(self._recent) > _RECENT_SEATS:
            del self._recent[next(iter(self._recent))]

    def _has_come(self, token: str) -> bool:
        kind, _, name = token.partition(":")
        if kind == "ref":
            return self._references.row(name) is not None
        object_key, _, number = name.rpartition("/")
        return self._references.by_number(object_key, number) is not None

    def _is_mass(self) -> bool:
        """Say whether what is looked at now is one of very many that were released at once."""
        if not self._to_look_at:
            self._is_mass_release = False
        elif len(self._to_look_at) > self._settings.burst_changes:
            self._is_mass_release = True
        return self._is_mass_release

    def _due(self, context: Context, *, looks: bool, besides: int) -> list[str]:
        """Return the seats to look at now, in a batch that has `besides` records."""
        most = max(1 - besides, 0) if self._singles else _LOOKS_PER_TURN
        due = self._timers.take(context.now, limit=most) if most else []
        while looks and self._to_look_at and len(due) < most:
            key = self._to_look_at.popleft()
            self._queued.discard(key)
            due.append(key)
        return due

    def _queue(self, key: str) -> None:
        if key not in self._queued:
            self._queued.add(key)
            self._to_look_at.append(key)

    def _patience(self, *, looks: bool) -> float:
        if looks or self._bad:
            return 0.0
        next_due = self._timers.seconds_to_next(self._clock.now())
        return _IDLE_SECONDS if next_due is None else min(next_due, _IDLE_SECONDS)

    def _context(self) -> Context:
        return Context(
            mappings=self._mappings,
            references=self._references,
            now=self._clock.now(),
            settle_after=timedelta(seconds=self._settings.settle_after_seconds),
            settle_hidden_after=timedelta(seconds=self._settings.settle_hidden_seconds),
            patience=timedelta(seconds=self._settings.patience_seconds),
        )

    def _seat(self, batch: _Batch, key: str) -> Seat | None:
        """Return a seat as it is at this place of the batch."""
        seat = batch.seats.get(key) or self._recent.get(key)
        if seat is not None:
            return seat
        value = batch.stored[key] if key in batch.stored else self._state.get(key)
        return None if value is None else decode_seat(value)
