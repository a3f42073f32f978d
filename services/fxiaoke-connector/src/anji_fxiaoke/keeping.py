"""Callbacks that come at the same time are kept together: one commit for all of them.

Each waits for its own durability, and for no more than one commit that was under way before.
Commits cost processor time and a sync of the disk, or a round trip to Kafka; shared, they cost
half of it at 200 callbacks a second, and the source beside them has the rest.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from anji_common.clock import Clock
from anji_common.errors import AnjiError, RetriableError
from anji_common.messages import Message

__all__ = ["GATHER_SECONDS", "Keeping"]

GATHER_SECONDS = 0.01
"""How long a commit waits for others to share it: about as long as the sync of a busy disk."""

_MOST_WAITING = 2000
"""Ten seconds of what a tenant sends at its worst; who comes then is sent again by the CRM."""

_Waiting = tuple[Message, asyncio.Future[None]]


class Keeping:
    """Publishes messages, many at once."""

    def __init__(
        self,
        publish: Callable[[Sequence[Message]], Awaitable[None]],
        clock: Clock,
        within_seconds: float,
    ) -> None:
        """Take messages for `publish`, each to be kept `within_seconds` or given up."""
        self._publish_all = publish
        self._clock = clock
        self._within_seconds = within_seconds
        self._waiting: list[_Waiting] = []
        self._work: asyncio.Task[None] | None = None

    async def keep(self, message: Message) -> None:
        """Return once `message` is durable.

        Raises:
            RetriableError: it was not in time, and may be kept all the same; or too many wait.
        """
        if len(self._waiting) >= _MOST_WAITING:
            msg = f"{len(self._waiting)} callbacks wait to be kept already"
            raise RetriableError(msg)
        kept = asyncio.get_running_loop().create_future()
        self._waiting.append((message, kept))
        if self._work is None:
            self._work = asyncio.create_task(self._keep_all(), name="fxiaoke callbacks: keep")
        try:
            async with asyncio.timeout(self._within_seconds):
                await kept
        except TimeoutError as error:
            msg = f"not kept within {self._within_seconds} s"
            raise RetriableError(msg) from error

    async def _keep_all(self) -> None:
        try:
            while self._waiting:
                await self._clock.sleep(GATHER_SECONDS)
                batch, self._waiting = self._waiting, []
                # Who gave up or went away was told so; what is left waits for the same commit.
                await self._publish([each for each in batch if not each[1].done()])
        finally:
            self._work = None

    async def _publish(self, batch: Sequence[_Waiting]) -> None:
        told: AnjiError | None = None
        try:
            async with asyncio.timeout(self._within_seconds):
                await self._publish_all([message for message, _ in batch])
        except TimeoutError:
            return  # nobody waits any longer: each gave up by itself
        except AnjiError as error:
            told = error
        for kept in (kept for _, kept in batch if not kept.done()):
            if told is None:
                kept.set_result(None)
            else:
                kept.set_exception(told)
