"""The writing engine: commands in, vendor writes, results out, at most once in effect.

Guarantee (``protocol.md`` 4, 8, 11, 12, 21): whatever crashes, freezes, is delivered again or
answered too late, a command has one effect and one result; while that is uncertain there is
neither a second write nor a result. It rests on two transactions under the partition's id:

1. the attempts of a batch, without offsets; then the vendor call;
2. the results, the finished marks and the offsets.

An attempt without a result is in doubt. It keeps its command in its row, so its offset moves on
and the partition with it; a timer looks at it until its effect is seen or its quarantine is over.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from functools import partial

import structlog

from anji_common.broker.port import Task
from anji_common.clock import Stopwatch
from anji_common.deadletters import dead_letter
from anji_common.errors import (
    RateLimitedError,
    RejectedError,
    RetriableError,
    RevokedError,
    UndecodableError,
)
from anji_common.interest import Interest
from anji_common.messages import Message, Record
from anji_common.metrics import VENDOR_WAITS, WRITER_ATTEMPTS, WRITER_PARKED, WRITER_RESULTS
from anji_common.refs import Ref, System
from anji_common.runtime import Owning, Runtime, owning_nothing
from anji_common.topics import Lane, commands_topic
from anji_common.writing.attempts import AttemptRow, Delivery, command_in
from anji_common.writing.beside import Beside
from anji_common.writing.fitting import Settled, refuse_largest
from anji_common.writing.knowledge import Knowledge, knowing
from anji_common.writing.looking import Looking
from anji_common.writing.rows import AttemptRows
from anji_common.writing.rules import WRITER_RULES, WriterRules
from anji_common.writing.sending import Sending
from anji_common.writing.settings import WriterSettings
from anji_common.writing.shadow import log_suppressed
from anji_common.writing.target import Target
from anji_common.writing.timers import Timers
from anji_common.writing.verdicts import (
    Answered,
    Job,
    Parked,
    Send,
    Verdict,
    attempted,
    parked_unseen,
)

__all__ = ["run_writer", "writer_group"]

_log = structlog.get_logger("anji.writer")

_LONGEST_BACK_OFF_SECONDS = 5.0
"""Bounded, so that a task that goes to another member is given back in time."""


def writer_group(system: System) -> str:
    """Return the name of the group that serves a system's commands."""
    return f"{system}-writer"


async def run_writer(  # noqa: PLR0913 - what a writer is put together of
    target: Target,
    interest: Interest,
    runtime: Runtime,
    settings: WriterSettings,
    *,
    rules: WriterRules = WRITER_RULES,
    owning: Owning = owning_nothing,
) -> None:
    """Carry out the commands for `target`, until cancelled.

    `owning` is held as long as a partition is worked on.

    Raises:
        FatalError: no command can succeed (credentials, a topic), or another owner took a task.
    """

    async def work(task: Task) -> None:
        rows = await AttemptRows.opened(runtime, target.system, task.partition)
        looking = Looking(target, interest, runtime.clock, settings, rules, knowledge=knowledge)
        try:
            with owning(task.partition):
                await _Desk(task, rows, target, looking, runtime, settings, rules).work()
        finally:
            await rows.close()

    inputs = [commands_topic(target.system, lane) for lane in (Lane.LIVE, Lane.BULK)]
    async with AsyncExitStack() as opened:
        knowledge: Knowledge | None = None
        if target.reads_are_paid:
            knowledge = await opened.enter_async_context(knowing(runtime, target.system))
        await runtime.broker.serve(writer_group(target.system), inputs, work)


class _Desk:
    """The work of one partition."""

    def __init__(  # noqa: PLR0913, PLR0917 - it joins the engine's parts
        self,
        task: Task,
        rows: AttemptRows,
        target: Target,
        looking: Looking,
        runtime: Runtime,
        settings: WriterSettings,
        rules: WriterRules,
    ) -> None:
        self._rules = rules
        self._task = task
        self._rows = rows
        self._system = target.system
        self._clock = runtime.clock
        self._settings = settings
        self._looking = looking
        self._sending = Sending(target, self._looking, runtime.clock, settings, rules)
        self._timers = Timers(settings.quarantine_seconds)
        self._beside = Beside(runtime.clock, settings.max_batch_commands, task.wake)
        self._committing = asyncio.Lock()
        """A task has one transaction at a time."""
        self._failures = 0

    async def work(self) -> None:
        """Take commands and timers in turn, bulk ones beside, until the task goes elsewhere."""
        rows = [(seat, self._rows.get(seat)) for seat in self._rows.unfinished()]
        lanes = [(seat, Lane.LIVE if row is None else row.lane) for seat, row in rows]
        self._timers.take_over(lanes, self._clock.monotonic())
        parked = WRITER_PARKED.labels(self._system, str(self._task.partition))
        try:
            while True:
                parked.set(len(self._timers))
                await self._turn()
        except RevokedError:
            with suppress(RetriableError):
                await self._beside.finished()
            raise
        finally:
            parked.set(0)  # they are its next owner's
            await self._beside.cut_off()

    async def _turn(self) -> None:
        try:
            self._beside.reap()
        except RetriableError as error:
            await self._task.rewind()
            self._beside.put_off(partial(self._back_off_seconds, error))
        live, bulk = await self._take()
        if not self._settings.writes:
            log_suppressed([*live, *bulk], self._system)
            return
        if self._beside.is_free:
            self._begin_bulk(bulk)
        try:
            await self._beside.away_from(record.text_key for record in live)
            await self._deliver(live)
            due = self._due(Lane.LIVE, self._settings.max_batch_commands)
            await self._beside.away_from(map(str, due))
            await self._take_up(Lane.LIVE, due)
        except RetriableError as error:
            await self._task.rewind()
            self._failures += 1
            await self._clock.sleep(self._back_off_seconds(error, self._failures))
        else:
            self._failures = 0

    async def _take(self) -> tuple[list[Record], list[Record]]:
        """Poll: live commands, and bulk ones if none are in hand; or wait for the next timer.

        With too many parked of a lane none of it is taken: a vendor that puts off each command
        would otherwise have a whole backlog parked, in memory and in rows.
        """
        is_free = self._beside.is_free
        most = {Lane.LIVE: self._settings.max_batch_commands, Lane.BULK: self._beside.most}
        lanes = [
            lane
            for lane in (tuple(Lane) if is_free else (Lane.LIVE,))
            if self._timers.count(lane) < self._settings.most_parked
        ]
        found = {lane: list[Record]() for lane in Lane}
        for lane in lanes:
            topic = commands_topic(self._system, lane)
            found[lane] = await self._task.poll([topic], max_records=most[lane])
        if not any(found.values()):
            for record in await self._task.poll(
                [commands_topic(self._system, lane) for lane in lanes],
                max_records=min(most.values()),
                wait_seconds=self._patience(is_free=is_free),
            ):
                is_live = record.topic == commands_topic(self._system)
                found[Lane.LIVE if is_live else Lane.BULK].append(record)
        return found[Lane.LIVE], found[Lane.BULK]

    def _patience(self, *, is_free: bool) -> float:
        """Return how long to wait for a command before timers are looked at again."""
        idle = self._settings.idle_seconds
        if not self._settings.writes:
            return idle
        if not is_free and (wait := self._beside.seconds_to_free()) > 0:
            idle = min(idle, wait)
        lanes = tuple(Lane) if is_free else (Lane.LIVE,)
        wait_seconds = self._timers.seconds_to_next(self._clock.monotonic(), lanes)
        return idle if wait_seconds is None else min(wait_seconds, idle)

    def _begin_bulk(self, records: Sequence[Record]) -> None:
        due = self._due(Lane.BULK, self._beside.most)
        if not (records or due):
            return

        async def batch() -> None:
            await self._deliver(records)
            await self._take_up(Lane.BULK, due)

        seats = [*(record.text_key for record in records), *map(str, due)]
        self._beside.begin(batch(), seats, len(records) + len(due))

    def _due(self, lane: Lane, most: int) -> list[Ref]:
        return [seat for seat, _ in self._timers.due(self._clock.monotonic(), most, lane)]

    async def _deliver(self, records: Sequence[Record]) -> None:
        """Work off what was delivered.

        Raises:
            RetriableError: vendor or broker are silent; the records are to be polled again, and
                what was recorded already is found parked then.
        """
        if not records:
            return
        rows: dict[Ref, AttemptRow] = {}
        jobs: dict[Ref, Job] = {}
        outputs: list[Message] = []
        for record in records:
            try:
                command = command_in(record, self._system)
            except UndecodableError as error:
                outputs.append(dead_letter(record, error, f"{self._system}/writer"))
                continue
            row = rows.get(command.seat) or self._rows.get(command.seat)
            match self._rules.delivery(row, command.number):
                case Delivery.RUN:
                    row = (row or AttemptRow(seat=command.seat)).opened(command)
                    rows[command.seat] = row
                    jobs[command.seat] = _job(row)
                case Delivery.WAIT if row is not None:
                    rows[command.seat] = row.with_waiting(command)
                case _:
                    pass
        verdicts = await self._looking.look(list(jobs.values())) if jobs else {}
        await self._carry_out(rows, jobs, verdicts, records, outputs)

    async def _take_up(self, lane: Lane, seats: Sequence[Ref]) -> None:
        """Take up again those of `seats` that are parked and due.

        Raises:
            RetriableError: vendor or broker are silent; everything stays parked.
        """
        now = self._clock.monotonic()
        rows: dict[Ref, AttemptRow] = {}
        jobs: dict[Ref, Job] = {}
        for seat, timer in self._timers.due(now, len(seats), lane, frozenset(seats)):
            row = self._rows.get(seat)
            if row is None or row.is_idle:
                self._timers.drop(seat)
                continue
            rows[seat] = row = row.promoted()
            is_over = not self._rules.is_quarantined(timer, now)
            jobs[seat] = replace(_job(row), quarantine_is_over=is_over, looks=timer.looks)
        if jobs:
            verdicts = await self._looking.look(list(jobs.values()))
            await self._carry_out(rows, jobs, verdicts, (), [])

    async def _carry_out(
        self,
        rows: dict[Ref, AttemptRow],
        jobs: Mapping[Ref, Job],
        verdicts: dict[Ref, Verdict],
        records: Sequence[Record],
        outputs: list[Message],
    ) -> None:
        """Send what is to be sent; publish results, rows and offsets in one transaction."""
        verdicts_now = await self._send(rows, jobs, verdicts, outputs)
        told = Settled(self._system, rows, jobs, verdicts_now, outputs)
        await self._commit_settled(told, records)
        rows, settled = told.ended(), told.verdicts
        for verdict in settled.values():
            if isinstance(verdict, Answered):
                WRITER_RESULTS.labels(self._system, verdict.result.outcome).inc()
        now = self._clock.monotonic()
        for seat, row in rows.items():
            verdict_now = settled.get(seat)
            if row.is_idle:
                self._timers.drop(seat)
            elif isinstance(verdict_now, Parked):
                wait, since = verdict_now.wait_seconds, verdict_now.doubted_since
                self._timers.park(seat, now, wait, since, lane=row.lane)
            elif verdict_now is not None:  # the next one of its queue
                self._timers.drop(seat)
                self._timers.park(seat, now, 0.0, lane=row.lane)

    async def _commit_settled(self, told: Settled, records: Sequence[Record]) -> None:
        while True:
            try:
                rows = list(told.ended().values())
                return await self._commit(rows, records, told.messages())
            except RejectedError as error:
                _log.warning("record.too_large", system=self._system.value, reason=str(error))
                told.cut_largest(error, self._clock.now())

    async def _send(
        self,
        rows: dict[Ref, AttemptRow],
        jobs: Mapping[Ref, Job],
        verdicts: dict[Ref, Verdict],
        outputs: list[Message],
    ) -> dict[Ref, Answered | Parked]:
        """Record and send every job whose verdict is `Send`, no attempt older than A."""
        settled: dict[Ref, Answered | Parked] = {}
        while True:
            sends: dict[Ref, Send] = {}
            for seat, verdict in verdicts.items():
                if isinstance(verdict, Send):
                    sends[seat] = verdict
                else:
                    settled[seat] = verdict
            if not sends:
                return settled
            sent = [jobs[seat] for seat in sends]
            watch = Stopwatch(self._clock)
            attempts = [
                attempted(jobs[seat], send, watch.begun_at) for seat, send in sends.items()
            ]
            recorded = [
                rows[job.seat].with_attempt(attempt)
                for job, attempt in zip(sent, attempts, strict=True)
                if self._rules.is_noted(job)
            ]
            try:
                await self._commit(recorded, (), [])
            except RejectedError as error:
                pairs = list(zip(sent, attempts, strict=True))
                refused = refuse_largest(rows, pairs, outputs, error, self._clock.now())
                verdicts = {**sends, **refused}
                continue
            for job in sent:  # whatever happens from here on, they are looked at again
                lane = job.command.lane
                begun = watch.begun
                self._timers.park(job.seat, begun, 0.0, doubted_since=begun, lane=lane)
            if not self._rules.is_outdated(watch.seconds, self._settings):
                wishes = [send.rest or jobs[seat].command for seat, send in sends.items()]
                return settled | await self._sending.send(sent, attempts, wishes, watch.begun)
            WRITER_ATTEMPTS.labels(self._system, "outdated").inc(len(sent))
            _log.warning("attempt.outdated", system=self._system.value, commands=len(sent))
            try:
                verdicts = await self._looking.look(sent)
            except RetriableError:
                # Recorded but surely not sent: they wait, and are no doubt of this attempt.
                return settled | {job.seat: parked_unseen(job) for job in sent}

    async def _commit(
        self, rows: Sequence[AttemptRow], records: Sequence[Record], outputs: Sequence[Message]
    ) -> None:
        messages = [row.to_message(self._system) for row in rows]
        if not (records or messages or outputs):
            return
        async with self._committing:
            ends = await self._task.commit(records, [*messages, *outputs])
            if messages:
                self._rows.apply(messages, ends[messages[0].topic])

    def _back_off_seconds(self, error: RetriableError, failures: int) -> float:
        """Tell of an error, and return how long to wait after so many of them."""
        wait = min(2.0 ** (failures - 2), _LONGEST_BACK_OFF_SECONDS)
        if isinstance(error, RateLimitedError):
            wait = min(max(wait, error.retry_after_seconds), _LONGEST_BACK_OFF_SECONDS)
        VENDOR_WAITS.labels(self._system).inc()
        _log.warning(
            "vendor.awaited", system=self._system.value, reason=str(error), wait_seconds=wait
        )
        return wait


def _job(row: AttemptRow) -> Job:
    if row.open is None:
        msg = f"{row.seat} has no open command"
        raise AssertionError(msg)
    return Job(row, row.open)
