"""One object's reading: polls, wishes and a snapshot, each page committed with its checkpoint.

The desk belongs to one task and dies with it. What it must not forget is in its `Checkpoint`;
the rest (when to poll next, what was just seen) may be lost with it.
"""

import asyncio
import math
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta

import structlog

from anji_common.broker.port import Task
from anji_common.errors import RejectedError, RetriableError
from anji_common.events.changes import Change
from anji_common.events.signals import Signal, SignalKind
from anji_common.interest import ObjectInterest
from anji_common.lanes import working_in
from anji_common.messages import Message
from anji_common.metrics import SOURCE_FAILURES, SOURCE_READS, SOURCE_WATERMARK_SECONDS
from anji_common.refs import Ref
from anji_common.runtime import Runtime
from anji_common.sourcing.asking import after_asking
from anji_common.sourcing.backing_off import MOST_LIVE_RECORDS, BackOff, reading_many
from anji_common.sourcing.beginning import first_checkpoint
from anji_common.sourcing.burials import Burials, without_largest
from anji_common.sourcing.checkpoints import Checkpoint, SnapshotProgress, Wish
from anji_common.sourcing.feed import Feed, Page
from anji_common.sourcing.gathering import Gathering
from anji_common.sourcing.granting import outcomes
from anji_common.sourcing.hand import Hand, comes
from anji_common.sourcing.patrolling import Patrol
from anji_common.sourcing.published import PublishedRefs
from anji_common.sourcing.revisions import Published, revise
from anji_common.sourcing.rhythm import Rhythm
from anji_common.sourcing.settings import SourceSettings
from anji_common.sourcing.snapshots import Snapshots
from anji_common.sourcing.windows import advanced, bounded_marks, moved_at, next_window
from anji_common.sourcing.wishes import after_try, wished
from anji_common.topics import Lane
from anji_common.turns import in_turns

__all__ = ["Desk"]

_log = structlog.get_logger("anji.source")

_CRAMMED = 10
"""Times as many wishes as hints may bring: about half of what Kafka takes in one checkpoint."""


class Desk:
    """The reading of one object."""

    def __init__(  # noqa: PLR0913, PLR0917 - what a desk is composed of
        self,
        feed: Feed,
        interest: ObjectInterest,
        task: Task,
        runtime: Runtime,
        settings: SourceSettings,
        hand: Hand,
    ) -> None:
        self._feed = feed
        self._hand = hand
        self._stirred = asyncio.Event()
        self._interest = interest
        self._task = task
        self._clock = runtime.clock
        self._settings = settings
        self._published = PublishedRefs(runtime, feed.system, interest.object_name)
        self._gathering = Gathering(settings, has_lines=bool(interest.lines))
        self._rhythm = Rhythm(settings, self._gathering.gather_seconds, runtime.chance)
        self._asked_at: float | None = None
        self._back_off = BackOff(settings, runtime.chance)
        self._bulk_back_off = BackOff(settings, runtime.chance)
        self._seen: dict[str, str] = {}
        self._burials = Burials(feed.system, interest.object_name)
        self._snapshots = Snapshots(feed, interest, self._stirred.set)
        self._patrol = Patrol(feed, interest, self._published, runtime.clock, settings)
        self._checkpoint: Checkpoint | None = None
        self._kept: Checkpoint | None = None
        labels = feed.system, interest.object_name
        self._watermark_seconds = SOURCE_WATERMARK_SECONDS.labels(*labels)

    @property
    def object_name(self) -> str:
        """Whose desk this is."""
        return self._interest.object_name

    async def start(self, checkpoint: Checkpoint | None) -> None:
        """Begin where the former owner left off, or, the first time, at the vendor's now."""
        self._checkpoint = self._kept = None if checkpoint is None else checkpoint.taken_up()
        self._rhythm.begin(self._clock.monotonic())
        if checkpoint is not None:
            self._gathering.begin(checkpoint.wishes, self._clock.monotonic())
        await self._published.start()

    async def follow(self) -> None:
        """Keep the knowledge of what was published near its topic's end, until cancelled."""
        await self._published.follow()

    async def close(self) -> None:
        """Let go of files, and of what is under way."""
        await self._snapshots.close()
        await self._published.close()

    async def prepare(self) -> None:
        """Make the first checkpoint, if there is none (``protocol.md`` 23).

        The vendor is read first (``beginning.py``). It begins when it was first asked.
        """
        if self._checkpoint is not None:
            return
        if self._asked_at is None:
            self._asked_at = self._clock.monotonic()
        self._checkpoint = place = await first_checkpoint(
            self._feed, self._interest, self._settings, self._clock, self._asked_at
        )
        await self._commit((), {}, must=True)
        _log.info("source.begun", object=self.object_name, at=place.begun_at.isoformat())

    async def take_in(self, signal: Signal, *, is_hint: bool) -> None:
        """Note what is asked; who calls this makes it durable.

        Raises:
            RetriableError, RefusedError: the vendor does not tell its time; nothing is noted.
        """
        if self._checkpoint is None and self._clock.monotonic() < self._back_off.until:
            msg = f"{self.object_name} has not been begun, and its vendor is left alone"
            raise RetriableError(msg)
        await self.prepare()
        self._stirred.set()
        now = self._clock.monotonic()
        if is_hint:
            self._rhythm.hinted(now)
        match signal.kind:
            case SignalKind.READ if signal.ref is not None:
                self._wish(signal.ref.record_id, signal.answers)
            case SignalKind.READ:  # something of this object moved, nobody knows what
                self._rhythm.told(now)
            case _:
                self._set(**after_asking(self._place, signal, await self._feed.now()))
                if signal.kind in (SignalKind.RESUME, SignalKind.CONFIRM):
                    self._rhythm.at_once(now)

    def checkpoint_message(self) -> Message:
        """Return the checkpoint as it is now, to be committed by the caller."""
        self._kept = self._place
        return self._place.to_message()

    @property
    def is_full(self) -> bool:
        """Whether so much is wished for that hints had better wait in their topic."""
        return len(self._place.wishes) >= self._settings.most_wishes if self._checkpoint else False

    @property
    def is_crammed(self) -> bool:
        """Whether so much is wished for that nothing more is heard, not even people and commands.

        A paused desk grants nothing, so it must hear that it may go on.
        """
        if self._checkpoint is None or self._place.is_paused:
            return False
        return len(self._place.wishes) >= _CRAMMED * self._settings.most_wishes

    def seconds_to_next(self) -> float:
        """Return how long there is nothing to do."""
        now = self._clock.monotonic()
        if self._checkpoint is None:
            return max(self._back_off.until - now, 0.0)
        if self._place.is_paused:
            return self._settings.most_poll_seconds
        due = min(self._rhythm.due, self._gathering.next_at(self._place.wishes))
        return max(min(due - now, self._bulk_due()), self._back_off.until - now, 0.0)

    @property
    def _snapshot(self) -> SnapshotProgress | None:
        """The snapshot of which a page can be read, or begun to be read, now."""
        return None if self._snapshots.is_waiting else self._place.snapshot

    def _bulk_due(self) -> float:
        """Return in how many seconds a page of the snapshot, or of the patrol, is due."""
        wait = self._patrol.seconds_to_next(self._place) if self._snapshot is None else 0.0
        left_alone = self._bulk_back_off.until - self._clock.monotonic()
        return math.inf if wait is None else max(wait, left_alone)

    async def due(self, within_seconds: float) -> None:
        """Wait until there is something to do, or may be."""
        self._stirred.clear()
        await comes(self._stirred, min(self.seconds_to_next(), within_seconds))

    async def turn(self) -> None:
        """Do what is due, holding the hand: wishes, then the poll, then a page of the snapshot.

        Raises:
            FatalError: no call can succeed, or the task has another owner.
            RevokedError: the task goes elsewhere.
        """
        now = self._clock.monotonic()
        if now < self._back_off.until:
            return
        try:
            await self.prepare()
            if self._place.is_paused:
                return
            if ids := self._gathering.begin_read(self._place.wishes, now):
                await self._read_wished(ids)
            if now >= self._rhythm.due:
                await self._poll()
            elif not ids and self._bulk_due() <= 0:
                await self._bulk_page()
        except (RetriableError, RejectedError) as error:
            self._leave_alone(error, self._back_off)
        else:
            self._back_off.succeeded()

    async def _bulk_page(self) -> None:
        """Read on in the snapshot, else in the patrol; where that fails live reading goes on."""
        try:
            with working_in(Lane.BULK):
                place = self._snapshot
                await (self._patrol_page() if place is None else self._snapshot_page(place))
        except (RetriableError, RejectedError) as error:
            self._leave_alone(error, self._bulk_back_off)
        else:
            self._bulk_back_off.succeeded()

    async def _poll(self) -> None:
        was_told = self._rhythm.begins_poll()
        confirms = self._place.confirms
        found_news = await self._read_window()
        self._set(**self._place.after_reading(confirms))
        await self._commit((), {})
        self._rhythm.polled(self._clock.monotonic(), found_news=found_news, was_told=was_told)

    async def _read_window(self) -> bool:
        """Publish what is news, then move the watermark; say whether there was any."""
        overlap = timedelta(seconds=self._settings.overlap_seconds)
        slack = timedelta(seconds=self._settings.slack_seconds)
        place, now, begun = self._place, await self._feed.now(), self._clock.now()
        self._patrol.hear_time(now)
        window = next_window(place.begun_at, place.watermark, now, overlap=overlap, slack=slack)
        found_news, times, met = False, list[datetime](), dict[str, str]()
        with ExitStack() as lane:
            read = self._feed.changed(self._interest, window, self._seen)
            async for page in self._hand.pages(read):
                found_news |= await self._take_page(page)
                times = [max([*times, *map(moved_at, page.records)])] if page.records else times
                met.update(page.marks)
                if (count := len(page.records)) > MOST_LIVE_RECORDS:  # the rest can wait
                    lane.enter_context(reading_many(self._bulk_back_off, self._clock, count))
        watermark = advanced(self._place.watermark, now, next(iter(times), None), slack)
        self._set(**self._place.read_whole(watermark, begun, self._clock.now(), self._settings))
        self._seen = bounded_marks(met)
        return found_news

    async def _read_wished(self, ids: Sequence[str]) -> None:
        """Grant wishes; what the vendor refuses is found out, and holds nothing else up."""
        try:
            await self._grant(ids)
        except RejectedError as error:
            self._gathering.refused(len(ids))
            if len(ids) > 1 or ids[0] not in self._place.wishes:
                raise
            await self._poll()  # is answered, unless the whole object is refused
            _log.warning("wish.refused", object=self.object_name, id=ids[0], reason=str(error))
            self._after_try(ids[0], "missing", self._place.wishes[ids[0]])
            await self._commit((), {})
        else:
            self._gathering.answered()

    async def _grant(self, ids: Sequence[str]) -> None:
        """Read what was wished for."""
        known = [each for each in ids if self._published.get(self._ref(each)) is not None]
        wishes = self._place.wishes
        with reading_many(self._bulk_back_off, self._clock, len(ids)):
            async with self._hand.free():
                page = await self._feed.read(self._interest, ids, known)
        changes: list[Change] = []
        told = outcomes(ids, page, wishes, self._published.get, self._clock)
        async for record_id, outcome, change in told:
            changes += [] if change is None else [change]
            self._after_try(record_id, outcome, wishes[record_id])
        await self._publish(changes, page)
        self._seen = bounded_marks({**self._seen, **page.marks})

    async def _take_page(self, page: Page) -> bool:
        """Publish what is news on a page; say whether there was any."""
        changes: list[Change] = []
        async for found in in_turns(page.records, self._clock):
            verdict = revise(self._published.get(str(found.ref)), found)
            if isinstance(verdict, Change):
                changes.append(verdict)
            self._count("published" if isinstance(verdict, Change) else verdict.value)
        for record_id in page.torn:
            self._count("torn")
            self._wish(record_id, None, is_there=True)
        await self._publish(changes, page)
        return bool(changes)

    async def _snapshot_page(self, progress: SnapshotProgress) -> None:
        await self._clock.sleep(0)  # a long snapshot gives way to everybody else
        fetched = self._snapshots.fetched(progress)
        if fetched is None:
            return
        page = fetched.result()
        if page is not None:
            try:
                await self._take_page(page)
            except (RetriableError, RejectedError):
                self._snapshots.begin_stretch_anew()
                raise
            return
        rest = self._snapshots.after_stretch(progress, self._place.watermark)
        self._set(snapshot=rest)
        await self._commit((), {}, must=True)
        if rest is None:
            _log.info("snapshot.finished", object=self.object_name)

    async def _patrol_page(self) -> None:
        place = self._place
        async with self._hand.free():
            found = await self._patrol.step(place)
        if self._place.patrol != place.patrol:
            return  # a person has asked or answered meanwhile: the same step is done again
        sought = self._patrol.still_sought(self._place, found.changes)
        self._set(patrol=found.progress, sought=sought)
        for record_id in found.page.torn:
            self._wish(record_id, None, is_there=True)
        await self._publish(found.changes, found.page, found.notices)

    def _after_try(self, record_id: str, outcome: str, wish: Wish) -> None:
        """Forget a wish that was granted; let another wait for its next try, or give it up."""
        self._count(outcome)
        if self._place.wishes[record_id] is not wish:
            return  # asked for again while it was read: it may have moved since
        wishes, wait_seconds = after_try(self._place.wishes, record_id, outcome)
        again = None if wait_seconds is None else self._clock.monotonic() + wait_seconds
        self._gathering.tried(record_id, again)
        self._set(wishes=wishes)
        if again is None and outcome == "missing":
            _log.info("record.not_there", object=self.object_name, record_id=record_id)

    def _wish(self, record_id: str, answers: str | None, *, is_there: bool = False) -> None:
        self._set(wishes=wished(self._place.wishes, record_id, answers, is_there=is_there))
        now = self._clock.monotonic()
        self._gathering.wished(record_id, now, answers=answers, is_there=is_there)

    async def _publish(
        self, changes: Sequence[Change], page: Page, others: Sequence[Message] = ()
    ) -> None:
        for record_id in page.early:
            self._wish(record_id, None)
        told = [each.to_message() async for each in in_turns(changes, self._clock)]
        told += [*self._burials.letters(page.unreadable, self._clock.now()), *others]
        try:
            await self._commit(told, {str(each.ref): Published.of(each) for each in changes})
        except RejectedError as error:  # one record is too large for the broker
            await self._publish(*without_largest(changes, page, error), others)
        self._burials.told(page.unreadable)

    async def _commit(
        self, outputs: Sequence[Message], published: dict[str, Published], *, must: bool = False
    ) -> None:
        """Commit `outputs` with the checkpoint that covers them; a mere watermark can wait."""
        place = self._place
        if not outputs and not must and not place.is_worth_keeping_after(self._kept):
            return
        await self._task.commit((), [*outputs, place.to_message()])
        self._kept = place
        self._published.committed(published)
        self._watermark_seconds.set(place.watermark.timestamp())

    def _leave_alone(self, error: RetriableError | RejectedError, back_off: BackOff) -> None:
        self._checkpoint = self._kept  # what was not committed, if the broker failed
        now = self._clock.monotonic()
        self._rhythm.failed(now)
        SOURCE_FAILURES.labels(self._feed.system, self.object_name).inc()
        wait = back_off.failed(now, error)
        _log.warning(
            "vendor.awaited", object=self.object_name, reason=str(error), wait_seconds=wait
        )

    def _ref(self, record_id: str) -> str:
        return str(Ref(self._feed.system, self.object_name, record_id))

    def _set(self, **changed: object) -> None:
        self._checkpoint = self._place.model_copy(update=changed)

    @property
    def _place(self) -> Checkpoint:
        if self._checkpoint is None:
            msg = f"{self.object_name}: no checkpoint yet"
            raise AssertionError(msg)
        return self._checkpoint

    def _count(self, outcome: str) -> None:
        SOURCE_READS.labels(self._feed.system, self.object_name, outcome).inc()
