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
    VendorUnavailableError,
)
from anji_common.writing.target import Busy, Refused
from anji_k3cloud.wire import Complaint, Status

__all__ = [
    "call_error",
    "concerns_all",
    "is_busy",
    "is_unknown_field",
    "is_wrong_password",
    "login_advice",
    "may_be_the_firsts",
    "packet_outcome",
    "query_error",
]

_LOCKED = ("冲突，请稍候再使用",)
_TAKEN = ("违反字段唯一性要求", "在当前系统中已经被使用")
_BUSY_CODES = (6, 13)
"""A failed database operation (a deadlock passes), a network-control conflict."""
_UNKNOWN = 9
_UNKNOWN_FIELD = "元数据中标识为"
_CALL_LIMIT = 14
_LICENCE = 7
_NO_FORM = "业务对象不存在"
_WHOLE_CODES = (2, 3, 4, 8)
"""No permission, no operation, an exception (an unknown form), a parameter."""
_ADMINISTRATOR = 15
_NO_WEBAPI = "未指定允许调用WebAPI接口"
_RETRY_SECONDS = 60.0


_WRONG_PASSWORD = "用户名或密码错误"  # noqa: S105 - a message

_ADVICE = (
    ("次数超限", "the user is locked for about 30 minutes after too many wrong passwords"),
    (
        _WRONG_PASSWORD,
        "nothing is lost; set ANJI_K3CLOUD_USERNAME and ANJI_K3CLOUD_PASSWORD and start again",
    ),
    ("数据中心无法获取", "check ANJI_K3CLOUD_ACCT_ID"),
    (
        _NO_WEBAPI,
        "put the user on the WebAPI list (基础管理, 公共设置, 参数设置, BOS平台, WebAPI)",
    ),
    ("不允许用户", "authorise the third-party app for the user"),
    ("002005000003016", "check ANJI_K3CLOUD_APP_SECRET and ANJI_K3CLOUD_LOGIN_SIGN_HASH"),
    (
        "会话信息已丢失",
        (
            "check ANJI_K3CLOUD_ACCT_ID, the app's id and secret, whether the app is enabled,"
            " and the site's IP allow-list"
        ),
    ),
)
"""Words or code of a refused login → what to do. Source: reference, section 1.4."""


def login_advice(words: str) -> str:
    """Return what to do about a refused login; empty if its words say nothing that we know."""
    return next((advice for text, advice in _ADVICE if text in words), "")


def is_wrong_password(words: str) -> bool:
    """Whether a login was refused for its user or password; some such lock the user."""
    return _WRONG_PASSWORD in words


def is_unknown_field(error: RefusedError) -> bool:
    """Whether a query was refused because the form lacks a field that it names."""
    return error.code == f"MsgCode {_UNKNOWN}" or _UNKNOWN_FIELD in error.words


def call_error(status: Status) -> AnjiError | None:
    """Return what a refusal means that is about us and not about any record; else `None`."""
    words = status.words
    if status.code == _CALL_LIMIT:
        return RateLimitedError(words, retry_after_seconds=_RETRY_SECONDS)
    if status.code == _ADMINISTRATOR or _NO_WEBAPI in words:
        return AuthenticationError(words)
    if status.code == _LICENCE:
        return VendorUnavailableError(f"the ERP's licence: {words}")
    return None


def concerns_all(status: Status) -> bool:
    """Whether a refusal is about the call as such: an unknown form, a parameter, a right.

    It is told at the first packet, and would be told at each.
    """
    first_only = all(error.dindex <= 0 for error in status.errors)
    return status.code in _WHOLE_CODES and first_only and not status.entities


def may_be_the_firsts(status: Status) -> bool:
    """Whether a refusal of the whole, told at the first packet, may be about that one alone.

    Its organisation's right is lacking, or a value of it raised the exception.
    """
    return _NO_FORM not in status.words


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
    if is_busy(status, words):
        return Busy(words)
    return Refused(
        words,
        code=f"MsgCode {status.code}",
        field=next((complaint.field for complaint in complaints if complaint.field), ""),
        is_taken=all(text in words for text in _TAKEN),
    )


def is_busy(status: Status, words: str) -> bool:
    """Whether a refusal passes by itself: a lock conflict, a deadlock."""
    return status.code in _BUSY_CODES or any(text in words for text in _LOCKED)


def query_error(status: Status) -> AnjiError:
    """Return what a refused query means."""
    words = status.words
    error = call_error(status)
    if error is not None:
        return error
    if is_busy(status, words):
        return RecordBusyError(words)
    field = next((error.field for error in status.errors if error.field), "")
    return RefusedError(words, code=f"MsgCode {status.code}", field=field)
