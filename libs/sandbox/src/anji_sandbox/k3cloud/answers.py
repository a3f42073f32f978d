"""The envelopes of K3Cloud, in compact JSON and with its order of keys.

Source: reference "k3cloud-webapi.md", sections 3.1, 3.2, 3.5 and 9: two clients search the text
for ``"IsSuccess":false``, so neither blanks nor another order of keys are allowed.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from anji_sandbox.core import Answer
from anji_sandbox.k3cloud.codes import Code, Refusal

__all__ = [
    "JSON_TYPE",
    "Json",
    "failure",
    "json_answer",
    "result",
    "session_lost",
    "status",
    "success",
]

Json = dict[str, Any]

JSON_TYPE = ("content-type", "application/json; charset=utf-8")


def status(entities: Sequence[Json], errors: Sequence[Refusal], *, ok: bool) -> Json:
    """Return a ResponseStatus; `ok` is its IsSuccess."""
    head: Json = {} if ok else {"ErrorCode": 500}
    return head | {
        "IsSuccess": ok,
        "Errors": [_error(each) for each in errors],
        "SuccessEntitys": list(entities),
        "SuccessMessages": [],
        "MsgCode": int(errors[0].code) if errors and not ok else 0,
    }


def success(entities: Iterable[Json] = (), **more: object) -> Json:
    """Return the answer of a write that worked."""
    return result(status(list(entities), (), ok=True), **more)


def failure(errors: Sequence[Refusal], entities: Sequence[Json] = ()) -> Json:
    """Return the answer of a call that was refused."""
    return result(status(entities, errors, ok=False))


def result(response_status: Json, **more: object) -> Json:
    """Wrap a ResponseStatus."""
    return {"Result": {"ResponseStatus": response_status, **more}}


def json_answer(document: object, headers: Sequence[tuple[str, str]] = ()) -> Answer:
    """Return `document` as HTTP 200: the vendor's refusals are that, too."""
    return Answer(200, (JSON_TYPE, *headers), orjson.dumps(document))


def _error(refusal: Refusal) -> Json:
    return {
        "FieldName": refusal.field,
        "Message": refusal.message,
        "DIndex": refusal.dindex,
    }


def session_lost(lcid: int) -> Refusal:
    """Return what is said to a caller without a session, in its language."""
    english = 1033
    text = "Session information is lost" if lcid == english else "会话信息已丢失，请重新登录"
    return Refusal(Code.SESSION_LOST, text, None)
