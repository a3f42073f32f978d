"""A small pool of sessions: each serves one call at a time, as the vendor serves them.

Live calls go before bulk ones, which leave sessions to them (`Pool`).

Logins are rare: a session is kept as long as it is used, one that was idle for nearly 20 minutes
is not trusted, one that the vendor calls lost is made anew. A read that met a lost session goes
out once more. A write does not: the vendor says that it was not carried out, and the look-up
before the next try has to agree. Wrong credentials end everything at once: five wrong passwords
lock the user.

Source: reference "k3cloud-webapi.md", sections 1.3 to 1.5 and 9.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import structlog

from anji_common.clock import Clock, Deadline
from anji_common.errors import AuthenticationError, InDoubtError, VendorUnavailableError
from anji_common.lanes import current_lane
from anji_common.pool import Pool
from anji_common.transport import Answer, Call, Transport
from anji_k3cloud.auth import login_of, signed_headers
from anji_k3cloud.outcomes import is_wrong_password, login_advice
from anji_k3cloud.refusing import Refusals
from anji_k3cloud.settings import K3CloudSettings
from anji_k3cloud.site import Site, site_of
from anji_k3cloud.wire import SessionLostError, body_of, document_of, service_path, status_of

__all__ = ["Sessions"]

_log = structlog.get_logger("anji.k3cloud")

_SESSION_COOKIE = "kdservice-sessionid"
_DATE_GRAIN_SECONDS = 2.0
_LONGEST_WAIT_SECONDS = 15.0
"""For a free session. A write that waited must leave soon after its age was checked."""


@dataclass(slots=True)
class _Slot:
    """Place of one session, live or not."""

    cookies: dict[str, str] = field(default_factory=dict)
    used_at: float = 0.0
    is_live: bool = False


class Sessions:
    """Sends calls, each in a session."""

    def __init__(
        self,
        transport: Transport,
        settings: K3CloudSettings,
        clock: Clock,
        state_dir: Path | None = None,
    ) -> None:
        self._transport = transport
        self._settings = settings
        self._clock = clock
        self._slots = Pool(_Slot() for _ in range(settings.sessions))
        self._login = asyncio.Lock()
        self._refusals = Refusals(state_dir, settings, clock)
        self._refusal: AuthenticationError | None = None
        self._user_id = settings.user_id
        self._server_ahead_seconds = 0.0
        self.site: Site | None = None
        """What the last login told; `None` before one."""

    async def call(self, service: str, fields: Mapping[str, Any], *, writes: bool) -> Any:  # noqa: ANN401 - JSON of any shape
        """Return the JSON that the vendor answers.

        Raises:
            AuthenticationError: our credentials, account set or app are not accepted.
            InDoubtError: `writes`, and the answer is lost.
            SessionLostError: `writes`, and the session was gone: look before sending it again.
            VendorUnavailableError: no answer, no session within 15 s; nothing was written.
            RateLimitedError: the site has no calls left for us.
            RefusedError: a firewall does not let the content pass.
        """
        leaves_by = Deadline(self._clock, _LONGEST_WAIT_SECONDS)
        async with self._slot() as slot:
            for is_last in (False, True):
                was_fresh = await self._ready(slot)
                if writes and leaves_by.is_over:
                    msg = f"no session within {_LONGEST_WAIT_SECONDS:.0f} s: not sent"
                    raise VendorUnavailableError(msg)
                try:
                    return await self._exchange(slot, service, fields, writes=writes)
                except SessionLostError as error:
                    slot.is_live = False
                    slot.cookies = {}
                    _log.info("session.lost", service=service)
                    if was_fresh and self._settings.signs:
                        msg = f"the ERP does not accept the app or its user: {error}"
                        raise self._refused(msg) from error
                    if is_last or writes:
                        raise
        msg = "unreachable: the second round returns or raises"
        raise AssertionError(msg)

    async def user_id(self) -> str | None:
        """Return the ERP's id of our user; `None` if neither a setting nor a login can tell.

        Where calls are signed a refused login is no reason to stop: no call needs it.
        Raises as `call`.
        """
        if self._user_id is None:
            async with self._slot() as slot:
                try:
                    await self._log_in(slot)
                except AuthenticationError as error:
                    if not self._settings.signs:
                        raise
                    self._refusal = None
                    _log.warning("user_id.not_learnt", reason=str(error))
        return self._user_id

    async def log_in(self) -> Site:
        """Return what a login tells of the site; one is made though calls may need none.

        Raises as `call`, and `AuthenticationError` also where calls are signed.
        """
        async with self._slot() as slot:
            return await self._log_in(slot)

    def server_ahead_seconds(self) -> float:
        """Return how far the server's clock is ahead of ours, as its last answer told."""
        return self._server_ahead_seconds

    @asynccontextmanager
    async def _slot(self) -> AsyncIterator[_Slot]:
        lane = current_lane()
        try:
            slot = await self._slots.taken(lane, _LONGEST_WAIT_SECONDS)
        except TimeoutError as error:
            msg = f"all {self._settings.sessions} sessions were busy for 15 s"
            raise VendorUnavailableError(msg) from error
        try:
            yield slot
        finally:
            self._slots.give_back(lane, slot)

    async def _ready(self, slot: _Slot) -> bool:
        """Make the slot's session usable; return whether it is a fresh one."""
        if self._refusal is not None:
            raise self._refusal
        idle_seconds = self._clock.monotonic() - slot.used_at
        if slot.is_live and idle_seconds < self._settings.session_idle_seconds:
            return False
        slot.is_live = False
        slot.cookies = {}
        if not self._settings.signs:
            await self._log_in(slot)
        return True

    async def _log_in(self, slot: _Slot) -> Site:
        async with self._login:  # so that wrong credentials are tried once, not once a session
            if self._refusal is not None:
                raise self._refusal
            login = login_of(self._settings, int(self._clock.now().timestamp()))
            if login.has_password:
                self._check_refusals()
            answer = await self._transport.send(
                Call(
                    login.path,
                    body_of(login.fields),
                    {"content-type": "application/json"},
                    timeout_seconds=self._settings.read_timeout_seconds,
                )
            )
            self._note_time(answer)
            told = document_of(answer, writes=False)
            if not isinstance(told, dict) or not _is_login_answer(told):
                msg = f"no answer to a login: {str(told)[:200]}"
                raise VendorUnavailableError(msg)
            cookies = _cookies_of(told, answer)
            if not _is_accepted(told, cookies):
                words = _refusal_words(told)
                if login.has_password and is_wrong_password(words):
                    self._refusals.note()
                msg = f"the ERP refused {self._settings.username}: {words}"
                raise self._refused(msg)
            self.site = site_of(told)
            context = told.get("Context")
            if isinstance(context, dict) and context.get("UserId") is not None:
                self._user_id = self._user_id or str(context["UserId"])
            self._now_used(slot, cookies)
            if self.site.warning:  # a licence that ends soon lets us in, with words
                _log.warning("login.warned", words=self.site.warning)
            _log.info("session.opened", user=self._settings.username, by=login.service)
            return self.site

    def _check_refusals(self) -> None:
        try:
            self._refusals.check()
        except AuthenticationError as error:
            self._refusal = error
            raise

    async def _exchange(
        self, slot: _Slot, service: str, fields: Mapping[str, Any], *, writes: bool
    ) -> Any:  # noqa: ANN401 - JSON of any shape
        settings = self._settings
        path = service_path(service)
        seconds = settings.write_timeout_seconds if writes else settings.read_timeout_seconds
        call = Call(path, body_of(fields), self._headers(slot, path), "POST", seconds, writes)
        try:
            answer = await self._transport.send(call)
        except (InDoubtError, VendorUnavailableError):
            slot.used_at = self._clock.monotonic()
            raise
        self._note_time(answer)
        document = document_of(answer, writes=writes)
        status = status_of(document)
        if status is not None and status.is_session_lost:
            if writes and status.entities:  # lost on the way: some of it was carried out
                slot.is_live = False
                slot.cookies = {}
                raise InDoubtError(status.words)
            raise SessionLostError(status.words)
        self._now_used(slot, answer.cookies)
        return document

    def _headers(self, slot: _Slot, path: str) -> dict[str, str]:
        headers = {"content-type": "application/json", "accept-charset": "utf-8"}
        if self._settings.signs:
            url = f"{self._settings.base_url}{path}"
            at_seconds = int(self._clock.now().timestamp())
            headers |= signed_headers(self._settings, url, at_seconds)
        if slot.cookies:
            headers["cookie"] = "; ".join(f"{key}={value}" for key, value in slot.cookies.items())
            if _SESSION_COOKIE in slot.cookies:
                headers[_SESSION_COOKIE] = slot.cookies[_SESSION_COOKIE]
        return headers

    def _now_used(self, slot: _Slot, cookies: Mapping[str, str]) -> None:
        slot.cookies |= {name: value for name, value in cookies.items() if value}
        slot.used_at = self._clock.monotonic()
        slot.is_live = True

    def _note_time(self, answer: Answer) -> None:
        """Learn the server's clock from its answers; whole seconds, so 2 s are no difference."""
        told = _http_date(answer.headers.get("date", ""))
        if told is not None:
            ahead = (told - self._clock.now()).total_seconds()
            self._server_ahead_seconds = ahead if abs(ahead) > _DATE_GRAIN_SECONDS else 0.0

    def _refused(self, msg: str) -> AuthenticationError:
        advice = login_advice(msg)
        self._refusal = AuthenticationError(f"{msg} ({advice})" if advice else msg)
        return self._refusal


@lru_cache(maxsize=64)  # many answers of one second tell the same
def _http_date(text: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None else None


def _is_login_answer(told: Mapping[str, Any]) -> bool:
    return "LoginResultType" in told or status_of(told) is not None


def _is_accepted(told: Mapping[str, Any], cookies: Mapping[str, str]) -> bool:
    """Whether a login succeeded; a licence warning comes with another type and no session id."""
    if told.get("LoginResultType") == 1:
        return True
    return told.get("IsSuccessByAPI") is True and bool(cookies)


def _refusal_words(told: Mapping[str, Any]) -> str:
    status = status_of(told)
    if status is not None:
        return status.words
    parts = (told.get("Message"), told.get("MessageCode"))
    return " ".join(str(part) for part in parts if part) or "no reason given"


def _cookies_of(told: Mapping[str, Any], answer: Answer) -> dict[str, str]:
    cookies = {name: value for name, value in answer.cookies.items() if value}
    if told.get("KDSVCSessionId"):
        cookies.setdefault(_SESSION_COOKIE, str(told["KDSVCSessionId"]))
    return cookies
