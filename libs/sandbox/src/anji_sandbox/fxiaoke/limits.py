"""How often the CRM lets itself be called. Source: reference section 6.3 `[docs]`.

Counts start anew with the process, but for the day's pack, which the store keeps.
"""

from collections import deque

from anji_sandbox.fxiaoke.codes import NO_QUOTA, QUOTA_USED_UP, RefusedError
from anji_sandbox.store import Store
from anji_sandbox.switches import FxiaokeLimits, FxiaokeSwitches

__all__ = ["Meter"]

_DAY_SECONDS = 86_400
_HOUR_SECONDS = 3600
_MINUTE_SECONDS = 60.0
_SET_ASIDE = "#quota"


class Meter:
    """Counts calls per interface and per day."""

    def __init__(self, store: Store, switches: FxiaokeSwitches, limits: FxiaokeLimits) -> None:
        self.limits = limits
        self._store = store
        self._switches = switches
        self._windows: dict[str, deque[float]] = {}
        self._token_until = 0.0

    def count_token(self, now: float) -> None:
        """Count a call for a token.

        Raises:
            RefusedError: there were too many within a minute.
        """
        code = self._switches.codes.token_overuse
        if now < self._token_until:
            raise RefusedError(code, "another token call is under way")
        self._token_until = now + self._switches.token_seconds
        self._count("token", self.limits.tokens_per_minute, _MINUTE_SECONDS, now, code)

    def count_call(self, path: str, now: float) -> None:
        """Count a business call on an interface.

        Raises:
            RefusedError: the interface was called too often, or the day's pack is used up.
        """
        used = self.used_today(now)
        if self.limits.daily_calls == 0:
            raise RefusedError(NO_QUOTA, "no OpenAPI quota was bought")
        if used >= self.limits.daily_calls:
            raise RefusedError(QUOTA_USED_UP, "the daily quota of OpenAPI calls is used up")
        code = self._switches.codes.call_overuse
        try:
            self._count(path, self.limits.calls_per_window, self.limits.window_seconds, now, code)
        except RefusedError:
            if self._switches.refused_calls_count:
                self._store.next_number(self._day_name(now))
            raise
        self._store.next_number(self._day_name(now))

    def used_today(self, now: float) -> int:
        """Return how many calls of the day's pack are used."""
        day = self._day_name(now)
        set_aside = self._store.get(_SET_ASIDE, day) or {"calls": 0}
        return self._store.number(day) + int(set_aside["calls"])

    def quota_left(self, now: float) -> int:
        """Return how many calls of the day's pack are left."""
        return max(0, self.limits.daily_calls - self.used_today(now))

    def leave_quota(self, left: int, now: float) -> None:
        """Let the day's pack be used up but for so many calls."""
        day = self._day_name(now)
        calls = self.limits.daily_calls - left - self._store.number(day)
        self._store.put(_SET_ASIDE, day, {"calls": calls})

    def _count(self, name: str, most: int, seconds: float, now: float, code: int) -> None:
        calls = self._windows.setdefault(name, deque())
        while calls and calls[0] <= now - seconds:
            calls.popleft()
        is_refused = len(calls) >= most
        if not is_refused or self._switches.refused_calls_count:
            calls.append(now)
        if is_refused:
            raise RefusedError(code, f"calls exceed the limit of {most} in {seconds:g} seconds")

    def _day_name(self, now: float) -> str:
        local = now + self.limits.day_zone_hours * _HOUR_SECONDS
        return f"calls of day {int(local) // _DAY_SECONDS}"
