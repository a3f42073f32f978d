"""Who may call: an account set, an app and two users, all derived from the seed.

The integration user belongs to Anji; the person is for edits by hand. Nothing here is a secret of
anybody: the values exist in a sandbox only.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["LCID", "Credentials", "User", "make_credentials"]

LCID = 2052
"""Simplified Chinese."""


@dataclass(frozen=True, slots=True)
class User:
    """One user of the account set."""

    user_id: int
    name: str
    title: str
    password: str


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client needs to call, and what the sandbox checks it against."""

    acct_id: str
    app_id: str
    app_secret: str
    org_number: str
    integration: User
    person: User

    def published(self) -> Mapping[str, str | int]:
        """Return the values under the keys of the credentials file."""
        return {
            "acct_id": self.acct_id,
            "username": self.integration.name,
            "password": self.integration.password,
            "app_id": self.app_id,
            "app_secret": self.app_secret,
            "lcid": LCID,
            "org_number": self.org_number,
            "person_username": self.person.name,
            "person_password": self.person.password,
        }


def make_credentials(seed: int) -> Credentials:
    """Return the credentials of this seed, always the same."""
    sec = base64.b64encode(_digest(seed, "app")[:24]).decode().translate({43: "a", 47: "b"})
    return Credentials(
        acct_id=_digest(seed, "account").hex()[:14],
        app_id=f"{100000 + int.from_bytes(_digest(seed, 'client')[:3]) % 900000}_{sec}",
        app_secret=_digest(seed, "secret").hex()[:32],
        org_number="100",
        integration=User(100001, "anji", "接口用户", _digest(seed, "password").hex()[:16]),
        person=User(100002, "zhangwei", "张伟", _digest(seed, "person").hex()[:16]),
    )


def _digest(seed: int, purpose: str) -> bytes:
    return hashlib.sha256(f"anji-sandbox-k3cloud/{seed}/{purpose}".encode()).digest()
