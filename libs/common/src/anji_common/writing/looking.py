"""Looking before writing: what of a batch needs no write, must wait, or is to be sent."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from anji_common.clock import Clock
from anji_common.errors import RecordBusyError, RefusedError, RejectedError
from anji_common.events.commands import Action
from anji_common.events.observed import Observed
from anji_common.events.results import Outcome
from anji_common.interest import Interest
from anji_common.refs import Ref
from anji_common.writing.attempts import Made, Refusal
from anji_common.writing.knowledge import Knowledge
from anji_common.writing.rules import WriterRules
from anji_common.writing.settings import WriterSettings
from anji_common.writing.target import Busy, Found, Refused, Target, Written
from anji_common.writing.verdicts import (
    Answered,
    Job,
    Parked,
    Send,
    Verdict,
    after_busy,
    after_look_up,
    after_lost_message,
    after_operation,
    after_read,
    after_read_back,
    after_refusal,
    parked_unseen,
)

__all__ = ["Looking"]


class Looking:
    """Asks the target about jobs; every question is one for the whole batch."""

    def __init__(  # noqa: PLR0913 - what it looks with
        self,
        target: Target,
        interest: Interest,
        clock: Clock,
        settings: WriterSettings,
        rules: WriterRules,
        *,
        knowledge: Knowledge | None = None,
    ) -> None:
        """Ask `target`; where its reads are paid, `knowledge` tells what was read for nothing."""
        self._rules = rules
        self._knowledge = knowledge
        self._target = target
        self._interest = interest
        self._clock = clock
        self._settings = settings

    async def look(self, jobs: Sequence[Job]) -> dict[Ref, Verdict]:
        """Return a verdict on each job, by seat.

        Raises:
            RetriableError: the vendor gives no answer; nothing is known of any of them.
        """
        try:
            return await self._look(jobs)
        except RejectedError as error:
            # The vendor refuses the question. One by one, so that only those suffer that ask it.
            if len(jobs) == 1:
                return {jobs[0].seat: self._refused(jobs[0], error)}
        except RecordBusyError as error:
            if len(jobs) == 1:
                if not jobs[0].attempt.busy:
                    raise
                return {jobs[0].seat: self._busy(jobs[0], error)}
        found: dict[Ref, Verdict] = {}
        busy: list[tuple[Job, RecordBusyError]] = []
        gets_through = False
        for job in jobs:
            try:
                found.update(await self.look([job]))
            except RecordBusyError as error:
                busy.append((job, error))
            else:
                gets_through = gets_through or not job.attempt.busy
        if busy and not gets_through:
            raise busy[0][1]  # it is the vendor that is busy, and no record
        return found | {job.seat: self._busy(job, error) for job, error in busy}

    async def _look(self, jobs: Sequence[Job]) -> dict[Ref, Verdict]:
        verdicts = {job.seat: self._unknown(job) for job in jobs if not self._knows(job)}
        made = [job for job in jobs if job.attempt.made is not None]
        open_jobs = [job for job in jobs if job.attempt.made is None and self._knows(job)]
        creates = [job for job in open_jobs if self._rules.is_looked_up(job)]
        verdicts.update(await self._read_back(made))
        for own_only in (True, False):
            asked = [job for job in creates if job.may_still_happen is own_only]
            verdicts.update(await self._look_up(asked, own_only=own_only))
        updates = [
            job for job in open_jobs if job.command.action in (Action.UPDATE, Action.OPERATE)
        ]
        # Again, for a comparison may wait: what is known of the others grows old meanwhile.
        while compared := [
            job for job in updates if job.seat not in verdicts and self._is_compared(job)
        ]:
            verdicts.update(await self._compare(compared))
        for job in open_jobs:
            if self._rules.is_sent_once(job):
                verdicts[job.seat] = after_lost_message(job, self._clock.now())
            else:
                verdicts.setdefault(job.seat, Send())
        return verdicts

    async def look_up(self, job: Job) -> Verdict:
        """Return the verdict on a create of ours that was refused because it exists already.

        Raises:
            RetriableError: the vendor gives no answer.
        """
        found = await self._look_up([job], own_only=job.may_still_happen)
        return found[job.seat]

    def _knows(self, job: Job) -> bool:
        """Whether this writer's mappings know the object; people need no mapping."""
        names = {found.object_name for found in self._interest.objects}
        return job.command.action is Action.MESSAGE or job.command.object_name in names

    def _unknown(self, job: Job) -> Verdict:
        words = f"this writer's mappings know no object {job.command.object_name}"
        return after_refusal(job, Refusal(words=words, code="mapping"), self._clock.now())

    def _is_compared(self, job: Job) -> bool:
        paid = self._target.reads_are_paid
        known, name = self._knowledge, job.command.object_name
        return self._rules.is_compared(
            job,
            self._settings,
            self._clock.now(),
            reads_are_paid=paid,
            known=None if known is None else known.of(name),
        )

    async def _look_up(self, jobs: Sequence[Job], *, own_only: bool) -> dict[Ref, Verdict]:
        if not jobs:
            return {}
        hits = await self._target.look_up([job.command for job in jobs], own_only=own_only)
        verdicts: dict[Ref, Verdict] = {}
        for job, found in zip(jobs, hits, strict=True):
            verdict = after_look_up(job, found, self._settings, self._clock.now())
            if isinstance(verdict, Answered) and verdict.result.outcome is Outcome.CREATED:
                verdict = await self._taken_on(job, found[0], verdict)
            verdicts[job.seat] = verdict
        return verdicts

    async def _taken_on(self, job: Job, found: Found, verdict: Answered) -> Verdict:
        """Let a record that holds the wish be submitted and audited, if that is due."""
        outcome = await self._target.finish(found, job.command)
        result = verdict.result
        match outcome:
            case None:
                return verdict
            case Written():
                words, observed = outcome.words, outcome.observed
            case Refused():
                words, observed = outcome.words, result.observed
            case Busy() if not outcome.is_unreached and job.looks >= self._settings.max_busy:
                words, observed = outcome.words, result.observed
            case _:
                return parked_unseen(job)
        if observed is None:
            made = Made(
                outcome=result.outcome,
                ref=found.observed.ref,
                business_number=found.business_number,
                lines=found.lines,
                words=words,
            )
            attempt = job.attempt.model_copy(update={"made": made})
            return Parked(attempt, 0.0)
        return Answered(result.model_copy(update={"words": words, "observed": observed}))

    async def _compare(self, jobs: Sequence[Job]) -> dict[Ref, Verdict]:
        if not jobs:
            return {}
        read = await self._target.read([job.command for job in jobs])
        return {
            job.seat: await self._compared(job, observed)
            for job, observed in zip(jobs, read, strict=True)
        }

    async def _compared(self, job: Job, observed: Observed | None) -> Verdict:
        command, now = job.command, self._clock.now()
        if command.action is Action.OPERATE:
            is_done = self._target.is_done(command, observed)
            return after_operation(job, observed, self._settings, now, is_done=is_done)
        interest = self._interest.of(command.object_name)
        in_parts = self._target.updates_in_parts
        verdict = after_read(job, observed, interest, self._settings, now, in_parts=in_parts)
        if observed is None or not isinstance(verdict, Answered):
            return verdict
        if verdict.result.outcome is not Outcome.UPDATED:
            return verdict
        # Its values stand; an attempt that was cut off may have left it un-audited.
        return await self._taken_on(job, Found(observed, None, is_ours=True), verdict)

    async def _read_back(self, jobs: Sequence[Job]) -> Mapping[Ref, Answered]:
        return await self.read_back(
            [(job, job.attempt.made) for job in jobs if job.attempt.made is not None]
        )

    async def read_back(self, made: Sequence[tuple[Job, Made]]) -> dict[Ref, Answered]:
        """Return the answers to confirmed writes, with the records as they stand after them.

        Raises:
            RetriableError: the vendor gives no answer.
        """
        if not made:
            return {}
        asked = [job.command.model_copy(update={"target": done.ref}) for job, done in made]
        read = await self._target.read(asked)
        now = self._clock.now()
        return {
            job.seat: after_read_back(job, done, observed, now)
            for (job, done), observed in zip(made, read, strict=True)
        }

    def _busy(self, job: Job, error: RecordBusyError) -> Verdict:
        """Return the verdict on a job that cannot be looked at while others can: bounded."""
        verdict = after_busy(job, Busy(str(error)), self._settings, self._clock.now())
        if isinstance(verdict, Answered):
            return verdict
        # Nothing was seen: what may have been made stays in doubt.
        attempt = verdict.attempt.model_copy(update={"in_doubt": job.attempt.in_doubt})
        return replace(verdict, attempt=attempt)

    def _refused(self, job: Job, error: RejectedError) -> Verdict:
        if job.attempt.made is not None:  # it is done; only what it looks like stays unknown
            return after_read_back(job, job.attempt.made, None, self._clock.now())
        refusal = Refusal(words=str(error))
        if isinstance(error, RefusedError):
            refusal = Refusal(words=error.words, code=error.code, field=error.field)
        return after_refusal(job, refusal, self._clock.now())
