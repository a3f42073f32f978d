"""Tokens and callers. Source: reference sections 1.2 to 1.4, 6.1, 10."""

from collections.abc import Mapping

import pytest

from anji_sandbox.fxiaoke import FxiaokeLimits, FxiaokeSwitches
from labs.crm import NOW, Crm

TOKEN = "/cgi/corpAccessToken/get/V2"
OAUTH = "/oauth2.0/token"
QUERY = "/cgi/crm/v2/data/query"
ASKED = {"dataObjectApiName": "AccountObj", "search_query_info": {"limit": 1, "offset": 0}}


@pytest.fixture
def crm() -> Crm:
    return Crm()


def token_at(crm: Crm, seconds: float) -> tuple[str, int]:
    crm.now = NOW + seconds
    got = crm.post(TOKEN, crm.token_body())
    return got["corpAccessToken"], got["expiresIn"]


def test_a_token_answer_has_the_documented_keys(crm: Crm) -> None:
    got = crm.post(TOKEN, crm.token_body())

    assert got["errorCode"] == 0
    assert got["errorMessage"] == "success"
    assert got["corpId"] == crm.core.credentials["corp_id"]
    assert got["expiresIn"] == 7200
    assert set(got) == {
        "errorCode", "errorMessage", "errorDescription", "traceId",
        "corpAccessToken", "corpId", "expiresIn",
    }  # fmt: skip


def test_a_second_token_call_within_6600_s_gives_the_same_token(crm: Crm) -> None:
    first, _ = token_at(crm, 0)

    assert token_at(crm, 6599.5) == (first, 600)


def test_a_token_call_after_6600_s_gives_a_new_token_while_the_old_one_lives(crm: Crm) -> None:
    auth = crm.auth()

    new, left = token_at(crm, 6600)

    assert new != auth["corpAccessToken"]
    assert left == 7200
    crm.now = NOW + 7199.9
    assert crm.post(QUERY, {**auth, "data": ASKED})["errorCode"] == 0
    crm.now = NOW + 7200
    assert crm.post(QUERY, {**auth, "data": ASKED})["errorCode"] == 20016
    assert crm.post(QUERY, {**auth, "corpAccessToken": new, "data": ASKED})["errorCode"] == 0


@pytest.mark.parametrize("path", [TOKEN, OAUTH])
@pytest.mark.parametrize("secret", [None, "0000"], ids=["absent", "wrong"])
def test_a_wrong_secret_is_refused_with_10006(crm: Crm, path: str, secret: str | None) -> None:
    got = crm.post(path, {**crm.token_body(), "grantType": "app_secret", "appSecret": secret})

    assert got["errorCode"] == 10006
    assert got["errorMessage"] == "the parameter appSecret is missing or illegal"


def test_a_wrong_permanent_code_is_refused_with_20015(crm: Crm) -> None:
    got = crm.post(TOKEN, {**crm.token_body(), "permanentCode": "wrong"})

    assert got["errorCode"] == 20015


def test_more_than_ten_token_calls_a_minute_are_refused(crm: Crm) -> None:
    codes = [crm.post(TOKEN, crm.token_body())["errorCode"] for _ in range(11)]
    crm.now += 60
    after = crm.post(TOKEN, crm.token_body())["errorCode"]

    assert codes == [0] * 10 + [30004]
    assert after == 0


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"corpAccessToken": None, "corpId": None}, 20017),
        ({"corpAccessToken": "wrong"}, 20016),
        ({"corpId": "FSCID_0"}, 20016),
        ({"currentOpenUserId": None}, 10010),
        ({"currentOpenUserId": "FSUID_0"}, 20012),
    ],
    ids=["null token", "wrong token", "wrong corp", "no user", "unknown user"],
)
def test_a_call_that_shows_wrong_credentials_is_refused(
    crm: Crm, change: Mapping[str, object], code: int
) -> None:
    got = crm.post(QUERY, {**crm.auth(), **change, "data": ASKED})

    assert got["errorCode"] == code


def test_a_missing_user_is_told_as_an_empty_one(crm: Crm) -> None:
    body = {key: value for key, value in crm.auth().items() if key != "currentOpenUserId"}

    assert "must not be empty" in crm.post(QUERY, {**body, "data": ASKED})["errorMessage"]


def test_a_refused_token_comes_before_anything_is_stored(crm: Crm) -> None:
    data = {"object_data": {"dataObjectApiName": "AccountObj", "name": "one"}}

    got = crm.post("/cgi/crm/v2/data/create", {**crm.auth(), "corpAccessToken": "x", "data": data})

    assert got["errorCode"] == 20016
    assert crm.core.store.count("AccountObj") == 0


def test_an_ended_token_is_refused_and_a_new_one_works(crm: Crm) -> None:
    auth = crm.auth()

    crm.core.revoke_tokens()
    refused = crm.post(QUERY, {**auth, "data": ASKED})
    new, _ = token_at(crm, 1)

    assert refused["errorCode"] == 20016
    assert crm.post(QUERY, {**auth, "corpAccessToken": new, "data": ASKED})["errorCode"] == 0


def test_an_unknown_path_is_refused_as_probed(crm: Crm) -> None:
    got = crm.post("/cgi/crm/v2/data/nothing", {})

    assert got["errorCode"] == 10006
    assert got["errorMessage"] == (
        "the request uri=[/cgi/crm/v2/data/nothing],apiName=[null] is not exists"
    )


@pytest.mark.parametrize(("body", "code"), [(b"", 12004), (b"<x/>", 15002), (b"[]", 15002)])
def test_a_body_that_is_no_json_object_is_refused(crm: Crm, body: bytes, code: int) -> None:
    assert crm.post(QUERY, body)["errorCode"] == code


def oauth_headers(crm: Crm, **change: str) -> dict[str, str]:
    got = crm.post(OAUTH, {**crm.token_body(), "grantType": "app_secret"})
    assert got["openUserId"] == crm.core.credentials["corp_id"]
    headers = {
        "authorization": f"Bearer {got['accessToken']}",
        "x-fs-ea": got["ea"],
        "x-fs-userid": "1001",
    }
    return {**headers, **{name.replace("_", "-"): value for name, value in change.items()}}


def test_the_new_style_calls_with_headers_and_employee_ids(crm: Crm) -> None:
    headers = oauth_headers(crm)
    given = {"dataObjectApiName": "AccountObj", "name": "one", "owner": ["1001"]}

    made = crm.post("/cgi/crm/v2/data/create", {"data": {"object_data": given}}, headers)
    asked = {"dataObjectApiName": "AccountObj", "objectDataId": made["dataId"]}
    got = crm.post("/cgi/crm/v2/data/get", {"data": asked}, headers)["data"]

    assert got["owner"] == ["1001"]
    assert got["created_by"] == ["1001"]
    assert crm.get("AccountObj", made["dataId"])["owner"] == [
        crm.core.credentials["person_open_user_id"]
    ]


def test_convert_user_id_gives_open_user_ids_in_the_new_style(crm: Crm) -> None:
    record_id = crm.create("AccountObj", name="one")
    asked = {"dataObjectApiName": "AccountObj", "objectDataId": record_id}
    body = {"data": asked, "convertUserId": True}

    got = crm.post("/cgi/crm/v2/data/get", body, oauth_headers(crm))["data"]

    assert got["owner"] == [crm.core.credentials["open_user_id"]]


@pytest.mark.parametrize(
    ("change", "code"),
    [({"authorization": "Bearer x"}, 20016), ({"x_fs_ea": "other"}, 20016),
     ({"x_fs_userid": ""}, 10010)],
    ids=["token", "account", "user"],
)  # fmt: skip
def test_wrong_headers_are_refused(crm: Crm, change: dict[str, str], code: int) -> None:
    got = crm.post(QUERY, {"data": ASKED}, oauth_headers(crm, **change))

    assert got["errorCode"] == code


def test_a_missing_trace_id_is_refused_where_the_switch_says_so() -> None:
    crm = Crm(FxiaokeSwitches(third_trace_id_required=True))
    headers = oauth_headers(crm)

    without = crm.post(QUERY, {"data": ASKED}, headers)
    with_one = crm.post(QUERY, {"data": ASKED}, headers, {"thirdTraceId": "1"})

    assert without["errorCode"] != 0
    assert with_one["errorCode"] == 0


def test_an_interface_takes_100_calls_in_20_s() -> None:
    crm = Crm(limits=FxiaokeLimits())

    codes = [crm.query("AccountObj")["errorCode"] for _ in range(101)]
    other = crm.call("object/list", {})["errorCode"]
    crm.now += 20
    after = crm.query("AccountObj")["errorCode"]

    assert codes == [0] * 100 + [30004]
    assert other == 0
    assert after == 0


def test_the_days_pack_ends_with_30002_and_begins_again_at_midnight_in_beijing() -> None:
    crm = Crm(limits=FxiaokeLimits(daily_calls=3))
    crm.now = 1_700_063_990.0  # 2023-11-15 23:59:50 in Beijing

    codes = [crm.query("AccountObj")["errorCode"] for _ in range(4)]
    crm.now += 10
    after = crm.query("AccountObj")["errorCode"]

    assert codes == [0, 0, 0, 30002]
    assert after == 0


def test_without_a_pack_every_call_is_refused_with_30003() -> None:
    crm = Crm(limits=FxiaokeLimits(daily_calls=0))

    assert crm.query("AccountObj")["errorCode"] == 30003
