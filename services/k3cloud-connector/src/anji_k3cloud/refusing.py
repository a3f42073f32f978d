"""Remembers on disk that a password was refused, so that no restart tries the same one again.

Whatever keeps processes running starts one that has ended again and again, and five wrong
passwords lock the user for half an hour: long after somebody has set the right one.

Source: reference "k3cloud-webapi.md", section 1.3 (wrong credentials, locked users).
"""

import hashlib
import json
import os
from datetime import timedelta
from pathlib import Path

import structlog
from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from anji_common.clock import Clock
from anji_common.errors import AuthenticationError
from anji_k3cloud.settings import K3CloudSettings

__all__ = ["Refusals"]

_log = structlog.get_logger("anji.k3cloud")

_NAME = "k3cloud-refused-login.json"
_QUIET = timedelta(hours=1)
"""A new try by itself after that long: the right password may have been set in the ERP."""
_SALT_BYTES = 16


class _Refused(BaseModel):
    """The file; nobody can tell the password from it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: AwareDatetime
    salt: str
    digest: str


class Refusals:
    """The last refused password of an installation; `None` as a folder remembers nothing."""

    def __init__(self, folder: Path | None, settings: K3CloudSettings, clock: Clock) -> None:
        self._path = None if folder is None else folder / _NAME
        self._settings = settings
        self._clock = clock

    def check(self) -> None:
        """Let the password be tried, unless it was refused within the last hour.

        Raises:
            AuthenticationError: it was; the message says what to do.
        """
        refused = self._read()
        if self._path is None or refused is None:
            return
        now = self._clock.now()
        is_young = timedelta() <= now - refused.at < _QUIET
        if not is_young or refused.digest != self._digest(bytes.fromhex(refused.salt)):
            return
        again = (refused.at + _QUIET).astimezone().strftime("%H:%M")
        msg = (
            f"the ERP refused this password of {self._settings.username} "
            f"{(now - refused.at) // timedelta(minutes=1)} min ago; it is not tried again before "
            f"{again}, for five wrong ones lock the user. Nothing is lost. Set "
            "ANJI_K3CLOUD_PASSWORD to the right one and start again; if it is right by now, "
            f"delete {self._path}"
        )
        raise AuthenticationError(msg)

    def note(self) -> None:
        """Remember that the password was refused just now; where the disk is full, say so."""
        if self._path is None:
            return
        salt = os.urandom(_SALT_BYTES)
        refused = _Refused(at=self._clock.now(), salt=salt.hex(), digest=self._digest(salt))
        draft = self._path.with_suffix(f".{os.getpid()}")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            draft.write_text(refused.model_dump_json())
            draft.replace(self._path)
        except OSError as error:  # that it was refused is what has to be told
            _log.error("refusal.not_kept", file=str(self._path), reason=str(error))

    def _read(self) -> _Refused | None:
        if self._path is None or not self._path.exists():
            return None
        try:
            return _Refused.model_validate_json(self._path.read_bytes())
        except ValidationError:  # not ours, or torn: it says nothing
            return None

    def _digest(self, salt: bytes) -> str:
        """Return what the same credentials always give, and nothing leads back from."""
        settings = self._settings
        password = settings.password.get_secret_value() if settings.password else ""
        parts = [settings.base_url, settings.acct_id, settings.username, password]
        return hashlib.scrypt(json.dumps(parts).encode(), salt=salt, n=2**14, r=8, p=1).hex()
