"""The ERP as a `Feed`: what was made, modified or audited in a stretch of its time."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime, timedelta

from anji_common.clock import Clock
from anji_common.interest import ObjectInterest
from anji_common.refs import System
from anji_common.sourcing.feed import Listed, Page, Window
from anji_k3cloud.documents import Documents
from anji_k3cloud.sessions import Sessions

__all__ = ["K3CloudFeed"]


class K3CloudFeed:
    """One account set, as the sourcing engine sees it."""

    def __init__(self, documents: Documents, sessions: Sessions, clock: Clock) -> None:
        self._documents = documents
        self._sessions = sessions
        self._clock = clock

    @property
    def system(self) -> System:
        return System.K3CLOUD

    @property
    def time_step_seconds(self) -> float:
        return 1.0

    async def now(self) -> datetime:
        ahead = self._sessions.server_ahead_seconds()
        return self._clock.now() + timedelta(seconds=ahead)

    async def changed(
        self,
        interest: ObjectInterest,
        window: Window,
        seen: Mapping[str, str],  # noqa: ARG002 - the port's; reading a document whole is free
    ) -> AsyncIterator[Page]:
        async for page in self._documents.changed(interest, window):
            yield page

    async def read(
        self,
        interest: ObjectInterest,
        ids: Sequence[str],
        published: Collection[str] = (),  # noqa: ARG002 - the port's; reading is free here
    ) -> Page:
        return await self._documents.by_ids(interest, ids)

    async def listed(self, interest: ObjectInterest, window: Window, behind: str) -> Listed:
        return await self._documents.listed(interest, window, behind)

    async def standing(self, interest: ObjectInterest, ids: Sequence[str]) -> Sequence[str]:
        return await self._documents.standing(interest, ids)
