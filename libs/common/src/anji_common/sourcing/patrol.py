"""The patrol: every known record is read again by id, slowly, now and then. Pure.

It finds what no window shows: changes that move no date (a removed line, ``protocol.md`` 20) and
records that are gone. No delete is inferred from absence: a record that a read by id leaves out is
asked for once more after a while; only then it is gone. If too many seem to be gone (the account
has lost a right, a table is being restored), nothing is published until a person approves.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta

from anji_common.events.changes import Change, revision_of
from anji_common.events.observed import Stamp
from anji_common.events.signals import SignalKind
from anji_common.refs import Ref
from anji_common.sourcing.checkpoints import PatrolProgress, PatrolStage
from anji_common.sourcing.revisions import Published
from anji_common.sourcing.settings import SourceSettings

__all__ = [
    "after_read",
    "answered",
    "approved",
    "asked_for",
    "buried",
    "due_at",
    "is_too_many",
    "next_ids",
]


def due_at(
    progress: PatrolProgress | None, begun_at: datetime, settings: SourceSettings
) -> datetime | None:
    """Return when the patrol goes on; `None`: never by itself.

    Args:
        progress: How far it is; `None` before the first round.
        begun_at: When the installation began with this object.
        settings: Tells how often, and how long until a second look.
    """
    if progress is not None and progress.stage is PatrolStage.LOOKING:
        return progress.begun_at
    if progress is not None and progress.stage is PatrolStage.CONFIRMING:
        return progress.looked_at + timedelta(seconds=settings.confirm_seconds)
    if settings.patrol_seconds is None:
        return None
    last = begun_at if progress is None else progress.begun_at
    return last + timedelta(seconds=settings.patrol_seconds)


def next_ids(
    progress: PatrolProgress | None,
    now: datetime,
    ids_after: Callable[[str, int], Sequence[str]],
    settings: SourceSettings,
) -> tuple[PatrolProgress, tuple[str, ...]]:
    """Return the round and the ids that it reads next; none where all have been looked at.

    Args:
        progress: How far it is; where no round is under way, one begins.
        now: The vendor's time.
        ids_after: Gives the known ids greater than one, sorted, at most so many.
        settings: How many are read together.
    """
    progress = asked_for(progress, now)
    if progress.stage is PatrolStage.CONFIRMING:
        return progress, progress.missing[: settings.batch_ids]
    ids = tuple(ids_after(progress.after, settings.batch_ids))
    if ids:
        return progress, ids
    stage = PatrolStage.CONFIRMING if progress.missing else PatrolStage.OVER
    return progress.model_copy(update={"stage": stage, "looked_at": now}), ()


def after_read(
    progress: PatrolProgress,
    asked: Sequence[str],
    found: Collection[str],
    settings: SourceSettings,
) -> tuple[PatrolProgress, tuple[str, ...]]:
    """Return the round after a read, and the ids that are gone for certain.

    Args:
        progress: The round.
        asked: The ids that were read, at least one.
        found: Which of them exist: whole, torn or unreadable.
        settings: How many may be gone without asking.
    """
    absent = tuple(each for each in asked if each not in found)
    if progress.stage is PatrolStage.LOOKING:
        update = {
            "after": asked[-1],
            "looked": progress.looked + len(asked),
            "missing": (*progress.missing, *absent),
        }
        return progress.model_copy(update=update), ()
    confirmed = (*progress.confirmed, *absent)
    rest = progress.missing[len(asked) :]
    if rest:
        return progress.model_copy(update={"missing": rest, "confirmed": confirmed}), ()
    if is_too_many(len(confirmed), progress.looked, settings) and not progress.is_approved:
        update = {"stage": PatrolStage.HELD, "missing": (), "confirmed": confirmed}
        return progress.model_copy(update=update), ()
    over = PatrolProgress(
        begun_at=progress.begun_at, looked_at=progress.looked_at, stage=PatrolStage.OVER
    )
    return over, confirmed


def asked_for(progress: PatrolProgress | None, now: datetime) -> PatrolProgress:
    """Return the round that is under way, or else a new one: what was held is found anew."""
    if progress is not None and progress.is_under_way:
        return progress
    return PatrolProgress(begun_at=now, looked_at=now)


def approved(progress: PatrolProgress | None) -> PatrolProgress | None:
    """Return the round after a person has approved what it holds: it is looked at once more."""
    if progress is None or progress.stage is not PatrolStage.HELD:
        return progress
    update = {
        "stage": PatrolStage.CONFIRMING,
        "missing": progress.confirmed,
        "confirmed": (),
        "is_approved": True,
    }
    return progress.model_copy(update=update)


def answered(progress: PatrolProgress | None, answer: SignalKind) -> PatrolProgress | None:
    """Return the round after a person has said APPROVE or REFUSE to what it holds."""
    if answer is SignalKind.APPROVE or progress is None or progress.stage is not PatrolStage.HELD:
        return approved(progress)
    update = {"stage": PatrolStage.OVER, "confirmed": ()}
    return progress.model_copy(update=update)


def is_too_many(gone: int, looked: int, settings: SourceSettings) -> bool:
    """Whether so many gone of so many known need a person's approval.

    One of several does not, as people delete single records. The only one does: so it looks when
    the account has lost sight of an object, and a link that ended wrongly does not begin again.
    """
    one_of_several = min(1, looked - 1)
    share = max(settings.most_deletes_share * looked, one_of_several)
    return gone > settings.most_deletes or gone > share


def buried(ref: Ref, last: Published, at: datetime) -> Change:
    """Return the tombstone of a record that is gone, newer than all that was published of it."""
    stamp = Stamp(modified_at=max(at, last.modified_at))
    revision = max(revision_of(stamp.modified_at, 0), last.revision + 1)
    return Change(ref=ref, revision=revision, stamp=stamp, data=None)
