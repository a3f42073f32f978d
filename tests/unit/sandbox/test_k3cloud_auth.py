"""Logins, signed calls, and the order in which a session and a signature are looked at."""

import base64
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Literal

import orjson
import pytest

from anji_sandbox.core import Answer
from anji_sandbox.k3cloud import K3CloudCore, K3CloudSwitches, signing
from anji_sandbox.store import Store
from labs.k3cloud_client import FORMS, Caller, Json, make_caller

Shape = Literal["object", "list", "bare"]

QUERY = orjson.dumps(
    {"data": {"FormId": "BD_Currency", "FieldKeys": "FCODE,FNumber", "FilterString": ""}}
)


@pytest.fixture
def caller() -> Caller:
    return Caller(K3CloudCore(Store(), seed=7))


def signed(core: K3CloudCore, **other: object) -> dict[str, str]:
    """Return the headers of a signed call, some of its values replaced."""
    known = {**core.credentials, **other}
    data = f"{known['acct_id']},{known['username']},{known['lcid']},0"
    signature = signing.kd_signature(str(known["app_id"]), str(known["app_secret"]), data)
    return {
        "x-kd-appkey": str(known["app_id"]),
        "x-kd-appdata": base64.b64encode(data.encode()).decode(),
        "x-kd-signature": signature,
    }


def query(caller: Caller, headers: dict[str, str]) -> Answer:
    return caller.post(f"{FORMS}ExecuteBillQuery.common.kdsvc", QUERY, headers)


def cookies(answer: Answer) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in answer.headers:
        if name == "set-cookie":
            found |= {key: each.value for key, each in SimpleCookie(value).items()}
    return found


def login(caller: Caller, password: object) -> Json:
    known = caller.core.credentials
    document = {"acctID": known["acct_id"], "username": known["username"], "lcid": "2052"}
    found: Json = orjson.loads(
        caller.auth("ValidateUser", {**document, "password": password}).body
    )
    return found


def is_lost(answer: Answer) -> bool:
    rows = orjson.loads(answer.body)
    status = rows[0][0]["Result"]["ResponseStatus"] if isinstance(rows[0][0], dict) else {}
    return status.get("MsgCode") == 1 and rows[0][1] is None


def test_a_good_password_gives_a_session_and_both_cookies(caller: Caller) -> None:
    known = caller.core.credentials
    names = [known["acct_id"], known["username"], known["password"], 2052]

    answer = caller.auth("ValidateUser", {"parameters": names})

    document = orjson.loads(answer.body)
    assert (document["LoginResultType"], document["IsSuccessByAPI"]) == (1, True)
    assert cookies(answer) == {
        "ASP.NET_SessionId": document["Context"]["SessionId"],
        "kdservice-sessionid": document["KDSVCSessionId"],
    }
    assert list(document)[:5] == [
        "Message", "MessageCode", "LoginResultType", "Context", "KDSVCSessionId",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["kdservice-sessionid", "sid", "cookie"])
def test_a_session_id_counts_in_either_header_and_in_the_cookie(caller: Caller, name: str) -> None:
    session_id = login(caller, caller.core.credentials["password"])["KDSVCSessionId"]
    value = f"Theme=standard; kdservice-sessionid={session_id}" if name == "cookie" else session_id

    answer = query(caller, {name: value})

    assert answer.body == b'[["CNY","PRE001"]]'


def test_a_wrong_password_is_no_http_error(caller: Caller) -> None:
    answer = login(caller, "wrong")

    assert (answer["LoginResultType"], answer["Message"]) == (0, "用户名或密码错误！")


def test_five_wrong_passwords_lock_the_user_for_half_an_hour(caller: Caller) -> None:
    good = caller.core.credentials["password"]
    for _ in range(5):
        login(caller, "wrong")

    locked = login(caller, good)
    caller.now += 1801
    freed = login(caller, good)

    assert "次数超限" in locked["Message"]
    assert freed["LoginResultType"] == 1


def test_a_wrong_account_set_is_told_apart(caller: Caller) -> None:
    answer = orjson.loads(caller.auth("ValidateUser", {"acctid": "x"}).body)

    assert answer["Message"].startswith("当前尝试登录的数据中心无法获取到")


def test_a_session_ends_20_minutes_after_its_last_call() -> None:
    caller = make_caller()

    for _ in range(3):
        caller.now += 1199
        assert not is_lost(query(caller, caller.headers))
    caller.now += 1201

    assert is_lost(query(caller, caller.headers))


def test_the_app_secret_and_its_sign_log_in(caller: Caller) -> None:
    known = {key: str(value) for key, value in caller.core.credentials.items()}
    names = [known["acct_id"], known["username"], known["app_id"]]
    sign = signing.login_sign(
        known["acct_id"], known["username"], known["app_id"], known["app_secret"], "1700000000"
    )

    by_secret = caller.auth(
        "LoginByAppSecret", {"parameters": [*names, known["app_secret"], 2052]}
    )
    by_sign = caller.auth("LoginBySign", {"parameters": [*names, 1700000000, sign, 2052]})

    assert orjson.loads(by_secret.body)["LoginResultType"] == 1
    assert orjson.loads(by_sign.body)["LoginResultType"] == 1


def test_a_bad_sign_and_a_user_the_app_does_not_know_are_refused(caller: Caller) -> None:
    known = {key: str(value) for key, value in caller.core.credentials.items()}
    names = [known["acct_id"], known["person_username"], known["app_id"], known["app_secret"]]

    bad = caller.auth("LoginByAppSecret", {"parameters": [*names[:3], "bad", 2052]})
    foreign = caller.auth("LoginByAppSecret", {"parameters": [*names, 2052]})

    assert orjson.loads(bad.body)["MessageCode"] == "002005000003016"
    assert "不允许用户" in orjson.loads(foreign.body)["Message"]


def test_a_signed_call_is_served_at_once_and_starts_a_session(caller: Caller) -> None:
    answer = query(caller, signed(caller.core))

    again = query(caller, {"kdservice-sessionid": cookies(answer)["kdservice-sessionid"]})
    assert answer.body == again.body == b'[["CNY","PRE001"]]'
    assert cookies(again) == {}


def test_a_live_session_is_served_without_a_look_at_the_signature() -> None:
    caller = make_caller()

    answer = query(caller, caller.headers | signed(caller.core, app_id="bad"))

    assert not is_lost(answer)


def test_an_ended_session_is_never_seen_in_signed_mode() -> None:
    caller = make_caller()
    caller.core.sessions.end_all()

    assert not is_lost(query(caller, caller.headers | signed(caller.core)))


@pytest.mark.parametrize(
    "wrong", [{"app_secret": "bad"}, {"app_id": "1_x"}, {"username": "nobody"}, {"lcid": 9}]
)
def test_a_bad_signature_is_a_lost_session_with_empty_cookies(
    caller: Caller, wrong: dict[str, object]
) -> None:
    answers = [query(caller, signed(caller.core, **wrong)) for _ in range(14)]

    assert all(is_lost(answer) for answer in answers)
    assert cookies(answers[0]) == {"ASP.NET_SessionId": "", "kdservice-sessionid": ""}
    assert not is_lost(query(caller, signed(caller.core)))


def test_a_signed_call_to_another_account_set_is_no_http_200(caller: Caller) -> None:
    answer = query(caller, signed(caller.core, acct_id="x"))

    assert (answer.status, answer.body) == (500, b"Fail to verify thirty passport")


def test_the_gateway_signature_counts_only_where_the_switch_says_so(caller: Caller) -> None:
    caller.core.switches.checks_api_signature = True
    headers = signed(caller.core)
    path, app_id = f"{FORMS}ExecuteBillQuery.common.kdsvc", str(caller.core.credentials["app_id"])
    stamps = {"x-api-timestamp": "1767600000000", "x-api-nonce": "1767600000000"}
    gateway = signing.api_signature(app_id, path, *stamps.values())

    assert is_lost(query(caller, headers))
    assert not is_lost(query(caller, {**headers, **stamps, "x-api-signature": gateway}))


@pytest.mark.parametrize(
    ("shape", "opening"),
    [
        ("object", b'{"Result":{"ResponseStatus":{"ErrorCode":500,"IsSuccess":false,'),
        ("list", b'[{"Result":'),
        ("bare", b'[{"FieldName":null,"Message":"'),
    ],
)
def test_a_lost_session_has_three_shapes(caller: Caller, shape: Shape, opening: bytes) -> None:
    caller.core.switches.session_lost_shape = shape

    body = caller.post(f"{FORMS}View.common.kdsvc", b'{"formid":"BD_Currency"}', {}).body

    assert body.startswith(opening)
    assert "会话信息已丢失，请重新登录".encode() in body


def test_logging_out_ends_the_session() -> None:
    caller = make_caller()

    caller.post("/k3cloud/Kingdee.BOS.WebApi.ServicesStub.AuthService.Logout.common.kdsvc", b"")

    assert is_lost(query(caller, caller.headers))


def test_the_person_and_the_integration_user_are_told_apart_in_what_they_change() -> None:
    caller = make_caller()
    caller.make("BD_MATERIAL", {"FNumber": "M1", "FName": "ours"})
    Caller(caller.core).log_in(as_person=True).make("BD_MATERIAL", {"FNumber": "M2", "FName": "x"})

    rows = caller.query("BD_MATERIAL", "FModifierId,FModifierId.FName,FModifierId.FUserAccount")

    known = caller.core.credentials
    assert rows == [
        [100001, "接口用户", known["username"]],
        [100002, "张伟", known["person_username"]],
    ]


def test_two_cores_of_one_seed_have_the_same_credentials() -> None:
    assert (
        K3CloudCore(Store(), K3CloudSwitches(), seed=3).credentials
        == K3CloudCore(Store(), seed=3).credentials
        != K3CloudCore(Store(), seed=4).credentials
    )


def test_a_password_that_was_changed_is_the_only_one_and_outlives_a_restart(
    tmp_path: Path,
) -> None:
    core = K3CloudCore(Store(tmp_path / "erp.db"), seed=7)
    user, old = core.credentials["username"], core.credentials["password"]

    core.administer("POST", "password", {"username": user, "password": "new"})
    core.store.close()
    again = K3CloudCore(Store(tmp_path / "erp.db"), seed=7)

    assert (old, again.credentials["password"]) != ("new", old)
    assert again.credentials["password"] == "new"
    with pytest.raises(LookupError):
        again.administer("POST", "password", {"username": "nobody", "password": "new"})
    again.store.close()
