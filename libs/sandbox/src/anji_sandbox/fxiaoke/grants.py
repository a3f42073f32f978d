"""Tokens for users who log in, and the app's own old token: what a CRM client seldom needs.

The person who logs in is always the company's second employee: there is no page to log in on.
Source: reference section 1.4 `[docs][code]`; the answer of ``openUserId/get`` is S4's.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from anji_sandbox.core import Answer, Request
from anji_sandbox.derived import secret
from anji_sandbox.fxiaoke import codes
from anji_sandbox.fxiaoke.auth import Tokens
from anji_sandbox.fxiaoke.codes import RefusedError
from anji_sandbox.fxiaoke.company import Company
from anji_sandbox.store import Record, Store

__all__ = ["Grants"]

_APP_TOKEN_SECONDS = 2_592_000
_CODE_SECONDS = 600
_REFRESH_SECONDS = 60 * 86_400
_GIVEN = "#grants"


class Grants:
    """Codes, refresh tokens and app tokens of one app."""

    def __init__(self, store: Store, company: Company, tokens: Tokens) -> None:
        self._store = store
        self._company = company
        self._tokens = tokens

    def authorize(self, request: Request, now: float) -> Answer:
        """Send the browser back to `redirectUrl` with a code that can be used once.

        Raises:
            RefusedError: the app, the response type or the address is wrong.
        """
        asked = request.query
        if asked.get("appId") != self._company.app_id:
            raise RefusedError(codes.ILLEGAL_APP, "appId is illegal")
        if asked.get("responseType") != "code":
            raise RefusedError(codes.ILLEGAL_RESPONSE_TYPE, "responseType is illegal")
        address = asked.get("redirectUrl")
        if not address:
            raise RefusedError(codes.MISSING_REDIRECT, "redirectUrl is missing")
        code = self._give("code", now + _CODE_SECONDS)
        query = urlencode({"code": code, "state": asked.get("state", "")})
        place = f"{address}{'&' if '?' in address else '?'}{query}"
        return Answer(302, (("Location", place),), b"")

    def user_token(self, body: Mapping[str, Any], now: float) -> Record:
        """Answer ``oauth2.0/token`` for `authorization_code` and `refresh_token`."""
        if body.get("grantType") == "authorization_code":
            self._take("code", body.get("code"), now, codes.EXPIRED_CODE)
        else:
            self._take("refresh", body.get("refreshToken"), now, codes.WRONG_TOKEN)
        token, left = self._tokens.user_token(now)
        return {
            "openUserId": self._company.employees[1].open_user_id,
            "accessToken": token,
            "corpId": self._company.corp_id,
            "refreshToken": self._give("refresh", now + _REFRESH_SECONDS),
            "expiresIn": left,
        }

    def app_token(self, body: Mapping[str, Any], now: float) -> Record:
        """Answer ``appAccessToken/get``."""
        self._tokens.check_app(body)
        token = self._give("app", now + _APP_TOKEN_SECONDS)
        return {"appAccessToken": token, "expiresIn": _APP_TOKEN_SECONDS}

    def open_user_id(self, body: Mapping[str, Any], now: float) -> Record:
        """Answer ``oauth2/openUserId/get``: who logged in, for a code."""
        known = self._store.get(_GIVEN, f"app {body.get('appAccessToken')}")
        if known is None or now > known["until"]:
            raise RefusedError(codes.APP_ACCESS_TOKEN, "appAccessToken is missing or expired")
        self._take("code", body.get("code"), now, codes.EXPIRED_CODE)
        person = self._company.employees[1]
        return {"openUserId": person.open_user_id, "corpId": self._company.corp_id}

    def _give(self, kind: str, until: float) -> str:
        number = self._store.next_number(f"grant {kind}")
        given = secret(self._company.seed, "grant", kind, number)[:32].upper()
        self._store.put(_GIVEN, f"{kind} {given}", {"until": until})
        return given

    def _take(self, kind: str, given: object, now: float, code: int) -> None:
        """Use up what was given.

        Raises:
            RefusedError: it was not given, is used, or too old.
        """
        known = self._store.get(_GIVEN, f"{kind} {given}")
        if known is None or now > known["until"]:
            raise RefusedError(code, f"{kind} is wrong, used or expired")
        self._store.delete(_GIVEN, f"{kind} {given}")
