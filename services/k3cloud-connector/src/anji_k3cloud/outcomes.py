"""The vendor's refusals: what each means for what we do next. A table, and nothing else.

MsgCode is not fully reliable (a lock conflict was captured with 0), so texts are looked at, too.

Source: reference "k3cloud-webapi.md", sections 1.4, 3.2, 3.3, 6 and 9.
"""

from anji_common.errors import (
    AnjiError,
    AuthenticationError,
    RateLimitedError,
    RecordBusyError,
    RefusedError,
)
from anji_common.writing.target import Busy, Refused
from anji_k3cloud.wire import Complaint, Status

__all__ = ["packet_outcome", "query_error"]

_LOCKED = ("冲突，请稍候再使用",)
_TAKEN = ("违反字段唯一性要求", "在当前系统中已经被使用")
_BUSY_CODES = (6, 13)
"""A failed database operation (a deadlock passes), a network-control conflict."""
_CALL_LIMIT = 14
_ADMINISTRATOR = 15
_NO_WEBAPI = "未指定允许调用WebAPI接口"
_RETRY_SECONDS = 60.0


def packet_outcome(status: Status, complaints: tuple[Complaint, ...]) -> Refused | Busy:
    """Return what the complaints about one packet or record mean.

    Args:
        status: Of the whole call.
        complaints: Those about this packet; none if the vendor neither saved nor named it.
    """
    if status.code == _CALL_LIMIT:
        return Busy(status.words, is_unreached=True)
    if not complaints:
        return Busy(f"not saved with its batch: {status.words}")
    words = "; ".join(complaint.words for complaint in complaints)
    if status.code in _BUSY_CODES or any(text in words for text in _LOCKED):
        return Busy(words)
    return Refused(
        words,
        code=f"MsgCode {status.code}",
        field=next((complaint.field for complaint in complaints if complaint.field), ""),
        is_taken=all(text in words for text in _TAKEN),
    )


def query_error(status: Status) -> AnjiError:
    """Return what a refused query means."""
    words = status.words
    if status.code == _CALL_LIMIT:
        return RateLimitedError(words, retry_after_seconds=_RETRY_SECONDS)
    if status.code in _BUSY_CODES or any(text in words for text in _LOCKED):
        return RecordBusyError(words)
    if status.code == _ADMINISTRATOR or _NO_WEBAPI in words:
        return AuthenticationError(words)
    field = next((error.field for error in status.errors if error.field), "")
    return RefusedError(words, code=f"MsgCode {status.code}", field=field)
