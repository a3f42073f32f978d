"""Who we are: the headers of a signed call, and the logins.

Source: reference "k3cloud-webapi.md", sections 1.3 (with a test vector) and 1.4.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote

from pydantic import SecretStr

from anji_k3cloud.settings import K3CloudSettings
from anji_k3cloud.wire import service_path

__all__ = ["Login", "login_of", "signed_headers"]

_SECRET_CHARACTERS = 32
_APP_ID_PARTS = 2
_MASK = b"0054f397c6234378b09ca7d3e5debce7"
"""XORed over the second half of an app id; a constant of the vendor's SDKs, no secret."""


@dataclass(frozen=True, slots=True)
class Login:
    """One login call."""

    service: str
    fields: dict[str, object]

    @property
    def path(self) -> str:
        """Below the base address."""
        return service_path(f"AuthService.{self.service}")

    @property
    def has_password(self) -> bool:
        """Whether a refusal counts as a wrong password."""
        return self.service == "ValidateUser"

    def __repr__(self) -> str:
        return f"Login({self.service!r})"  # its fields are secrets


def login_of(settings: K3CloudSettings, at_seconds: int) -> Login:
    """Return the login that the settings ask for; where calls are signed, LoginBySign.

    Args:
        settings: Who we are.
        at_seconds: Unix seconds.
    """
    auth = settings.auth or ("login_by_sign" if settings.app_id else "password")
    acct_id, user, lcid = settings.acct_id, settings.username, settings.lcid
    app_id, secret = settings.app_id or "", _plain(settings.app_secret)
    match auth:
        case "password":
            named = {"acctID": acct_id, "username": user, "password": _plain(settings.password)}
            return Login("ValidateUser", {**named, "lcid": lcid})
        case "login_by_app_secret":
            app = {"appid": app_id, "appsecret": secret}
            named = {"acctid": acct_id, "username": user, **app}
            return Login("LoginByAppSecret", {**named, "lcid": lcid})
        case "signed" | "login_by_sign":
            stamp = str(at_seconds)
            text = "".join(sorted((acct_id, user, app_id, secret, stamp)))
            sign = hashlib.new(settings.login_sign_hash, text.encode()).hexdigest()
            return Login("LoginBySign", {"parameters": [acct_id, user, app_id, stamp, sign, lcid]})


def signed_headers(settings: K3CloudSettings, url: str, at_seconds: int) -> dict[str, str]:
    """Return the headers that sign one call.

    Args:
        settings: With an app.
        url: The whole address of the call.
        at_seconds: Unix seconds; time and nonce in one, as the vendor's own client does.
    """
    app_id = settings.app_id or ""
    secret = _plain(settings.app_secret)
    client_id, client_secret = _client(app_id)
    stamp = str(at_seconds)
    path = _quoted(url[url.index("/", 10) :])
    text = f"POST\n{path}\n\nx-api-nonce:{stamp}\nx-api-timestamp:{stamp}\n"
    app_data = f"{settings.acct_id},{settings.username},{settings.lcid},{settings.org_number}"
    return {
        "X-Api-ClientID": client_id,
        "X-Api-Auth-Version": "2.0",
        "x-api-timestamp": stamp,
        "x-api-nonce": stamp,
        "x-api-signheaders": "x-api-timestamp,x-api-nonce",
        "X-Api-Signature": _signature(client_secret, text),
        **_app_headers(app_id, secret, app_data),
    }


# Of a call only its path and its second differ from the one before.
@lru_cache(maxsize=64)
def _quoted(path: str) -> str:
    return quote(path, safe="")


@lru_cache(maxsize=16)
def _app_headers(app_id: str, secret: str, app_data: str) -> Mapping[str, str]:
    return {
        "X-Kd-Appkey": app_id,
        "X-Kd-Appdata": base64.b64encode(app_data.encode()).decode(),
        "X-Kd-Signature": _signature(secret, app_id + app_data),
    }


def _plain(secret: SecretStr | None) -> str:
    return "" if secret is None else secret.get_secret_value()


@lru_cache(maxsize=16)
def _client(app_id: str) -> tuple[str, str]:
    parts = app_id.split("_")
    if len(parts) != _APP_ID_PARTS:
        return "", ""
    return parts[0], _unmasked(parts[1])


def _unmasked(text: str) -> str:
    if len(text) != _SECRET_CHARACTERS:
        return ""
    try:
        masked = base64.b64decode(text)
    except binascii.Error:
        return ""
    plain = bytes(one ^ other for one, other in zip(masked, _MASK, strict=False))
    return base64.b64encode(plain).decode()


def _signature(key: str, text: str) -> str:
    digest = hmac.digest(key.encode(), text.encode(), "sha256").hex()
    return base64.b64encode(digest.encode()).decode()
