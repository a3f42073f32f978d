"""One call to the CRM: its place in the budget, its credentials, its error.

Every call takes its place in the budget first, is counted by object and purpose, and ends as an
answer or as an error that says what happens next. A refused token is renewed and the same call
made once more: the CRM checks it before anything else. Nothing else is ever repeated here.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from anji_common.breaker import Breaker
from anji_common.budget import Budget, seconds_to_midnight
from anji_common.clock import Clock, Deadline
from anji_common.errors import (
    ConfigurationError,
    InDoubtError,
    RateLimitedError,
    UndecodableError,
    VendorUnavailableError,
)
from anji_common.lanes import current_lane
from anji_common.topics import Lane
from anji_common.values import frozen
from anji_fxiaoke.auth import Auth
from anji_fxiaoke.outcomes import NO_SUCH_EMPLOYEE, Next, error_of, is_refusal, next_of
from anji_fxiaoke.settings import FxiaokeSettings
from anji_fxiaoke.wire import Credentials, Told, call_of, server_time, told

__all__ = ["USER_PATH", "Caller", "Purpose", "Saying"]

USER_PATH = "cgi/user/get"

_TIMES_KEPT = 50
_DAY_SECONDS = 86_400.0
_LATE_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a call is for: how it is counted, and how long it can wait for the budget."""

    name: str
    """``poll``, ``lines``, ``look up``, ``create`` …"""
    lane: Lane = Lane.LIVE
    """Bulk, whatever it is for; else it is of the lane of whoever calls (`current_lane`)."""
    most_wait_seconds: float | None = None
    """`None`: as long as it takes. A write that was noted as an attempt must not wait long."""
    is_writing: bool = False
    """Part of a write, also where it only reads: it may use the day's last calls."""


@frozen
class Saying:
    """What one call says."""

    path: str
    object_name: str
    """Empty where it is about none."""
    data: object
    """The body's `data`; `None` where the endpoint has none."""
    purpose: Purpose
    writes: bool = False
    is_asking: bool = False
    """A refusal is an answer too, not an error."""
    switches: Mapping[str, object] = field(default_factory=dict)
    """What stands beside `data`."""


class Caller:
    """Makes calls in the name of one app and one employee."""

    def __init__(
        self,
        settings: FxiaokeSettings,
        transport: Breaker,
        auth: Auth,
        budget: Budget,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._transport = transport
        self._auth = auth
        self._budget = budget
        self.clock = clock
        self._ahead: deque[timedelta] = deque(maxlen=_TIMES_KEPT)
        self.tally = auth.tally

    def now(self) -> datetime:
        """Return the CRM's time: ours, corrected by what its answers told lately.

        They tell whole seconds, cut; the largest difference seen is the least wrong.
        """
        return self.clock.now() + max(self._ahead, default=timedelta())

    async def acting_user(self) -> str:
        """Return the openUserId of the employee in whose name we call.

        Raises:
            RetriableError, FatalError: see `Auth.credentials`.
        """
        return (await self._auth.credentials()).open_user_id

    async def say(self, saying: Saying) -> Told:
        """Make one call; once more with another token if the first one is refused.

        Raises:
            RateLimitedError: the calls of this interface, or the day's, are used up.
            VendorUnavailableError: no usable answer, and nothing was written.
            InDoubtError: no usable answer to a call that writes.
            AuthenticationError: the token was refused twice, or rights do not suffice.
            ConfigurationError: no such path, or the acting employee is nobody.
            RefusedError: any other code, with the vendor's words.
        """
        most = saying.purpose.most_wait_seconds
        leaves_by = None if most is None else Deadline(self.clock, most)
        credentials = await self._auth.credentials()
        found = await self._send(saying, credentials, leaves_by)
        if next_of(found.code) is Next.NEW_TOKEN:
            self._auth.drop(credentials)
            found = await self._send(saying, await self._auth.credentials(), leaves_by)
        if next_of(found.code) is Next.WHO_ARE_WE and saying.path != USER_PATH:
            await self._look_who_we_are(found)
        if found.code == 0 or (saying.is_asking and is_refusal(found.code)):
            return found
        error = error_of(
            found,
            _what(saying),
            writes=saying.writes,
            window_seconds=self._settings.window_seconds,
            day_seconds=self._rest_of_day(),
        )
        match next_of(found.code), error:
            case Next.WAIT, _:
                self._budget.close(saying.path, self._settings.window_seconds / 4)
            case Next.WAIT_FOR_TOMORROW | Next.WAIT_FOR_PEOPLE, RateLimitedError():
                self._budget.stop(str(error), error.retry_after_seconds)
            case _:
                pass
        raise error

    async def _look_who_we_are(self, refused: Told) -> None:
        """Find out whether a refusal of an employee means the one in whose name we call.

        Raises:
            ConfigurationError: it does: nothing that we say will ever be heard.
            RetriableError, AuthenticationError: see `say`.

        Source: docs/vendors/fxiaoke.md, section 1.3 (``/cgi/user/get``).
        """
        user = await self.acting_user()
        purpose = Purpose("acting user", is_writing=True)
        asked = {"openUserId": user}
        saying = Saying(USER_PATH, "", None, purpose, is_asking=True, switches=asked)
        if user and (await self.say(saying)).code in NO_SUCH_EMPLOYEE:
            msg = (
                f"the acting employee {user} is none of the tenant's: {refused.words} "
                f"({refused.code}). Set ANJI_FXIAOKE_OPEN_USER_ID or ANJI_FXIAOKE_MOBILE to one "
                "that is; everything waits until then, nothing is lost"
            )
            raise ConfigurationError(msg)

    def _rest_of_day(self) -> float:
        """Return how long to wait when the CRM says that the day has no calls left.

        Its clock may be a little behind ours: just after our midnight it means the day before.
        """
        rest = seconds_to_midnight(self.clock.now())
        return rest if rest < _DAY_SECONDS - _LATE_SECONDS else _LATE_SECONDS / 10

    async def _send(
        self, saying: Saying, credentials: Credentials, leaves_by: Deadline | None
    ) -> Told:
        purpose, settings = saying.purpose, self._settings
        self._transport.check(saying.path)  # a call that does not leave is none of the day's
        await self._budget.take(
            saying.path,
            purpose.lane if purpose.lane is Lane.BULK else current_lane(),
            who=saying.object_name,
            writes=purpose.is_writing,
            most_seconds=_rest_of_wait(saying, leaves_by),
        )
        _rest_of_wait(saying, leaves_by)  # the machine may have slept while it waited
        self.tally.called(saying.object_name, purpose.name)
        call = call_of(
            saying.path,
            credentials,
            saying.data,
            trace_id=self._auth.trace_id(),
            timeout_seconds=(
                settings.write_timeout_seconds if saying.writes else settings.read_timeout_seconds
            ),
            writes=saying.writes,
            switches=saying.switches,
        )
        answer = await self._transport.send(call)
        at = server_time(answer)
        if at is not None:
            self._ahead.append(at - self.clock.now())
        try:
            return told(answer)
        except UndecodableError as error:
            msg = f"{_what(saying)}: {error}"
            if saying.writes:
                raise InDoubtError(msg) from error
            raise VendorUnavailableError(msg) from error


def _what(saying: Saying) -> str:
    return f"{saying.path} {saying.object_name}".rstrip()


def _rest_of_wait(saying: Saying, leaves_by: Deadline | None) -> float | None:
    """Return how long a call may still wait; its token may have been waited for.

    Raises:
        RateLimitedError: no longer; the call was not sent.
    """
    if leaves_by is None:
        return None
    if leaves_by.is_over:
        msg = f"{_what(saying)}: not sent, for its turn did not come in time"
        raise RateLimitedError(msg, retry_after_seconds=0.0)
    return leaves_by.left_seconds
