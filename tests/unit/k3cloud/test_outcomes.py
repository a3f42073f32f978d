"""The table of refusals, a row a test."""

import pytest

from anji_common.errors import (
    AnjiError,
    AuthenticationError,
    RateLimitedError,
    RecordBusyError,
    RefusedError,
)
from anji_common.writing.target import Busy, Refused
from anji_k3cloud.outcomes import packet_outcome, query_error
from anji_k3cloud.wire import Complaint, Status

TAKEN = "违反字段唯一性要求：编码唯一。[X]在当前系统中已经被使用。"
LOCKED = "“user”使用业务单据：“销售订单”业务操作-“[销售订单-NO-修改]”冲突，请稍候再使用。"


def status(code: int, words: str, field: str = "") -> Status:
    return Status(is_success=False, code=code, errors=(Complaint(words, field, 0),), entities=())


@pytest.mark.parametrize(
    ("code", "words", "outcome"),
    [
        (11, "字段“客户”是必填项", Refused("字段“客户”是必填项", "MsgCode 11", "F")),
        (11, TAKEN, Refused(TAKEN, "MsgCode 11", "F", is_taken=True)),
        (2, "您没有权限", Refused("您没有权限", "MsgCode 2", "F")),
        (0, LOCKED, Busy(LOCKED)),
        (13, "网控", Busy("网控")),
        (6, "死锁", Busy("死锁")),
        (14, "超过调用次数", Busy("超过调用次数", is_unreached=True)),
    ],
)
def test_what_a_complaint_about_a_packet_means(
    code: int, words: str, outcome: Refused | Busy
) -> None:
    found = status(code, words, "F")

    assert packet_outcome(found, found.errors) == outcome


def test_a_packet_that_was_neither_saved_nor_named_may_be_sent_again() -> None:
    outcome = packet_outcome(status(11, "another packet's"), ())

    assert isinstance(outcome, Busy)
    assert not outcome.is_unreached


@pytest.mark.parametrize(
    ("code", "words", "error"),
    [
        (4, "标识为“X”的业务对象不存在，或者被删除", RefusedError),
        (9, "元数据中标识为 X 的字段不存在", RefusedError),
        (13, "网控", RecordBusyError),
        (0, LOCKED, RecordBusyError),
        (14, "超过调用次数", RateLimitedError),
        (15, "禁止管理员登录", AuthenticationError),
        (11, "当前用户未指定允许调用WebAPI接口", AuthenticationError),
    ],
)
def test_what_a_refused_query_means(code: int, words: str, error: type[AnjiError]) -> None:
    found = query_error(status(code, words))

    assert type(found) is error
    assert words in str(found)
