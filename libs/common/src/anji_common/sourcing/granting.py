"""What became of wishes that were read: which are changes, and which have to wait."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence

from anji_common.clock import Clock
from anji_common.events.changes import Change
from anji_common.sourcing.checkpoints import Wish
from anji_common.sourcing.feed import Page
from anji_common.sourcing.revisions import Published, revise
from anji_common.sourcing.wishes import is_last_word
from anji_common.turns import in_turns

__all__ = ["outcomes"]


async def outcomes(
    ids: Sequence[str],
    page: Page,
    wishes: Mapping[str, Wish],
    last_of: Callable[[str], Published | None],
    clock: Clock,
) -> AsyncIterator[tuple[str, str, Change | None]]:
    """Yield of each id what became of it (see `after_try`), and the change that it is, if any.

    Args:
        ids: Which were read.
        page: The answer.
        wishes: By id, as they were when it was asked.
        last_of: Tells what was published of a ref last.
        clock: Gives way to others between many.
    """
    by_id = {found.ref.record_id: found for found in page.records}
    torn = set(page.torn)
    dead = {each.record_id for each in page.unreadable}
    async for record_id in in_turns(ids, clock):
        outcome, change = "torn" if record_id in torn else "missing", None
        if (found := by_id.get(record_id)) is not None:
            wish, last = wishes[record_id], last_of(str(found.ref))
            verdict = revise(last, found, answers=wish.answers, is_last_word=is_last_word(wish))
            change = verdict if isinstance(verdict, Change) else None
            outcome = "published" if isinstance(verdict, Change) else verdict.value
        yield record_id, "unreadable" if record_id in dead else outcome, change
