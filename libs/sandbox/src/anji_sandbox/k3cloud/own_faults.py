"""How K3Cloud fails on demand, in its own words and shapes.

Source: reference "k3cloud-webapi.md", sections 1.1 (WAF, ``response_error:``, base64 of gzip),
1.5 (session lost) and 3.2 (network control).
"""

import base64
import gzip
from dataclasses import replace

import orjson

from anji_sandbox.core import Answer
from anji_sandbox.k3cloud.answers import json_answer

__all__ = ["FAULT_KINDS", "LOCKED", "compressed", "firewall", "response_error", "zipped"]

FAULT_KINDS = ("lock", "waf", "response_error", "session_lost", "zipped")

LOCKED = "“user”使用业务单据：“销售订单”业务操作-“[销售订单-NO-修改]”冲突，请稍候再使用。"
"""A network-control conflict as it was captured, with MsgCode 0; the documents say 13."""

_TEXT = ("content-type", "text/plain; charset=utf-8")


def firewall(rule: str) -> Answer:
    """Return the refusal of a web application firewall: HTTP 200 and an array."""
    text = f"请求参数存在可疑数据,当前请求已经被拦截规则[{rule}]阻止!"
    params = [{"title": "", "msg": text, "option": 0, "msgType": 0}]
    return json_answer([{"actionname": "showConfirm", "params": params}])


def response_error(message: str, status: int = 200) -> Answer:
    """Return an unhandled exception of the server."""
    told = {"Message": message, "InnerExWrapper": None, "InnerException": None}
    return Answer(status, (_TEXT,), b"response_error:" + orjson.dumps(told))


def compressed(answer: Answer) -> Answer:
    """Return an answer with its body as gzip, and the header that says so."""
    headers = (*answer.headers, ("content-encoding", "gzip"))
    return replace(answer, headers=headers, body=gzip.compress(answer.body, mtime=0))


def zipped(answer: Answer) -> Answer:
    """Return an answer as some sites send it: its body is base64 of gzip, as a text."""
    return replace(answer, body=base64.b64encode(gzip.compress(answer.body, mtime=0)))
