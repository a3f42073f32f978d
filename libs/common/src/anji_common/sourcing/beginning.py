"""When an object's reading begins: at the vendor's time, as an answer of its own has told it."""

from datetime import timedelta

from anji_common.clock import Clock
from anji_common.interest import ObjectInterest
from anji_common.sourcing.checkpoints import Checkpoint
from anji_common.sourcing.feed import Feed, Window
from anji_common.sourcing.settings import SourceSettings

__all__ = ["first_checkpoint"]


async def first_checkpoint(
    feed: Feed,
    interest: ObjectInterest,
    settings: SourceSettings,
    clock: Clock,
    asked_at: float,
) -> Checkpoint:
    """Return where an object's reading begins: when the vendor was first asked.

    Only its answers may tell its time, so it is read first: what is made after a beginning in
    its future would be taken for old.

    Args:
        feed: Whose object it is.
        interest: In which object.
        settings: Tell how wrong our idea of the vendor's time may be.
        clock: Tells how long ago it was first asked.
        asked_at: When that was, in monotonic seconds.

    Raises:
        RetriableError, RefusedError: as `Feed.changed`.
    """
    guessed, slack = await feed.now(), timedelta(seconds=settings.slack_seconds)
    async for _ in feed.changed(interest, Window(guessed, guessed + slack), {}):
        break
    begun_at = await feed.now() - timedelta(seconds=clock.monotonic() - asked_at)
    return Checkpoint(
        system=feed.system,
        object_name=interest.object_name,
        begun_at=begun_at,
        watermark=begun_at,
    )
