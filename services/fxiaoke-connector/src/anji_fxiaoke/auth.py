"""The corpAccessToken: fetched once a process, kept, renewed in its last ten minutes.

The token call is limited to ten a minute and must not run twice at a time, so all callers share
one. A token that the CRM refuses is dropped, and only if it is still the one in use.
"""

import asyncio
from dataclasses import dataclass

from anji_common.budget import Budget
from anji_common.clock import Clock
from anji_common.errors import (
    AuthenticationError,
    ConfigurationError,
    UndecodableError,
    VendorUnavailableError,
)
from anji_common.metrics import PAID_CALLS
from anji_common.refs import System
from anji_common.transport import Call, Transport
from anji_fxiaoke.outcomes import Next, error_of, next_of
from anji_fxiaoke.settings import FxiaokeSettings
from anji_fxiaoke.wire import Credentials, body_of, told

__all__ = ["TOKEN_PATH", "Auth"]

TOKEN_PATH = "cgi/corpAccessToken/get/V2"  # noqa: S105 - a path

_RENEW_SECONDS = 600.0
"""A call in the last 600 s of a token's life gives a new one while the old one goes on."""
_LEAST_SECONDS = 30.0
"""A token with less left than that is used that long all the same: the call is limited."""
_WINDOW_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class _Token:
    credentials: Credentials
    renew_at: float
    """On the monotonic clock."""


class Auth:
    """Who we are to the CRM."""

    def __init__(
        self, settings: FxiaokeSettings, transport: Transport, budget: Budget, clock: Clock
    ) -> None:
        self._settings = settings
        self._transport = transport
        self._budget = budget
        self._clock = clock
        self._fetching = asyncio.Lock()
        self._token: _Token | None = None

    async def credentials(self) -> Credentials:
        """Return what to put into a call, fetching a token if there is none that lasts.

        Raises:
            RetriableError: the CRM gives none now.
            AuthenticationError: it does not accept our app.
        """
        async with self._fetching:
            if self._token is None or self._clock.monotonic() >= self._token.renew_at:
                self._token = await self._fetch()
            return self._token.credentials

    def drop(self, refused: Credentials) -> None:
        """Forget a token that the CRM refused, unless another one is in use already."""
        if self._token is not None and self._token.credentials == refused:
            self._token = None

    async def _fetch(self) -> _Token:
        """Fetch a token.

        Source: docs/vendors/fxiaoke.md, section 1.2 (``/cgi/corpAccessToken/get/V2``).
        """
        settings = self._settings
        await self._budget.take(TOKEN_PATH)
        PAID_CALLS.labels(System.FXIAOKE, "", "token").inc()
        body = body_of(
            None,
            appId=settings.app_id,
            appSecret=settings.app_secret.get_secret_value(),
            permanentCode=settings.permanent_code.get_secret_value(),
        )
        answer = await self._transport.send(
            Call(
                TOKEN_PATH,
                body,
                {"content-type": "application/json"},
                timeout_seconds=settings.read_timeout_seconds,
            )
        )
        try:
            found = told(answer)
        except UndecodableError as error:
            msg = f"token: {error}"
            raise VendorUnavailableError(msg) from error
        if found.code != 0:
            if next_of(found.code) is Next.WRONG_ADDRESS:  # what a wrong appSecret is told
                msg = f"token: {found.words} ({found.code})"
                raise AuthenticationError(msg)
            raise error_of(
                found,
                "token",
                writes=False,
                window_seconds=_WINDOW_SECONDS,
                day_seconds=_WINDOW_SECONDS,
            )
        corp_id = str(found.body.get("corpId") or "")
        if settings.corp_id is not None and settings.corp_id != corp_id:
            msg = "ANJI_FXIAOKE_CORP_ID is not the enterprise that the app's token is for"
            raise ConfigurationError(msg)
        left = float(found.body.get("expiresIn") or 0)
        return _Token(
            Credentials(str(found.body["corpAccessToken"]), corp_id, settings.open_user_id),
            self._clock.monotonic() + max(left - _RENEW_SECONDS, _LEAST_SECONDS),
        )
