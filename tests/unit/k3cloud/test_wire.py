"""Answers of every shape: what is an answer, what is none, and what a write's lost one means."""

import base64
import gzip
from decimal import Decimal

import pytest

from anji_common.errors import (
    AnjiError,
    AuthenticationError,
    InDoubtError,
    RateLimitedError,
    RefusedError,
    VendorUnavailableError,
)
from anji_common.transport import Answer
from anji_k3cloud.wire import SessionLostError, document_of, status_of

LOST = (
    b'{"Result":{"ResponseStatus":{"ErrorCode":500,"IsSuccess":false,"Errors":[{"FieldName":null,'
    b'"Message":"\xe4\xbc\x9a\xe8\xaf\x9d\xe4\xbf\xa1\xe6\x81\xaf\xe5\xb7\xb2\xe4\xb8\xa2\xe5\xa4\xb1'
    b'","DIndex":0}],"SuccessEntitys":[],"SuccessMessages":[],"MsgCode":1}}}'
)


def answer(body: bytes, status: int = 200) -> Answer:
    return Answer(status, {}, body)


def test_decimals_are_exact() -> None:
    assert document_of(answer(b"[[0.1,12345678901234567.89]]"), writes=False) == [
        [Decimal("0.1"), Decimal("12345678901234567.89")]
    ]


def test_a_packed_answer_is_unpacked() -> None:
    packed = base64.b64encode(gzip.compress(b'{"a":1}'))

    assert packed.startswith(b"H4sI")
    assert document_of(answer(packed), writes=False) == {"a": 1}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(b"<html>", 200, id="a page"),
        pytest.param(b"", 200, id="nothing"),
        pytest.param(b"bad", 502, id="a gateway's error"),
        pytest.param(b'response_error:{"Message":"boom"}', 200, id="an exception"),
    ],
)
def test_no_answer_of_the_application_is_a_doubt_only_for_a_write(
    body: bytes, status: int
) -> None:
    with pytest.raises(VendorUnavailableError):
        document_of(answer(body, status), writes=False)
    with pytest.raises(InDoubtError):
        document_of(answer(body, status), writes=True)


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        (b"", 403, VendorUnavailableError),
        (b"", 401, SessionLostError),
        (b"", 429, RateLimitedError),
        (b"Fail to verify thirty passport", 500, AuthenticationError),
    ],
)
def test_what_a_server_turns_away_was_not_carried_out(
    body: bytes, status: int, error: type[AnjiError]
) -> None:
    with pytest.raises(error):
        document_of(answer(body, status), writes=True)


def test_a_firewalls_dialogue_is_a_refusal_in_its_words() -> None:
    body = b'[{"actionname":"showConfirm","params":[{"title":"","msg":"blocked","option":0}]}]'

    with pytest.raises(RefusedError, match="blocked"):
        document_of(answer(body), writes=True)


@pytest.mark.parametrize("shape", [b"%s", b"[%s]", b"[[%s,null,null]]"])
def test_an_error_disguised_as_a_row_is_seen(shape: bytes) -> None:
    status = status_of(document_of(answer(shape % LOST), writes=False))

    assert status is not None
    assert status.is_session_lost


def test_a_bare_error_is_seen() -> None:
    status = status_of([{"FieldName": None, "Message": "会话信息已丢失，请重新登录", "DIndex": 0}])

    assert status is not None
    assert status.is_session_lost


@pytest.mark.parametrize("document", [[], [[1, "a"]], [[None, None]], {"Result": {}}, "x", None])
def test_rows_are_no_status(document: object) -> None:
    assert status_of(document) is None


def test_a_success_tells_its_records() -> None:
    status = status_of(
        {
            "Result": {
                "ResponseStatus": {
                    "IsSuccess": True,
                    "Errors": [],
                    "SuccessEntitys": [{"Id": 100101, "Number": " X1 ", "DIndex": 1}],
                    "MsgCode": 0,
                }
            }
        }
    )

    assert status is not None
    assert status.is_success
    assert not status.is_session_lost
    assert [(each.record_id, each.number, each.dindex) for each in status.entities] == [
        ("100101", "X1", 1)
    ]


def test_a_no_that_is_told_as_text_is_a_no() -> None:
    told = LOST.replace(b"false", b'"false"').replace(b'"MsgCode":1', b'"MsgCode":"1"')

    status = status_of(document_of(answer(told), writes=True))

    assert status is not None
    assert status.is_session_lost
