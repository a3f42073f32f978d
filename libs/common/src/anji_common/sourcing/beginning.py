"""When an object's reading begins: at the vendor's time, as an answer of its own has told it."""

from datetime import datetime, timedelta

from anji_common.interest import ObjectInterest
from anji_common.sourcing.feed import Feed, Window

__all__ = ["told_time"]


async def told_time(feed: Feed, interest: ObjectInterest, slack_seconds: float) -> datetime:
    """Return the vendor's time, after it has answered.

    Only its answers may tell its time: what is made after a beginning in its future would be
    taken for old.

    Raises:
        RetriableError, RefusedError: as `Feed.changed`.
    """
    guessed = await feed.now()
    window = Window(guessed, guessed + timedelta(seconds=slack_seconds))
    async for _ in feed.changed(interest, window, {}):
        break
    return await feed.now()
