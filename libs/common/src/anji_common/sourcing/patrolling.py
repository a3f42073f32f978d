"""One object's patrol, carried out.

Reads known records, finds those that nobody has published, buries those that are gone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from anji_common.clock import Clock
from anji_common.events.changes import Change
from anji_common.events.notices import Notice, NoticeKind
from anji_common.events.observed import Observed
from anji_common.interest import ObjectInterest
from anji_common.messages import Message
from anji_common.metrics import SOURCE_READS
from anji_common.refs import Ref
from anji_common.sourcing.checkpoints import Checkpoint, PatrolProgress, PatrolStage
from anji_common.sourcing.feed import Feed, Listed, Page
from anji_common.sourcing.patrol import (
    after_listing,
    after_read,
    buried,
    due_at,
    listed_window,
    next_question,
    unproven,
)
from anji_common.sourcing.published import PublishedRefs
from anji_common.sourcing.revisions import revise
from anji_common.sourcing.settings import SourceSettings
from anji_common.sourcing.unread import known_after

__all__ = ["Found", "Patrol"]

_log = structlog.get_logger("anji.source")

_FEW = 5
_PAGE_SECONDS = 2.0
"""Between two pages, so that a round leaves most of a vendor's calls to live work."""


@dataclass(frozen=True, slots=True)
class Found:
    """What one step of a patrol has found."""

    progress: PatrolProgress
    changes: tuple[Change, ...] = ()
    page: Page = Page(())  # noqa: RUF009 - frozen
    notices: tuple[Message, ...] = ()


class Patrol:
    """Reads the known records of one object again."""

    def __init__(
        self,
        feed: Feed,
        interest: ObjectInterest,
        published: PublishedRefs,
        clock: Clock,
        settings: SourceSettings,
    ) -> None:
        self._feed = feed
        self._interest = interest
        self._published = published
        self._clock = clock
        self._settings = settings
        self._stepped_at = -_PAGE_SECONDS
        self._ahead = timedelta()
        """Of the vendor's clock, before ours."""

    def hear_time(self, now: datetime) -> None:
        """Take in the vendor's time: it alone tells when a round is due."""
        self._ahead = now - self._clock.now()

    def seconds_to_next(self, place: Checkpoint) -> float | None:
        """Return how long there is nothing to do; `None`: until somebody asks."""
        due = due_at(place.patrol, place.begun_at, self._settings)
        if due is None:
            return None
        rest = self._stepped_at + _PAGE_SECONDS - self._clock.monotonic()
        return max((due - self._ahead - self._clock.now()).total_seconds(), rest)

    async def step(self, place: Checkpoint) -> Found:
        """Do what is next.

        Raises:
            RetriableError, RefusedError: see `Feed.read`; the same step is done again.
        """
        self._stepped_at = self._clock.monotonic()
        now = await self._feed.now()
        self.hear_time(now)
        # Who was never met is no witness of what is there.
        unread = () if _confirms(place.patrol) else self.still_sought(place)
        known = known_after(self._published.ids_after, unread)
        question = next_question(place.patrol, now, known, self._settings)
        if question.lists_behind is not None:
            return await self._unknown(place, question.progress, question.lists_behind, now)
        if not question.ids:
            return Found(question.progress)
        asked = (*question.ids, *question.witnesses)
        page = await self._feed.read(self._interest, asked, asked)
        told = [found.ref.record_id for found in page.records]
        told += [*page.torn, *(each.record_id for each in page.unreadable)]
        changes = [change for found in page.records if (change := self._revised(found, now))]
        if (put_off := unproven(question, told, now)) is not None:
            return self._put_off(put_off, changes, page)
        if question.progress.stage is PatrolStage.CONFIRMING and not {*question.ids} <= {*told}:
            standing = await self._feed.standing(self._interest, asked)
            if (put_off := unproven(question, standing, now)) is not None:
                return self._put_off(put_off, changes, page)
            told += standing
        progress, gone = after_read(question, told, self._settings)
        changes += self._buried(gone, now)
        is_held = progress.stage is PatrolStage.HELD
        return Found(progress, tuple(changes), page, self._told(progress) if is_held else ())

    def still_sought(self, place: Checkpoint, changes: Sequence[Change] = ()) -> tuple[str, ...]:
        """Return which of those that links have nobody has published, nor does with these."""
        told = {change.ref.record_id for change in changes}
        return tuple(
            each
            for each in place.sought
            if each not in told and self._published.get(str(self._ref(each))) is None
        )

    async def _unknown(
        self, place: Checkpoint, progress: PatrolProgress, behind: str, now: datetime
    ) -> Found:
        """Read what the vendor lists and nobody has published: it was hidden at its time."""
        listed = await self._feed.listed(
            self._interest, listed_window(place, self._settings), behind
        )
        unknown = [each for each in listed.ids if self._is_unknown(place, each)]
        asked = unknown[: self._settings.batch_ids]
        if len(asked) < len(unknown):  # the others with the next step
            listed = Listed(listed.ids[: listed.ids.index(asked[-1]) + 1], is_last=False)
        progress = after_listing(progress, listed, now)
        if not asked:
            return Found(progress)
        page = await self._feed.read(self._interest, asked)
        changes = [change for found in page.records if (change := self._revised(found, now))]
        if changes:
            few = ", ".join(str(change.ref) for change in changes[:_FEW])
            _log.warning(
                "records.were_hidden",
                object=self._interest.object_name,
                count=len(changes),
                some=few,
                reason="no window showed them at their time; they are published now",
            )
        return Found(progress, tuple(changes), page)

    def _is_unknown(self, place: Checkpoint, record_id: str) -> bool:
        """Whether a record is there, though never published, or last as gone; nor wished for."""
        last = self._published.get(str(self._ref(record_id)))
        return record_id not in place.wishes and (last is None or last.is_gone)

    def _put_off(
        self, put_off: tuple[PatrolProgress, str], changes: Sequence[Change], page: Page
    ) -> Found:
        """Return what was found where the answer is not to be believed."""
        progress, words = put_off
        _log.warning("deletes.unproven", object=self._interest.object_name, reason=words)
        return Found(progress, tuple(changes), page)

    def _revised(self, found: Observed, now: datetime) -> Change | None:
        """Return the change that a record is, if it is one.

        What was published a while ago and is read otherwise is so: no query lags that long.
        """
        last = self._published.get(str(found.ref))
        age = 0.0 if last is None else (now - last.modified_at).total_seconds()
        verdict = revise(last, found, is_last_word=age > self._settings.confirm_seconds)
        outcome = "published" if isinstance(verdict, Change) else verdict.value
        self._count(outcome)
        return verdict if isinstance(verdict, Change) else None

    def _buried(self, gone: Sequence[str], now: datetime) -> list[Change]:
        tombstones: list[Change] = []
        for record_id in gone:
            ref = self._ref(record_id)
            last = self._published.get(str(ref))
            if last is None or not last.is_gone:  # nobody has read it: a link had it
                tombstones.append(buried(ref, last, now))
                self._count("gone")
                _log.info("record.gone", ref=str(ref))
        return tombstones

    def _told(self, progress: PatrolProgress) -> tuple[Message, ...]:
        """Return the notice that deletes are held, to be published with the step."""
        name, gone = self._interest.object_name, progress.confirmed
        few = ", ".join(gone[:_FEW]) + (" …" if len(gone) > _FEW else "")
        words = (
            f"{len(gone)} of {progress.looked} records of {name} are gone ({few}). Nothing was "
            f"published. If that is right: anji {self._feed.system} approve {name}; if not, give "
            "the account back the right to see them: the next round (at once by anji "
            f"{self._feed.system} probe {name}) also finds what was made meanwhile"
        )
        _log.warning("deletes.held", object=name, gone=len(gone), looked=progress.looked)
        notice = Notice(
            link=Ref(self._feed.system, name, gone[0]),
            link_type="",
            kind=NoticeKind.DELETES_HELD,
            at=self._clock.now(),
            words=words,
            details={"object": name, "gone": len(gone), "looked": progress.looked},
        )
        return (notice.to_message(),)

    def _ref(self, record_id: str) -> Ref:
        return Ref(self._feed.system, self._interest.object_name, record_id)

    def _count(self, outcome: str) -> None:
        SOURCE_READS.labels(self._feed.system, self._interest.object_name, outcome).inc()


def _confirms(progress: PatrolProgress | None) -> bool:
    return progress is not None and progress.stage is PatrolStage.CONFIRMING
