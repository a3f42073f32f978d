"""What the broker does not take, for it is too large, is told in short: pure decisions.

Kafka takes records of 1 MB. A row, a result or a dead letter that is larger would otherwise end
its writer at every start, with all commands behind it. Nothing is written to a vendor for a
command that cannot be noted; what was written is never told to be refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from anji_common.errors import RejectedError
from anji_common.events.results import Outcome, Result
from anji_common.messages import Message
from anji_common.refs import Ref, System
from anji_common.writing.attempts import Attempt, AttemptRow, Refusal
from anji_common.writing.verdicts import (
    Answered,
    Job,
    Parked,
    Verdict,
    after_read_back,
    after_refusal,
)

__all__ = ["Settled", "refuse_largest"]

_CODE = "too large"
_CUT_BYTES = 1000


def refuse_largest(
    rows: dict[Ref, AttemptRow],
    sent: Sequence[tuple[Job, Attempt]],
    outputs: list[Message],
    error: RejectedError,
    at: datetime,
) -> dict[Ref, Verdict]:
    """Return the verdict on the largest of attempts, which cannot be noted, and so is not made.

    Where its row is too large for what waits in it, the last command that waits is refused: it is
    taken off `rows`, and its result is one of the `outputs`; no verdict is returned then.

    Raises:
        RejectedError: `error`; none is large.
    """

    def size(pair: tuple[Job, Attempt]) -> int:
        job, attempt = pair
        return _size(rows[job.seat].with_attempt(attempt).to_message(attempt.command.system))

    largest = max(sent, key=size)
    job, _ = largest
    if size(largest) <= _CUT_BYTES:
        raise error
    if rows[job.seat].waiting:
        outputs.append(_without_last(rows, job.seat, error, at).to_message())
        return {}
    words = f"it was not carried out, for it cannot be noted: {error}"
    return {job.seat: after_refusal(job, Refusal(words=words, code=_CODE), at)}


@dataclass
class Settled:
    """What one transaction is to hold of some jobs."""

    system: System
    rows: dict[Ref, AttemptRow]
    """As they were before these verdicts."""
    jobs: Mapping[Ref, Job]
    verdicts: dict[Ref, Answered | Parked]
    outputs: list[Message]
    """Dead letters, and results of commands that could not wait."""

    def ended(self) -> dict[Ref, AttemptRow]:
        """Return the rows as they are after the verdicts."""
        return {seat: self._ended(seat, row) for seat, row in self.rows.items()}

    def messages(self) -> list[Message]:
        """Return what is published beside the rows."""
        told = [each for each in self.verdicts.values() if isinstance(each, Answered)]
        return [*self.outputs, *(each.result.to_message() for each in told)]

    def cut_largest(self, error: RejectedError, at: datetime) -> None:
        """Make the largest record smaller.

        Raises:
            RejectedError: `error`; there is nothing that can be told in short.
        """
        letters = [(_size(each), place) for place, each in enumerate(self.outputs)]
        results = [
            (_size(each.result.to_message()), seat)
            for seat, each in self.verdicts.items()
            if isinstance(each, Answered)
        ]
        rows = [(_size(row.to_message(self.system)), seat) for seat, row in self.ended().items()]
        letter, place = max(letters, default=(0, 0))
        result, answered = max(results, key=_first, default=(0, None))
        row, seat = max(rows, key=_first, default=(0, None))
        if max(letter, result, row) <= _CUT_BYTES:
            raise error
        if answered is not None and result >= max(letter, row):
            self._tell_in_short(answered, error)
        elif seat is not None and row >= letter:
            self._keep_less(seat, error, at)
        else:
            value = (self.outputs[place].value or b"")[:_CUT_BYTES]
            self.outputs[place] = replace(self.outputs[place], value=value)

    def _ended(self, seat: Ref, row: AttemptRow) -> AttemptRow:
        match self.verdicts.get(seat):
            case Answered(result):
                return row.closed(result.number)
            case Parked(attempt):
                return row.with_attempt(attempt)
            case _:
                return row

    def _tell_in_short(self, seat: Ref, error: RejectedError) -> None:
        verdict = self.verdicts[seat]
        if not isinstance(verdict, Answered) or verdict.result.observed is None:
            raise error
        self.verdicts[seat] = Answered(_in_short(verdict.result, error))

    def _keep_less(self, seat: Ref, error: RejectedError, at: datetime) -> None:
        verdict = self.verdicts.get(seat)
        if self.rows[seat].waiting:
            self.outputs.append(_without_last(self.rows, seat, error, at).to_message())
        elif not isinstance(verdict, Parked):
            raise error
        elif verdict.attempt.made is not None:
            made = verdict.attempt.made
            self.verdicts[seat] = after_read_back(self.jobs[seat], made, None, at)
        elif not verdict.attempt.in_doubt:
            words = f"it cannot be kept until it can be carried out: {error}"
            refusal = Refusal(words=words, code=_CODE)
            self.verdicts[seat] = after_refusal(self.jobs[seat], refusal, at)
        elif verdict.attempt.refusal is not None:  # it will be told once more
            attempt = verdict.attempt.model_copy(update={"refusal": None})
            self.verdicts[seat] = replace(verdict, attempt=attempt)
        else:
            raise error


def _in_short(result: Result, error: RejectedError) -> Result:
    """Return a result without the record: the wish was done, or else there is no deciding."""
    told = f"the record {result.ref} is too large to be told: {error}"
    words = f"{result.words}; {told}" if result.words else told
    update: dict[str, object] = {"observed": None, "words": words}
    if not result.outcome.holds_the_wish:
        update |= {"outcome": Outcome.REJECTED, "code": _CODE, "lines": {}}
    return result.model_copy(update=update)


def _without_last(
    rows: dict[Ref, AttemptRow], seat: Ref, error: RejectedError, at: datetime
) -> Result:
    """Take the last command that waits off a row, and return its result."""
    row = rows[seat]
    *rest, last = row.waiting
    rows[seat] = row.model_copy(update={"waiting": tuple(rest)})
    return Result(
        seat=seat,
        number=last.number,
        system=last.system,
        outcome=Outcome.REJECTED,
        answered_at=at,
        ref=last.target,
        words=f"it cannot wait for an older command of its record: {error}",
        code=_CODE,
        lane=last.lane,
    )


def _first(pair: tuple[int, Ref]) -> int:
    return pair[0]


def _size(message: Message) -> int:
    return len(message.value or b"")
