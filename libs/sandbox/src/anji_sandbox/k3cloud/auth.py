"""Who calls: logins, and the order in which a session id and a signature are looked at.

Source: reference "k3cloud-webapi.md", sections 1.3 to 1.5 and 9 ("Signed mode, order of
decision"): a live session id is served without a look at the signature; a good signature without
one makes a session; a bad one is a lost session; a wrong account set is no HTTP 200.
"""

import hmac
from dataclasses import dataclass, field, replace

from anji_sandbox.core import Answer, Request
from anji_sandbox.k3cloud import signing
from anji_sandbox.k3cloud.answers import json_answer
from anji_sandbox.k3cloud.body import Call
from anji_sandbox.k3cloud.credentials import LCID, Credentials, User
from anji_sandbox.k3cloud.login_answer import logged_in, login_failed
from anji_sandbox.k3cloud.sessions import Session, Sessions, empty_cookies, session_id_of
from anji_sandbox.k3cloud.switches import K3CloudSwitches
from anji_sandbox.store import Store

__all__ = ["Auth", "Denied", "Served"]

_LANGUAGES = ("2052", "3076", "1033")

_WRONG_ACCOUNT = "当前尝试登录的数据中心无法获取到，请重新检查，谢谢。"
_WRONG_PASSWORD = "用户名或密码错误！"  # noqa: S105 - a message
_PASSWORDS = "#k3cloud passwords"
_LOCKED = "密码错误次数超限，用户已被锁定，请稍后再试！"
_NOT_ALLOWED = "当前用户未指定允许调用WebAPI接口"
_BAD_SIGN = "002005000003016"


@dataclass(frozen=True, slots=True)
class Served:
    """The caller is known."""

    session: Session
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Denied:
    """The caller is not known; `answer` overrides the session-lost answer."""

    headers: tuple[tuple[str, str], ...] = ()
    answer: Answer | None = None
    lcid: int = LCID
    """The language that the caller asked for."""


@dataclass(slots=True)
class _Failures:
    count: int = 0
    last_at: float = 0.0


@dataclass(slots=True)
class Auth:
    """The users of one account set and their sessions."""

    credentials: Credentials
    sessions: Sessions
    store: Store
    switches: K3CloudSwitches
    _failures: dict[str, _Failures] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in self.store.ids(_PASSWORDS):
            changed = self.store.get(_PASSWORDS, name) or {}
            self._know(name, str(changed["password"]))

    def change_password(self, name: str, password: str) -> None:
        """Give a user another password; sessions live on.

        Raises:
            LookupError: there is no such user.
        """
        if self._user(name) is None:
            raise LookupError(name)
        self.store.put(_PASSWORDS, name, {"password": password})
        self._know(name, password)

    def _know(self, name: str, password: str) -> None:
        ours = self.credentials
        for user in (ours.integration, ours.person):
            if user.name == name:
                known = replace(user, password=password)
                is_ours = user is ours.integration
                self.credentials = replace(
                    ours,
                    integration=known if is_ours else ours.integration,
                    person=ours.person if is_ours else known,
                )

    def admit(self, request: Request, now: float) -> Served | Denied:
        """Say who calls, for every service that needs a session."""
        idle = self.switches.session_idle_seconds
        sent = session_id_of(request.headers)
        session = self.sessions.find(sent, now=now, idle_seconds=idle) if sent else None
        if session is not None:
            return Served(session)
        if "x-kd-signature" not in request.headers:
            return Denied()
        app_data = signing.read_app_data(request.headers)
        if app_data is None:
            return Denied(empty_cookies())
        if app_data.acct_id != self.credentials.acct_id:
            text = ("content-type", "text/plain; charset=utf-8")
            return Denied(answer=Answer(500, (text,), b"Fail to verify thirty passport"))
        user = self._signed_user(request, app_data)
        if user is None:
            return Denied(empty_cookies(), lcid=_language(app_data.lcid))
        session = self._start(user, app_data.lcid, now)
        return Served(session, session.cookies())

    def validate_user(self, call: Call, now: float) -> Answer:
        """Log in with a password (ValidateUser)."""
        acct_id, username = call.text("acctid", 0), call.text("username", 1)
        if acct_id != self.credentials.acct_id:
            return login_failed(_WRONG_ACCOUNT, "")
        failures = self._failures.setdefault(username, _Failures())
        if self._is_locked(failures, now):
            return login_failed(_LOCKED, "CheckPasswordPolicy")
        user = self._user(username)
        if user is None or not _same(call.text("password", 2), user.password):
            failures.count += 1
            failures.last_at = now
            return login_failed(_WRONG_PASSWORD, "CheckPasswordPolicy")
        failures.count = 0
        return self._logged_in(user, call.text("lcid", 3), now)

    def login_by_app_secret(self, call: Call, now: float) -> Answer:
        """Log in with the app's secret as it is (LoginByAppSecret)."""
        username, app_id = call.text("username", 1), call.text("appid", 2)
        good = _same(call.text("appsecret", 3), self.credentials.app_secret)
        return self._app_login(
            call.text("acctid", 0), username, app_id, call.text("lcid", 4), good=good, now=now
        )

    def login_by_sign(self, call: Call, now: float) -> Answer:
        """Log in with a sign made from the app's secret (LoginBySign)."""
        acct_id, username, app_id = (call.text(name, at) for at, name in enumerate(_SIGN_NAMES))
        wanted = signing.login_sign(
            acct_id,
            username,
            app_id,
            self.credentials.app_secret,
            call.text("timestamp", 3),
            algorithm=self.switches.login_sign_algorithm,
        )
        good = _same(call.text("sign", 4), wanted)
        return self._app_login(acct_id, username, app_id, call.text("lcid", 5), good=good, now=now)

    def log_out(self, request: Request) -> Answer:
        """End the caller's session."""
        self.sessions.end(session_id_of(request.headers))
        return json_answer(True)  # noqa: FBT003 - the whole answer

    def _app_login(  # noqa: PLR0913 - what such a login carries
        self, acct_id: str, username: str, app_id: str, lcid: str, *, good: bool, now: float
    ) -> Answer:
        if acct_id != self.credentials.acct_id:
            return login_failed(_WRONG_ACCOUNT, "")
        if app_id != self.credentials.app_id or not good:
            return login_failed("第三方应用签名错误", _BAD_SIGN)
        user = self._app_user(username)
        if user is None:
            text = f"第三方应用：{app_id} 不允许用户{username} 登录，请联系系统管理员添加！"
            return login_failed(text, "")
        return self._logged_in(user, lcid, now)

    def _signed_user(self, request: Request, app_data: signing.AppData) -> User | None:
        ours, headers = self.credentials, request.headers
        wanted = signing.kd_signature(ours.app_id, ours.app_secret, app_data.text)
        good = (
            headers.get("x-kd-appkey") == ours.app_id
            and _same(headers["x-kd-signature"], wanted)
            and app_data.lcid in _LANGUAGES
        )
        if good and self.switches.checks_api_signature:
            stamp, nonce = headers.get("x-api-timestamp", ""), headers.get("x-api-nonce", "")
            api = signing.api_signature(ours.app_id, request.path, stamp, nonce)
            good = _same(headers.get("x-api-signature", ""), api)
        return self._app_user(app_data.username) if good else None

    def _is_locked(self, failures: _Failures, now: float) -> bool:
        if failures.count < self.switches.lock_after_failures:
            return False
        if now - failures.last_at < self.switches.lock_seconds:
            return True
        failures.count = 0
        return False

    def _user(self, name: str) -> User | None:
        both = (self.credentials.integration, self.credentials.person)
        return next((user for user in both if user.name == name), None)

    def _app_user(self, name: str) -> User | None:
        user = self._user(name)
        if user is self.credentials.person and not self.switches.person_may_use_app:
            return None
        return user

    def _start(self, user: User, lcid: str, now: float) -> Session:
        language = _language(lcid)
        number = self.store.next_number("k3cloud session")
        org = self.credentials.org_number
        return self.sessions.start(
            user,
            language,
            org,
            number=number,
            now=now,
            most_of_user=self.switches.sessions_per_user,
        )

    def _logged_in(self, user: User, lcid: str, now: float) -> Answer:
        if not self.switches.user_may_use_webapi:
            return login_failed(_NOT_ALLOWED, "")
        session = self._start(user, lcid, now)
        warns = self.switches.licence_warning
        return logged_in(session, self.credentials.acct_id, warns=warns)


_SIGN_NAMES = ("acctid", "username", "appid")


def _language(lcid: str) -> int:
    return int(lcid) if lcid in _LANGUAGES else LCID


def _same(sent: str, wanted: str) -> bool:
    return hmac.compare_digest(sent.encode(), wanted.encode())
