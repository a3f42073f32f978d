"""Every error that Anji raises on purpose, sorted by what the caller does next.

    AnjiError
    ├── RetriableError             wait, then do the same again, unchanged
    │   ├── RateLimitedError       ... after `retry_after_seconds`
    │   ├── RecordBusyError        ... somebody holds the record; bounded, then a problem
    │   ├── ServiceSilentError     ... another service of ours does not run, or does not move
    │   └── VendorUnavailableError ... refused, reset, HTTP 5xx, HTML where JSON is due
    ├── RejectedError              this record cannot pass as it is; the next one may
    │   ├── MappingError           ... a value has no counterpart: the link's problem
    │   ├── RefusedError           ... the vendor said no, in its words: the link's problem
    │   └── UndecodableError       ... nobody can read it: a dead letter, kept whole
    ├── AwaitedError               this record waits for another, whose arrival releases it
    ├── InDoubtError               a write left and its answer did not come: look, never repeat
    ├── RevokedError               the task goes to another member: end the work, commit nothing
    ├── CutOffError                told to end, and the grace was over before all was done
    ├── NoRoomError                the disk is full: end the work, begin it again a while later
    └── FatalError                 stop the process, no record can succeed
        ├── AuthenticationError
        ├── ConfigurationError
        ├── FencedError            ... another process owns this task now
        └── NewerFormError         ... a newer version of Anji wrote what this one must know

Loops read the second level, and of the third only how long to wait: a new error needs a
parent before it needs a name. Only edge modules translate foreign exceptions, always with
``raise ... from exc``. A read is never in doubt; a write whose connection broke always is.
"""

__all__ = [
    "AnjiError",
    "AuthenticationError",
    "AwaitedError",
    "ConfigurationError",
    "CutOffError",
    "FatalError",
    "FencedError",
    "InDoubtError",
    "MappingError",
    "NewerFormError",
    "NoRoomError",
    "RateLimitedError",
    "RecordBusyError",
    "RefusedError",
    "RejectedError",
    "RetriableError",
    "RevokedError",
    "ServiceSilentError",
    "UndecodableError",
    "VendorUnavailableError",
]


class AnjiError(Exception):
    """Anything that Anji raises on purpose."""


class RetriableError(AnjiError):
    """Wait, then do the same again, unchanged."""


class RateLimitedError(RetriableError):
    """The vendor's limit is used up for now."""

    def __init__(self, message: str, *, retry_after_seconds: float) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class RecordBusyError(RetriableError):
    """Somebody holds the record at this moment (a lock conflict of the vendor)."""


class ServiceSilentError(RetriableError):
    """A command waited for a service of this installation that does not run, or does not move."""


class VendorUnavailableError(RetriableError):
    """No usable answer, and nothing can have been written."""


class RejectedError(AnjiError):
    """This record cannot pass as it is; the next one may."""


class MappingError(RejectedError):
    """A value has no counterpart on the other side."""


class RefusedError(RejectedError):
    """The vendor understood and said no."""

    def __init__(self, words: str, *, code: str = "", field: str = "") -> None:
        super().__init__(words)
        self.words = words
        """The vendor's message, as it came."""
        self.code = code
        """The vendor's code, such as ``30003`` or ``MsgCode 11``; empty where it gave none."""
        self.field = field
        """The vendor's name of the field complained of; empty where it named none."""


class UndecodableError(RejectedError):
    """Nobody can read this input."""


class AwaitedError(AnjiError):
    """A reference has no counterpart yet."""

    def __init__(self, token: str) -> None:
        super().__init__(f"waits for {token}")
        self.token = token
        """``ref:<ref>`` or ``number:<system>/<object>/<number>``: what must come."""


class InDoubtError(AnjiError):
    """A write left and its answer did not come."""


class RevokedError(AnjiError):
    """The task goes to another member of the group."""


class CutOffError(AnjiError):
    """The process was told to end, and some work was in hand when its grace was over."""


class NoRoomError(AnjiError):
    """The disk is full, and what this process holds beside it is not what was read any more."""


class FatalError(AnjiError):
    """Stop the process: no record can succeed."""


class AuthenticationError(FatalError):
    """The vendor does not accept our credentials."""


class ConfigurationError(FatalError):
    """A setting, a mapping or a topic is not as it must be."""


class FencedError(FatalError):
    """Another owner has taken the task; nothing was published."""


class NewerFormError(FatalError):
    """A newer version of Anji wrote this: to go on without it is to know no links."""
