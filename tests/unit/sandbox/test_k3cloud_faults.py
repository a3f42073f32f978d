"""Faults on demand of the ERP: each in the vendor's own words and in the shape of its service."""

import base64
import gzip
import re
from typing import Any

import orjson
import pytest

from anji_sandbox.core import Answer, Request
from anji_sandbox.faults import Fault, Faults, FaultyCore, Kind
from labs.k3cloud_client import FORMS, Caller, make_caller


def suffer(caller: Caller, rule: Fault, method: str, data: dict[str, Any]) -> Answer:
    """Make one call that a rule hits, as JSON text or not at all."""
    body = orjson.dumps({"formid": "BD_Customer", "data": data})
    request = Request("POST", f"{FORMS}{method}.common.kdsvc", {}, caller.headers, body)
    return FaultyCore(caller.core, Faults(rule)).handle(request, caller.now)


QUERY = {"FormId": "BD_Currency", "FieldKeys": "FNumber,FName"}
CUSTOMER = {"Model": {"FName": "x"}}


@pytest.mark.parametrize(("kind", "code"), [("lock", 0), ("lock", 13), ("code", 14)])
def test_a_refusal_on_demand_tells_its_code_and_does_nothing(kind: Kind, code: int) -> None:
    caller = make_caller()

    answer = suffer(caller, Fault(kind=kind, code=code), "Save", CUSTOMER)

    status = orjson.loads(answer.body)["Result"]["ResponseStatus"]
    assert (status["IsSuccess"], status["MsgCode"]) == (False, code)
    assert ("冲突，请稍候再使用" in status["Errors"][0]["Message"]) is (kind == "lock")
    assert caller.query("BD_Customer", "FCUSTID") == []


def test_a_refusal_on_demand_of_a_query_is_disguised_as_a_row() -> None:
    rule = Fault(kind="code", code=6, words="数据库")

    answer = suffer(make_caller(), rule, "ExecuteBillQuery", QUERY)

    row = orjson.loads(answer.body)[0]
    assert row[0]["Result"]["ResponseStatus"]["MsgCode"] == 6
    assert row[1:] == [None]


def test_the_firewall_answers_with_an_array() -> None:
    caller = make_caller()

    answer = suffer(caller, Fault(kind="waf"), "Save", CUSTOMER)

    assert answer.status == 200
    assert b"\xe9\x98\xbb\xe6\xad\xa2" in answer.body
    assert orjson.loads(answer.body)[0]["actionname"] == "showConfirm"
    assert caller.query("BD_Customer", "FCUSTID") == []


def test_an_unhandled_exception_is_a_text_with_its_prefix() -> None:
    answer = suffer(make_caller(), Fault(kind="response_error", words="空引用"), "Save", CUSTOMER)

    assert answer.status == 200
    prefix, _, told = answer.body.partition(b":")
    assert prefix == b"response_error"
    assert orjson.loads(told)["Message"] == "空引用"


def test_a_session_that_is_lost_on_demand_stays_lost() -> None:
    caller = make_caller()

    answer = suffer(caller, Fault(kind="session_lost"), "Save", CUSTOMER)

    lost = orjson.loads(answer.body)["Result"]["ResponseStatus"]
    assert lost["MsgCode"] == 1
    assert caller.status("Save", "BD_Customer", CUSTOMER)["MsgCode"] == 1
    assert caller.log_in().query("BD_Customer", "FCUSTID") == []


def test_a_zipped_answer_is_base64_of_gzip_and_the_call_was_done() -> None:
    caller = make_caller()

    answer = suffer(caller, Fault(kind="zipped"), "Save", CUSTOMER)

    assert re.match(rb"H4sI", answer.body)
    told = orjson.loads(gzip.decompress(base64.b64decode(answer.body)))
    assert told["Result"]["ResponseStatus"]["IsSuccess"]
    assert len(caller.query("BD_Customer", "FCUSTID")) == 1


def test_a_commit_that_comes_late_shows_after_its_seconds_without_an_answer() -> None:
    caller = make_caller()
    core = FaultyCore(caller.core, Faults(Fault(kind="commit_late", delay_seconds=30)))
    body = orjson.dumps({"formid": "BD_Customer", "data": CUSTOMER})
    request = Request("POST", f"{FORMS}Save.common.kdsvc", {}, caller.headers, body)

    answer = core.handle(request, caller.now)
    before = caller.query("BD_Customer", "FCUSTID")
    core.settle(caller.now + 30)
    after = caller.query("BD_Customer", "FCreateDate")

    assert answer.dropped
    assert before == []
    assert after == [["2026-01-05T16:00:30"]]


def test_a_share_of_the_calls_is_hit_and_the_seed_decides_which() -> None:
    def hits(seed: str) -> list[bool]:
        caller = make_caller()
        rule = Fault(kind="waf", share=0.5, calls=None)
        core = FaultyCore(caller.core, Faults(rule, seed=seed))
        body = orjson.dumps({"data": QUERY})
        path = f"{FORMS}ExecuteBillQuery.common.kdsvc"
        request = Request("POST", path, {}, caller.headers, body)
        return [b"showConfirm" in core.handle(request, caller.now).body for _ in range(40)]

    assert hits("a") == hits("a")
    assert hits("a") != hits("b")
    assert 5 < sum(hits("a")) < 35
