"""The patrol: every known record is read again by id, slowly, now and then. Pure.

It finds what no window shows: changes that move no date (a removed line, ``protocol.md`` 20),
records that were hidden from the account when their window was read (it then lists what there is,
and reads what nobody has published), and records that are gone. No delete is inferred from
absence: a record that a read by id leaves out is asked for once more after a while; only then it
is gone. That second read also asks for witnesses, known records that were there: an answer without
one of them, or that tells a record twice, comes from a vendor that left out something (an empty
success, a page cut short), and proves nothing. If too many seem to be gone (the account has lost a
right, a table is being restored), nothing is published until a person approves.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from anji_common.events.changes import Change, revision_of
from anji_common.events.observed import Stamp
from anji_common.events.signals import SignalKind
from anji_common.refs import Ref
from anji_common.sourcing.checkpoints import Checkpoint, PatrolProgress, PatrolStage
from anji_common.sourcing.feed import Listed, Window
from anji_common.sourcing.revisions import Published
from anji_common.sourcing.settings import SourceSettings

__all__ = [
    "Question",
    "after_listing",
    "after_read",
    "answered",
    "approved",
    "asked_for",
    "buried",
    "due_at",
    "is_too_many",
    "listed_window",
    "next_question",
    "unproven",
]

_WITNESSES = 4
"""Two that come after those who are missing, where there are any, and two from the beginning: an
answer may be cut at its end."""

_MOST_MISSING = 2000
"""With so many missing a round looks no further: whether they are gone is settled first. They
stand in every checkpoint, which Kafka takes up to 1 MB."""

_IdsAfter = Callable[[str, int], Sequence[str]]
"""Gives the known ids greater than one, sorted, at most so many."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a round reads next."""

    progress: PatrolProgress
    """The round; it begins with its first question."""
    ids: tuple[str, ...] = ()
    """Whose existence is asked; none where all have been looked at."""
    witnesses: tuple[str, ...] = ()
    """Of whom it is known: an answer without them is not to be believed."""
    lists_behind: str | None = None
    """No id is asked for: the vendor is to list what it has behind this one."""


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


def next_question(
    progress: PatrolProgress | None, now: datetime, ids_after: _IdsAfter, settings: SourceSettings
) -> Question:
    """Return what the round reads next.

    Args:
        progress: How far it is; where no round is under way, one begins.
        now: The vendor's time.
        ids_after: Gives what is known.
        settings: How many are read together.
    """
    progress = asked_for(progress, now)
    if progress.stage is PatrolStage.CONFIRMING:
        most = min(_WITNESSES, settings.batch_ids // 2)
        asked = progress.missing[: settings.batch_ids - most]
        return Question(progress, asked, _witnesses(progress, asked[-1], ids_after, most))
    is_full = len(progress.missing) >= _MOST_MISSING
    ids = () if is_full else tuple(ids_after(progress.after, settings.batch_ids))
    if ids:
        return Question(progress, ids)
    if not is_full:
        return Question(progress, lists_behind=progress.listed or "")
    return Question(_looked(progress, now))


def _looked(progress: PatrolProgress, now: datetime) -> PatrolProgress:
    """Return the round when all has been looked at once."""
    stage = PatrolStage.CONFIRMING if progress.missing else PatrolStage.OVER
    return progress.model_copy(update={"stage": stage, "looked_at": now, "listed": None})


def listed_window(place: Checkpoint, settings: SourceSettings) -> Window:
    """Return of which times the vendor is to list what it has: of all that polls have read.

    What is older than the installation is no news by itself (``protocol.md`` 23).
    """
    until = place.watermark - timedelta(seconds=settings.overlap_seconds)
    return Window(place.begun_at, max(place.begun_at, until))


def after_listing(progress: PatrolProgress, listed: Listed, now: datetime) -> PatrolProgress:
    """Return the round when what was listed is known, or was asked for."""
    if listed.is_last or not listed.ids:
        return _looked(progress, now)
    return progress.model_copy(update={"listed": listed.ids[-1]})


def _witnesses(
    progress: PatrolProgress, last: str, ids_after: _IdsAfter, most: int
) -> tuple[str, ...]:
    """Return some records that this round has seen to be there, as far as there are any."""
    missing = {*progress.missing, *progress.confirmed}
    enough = len(missing) + most

    def were_there(start: str) -> list[str]:
        known = (each for each in ids_after(start, enough) if each not in missing)
        return [each for each in known if not progress.after or each <= progress.after]

    behind, first = were_there(last), were_there("")
    return tuple(dict.fromkeys((*behind[: (most + 1) // 2], *first)))[:most]


def unproven(
    question: Question, told: Sequence[str], now: datetime
) -> tuple[PatrolProgress, str] | None:
    """Return the round put off, and why its answer is not believed; `None`: it is.

    A witness who is not there may have been deleted since: it is one of the missing then, and
    others are asked next time.

    Args:
        question: What was read.
        told: The ids of the records in the answer, each as often as it was told.
        now: The vendor's time: the same is asked again a while later.
    """
    absent = tuple(each for each in question.witnesses if each not in told)
    if absent:
        words = f"the answer left out {', '.join(absent)}, of which it was known"
    elif question.progress.stage is PatrolStage.CONFIRMING and len({*told}) < len(told):
        words = "the answer told a record twice"
    else:
        return None
    progress = question.progress
    update = {"looked_at": now, "missing": (*progress.missing, *absent)}
    return progress.model_copy(update=update), words


def after_read(
    question: Question, found: Collection[str], settings: SourceSettings
) -> tuple[PatrolProgress, tuple[str, ...]]:
    """Return the round after a read that proves something, and the ids that are gone for certain.

    Args:
        question: What was read, at least one id.
        found: Which of them exist: whole, torn or unreadable.
        settings: How many may be gone without asking.
    """
    progress, asked = question.progress, question.ids
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
    told = {*progress.approved} if not progress.is_approved else {*confirmed}
    gone = tuple(each for each in confirmed if each in told)
    held = tuple(each for each in confirmed if each not in told)
    if is_too_many(len(held), progress.looked, settings):
        update = {"stage": PatrolStage.HELD, "missing": (), "confirmed": held, "held": ()}
        return progress.model_copy(update=update), gone
    over = PatrolProgress(
        begun_at=progress.begun_at, looked_at=progress.looked_at, stage=PatrolStage.OVER
    )
    return over, confirmed


def asked_for(progress: PatrolProgress | None, now: datetime) -> PatrolProgress:
    """Return the round that is under way, or else a new one: what was held is found anew."""
    if progress is None:
        return PatrolProgress(begun_at=now, looked_at=now)
    if progress.is_under_way:
        return progress
    return PatrolProgress(begun_at=now, looked_at=now, held=progress.waiting)


def approved(progress: PatrolProgress | None) -> PatrolProgress | None:
    """Return the round after a person has approved what is held.

    It is looked at once more: at once, or by the round that is looking already.
    """
    if progress is None or not progress.waiting:
        return progress
    update: dict[str, object] = {"held": (), "approved": progress.waiting}
    if progress.stage is PatrolStage.HELD:
        update |= {"stage": PatrolStage.CONFIRMING, "missing": progress.confirmed, "confirmed": ()}
    return progress.model_copy(update=update)


def answered(
    progress: PatrolProgress | None, answer: SignalKind, question: str | None = None
) -> PatrolProgress | None:
    """Return the round after a person has said APPROVE or REFUSE to what is held.

    An answer to another `question` than the one that stands is let be: it comes a second time (a
    group was put back), or what it was shown is not all that waits by now. Older versions named
    none.
    """
    if progress is not None and question not in {None, progress.question}:
        return progress
    if answer is SignalKind.APPROVE or progress is None or not progress.waiting:
        return approved(progress)
    if progress.stage is not PatrolStage.HELD:
        return progress.model_copy(update={"held": ()})
    return progress.model_copy(update={"stage": PatrolStage.OVER, "confirmed": ()})


def is_too_many(gone: int, looked: int, settings: SourceSettings) -> bool:
    """Whether so many gone of so many known need a person's approval.

    One of several does not, as people delete single records. The only one does: so it looks when
    the account has lost sight of an object, and a link that ended wrongly does not begin again.
    """
    one_of_several = min(1, looked - 1)
    share = max(settings.most_deletes_share * looked, one_of_several)
    return gone > settings.most_deletes or gone > share


def buried(ref: Ref, last: Published | None, at: datetime) -> Change:
    """Return the tombstone of a record that is gone, newer than all that was published of it."""
    if last is None:
        return Change(ref=ref, revision=revision_of(at, 0), stamp=Stamp(modified_at=at), data=None)
    stamp = Stamp(modified_at=max(at, last.modified_at))
    revision = max(revision_of(stamp.modified_at, 0), last.revision + 1)
    return Change(ref=ref, revision=revision, stamp=stamp, data=None)
