"""The table of refusals, a row a test."""

import re

import pytest

from anji_common.errors import (
    AnjiError,
    AuthenticationError,
    RateLimitedError,
    RecordBusyError,
    RefusedError,
    VendorUnavailableError,
)
from anji_common.writing.settings import WriterSettings
from anji_common.writing.target import Busy, Refused
from anji_k3cloud.outcomes import (
    call_error,
    concerns_all,
    is_unknown_field,
    login_advice,
    packet_outcome,
    query_error,
)
from anji_k3cloud.wire import Complaint, Status
from labs.house import ROOT

TAKEN = "违反字段唯一性要求：编码唯一。[X]在当前系统中已经被使用。"
LOCKED = "“user”使用业务单据：“销售订单”业务操作-“[销售订单-NO-修改]”冲突，请稍候再使用。"


def status(code: int, words: str, field: str = "") -> Status:
    return Status(is_success=False, code=code, errors=(Complaint(words, field, 0),), entities=())


PLAIN = "信用不足"
CODES = [
    # MsgCode, of a query, of a packet
    (0, RefusedError, Refused(PLAIN, "MsgCode 0", "F")),
    (2, RefusedError, Refused(PLAIN, "MsgCode 2", "F")),
    (3, RefusedError, Refused(PLAIN, "MsgCode 3", "F")),
    (4, RefusedError, Refused(PLAIN, "MsgCode 4", "F")),
    (5, RefusedError, Refused(PLAIN, "MsgCode 5", "F")),
    (6, RecordBusyError, Busy(PLAIN)),
    (7, VendorUnavailableError, None),
    (8, RefusedError, Refused(PLAIN, "MsgCode 8", "F")),
    (9, RefusedError, Refused(PLAIN, "MsgCode 9", "F")),
    (10, RefusedError, Refused(PLAIN, "MsgCode 10", "F")),
    (11, RefusedError, Refused(PLAIN, "MsgCode 11", "F")),
    (12, RefusedError, Refused(PLAIN, "MsgCode 12", "F")),
    (13, RecordBusyError, Busy(PLAIN)),
    (14, RateLimitedError, None),
    (15, AuthenticationError, None),
]
"""Every MsgCode but 1, which no outcome sees: the sessions answer it. `None`: it is about us and
no packet, so the call raises what a query would."""


@pytest.mark.parametrize(("code", "of_query", "of_packet"), CODES)
def test_every_code_says_what_happens_next(
    code: int, of_query: type[AnjiError], of_packet: Refused | Busy | None
) -> None:
    found = status(code, PLAIN, "F")

    assert type(query_error(found)) is of_query
    if of_packet is None:
        assert type(call_error(found)) is of_query
    else:
        assert call_error(found) is None
        assert packet_outcome(found, found.errors) == of_packet


def test_a_lost_session_is_told_apart_before_any_outcome() -> None:
    assert status(1, "x").is_session_lost
    assert status(0, "会话信息已丢失，请重新登录").is_session_lost
    assert status(0, "Session information is lost").is_session_lost
    assert not status(11, PLAIN).is_session_lost


@pytest.mark.parametrize(
    ("code", "words", "outcome"),
    [
        (11, "字段“客户”是必填项", Refused("字段“客户”是必填项", "MsgCode 11", "F")),
        (11, TAKEN, Refused(TAKEN, "MsgCode 11", "F", is_taken=True)),
        (0, LOCKED, Busy(LOCKED)),
        (14, "超过调用次数", Busy("超过调用次数", is_unreached=True)),
    ],
)
def test_what_a_complaint_about_a_packet_means(
    code: int, words: str, outcome: Refused | Busy
) -> None:
    found = status(code, words, "F")

    assert packet_outcome(found, found.errors) == outcome


def test_several_complaints_about_a_packet_are_all_told() -> None:
    both = (Complaint("一", "", 0), Complaint("二", "F2", 0))
    found = Status(is_success=False, code=11, errors=both, entities=())

    assert packet_outcome(found, both) == Refused("一; 二", "MsgCode 11", "F2")


@pytest.mark.parametrize(
    ("code", "dindex", "concerns"),
    [(4, 0, True), (8, 0, True), (2, 0, True), (4, 1, False), (11, 0, False)],
)
def test_a_refusal_of_the_call_as_such_concerns_every_packet(
    code: int,
    dindex: int,
    concerns: bool,  # noqa: FBT001 - a column of the table
) -> None:
    found = Status(False, code, (Complaint("x", "", dindex),), ())  # noqa: FBT003 - as the answer has it

    assert concerns_all(found) is concerns


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


def rows_of_the_page() -> list[tuple[str, int, str, str]]:
    """Return (message, code, who asked, what comes of it) of every row of the vendor's page."""
    page = (ROOT / "docs" / "vendors" / "k3cloud.md").read_text()
    table = page.partition("<!-- Messages. -->")[2].partition("<!-- End of the messages. -->")[0]
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in table.splitlines()
        if line.startswith("|")
    ]
    return [(message, int(code), asked, comes) for message, code, asked, comes in cells[2:]]


ROWS = rows_of_the_page()


def what_comes_of(found: Status, asked: str) -> str:
    """Say what the connector makes of a refusal, in the words of the page."""
    if found.is_session_lost:
        return "the session is lost"
    error = query_error(found)
    if isinstance(error, AuthenticationError):
        return "ends the process"
    return of_a_query(error) if asked == "a query" else of_a_packet(found)


def of_a_query(error: AnjiError) -> str:
    if isinstance(error, RecordBusyError):
        return "busy: asked again"
    assert isinstance(error, RefusedError)
    return "the field is left out" if is_unknown_field(error) else "refused"


def of_a_packet(found: Status) -> str:
    outcome = packet_outcome(found, found.errors)
    if isinstance(outcome, Busy):
        return "busy: again, 8 times"
    if outcome.is_taken:
        return "looked up: ours, somebody's, or not to be seen yet"
    assert found.words == outcome.words
    return "refused, of the whole call" if concerns_all(found) else "refused, with its field"


@pytest.mark.parametrize(("message", "code", "asked", "comes"), ROWS)
def test_each_message_of_the_page_means_what_the_page_says(
    message: str, code: int, asked: str, comes: str
) -> None:
    assert what_comes_of(status(code, message, "F"), asked) == comes
    assert WriterSettings().max_busy == 8


def test_the_page_has_a_row_for_every_code() -> None:
    page = (ROOT / "docs" / "vendors" / "k3cloud.md").read_text()
    table = page.partition("## What a MsgCode means")[2].partition("\n## ")[0]
    told = [int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)]

    assert told == sorted({1, *(code for code, _, _ in CODES)})
    assert len(ROWS) > 20


@pytest.mark.parametrize(
    ("error", "unknown"),
    [
        (RefusedError("元数据中标识为 F_X 的字段不存在", code="MsgCode 9"), True),
        (RefusedError("元数据中标识为F_X的字段不存在", code="MsgCode 0"), True),
        (RefusedError("您没有权限", code="MsgCode 2"), False),
    ],
)
def test_a_query_refused_for_a_field_is_told_from_others(
    error: RefusedError,
    unknown: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert is_unknown_field(error) is unknown


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        ("用户名或密码错误！", "ANJI_K3CLOUD_PASSWORD"),
        ("密码错误次数超限", "30 minutes"),
        ("当前尝试登录的数据中心无法获取到，请重新检查，谢谢。", "ANJI_K3CLOUD_ACCT_ID"),
        ("当前用户未指定允许调用WebAPI接口", "WebAPI list"),
        ("第三方应用：X 不允许用户Y 登录，请联系系统管理员添加！", "authorise"),
        ("002005000003016", "ANJI_K3CLOUD_APP_SECRET"),
        ("会话信息已丢失，请重新登录", "IP allow-list"),
        ("something new", ""),
    ],
)
def test_each_refused_login_has_its_advice(words: str, advice: str) -> None:
    assert advice in login_advice(words)
    assert bool(login_advice(words)) is bool(advice)
