"""Paths and bodies: every way in which clients are seen to write one call."""

import base64
from urllib.parse import urlencode

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anji_sandbox.k3cloud.body import MalformedBodyError, read_body
from labs.k3cloud_client import FORMS, make_caller

DATA = {"FormId": "BD_Currency", "FieldKeys": "FCODE", "FilterString": " FNUMBER='PRE001' ",
        "TopRowCount": "0", "StartRow": "0", "Limit": "0"}  # fmt: skip
TEXT = orjson.dumps(DATA).decode()


@pytest.mark.parametrize(
    "body",
    [
        orjson.dumps({"data": DATA}),
        orjson.dumps({"Data": TEXT}),
        orjson.dumps({"formid": "BD_Currency", "data": DATA}),
        orjson.dumps({"parameters": [TEXT]}),
        orjson.dumps({"parameters": [DATA]}),
        orjson.dumps({"format": 1, "rid": "1", "parameters": orjson.dumps([TEXT]).decode()}),
        urlencode({"data": TEXT}).encode(),
        urlencode({"formid": "BD_Currency", "data": TEXT}).encode(),
    ],
    ids=["object", "text", "formid", "parameters", "object in parameters", "old", "form", "both"],
)
def test_a_query_may_be_written_in_every_known_form(body: bytes) -> None:
    caller = make_caller()

    answer = caller.post(f"{FORMS}ExecuteBillQuery.common.kdsvc", body)

    assert answer.body == b'[["CNY"]]'


@pytest.mark.parametrize(
    "body",
    [
        {"formid": "BD_Currency", "data": {"Number": "PRE001"}},
        {"FormId": "bd_currency", "data": '{"Number":"PRE001"}'},
        {"parameters": ["BD_Currency", '{"Number":"PRE001"}']},
    ],
)
@pytest.mark.parametrize("method", ["View", "view"])
@pytest.mark.parametrize("root", ["/k3cloud/", "/K3Cloud/"])
def test_services_roots_and_forms_are_found_whatever_their_case(
    body: object, method: str, root: str
) -> None:
    caller = make_caller()
    path = f"{FORMS}{method}.common.kdsvc".replace("/k3cloud/", root)

    answer = orjson.loads(caller.post(path, orjson.dumps(body)).body)

    assert answer["Result"]["ResponseStatus"] is None
    assert answer["Result"]["Result"]["CODE"] == "CNY"


def test_a_path_outside_the_site_is_an_empty_403() -> None:
    answer = make_caller().post("/Kingdee.X.View.common.kdsvc", b"{}")

    assert (answer.status, answer.body) == (403, b"")


def test_a_call_without_data_is_msg_code_8() -> None:
    status = make_caller().status("Save", "BD_Customer", {})

    assert (status["MsgCode"], status["Errors"][0]["Message"]) == (8, "接口参数 data 不能为空")


def test_a_bare_array_is_http_500() -> None:
    answer = make_caller().post(f"{FORMS}Save.common.kdsvc", b"[1]")

    assert answer.status == 500
    assert b"Additional text found in JSON string" in answer.body


def test_an_unknown_service_is_a_response_error() -> None:
    answer = make_caller().post(f"{FORMS}Sove.common.kdsvc", b"{}")

    assert answer.status == 200
    assert answer.body.startswith(b"response_error:{")


def test_an_unknown_form_is_msg_code_4() -> None:
    status = make_caller().status("Save", "BD_Nothing", {"Model": {"FName": "x"}})

    assert status["MsgCode"] == 4
    assert status["Errors"][0]["Message"] == "标识为“BD_Nothing”的业务对象不存在，或者被删除"


def test_an_answer_is_compact_and_keeps_the_order_of_keys() -> None:
    body = orjson.dumps({"formid": "BD_MATERIAL", "data": {"Model": {"FName": "x"}}})

    answer = make_caller().post(f"{FORMS}Save.common.kdsvc", body).body.decode()

    assert answer.startswith('{"Result":{"ResponseStatus":{"IsSuccess":true,"Errors":[],')
    assert ',"SuccessMessages":[],"MsgCode":0},"Id":' in answer


def test_account_sets_are_listed_without_a_login() -> None:
    caller = make_caller()
    path = (
        "/k3cloud/Kingdee.BOS.ServiceFacade.ServicesStub.Account.AccountService.GetDataCenterList"
    )

    answer = caller.post(f"{path}.common.kdsvc", b"{}", {})

    assert orjson.loads(answer.body)[0]["Id"] == caller.core.credentials["acct_id"]


@given(st.binary(max_size=200))
def test_no_body_breaks_the_reader(body: bytes) -> None:
    try:
        call = read_body(body)
    except MalformedBodyError:
        return
    assert call.form_hint() is not None


@given(st.binary(max_size=60))
def test_no_app_data_breaks_a_signed_call(noise: bytes) -> None:
    caller = make_caller()
    headers = {"x-kd-signature": "x", "x-kd-appdata": base64.b64encode(noise).decode()}

    answer = caller.post(f"{FORMS}View.common.kdsvc", b'{"data":{"Number":"1"}}', headers)

    assert answer.status in (200, 500)
