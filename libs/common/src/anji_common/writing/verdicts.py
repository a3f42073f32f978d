"""What becomes of a command: pure decisions on what was found, read and answered.

A *job* is a command whose turn it is. Each look at the target, and each answer to a write, gives
a verdict on it: it is answered, it is to be sent, or it is put aside for a while (parked) with
what is known so far. Nothing here waits, reads a clock or talks to a vendor.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from anji_common.events.commands import Action, Command
from anji_common.events.observed import Observed
from anji_common.events.results import Outcome, Result
from anji_common.interest import ObjectInterest
from anji_common.refs import Ref
from anji_common.writing.attempts import Attempt, AttemptRow, Made, Refusal, Rest
from anji_common.writing.comparing import Standing, rest_of, same, standing_of
from anji_common.writing.settings import WriterSettings
from anji_common.writing.target import Busy, Doubtful, Found, Refused

__all__ = [
    "Answered",
    "Job",
    "Parked",
    "Send",
    "Verdict",
    "after_busy",
    "after_doubt",
    "after_look_up",
    "after_lost_message",
    "after_operation",
    "after_read",
    "after_read_back",
    "after_refusal",
    "attempted",
    "parked_unseen",
]

_LONGEST_LOOK_SECONDS = 30.0
_LONGEST_BUSY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Job:
    """An open command whose turn it is."""

    row: AttemptRow
    attempt: Attempt
    quarantine_is_over: bool = True
    """No earlier attempt can take effect any more."""
    looks: int = 0
    """How often its doubt has been looked at in vain."""

    @property
    def command(self) -> Command:
        """The wish itself."""
        return self.attempt.command

    @property
    def seat(self) -> Ref:
        """Who issued it: a job's key, for a seat has at most one open command."""
        return self.row.seat

    @property
    def may_still_happen(self) -> bool:
        """Whether an earlier attempt may still take effect."""
        return self.attempt.in_doubt and not self.quarantine_is_over

    @property
    def has_unique_number(self) -> bool:
        """Whether the vendor itself refuses to make it twice."""
        return any(way.by == "number" for way in self.command.look_ups)

    @property
    def can_be_found(self) -> bool:
        """Whether a record that it made could be told from others'."""
        return any(way.by != "natural key" for way in self.command.look_ups)


@dataclass(frozen=True, slots=True)
class Send:
    """It is to be written now."""

    rest: Command | None = None
    """Only this of it, where the rest of an update stands already; `None`: the whole."""


@dataclass(frozen=True, slots=True)
class Answered:
    """It is finished."""

    result: Result


@dataclass(frozen=True, slots=True)
class Parked:
    """It is to be taken up again after a while."""

    attempt: Attempt
    wait_seconds: float
    doubted_since: float | None = None
    """Monotonic seconds when the attempt was begun from which its quarantine counts anew."""


Verdict = Send | Answered | Parked


def attempted(job: Job, send: Send, began_at: datetime) -> Attempt:
    """Return the attempt that is noted before the job is sent."""
    attempt = job.attempt
    update = {
        "tries": attempt.tries + 1,
        "began_at": began_at,
        "in_doubt": True,
        "rest": None if send.rest is None else Rest.of(send.rest),
        "fruitful": attempt.tries if _gets_on(attempt, send.rest) else attempt.fruitful,
    }
    return attempt.model_copy(update=update)


def after_lost_message(job: Job, at: datetime) -> Answered:
    """Return the verdict on a message whose answer was lost."""
    return _answered(job, at, Outcome.IN_DOUBT, words="no answer came; it may have been sent")


def after_look_up(
    job: Job, hits: Sequence[Found], settings: WriterSettings, at: datetime
) -> Verdict:
    """Return the verdict on a create, by what is there already (``protocol.md`` 4 and 12).

    Our own marker or number after our own attempt is what that attempt made; without one, and
    by natural key, it is a record that stood there before.
    """
    if len(hits) > 1:
        refs = ", ".join(str(hit.observed.ref) for hit in hits)
        return _answered(job, at, Outcome.IN_DOUBT, words=f"more than one record fits: {refs}")
    if hits:
        (found,) = hits
        is_made = found.is_ours and job.attempt.in_doubt
        return _answered(
            job,
            at,
            Outcome.CREATED if is_made else Outcome.MATCHED,
            ref=found.observed.ref,
            business_number=found.business_number,
            observed=found.observed,
            lines=found.lines,
        )
    if job.command.only_matches:
        return _answered(job, at, Outcome.UNMATCHED, words="no record fits; none is made")
    if job.may_still_happen and not _may_repeat_at_once(job, settings):
        return parked_unseen(job)
    return _send_or_give_up(job, settings, at)


def after_read(  # noqa: PLR0913 - what a comparison takes
    job: Job,
    observed: Observed | None,
    interest: ObjectInterest,
    settings: WriterSettings,
    at: datetime,
    *,
    in_parts: bool = False,
) -> Verdict:
    """Return the verdict on an update, by what its target holds now (``protocol.md`` 11).

    With `in_parts` only what is not at its wish is sent.
    """
    command = job.command
    if observed is None:
        words = "the record is gone"
        return _answered(job, at, Outcome.REJECTED, ref=command.target, words=words, code="gone")
    in_doubt = job.attempt.in_doubt
    standing = standing_of(command, observed, interest, in_doubt=in_doubt, in_parts=in_parts)
    if standing is Standing.AT_WISH:
        return _answered(job, at, Outcome.UPDATED, ref=observed.ref, observed=observed)
    if job.may_still_happen:
        return parked_unseen(job)
    if standing is Standing.ELSEWHERE:
        return _answered(job, at, Outcome.MOVED, ref=observed.ref, observed=observed)
    rest = rest_of(command, observed, interest, in_doubt=in_doubt) if in_parts else command
    return _send_or_give_up(job, settings, at, None if rest == command else rest)


def after_operation(
    job: Job,
    observed: Observed | None,
    settings: WriterSettings,
    at: datetime,
    *,
    is_done: bool,
) -> Verdict:
    """Return the verdict on an operation, by where its target stands.

    One that has been done is not done again, whoever did it. Like an update's, its base must
    still hold: an edit made meanwhile may be a reason not to delete.
    """
    command = job.command
    if is_done:
        return _answered(job, at, Outcome.UPDATED, ref=command.target, observed=observed)
    if observed is None:
        words = "the record is gone"
        return _answered(job, at, Outcome.REJECTED, ref=command.target, words=words, code="gone")
    if job.may_still_happen:
        return parked_unseen(job)
    if not all(same(observed.data.get(path), held) for path, held in command.base.items()):
        return _answered(job, at, Outcome.MOVED, ref=observed.ref, observed=observed)
    return _send_or_give_up(job, settings, at)


def after_read_back(job: Job, made: Made, observed: Observed | None, at: datetime) -> Answered:
    """Return the answer to a confirmed write, with the record as it was read after it."""
    return _answered(
        job,
        at,
        made.outcome,
        ref=made.ref,
        business_number=made.business_number,
        observed=observed,
        lines=made.lines,
        words=made.words,
        calls=1,
    )


def after_refusal(job: Job, refused: Refused | Refusal, at: datetime) -> Answered | Parked:
    """Return the verdict after a refusal; it waits until no earlier attempt can take effect."""
    if job.may_still_happen:
        refusal = Refusal(words=refused.words, code=refused.code, field=refused.field)
        return parked_unseen(job, refusal)
    return _answered(
        job,
        at,
        Outcome.REJECTED,
        ref=job.command.target,
        words=refused.words,
        code=refused.code,
        field=refused.field,
        calls=1 if isinstance(refused, Refused) and refused.is_partial else 0,
    )


def after_busy(job: Job, busy: Busy, settings: WriterSettings, at: datetime) -> Answered | Parked:
    """Return the verdict after "not now": again, with growing distance, a bounded number of times.

    It takes nothing from an earlier attempt's doubt.
    """
    count = job.attempt.busy + (0 if busy.is_unreached else 1)
    if count > settings.max_busy:
        return after_refusal(job, Refusal(words=busy.words, code="busy"), at)
    attempt = job.attempt.model_copy(update={"busy": count, "in_doubt": job.may_still_happen})
    distance = settings.busy_seconds * 2.0 ** max(count - 1, 0)
    return Parked(attempt, min(distance, _LONGEST_BUSY_SECONDS))


def after_doubt(
    job: Job, attempted: Attempt, doubtful: Doubtful, begun: float, at: datetime
) -> Answered | Parked:
    """Return the verdict after a lost answer: a doubt, or for a message the end."""
    if job.command.action is Action.MESSAGE:
        return _answered(job, at, Outcome.IN_DOUBT, words=doubtful.words)
    return Parked(attempted, 0.0, doubted_since=begun)


def parked_unseen(job: Job, refusal: Refusal | None = None) -> Parked:
    """Return the job put aside as it is, to be looked at again a little later each time."""
    attempt = job.attempt
    if refusal is not None:
        attempt = attempt.model_copy(update={"refusal": refusal})
    return Parked(attempt, min(2.0**job.looks, _LONGEST_LOOK_SECONDS))


def _may_repeat_at_once(job: Job, settings: WriterSettings) -> bool:
    return (
        job.has_unique_number
        and job.attempt.refusal is None
        and job.attempt.tries < settings.max_tries
    )


def _send_or_give_up(
    job: Job, settings: WriterSettings, at: datetime, rest: Command | None = None
) -> Verdict:
    attempt = job.attempt
    if attempt.refusal is not None:
        return after_refusal(job, attempt.refusal, at)
    if not attempt.in_doubt:
        return Send(rest)
    is_vain = attempt.tries - attempt.fruitful >= settings.max_tries
    if is_vain and not _gets_on(attempt, rest):
        which = "any" if rest is None else "the last"
        words = f"no answer to {attempt.tries} attempts, and no effect of {which} was found"
        return _answered(job, at, Outcome.IN_DOUBT, ref=job.command.target, words=words)
    if job.command.action is Action.CREATE and not job.can_be_found:
        words = "no answer came, and nothing tells the record from others': look for it by hand"
        return _answered(job, at, Outcome.IN_DOUBT, words=words)
    return Send(rest)


def _gets_on(attempt: Attempt, rest: Command | None) -> bool:
    """Whether less is left than the last attempt sent: attempts with an effect come to an end."""
    if rest is None:
        return False
    sent = attempt.rest or Rest.of(attempt.command)
    return Rest.of(rest).count < sent.count


def _answered(  # noqa: PLR0913 - one parameter an attribute of a result
    job: Job,
    at: datetime,
    outcome: Outcome,
    *,
    ref: Ref | None = None,
    business_number: str | None = None,
    observed: Observed | None = None,
    lines: dict[str, dict[str, str]] | None = None,
    words: str = "",
    code: str = "",
    field: str = "",
    calls: int = 0,
) -> Answered:
    command = job.command
    return Answered(
        Result(
            seat=command.seat,
            number=command.number,
            system=command.system,
            outcome=outcome,
            answered_at=at,
            ref=ref,
            business_number=business_number,
            observed=observed,
            lines=lines or {},
            words=words,
            code=code,
            field=field,
            calls=calls + job.attempt.tries,
            lane=command.lane,
        )
    )
