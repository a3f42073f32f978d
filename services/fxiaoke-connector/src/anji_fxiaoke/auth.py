"""Who we are to the CRM: a token, fetched once a process, kept, renewed in its last ten minutes.

The token call is limited to ten a minute and must not run twice at a time, so all callers share
one. When exactly a token is renewed is left to chance, so that several processes, which the CRM
gives the same token, do not ask for the next one together. A token that the CRM refuses is
dropped, and only if it is still the one in use. No token ever leaves this module but in a call.
"""

import asyncio
from dataclasses import dataclass, replace
from random import Random

import structlog

from anji_common.breaker import Breaker
from anji_common.budget import Budget
from anji_common.clock import Clock
from anji_common.errors import (
    AuthenticationError,
    ConfigurationError,
    RetriableError,
    UndecodableError,
    VendorUnavailableError,
)
from anji_fxiaoke.outcomes import Next, error_of, next_of
from anji_fxiaoke.settings import FxiaokeSettings
from anji_fxiaoke.tally import Tally
from anji_fxiaoke.wire import Credentials, Told, call_of, told

__all__ = ["BY_MOBILE_PATH", "OAUTH_TOKEN_PATH", "TOKEN_PATH", "Auth"]

TOKEN_PATH = "cgi/corpAccessToken/get/V2"  # noqa: S105 - a path
OAUTH_TOKEN_PATH = "oauth2.0/token"  # noqa: S105 - a path
BY_MOBILE_PATH = "cgi/user/getByMobile"

_RENEW_SECONDS = 600.0
"""A call in the last 600 s of a token's life gives a new one while the old one goes on."""
_LATEST_SECONDS = 60.0
"""It is renewed when at least that much is left: a call on its way needs it a little longer."""
_LEAST_SECONDS = 30.0
"""A token with less left than that is used that long all the same: the call is limited."""
_WINDOW_SECONDS = 60.0
_AGAIN_SECONDS = 30.0
"""Until a renewal that failed is tried again, with the old token in use meanwhile."""

_log = structlog.get_logger("anji.fxiaoke")


@dataclass(frozen=True, slots=True)
class _Token:
    credentials: Credentials
    renew_at: float
    """On the monotonic clock."""
    ends_at: float
    """The same: until then it holds."""


class Auth:
    """Who we are to the CRM."""

    def __init__(
        self,
        settings: FxiaokeSettings,
        transport: Breaker,
        budget: Budget,
        clock: Clock,
        chance: Random,
    ) -> None:
        self._settings = settings
        self._transport = transport
        self._budget = budget
        self._clock = clock
        self._chance = chance
        self.tally = Tally()
        self._fetching = asyncio.Lock()
        self._token: _Token | None = None
        self._open_user_id = settings.open_user_id

    async def credentials(self) -> Credentials:
        """Return what to put into a call, fetching a token if there is none that lasts.

        Raises:
            RetriableError: the CRM gives none now.
            AuthenticationError: it does not accept our app.
            ConfigurationError: the token is for another enterprise, or nobody has the mobile.
        """
        async with self._fetching:
            if self._token is None or self._clock.monotonic() >= self._token.renew_at:
                self._token = await self._renewed(self._token)
            if self._open_user_id is None:
                self._open_user_id = await self._by_mobile(self._token.credentials)
            if self._token.credentials.open_user_id != self._open_user_id:
                ours = replace(self._token.credentials, open_user_id=self._open_user_id)
                self._token = replace(self._token, credentials=ours)
            return self._token.credentials

    def drop(self, refused: Credentials) -> None:
        """Forget a token that the CRM refused, unless another one is in use already."""
        if self._token is not None and self._token.credentials.token == refused.token:
            self._token = None

    def trace_id(self) -> str:
        """Return a new id for one call (`thirdTraceId`): an UUID of chance, version 4."""
        text = f"{self._chance.getrandbits(128):032x}"
        variant = "89ab"[int(text[16], 16) & 3]
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{variant}{text[17:20]}-{text[20:]}"

    async def _renewed(self, old: _Token | None) -> _Token:
        """Return a new token; where the CRM gives none now, the old one as long as it holds."""
        try:
            return await self._fetch()
        except RetriableError as error:
            now = self._clock.monotonic()
            if old is None or now >= old.ends_at:
                raise
            _log.warning("token.not_renewed", reason=str(error))
            return replace(old, renew_at=min(now + _AGAIN_SECONDS, old.ends_at))

    async def _fetch(self) -> _Token:
        """Fetch a token in the style that is set.

        Source: docs/vendors/fxiaoke.md, sections 1.2 (``/cgi/corpAccessToken/get/V2``) and 1.4
        (``/oauth2.0/token``).
        """
        settings, asked_at = self._settings, self._clock.monotonic()
        is_bearer = settings.auth_style == "oauth"
        found = await self._ask(
            f"{OAUTH_TOKEN_PATH}?thirdTraceId={self.trace_id()}" if is_bearer else TOKEN_PATH,
            None,
            appId=settings.app_id,
            appSecret=settings.app_secret.get_secret_value(),
            permanentCode=settings.permanent_code.get_secret_value(),
            **({"grantType": "app_secret"} if is_bearer else {}),
        )
        credentials = self._bearer(found) if is_bearer else self._corp(found)
        if not credentials.token:
            msg = "token: the answer has none"
            raise VendorUnavailableError(msg)
        left = _seconds(found.body.get("expiresIn"))
        before_end = self._chance.uniform(_LATEST_SECONDS, _RENEW_SECONDS)
        renew_at = self._clock.monotonic() + max(left - before_end, _LEAST_SECONDS)
        return _Token(credentials, renew_at, asked_at + left)

    def _corp(self, found: Told) -> Credentials:
        corp_id = str(found.body.get("corpId") or "")
        if self._settings.corp_id not in (None, corp_id):
            msg = "ANJI_FXIAOKE_CORP_ID is not the enterprise that the app's token is for"
            raise ConfigurationError(msg)
        return Credentials(str(found.body.get("corpAccessToken") or ""), "", corp_id)

    def _bearer(self, found: Told) -> Credentials:
        account = str(found.body.get("ea") or "")
        if self._settings.enterprise_account not in (None, account):
            msg = "ANJI_FXIAOKE_ENTERPRISE_ACCOUNT is not the one that the app's token is for"
            raise ConfigurationError(msg)
        token, user_id = str(found.body.get("accessToken") or ""), self._settings.user_id or ""
        return Credentials(token, "", enterprise_account=account, user_id=user_id)

    async def _by_mobile(self, credentials: Credentials) -> str:
        """Return the openUserId of the employee with our mobile number.

        Source: docs/vendors/fxiaoke.md, section 1.3 (``/cgi/user/getByMobile``).
        """
        found = await self._ask(BY_MOBILE_PATH, credentials, mobile=self._settings.mobile)
        rows = found.body.get("empList") or []
        if not isinstance(rows, list):
            msg = f"acting user: the answer holds a {type(rows).__name__} where a list is due"
            raise VendorUnavailableError(msg)
        named = [each for each in rows if isinstance(each, dict) and each.get("openUserId")]
        people = [each for each in named if not each.get("isStop")]
        if len(people) != 1:
            msg = f"ANJI_FXIAOKE_MOBILE: {len(people)} employees have it, not one"
            raise ConfigurationError(msg)
        return str(people[0]["openUserId"])

    async def _ask(self, path: str, credentials: Credentials | None, **switches: object) -> Told:
        self._transport.check(path)
        await self._budget.take(path.partition("?")[0])
        purpose = "token" if credentials is None else "acting user"
        self.tally.called("", purpose)
        seconds = self._settings.read_timeout_seconds
        call = call_of(
            path,
            credentials,
            trace_id=self.trace_id(),
            timeout_seconds=seconds,
            switches=switches,
        )
        try:
            found = told(await self._transport.send(call))
        except UndecodableError as error:
            msg = f"{purpose}: {error}"
            raise VendorUnavailableError(msg) from error
        if found.code == 0:
            return found
        if next_of(found.code) is Next.WRONG_ADDRESS:  # what a wrong appSecret is told
            msg = f"{purpose}: {found.words} ({found.code})"
            raise AuthenticationError(msg)
        raise error_of(
            found,
            purpose,
            writes=False,
            window_seconds=_WINDOW_SECONDS,
            day_seconds=_WINDOW_SECONDS,
        )


def _seconds(value: object) -> float:
    """Return a number of seconds, or its text; 0 for anything else: nobody knows how long."""
    try:
        return float(str(value))
    except ValueError:
        return 0.0
