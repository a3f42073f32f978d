"""Sessions: 20 minutes idle, extended by each call; several of one user live side by side.

They live in memory only: a restarted sandbox has ended them all, as a restarted server has.
Source: reference "k3cloud-webapi.md", sections 1.5 and 9.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from uuid import UUID

from anji_sandbox.k3cloud.credentials import User

__all__ = ["CallLimit", "Session", "Sessions", "empty_cookies", "session_id_of"]


@dataclass(slots=True)
class Session:
    """One live session."""

    session_id: str
    """Value of ``kdservice-sessionid``."""
    asp_id: str
    """Value of ``ASP.NET_SessionId``."""
    user: User
    lcid: int
    org_number: str
    used_at: float
    busy_until: float = 0.0

    def busy_for(self, now: float, seconds: float) -> float:
        """Return how late a call of so many seconds is answered: one at a time."""
        if not seconds:
            return 0.0
        self.busy_until = max(self.busy_until, now) + seconds
        return self.busy_until - now

    def cookies(self) -> tuple[tuple[str, str], ...]:
        """Return both cookies; a client that got only one would lose the other."""
        return _cookies(self.asp_id, self.session_id)


class CallLimit:
    """How many calls an account set takes; counted by the clock's minutes."""

    def __init__(self) -> None:
        self._minute = 0
        self._calls = 0

    def admits(self, now: float, per_minute: int | None) -> bool:
        """Count a call and say whether it is within the limit."""
        minute = int(now // 60)
        if minute != self._minute:
            self._minute, self._calls = minute, 0
        self._calls += 1
        return per_minute is None or self._calls <= per_minute


class Sessions:
    """All live sessions of one account set."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._live: dict[str, Session] = {}

    def start(  # noqa: PLR0913 - what a session knows
        self,
        user: User,
        lcid: int,
        org_number: str,
        *,
        number: int,
        now: float,
        most_of_user: int | None = None,
    ) -> Session:
        """Return a new session; `number` is never used twice, so neither is an id.

        With `most_of_user` the oldest of a user's sessions end for a new one.
        """
        if most_of_user is not None:
            mine = [each.session_id for each in self._live.values() if each.user == user]
            for each in mine[: max(0, len(mine) - most_of_user + 1)]:
                self.end(each)
        digest = hashlib.sha256(f"session/{self._seed}/{number}".encode()).digest()
        session = Session(str(UUID(bytes=digest[:16])), digest[16:28].hex(), user, lcid,
                          org_number, now)  # fmt: skip
        self._live[session.session_id] = session
        return session

    def find(self, session_id: str, *, now: float, idle_seconds: float) -> Session | None:
        """Return the live session of this id and extend it, or `None`."""
        session = self._live.get(session_id)
        if session is None:
            return None
        if now - session.used_at > idle_seconds:
            del self._live[session_id]
            return None
        session.used_at = now
        return session

    def ids(self) -> tuple[str, ...]:
        """Return the ids of all live sessions."""
        return tuple(self._live)

    def end(self, session_id: str) -> None:
        """End one session, if it lives."""
        self._live.pop(session_id, None)

    def end_all(self) -> None:
        """End every session, as a restart of the server does."""
        self._live.clear()


def empty_cookies() -> tuple[tuple[str, str], ...]:
    """Return the cookies of a session that nobody is logged in to."""
    return _cookies("", "")


def session_id_of(headers: Mapping[str, str]) -> str:
    """Return the session id from ``kdservice-sessionid``, ``SID`` or the cookie; else empty."""
    if found := headers.get("kdservice-sessionid") or headers.get("sid"):
        return found
    try:
        cookies = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return ""
    morsel = cookies.get("kdservice-sessionid")
    return "" if morsel is None else morsel.value


def _cookies(asp_id: str, session_id: str) -> tuple[tuple[str, str], ...]:
    return (
        ("set-cookie", f"ASP.NET_SessionId={asp_id}; path=/; HttpOnly"),
        ("set-cookie", f"kdservice-sessionid={session_id}; path=/"),
    )
