"""The way on which the demo's people and its oracle reach a vendor.

It is theirs alone: their calls count in no metric of Anji's, what they write is counted, so that
it can be told from what Anji wrote, and what the CRM refuses for its rate limit is asked again a
little later, as a person would.
"""

import orjson

from anji_common.clock import Clock
from anji_common.transport import Answer, Call, Transport

__all__ = ["HandTransport"]

_TOO_OFTEN = frozenset({14001, 30004})
"""The CRM's codes for too many calls (reference "fxiaoke-open-api.md", section 6)."""
_AGAIN_SECONDS = 1.0
_WRITES = (
    "data/create",
    "data/update",
    ".Save.",
    ".Push.",
    ".Submit.",
    ".Audit.",
)


class HandTransport:
    """The port `Transport`, with a person's patience."""

    def __init__(self, inner: Transport, clock: Clock) -> None:
        self._inner = inner
        self._clock = clock
        self.writes = 0
        """How many records people made, changed, submitted or audited."""

    async def send(self, call: Call) -> Answer:
        while True:
            answer = await self._inner.send(call)
            if not _is_too_often(answer.body):
                break
            await self._clock.sleep(_AGAIN_SECONDS)
        self.writes += any(name in call.path for name in _WRITES)
        return answer

    async def close(self) -> None:
        await self._inner.close()


def _is_too_often(body: bytes) -> bool:
    if b'"errorCode":0' in body or not body.startswith(b"{"):
        return False
    return orjson.loads(body).get("errorCode") in _TOO_OFTEN
