"""Outcomes: the CRM's code → what happens next. Pure.

Only 0 and 20016 were seen live; the rest follows the published table. What may have been carried
out all the same (a system error, a time-out inside the vendor) is a doubt when the call writes.

Source: docs/vendors/fxiaoke.md, section 6 (envelope, codes, limits).
"""

from enum import Enum

from anji_common.errors import (
    AnjiError,
    AuthenticationError,
    ConfigurationError,
    InDoubtError,
    RateLimitedError,
    RefusedError,
    VendorUnavailableError,
)
from anji_fxiaoke.wire import Told

__all__ = ["NO_SUCH_EMPLOYEE", "Next", "error_of", "is_refusal", "next_of"]


class Next(Enum):
    """What a code asks for; in these words it stands in ``docs/vendors/fxiaoke.md``."""

    GO_ON = "goes on"
    NEW_TOKEN = "drops the token, says the same once more"  # noqa: S105 - a sentence
    WAIT = "leaves the interface alone for a while, then goes on"
    WAIT_FOR_TOMORROW = "pauses all calls until midnight in Beijing, with a notice"
    WAIT_FOR_PEOPLE = "pauses all calls, looks again every ten minutes, with a notice"
    UNAVAILABLE = "waits, says the same again"
    UNCERTAIN = "reads again; a write is in doubt and looked for"
    NO_RIGHTS = "stops the process: credentials or rights do not suffice"
    WRONG_ADDRESS = "stops the process: no such path, or a wrong secret"
    WHO_ARE_WE = (
        "stops the process if the acting employee is meant, else the problem of that record"
    )
    REFUSED = "shows the words: the problem of that record or look-up alone"


_NEXT = {
    0: Next.GO_ON,
    20005: Next.NEW_TOKEN,
    20016: Next.NEW_TOKEN,
    14001: Next.WAIT,
    30004: Next.WAIT,
    30002: Next.WAIT_FOR_TOMORROW,
    30003: Next.WAIT_FOR_PEOPLE,
    -1: Next.UNAVAILABLE,
    -2: Next.UNCERTAIN,
    50009: Next.UNCERTAIN,
    10006: Next.WRONG_ADDRESS,
    20012: Next.WHO_ARE_WE,
    **dict.fromkeys((10001, 10002, 10012, 11001, 11002, 11013, 11015), Next.NO_RIGHTS),
    **dict.fromkeys((15003, 20006, 20015, 20017), Next.NO_RIGHTS),
    **dict.fromkeys((20020, 20021, 20022), Next.NO_RIGHTS),
}
NO_SUCH_EMPLOYEE = frozenset({20012, 30027})
"""How the CRM may say that an openUserId is nobody's."""

_QUOTA_LOOK_SECONDS = 600.0
"""How often to ask whether somebody has bought calls meanwhile."""


def next_of(code: int) -> Next:
    """Return what to do after an answer with `code`."""
    return _NEXT.get(code, Next.REFUSED)


def is_refusal(code: int) -> bool:
    """Return whether `code` is about one record or look-up alone."""
    return next_of(code) in (Next.REFUSED, Next.WHO_ARE_WE)


def error_of(  # noqa: PLR0911 - one way out per outcome
    told: Told, what: str, *, writes: bool, window_seconds: float, day_seconds: float
) -> AnjiError:
    """Return the error that stands for an answer that is not yes.

    Args:
        told: The answer.
        what: The call, for people: ``data/create SalesOrderObj``.
        writes: The call may have changed something.
        window_seconds: How long a window of the call limit lasts.
        day_seconds: How long the day of the call quota still lasts.
    """
    words = f"{what}: {told.words or 'no reason given'} ({told.code})"
    match next_of(told.code):
        case Next.WAIT:
            return RateLimitedError(words, retry_after_seconds=window_seconds)
        case Next.WAIT_FOR_TOMORROW:
            return RateLimitedError(words, retry_after_seconds=day_seconds)
        case Next.WAIT_FOR_PEOPLE:
            return RateLimitedError(words, retry_after_seconds=_QUOTA_LOOK_SECONDS)
        case Next.UNCERTAIN if writes:
            return InDoubtError(words)
        case Next.UNAVAILABLE | Next.UNCERTAIN:
            return VendorUnavailableError(words)
        case Next.NEW_TOKEN | Next.NO_RIGHTS:
            return AuthenticationError(words)
        case Next.WRONG_ADDRESS:
            return ConfigurationError(words)
        case _:
            return RefusedError(told.words, code=str(told.code))
