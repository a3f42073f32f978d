"""The signatures of a third-party app.

Source: reference "k3cloud-webapi.md", section 1.3 (with its test vector) and 1.4 for LoginBySign.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

__all__ = [
    "AppData",
    "api_signature",
    "client_secret",
    "kd_signature",
    "login_sign",
    "read_app_data",
]

_SEED = b"0054f397c6234378b09ca7d3e5debce7"
_SECRET_LENGTH = 32


@dataclass(frozen=True, slots=True)
class AppData:
    """What ``X-Kd-Appdata`` says."""

    acct_id: str
    username: str
    lcid: str
    org_number: str
    text: str


def client_secret(app_id: str) -> str:
    """Return the gateway's secret hidden in the AppID, or an empty text."""
    parts = app_id.split("_")
    if len(parts) != 2 or len(parts[1]) != _SECRET_LENGTH:  # noqa: PLR2004 - number and secret
        return ""
    scrambled = base64.b64decode(parts[1])
    return base64.b64encode(bytes(a ^ b for a, b in zip(scrambled, _SEED, strict=False))).decode()


def api_signature(app_id: str, path: str, timestamp: str, nonce: str) -> str:
    """Return ``X-Api-Signature`` for a path such as ``/k3cloud/….common.kdsvc``."""
    quoted = quote(path, safe="/").replace("/", "%2F")
    text = f"POST\n{quoted}\n\nx-api-nonce:{nonce}\nx-api-timestamp:{timestamp}\n"
    return _signature(client_secret(app_id), text)


def kd_signature(app_id: str, app_secret: str, app_data: str) -> str:
    """Return ``X-Kd-Signature`` for the plain text of ``X-Kd-Appdata``."""
    return _signature(app_secret, app_id + app_data)


def login_sign(  # noqa: PLR0913 - the five texts that are signed, and how
    acct_id: str,
    username: str,
    app_id: str,
    app_secret: str,
    timestamp: str,
    *,
    algorithm: str = "sha256",
) -> str:
    """Return the sign of LoginBySign: SHA-256 (once SHA-1) of the five texts in ordinal order."""
    text = "".join(sorted((acct_id, username, app_id, app_secret, timestamp)))
    return hashlib.new(algorithm, text.encode()).hexdigest()


def read_app_data(headers: Mapping[str, str]) -> AppData | None:
    """Return what ``X-Kd-Appdata`` says, or `None` where it says nothing readable."""
    try:
        text = base64.b64decode(headers.get("x-kd-appdata", ""), validate=True).decode()
        acct_id, username, lcid, org_number = text.split(",")
    except ValueError:
        return None
    return AppData(acct_id, username, lcid, org_number, text)


def _signature(key: str, text: str) -> str:
    digest = hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()
    return base64.b64encode(digest.encode()).decode()
