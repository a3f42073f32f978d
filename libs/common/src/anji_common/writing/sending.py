"""Sending: what has been recorded leaves, and each answer becomes a verdict."""

from collections.abc import Sequence
from dataclasses import replace

import structlog

from anji_common.clock import Clock
from anji_common.errors import RejectedError, RetriableError
from anji_common.events.commands import Action, Command
from anji_common.metrics import WRITER_ATTEMPTS
from anji_common.refs import Ref
from anji_common.writing.attempts import Attempt, Made
from anji_common.writing.looking import Looking
from anji_common.writing.rules import WriterRules
from anji_common.writing.settings import WriterSettings
from anji_common.writing.target import (
    Busy,
    Doubtful,
    Refused,
    Target,
    WriteOutcome,
    Written,
)
from anji_common.writing.verdicts import (
    Answered,
    Job,
    Parked,
    Send,
    Verdict,
    after_busy,
    after_doubt,
    after_read_back,
    after_refusal,
    parked_unseen,
)

__all__ = ["Sending"]

_READ_BACK_WAITS_SECONDS = (1.0, 2.0, 4.0)

_log = structlog.get_logger("anji.writer")


class Sending:
    """Carries recorded attempts out, once."""

    def __init__(
        self,
        target: Target,
        looking: Looking,
        clock: Clock,
        settings: WriterSettings,
        rules: WriterRules,
    ) -> None:
        self._rules = rules
        self._target = target
        self._looking = looking
        self._clock = clock
        self._settings = settings

    async def send(
        self,
        jobs: Sequence[Job],
        attempts: Sequence[Attempt],
        wishes: Sequence[Command],
        begun: float,
    ) -> dict[Ref, Answered | Parked]:
        """Write, and return a verdict on each job.

        Args:
            jobs: As they were before this attempt.
            attempts: As they were recorded for it, in the same order.
            wishes: What of each is sent.
            begun: Monotonic seconds before they were recorded.
        """
        WRITER_ATTEMPTS.labels(self._target.system, "sent").inc(len(jobs))
        outcomes = await self._target.write(wishes)
        verdicts: dict[Ref, Answered | Parked] = {}
        made: list[tuple[Job, Made]] = []
        for job, attempt, outcome in zip(jobs, attempts, outcomes, strict=True):
            verdict = await self._verdict(job, attempt, outcome, begun)
            if isinstance(verdict, Made):
                made.append((job, verdict))
            else:
                verdicts[job.seat] = verdict
        verdicts.update(await self._read_back(made))
        return verdicts

    async def _verdict(
        self, job: Job, attempt: Attempt, outcome: WriteOutcome, begun: float
    ) -> Answered | Parked | Made:
        now = self._clock.now()
        match outcome:
            case Written():
                return self._written(job, outcome)
            case Refused(is_taken=True) if job.command.action is Action.CREATE:
                return await self._taken(job, outcome)
            case Refused():
                return after_refusal(job, outcome, now)
            case Busy():
                return self._busy(job, attempt, outcome)
            case Doubtful():
                WRITER_ATTEMPTS.labels(self._target.system, "doubted").inc()
                _log.warning("attempt.doubted", seat=str(job.seat), number=str(job.command.number))
                return after_doubt(job, attempt, outcome, begun, now)

    def _written(self, job: Job, written: Written) -> Answered | Made:
        made = Made(
            outcome=written.outcome,
            ref=written.ref,
            business_number=written.business_number,
            lines=written.lines,
            words=written.words,
        )
        paid = self._target.reads_are_paid
        is_due = written.ref is not None and self._rules.is_read_back(job, reads_are_paid=paid)
        if written.observed is None and is_due:
            return made
        observed = written.observed if is_due else None
        return after_read_back(job, made, observed, self._clock.now())

    def _busy(self, job: Job, attempt: Attempt, busy: Busy) -> Answered | Parked:
        """Put it off. What an earlier attempt has added is still looked for, or it is doubled."""
        verdict = after_busy(job, busy, self._settings, self._clock.now())
        is_begun = job.attempt.in_doubt and attempt.rest is not None
        if isinstance(verdict, Answered) or not is_begun:
            return verdict
        kept = verdict.attempt.model_copy(update={"in_doubt": True, "rest": job.attempt.rest})
        return replace(verdict, attempt=kept)

    async def _taken(self, job: Job, refused: Refused) -> Answered | Parked:
        """Look for what took the number: it is ours, somebody's, or not to be seen yet."""
        try:
            verdict: Verdict = await self._looking.look_up(job)
        except RetriableError:
            return parked_unseen(job)
        except RejectedError:
            return after_refusal(job, refused, self._clock.now())
        if isinstance(verdict, Send):
            return after_busy(job, Busy(refused.words), self._settings, self._clock.now())
        return verdict

    async def _read_back(self, made: Sequence[tuple[Job, Made]]) -> dict[Ref, Answered | Parked]:
        """Read what was written; what cannot be read now is known to be made, and read later."""
        for wait_seconds in _READ_BACK_WAITS_SECONDS:
            try:
                return dict(await self._looking.read_back(made))
            except RejectedError as error:
                _log.warning("record.unreadable", reason=str(error))
                break
            except RetriableError as error:
                _log.warning("vendor.awaited", reason=str(error), wait_seconds=wait_seconds)
                await self._clock.sleep(wait_seconds)
        return {
            job.seat: Parked(job.attempt.model_copy(update={"made": done}), 0.0)
            for job, done in made
        }
