"""Tokens, old style and new, and who calls. Source: reference sections 1.2, 1.4, 6.1 `[probe]`."""

from collections.abc import Mapping
from typing import Any

from anji_sandbox.core import Request
from anji_sandbox.derived import secret
from anji_sandbox.fxiaoke import codes
from anji_sandbox.fxiaoke.codes import RefusedError
from anji_sandbox.fxiaoke.company import Company, Employee
from anji_sandbox.store import Record, Store

__all__ = ["Tokens", "caller_of", "check_credentials", "style_of"]

_LIFETIME_SECONDS = 7200
_SAME_SECONDS = 6600
"""A repeated call within this time of a token's birth gives the same token."""
_TOKENS = "#tokens"
_WRONG_TOKEN_WORDS = "the cropId,cropAccessToken or authorization is error"  # noqa: S105 - typos theirs


class Tokens:
    """The tokens of one app, for the old style (``corp``) and the new (``oauth``)."""

    def __init__(self, store: Store, company: Company) -> None:
        self._store = store
        self._company = company

    def corp_access_token(self, body: Mapping[str, Any], now: float) -> Record:
        """Answer ``corpAccessToken/get/V2``."""
        self._check_credentials(body)
        token, left = self._current("corp", now)
        return {"corpAccessToken": token, "corpId": self._company.corp_id, "expiresIn": left}

    def oauth_token(self, body: Mapping[str, Any], now: float) -> Record:
        """Answer ``oauth2.0/token`` for the grant ``app_secret``."""
        self._check_credentials(body)
        if body.get("grantType") != "app_secret":
            words = "the parameter grantType is missing or illegal"
            raise RefusedError(codes.ILLEGAL_CREDENTIAL, words)
        token, left = self._current("oauth", now)
        return {
            "appId": self._company.app_id,
            "accessToken": token,
            "expiresIn": left,
            "openUserId": self._company.corp_id,
            "ea": self._company.enterprise_account,
        }

    def check(self, style: str, token: object, now: float) -> None:
        """Check a token.

        Raises:
            RefusedError: it is not one, or no longer.
        """
        record = self._store.get(_TOKENS, f"{style} {token}")
        if record is None or now >= record["issued_at"] + _LIFETIME_SECONDS:
            raise RefusedError(codes.WRONG_TOKEN, _WRONG_TOKEN_WORDS)

    def revoke_all(self) -> None:
        """Forget every token, as an administrator's change of the secret would."""
        for record_id in self._store.ids(_TOKENS):
            self._store.delete(_TOKENS, record_id)

    def user_token(self, now: float) -> tuple[str, int]:
        """Return a new token of a person who logged in, and its seconds."""
        return self._new("oauth", now, "person"), _LIFETIME_SECONDS

    def check_app(self, body: Mapping[str, Any]) -> None:
        """Check `appId` and `appSecret`.

        Raises:
            RefusedError: one of them is absent or wrong.
        """
        company = self._company
        for name, right in (("appId", company.app_id), ("appSecret", company.app_secret)):
            if body.get(name) != right:
                words = f"the parameter {name} is missing or illegal"
                raise RefusedError(codes.ILLEGAL_CREDENTIAL, words)

    def _check_credentials(self, body: Mapping[str, Any]) -> None:
        company = self._company
        self.check_app(body)
        if body.get("permanentCode") != company.permanent_code:
            raise RefusedError(codes.WRONG_PERMANENT_CODE, "the permanentCode is wrong")

    def _current(self, style: str, now: float) -> tuple[str, int]:
        """Return the token of this time and the whole seconds it has left."""
        newest = max(
            (record for record in self._store.all(_TOKENS) if record["style"] == style),
            key=lambda record: float(record["issued_at"]),
            default=None,
        )
        if newest is None or now >= newest["issued_at"] + _SAME_SECONDS:
            return self._new(style, now, style), _LIFETIME_SECONDS
        return newest["token"], int(newest["issued_at"] + _LIFETIME_SECONDS - now)

    def _new(self, style: str, now: float, whose: str) -> str:
        number = self._store.next_number("token")
        token = secret(self._company.seed, "token", style, number)[:32].upper()
        record = {"style": whose, "token": token, "issued_at": now}
        self._store.put(_TOKENS, f"{style} {token}", record)
        return token


def style_of(request: Request) -> str:
    """Say which style a call uses: ``oauth`` with a Bearer header, else ``corp``."""
    return "oauth" if request.headers.get("authorization") else "corp"


def check_credentials(
    tokens: Tokens, company: Company, request: Request, body: Mapping[str, Any], now: float
) -> None:
    """Check what a call shows of its app and tenant, in either style.

    Raises:
        RefusedError: nothing is shown (20017), or something wrong (20016).
    """
    if style_of(request) == "oauth":
        scheme, _, token = request.headers["authorization"].partition(" ")
        if scheme.lower() != "bearer" or (
            request.headers.get("x-fs-ea") != company.enterprise_account
        ):
            raise RefusedError(codes.WRONG_TOKEN, _WRONG_TOKEN_WORDS)
        tokens.check("oauth", token, now)
        return
    if not body.get("corpAccessToken"):
        raise RefusedError(codes.MISSING_TOKEN, "“corpAccessToken”为必填参数")
    tokens.check("corp", body["corpAccessToken"], now)
    if body.get("corpId") != company.corp_id:
        raise RefusedError(codes.WRONG_TOKEN, _WRONG_TOKEN_WORDS)


def caller_of(company: Company, request: Request, body: Mapping[str, Any]) -> Employee:
    """Return the employee in whose name a CRM call is made.

    Raises:
        RefusedError: none is named, or there is no such employee.
    """
    if style_of(request) == "oauth":
        given = request.headers.get("x-fs-userid")
    else:
        given = body.get("currentOpenUserId")
    if not given:
        words = "currentOpenUserId must not be empty"
        raise RefusedError(codes.MISSING_OPEN_USER, words)
    employee = company.employee(str(given))
    if employee is None:
        raise RefusedError(codes.UNKNOWN_OPEN_USER, "openUserId not found")
    return employee
