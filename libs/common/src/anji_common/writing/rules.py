"""The rules of ``protocol.md`` that the writing engine is built from, one named function each.

`WriterRules` is a table: whoever wants to see a rule's accident composes another table with
`dataclasses.replace`. Nothing asks whether it is being tested.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from anji_common.events.commands import Action, CommandNumber
from anji_common.writing.attempts import AttemptRow, Delivery, delivery_of
from anji_common.writing.settings import WriterSettings
from anji_common.writing.timers import Timer
from anji_common.writing.verdicts import Job

__all__ = [
    "WRITER_RULES",
    "Known",
    "WriterRules",
    "is_compared",
    "is_looked_up",
    "is_noted",
    "is_outdated",
    "is_quarantined",
    "is_read_back",
    "is_sent_once",
]


@dataclass(frozen=True, slots=True)
class Known:
    """What a source has read of one object, by our clock."""

    read_at: datetime
    """When the newest whole window was begun."""

    steady_since: datetime
    """When the first window after the last standstill was published."""


def is_looked_up(job: Job) -> bool:
    """Rule 4: every create is looked up before it is sent, by marker, number and natural key."""
    return job.command.action is Action.CREATE


def is_compared(
    job: Job,
    settings: WriterSettings,
    now: datetime,
    *,
    reads_are_paid: bool,
    known: Known | None = None,
) -> bool:
    """Rule 11: an update's target is compared with its base before it is saved.

    Where reads are paid: when an attempt is in doubt, before an operation or a line's removal, and
    when knowledge is old: what the command was decided on, or what the source has read since of
    that object. A command that waited is older than its age tells: what was read while it did is
    known to its link alone. So is one of the first seconds after the source stood still: what it
    read first may be hours old, and the command may have been decided before it was known.
    """
    command = job.command
    return (
        not reads_are_paid
        or job.attempt.in_doubt
        or command.action is Action.OPERATE
        or any(command.removes.values())
        or (now - command.issued_at).total_seconds() > _youngest(settings)
        or known is None
        or (now - known.read_at).total_seconds() > settings.known_seconds
        or (command.issued_at - known.steady_since).total_seconds() < settings.decided_seconds
    )


def _youngest(settings: WriterSettings) -> float:
    return min(settings.known_seconds, settings.decided_seconds)


def is_noted(_job: Job) -> bool:
    """Rule 12: an attempt is durable before its call to the vendor."""
    return True


def is_outdated(age_seconds: float, settings: WriterSettings) -> bool:
    """Rule 12, A: what was noted longer ago than this is looked up and noted again."""
    return age_seconds > settings.age_seconds


def is_quarantined(timer: Timer, now: float) -> bool:
    """Rule 12, Q: an attempt in doubt may still take effect."""
    return now < timer.quarantine_ends


def is_read_back(job: Job, *, reads_are_paid: bool) -> bool:
    """Rule 8: what was written is read back. ERP: always, it is free. CRM: creates."""
    if job.command.action is Action.MESSAGE:
        return False
    return job.command.action is Action.CREATE or not reads_are_paid


def is_sent_once(job: Job) -> bool:
    """Rule 21: a message whose answer was lost is never sent again."""
    return job.command.action is Action.MESSAGE and job.attempt.in_doubt


@dataclass(frozen=True, slots=True)
class WriterRules:
    """The writing engine's rules."""

    delivery: Callable[[AttemptRow | None, CommandNumber], Delivery] = delivery_of
    is_looked_up: Callable[[Job], bool] = is_looked_up
    is_compared: Callable[..., bool] = is_compared
    is_noted: Callable[[Job], bool] = is_noted
    is_outdated: Callable[[float, WriterSettings], bool] = is_outdated
    is_quarantined: Callable[[Timer, float], bool] = is_quarantined
    is_read_back: Callable[..., bool] = is_read_back
    is_sent_once: Callable[[Job], bool] = is_sent_once


WRITER_RULES = WriterRules()
