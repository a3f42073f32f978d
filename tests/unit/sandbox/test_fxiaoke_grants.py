"""Logins, the app's own token, service accounts and pushes. Source: reference sections 1.4, 5."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from anji_sandbox.core import Request
from labs.crm import Crm

AUTHORIZE, TOKEN = "/oauth2.0/authorize", "/oauth2.0/token"


@pytest.fixture
def crm() -> Crm:
    return Crm()


def authorize(crm: Crm, **changes: str) -> Any:  # noqa: ANN401 - an answer
    query = {
        "responseType": "code",
        "appId": crm.core.credentials["app_id"],
        "redirectUrl": "http://anji.invalid/back?from=crm",
        "state": "s1",
        "thirdTraceId": "t",
        **changes,
    }
    return crm.core.handle(Request("GET", AUTHORIZE, query, {}, b""), crm.now)


def code(crm: Crm) -> str:
    place = urlsplit(dict(authorize(crm).headers)["Location"])
    return parse_qs(place.query)["code"][0]


def grant(crm: Crm, kind: str, **given: object) -> dict[str, Any]:
    app = {key: crm.token_body()[key] for key in ("appId", "appSecret")}
    return crm.post(TOKEN, {**app, "grantType": kind, **given})


def test_a_login_sends_the_browser_back_with_a_code(crm: Crm) -> None:
    answer = authorize(crm)

    place = urlsplit(dict(answer.headers)["Location"])
    assert answer.status == 302
    assert (place.netloc, place.path) == ("anji.invalid", "/back")
    assert set(parse_qs(place.query)) == {"from", "code", "state"}


@pytest.mark.parametrize(
    ("change", "expected"),
    [({"appId": "x"}, 11001), ({"responseType": "token"}, 11005), ({"redirectUrl": ""}, 10004)],
)
def test_a_wrong_login_is_refused(crm: Crm, change: dict[str, str], expected: int) -> None:
    answer = authorize(crm, **change)

    assert answer.status == 200
    assert f'"errorCode":{expected},'.encode() in answer.body


def test_a_code_gives_a_users_token_once_and_within_ten_minutes(crm: Crm) -> None:
    given, late = code(crm), code(crm)
    got = grant(crm, "authorization_code", code=given, redirectUrl="http://anji.invalid/back")
    again = grant(crm, "authorization_code", code=given)
    headers = {
        "authorization": f"Bearer {got['accessToken']}",
        "x-fs-ea": crm.core.credentials["enterprise_account"],
        "x-fs-userid": "1001",
    }
    listed = crm.post("/cgi/crm/v2/object/list", {"data": {}}, headers)
    crm.now += 601
    expired = grant(crm, "authorization_code", code=late)

    assert got["openUserId"] == crm.core.credentials["person_open_user_id"]
    assert (got["corpId"], got["expiresIn"]) == (crm.core.credentials["corp_id"], 7200)
    assert listed["errorCode"] == 0
    assert (again["errorCode"], expired["errorCode"]) == (20010, 20010)


def test_a_refresh_token_gives_the_next_pair_for_two_months(crm: Crm) -> None:
    first = grant(crm, "authorization_code", code=code(crm))
    second = grant(crm, "refresh_token", refreshToken=first["refreshToken"])
    crm.now += 60 * 86_400 + 1
    late = grant(crm, "refresh_token", refreshToken=second["refreshToken"])

    assert second["accessToken"] != first["accessToken"]
    assert late["errorCode"] == 20016


def test_the_apps_own_token_asks_who_logged_in(crm: Crm) -> None:
    app = {key: crm.token_body()[key] for key in ("appId", "appSecret")}
    got = crm.post("/cgi/appAccessToken/get", app)
    path, given = "/oauth2/openUserId/get", code(crm)

    who = crm.post(path, {"appAccessToken": got["appAccessToken"], "code": given})
    used = crm.post(path, {"appAccessToken": got["appAccessToken"], "code": given})
    nobody = crm.post(path, {"appAccessToken": "x", "code": code(crm)})

    crm.now += 2_592_001
    late = crm.post(path, {"appAccessToken": got["appAccessToken"], "code": code(crm)})

    assert late["errorCode"] == 20005
    assert got["expiresIn"] == 2_592_000
    assert who["openUserId"] == crm.core.credentials["person_open_user_id"]
    assert who["corpId"] == crm.core.credentials["corp_id"]
    assert (used["errorCode"], nobody["errorCode"]) == (20010, 20005)


def ask(crm: Crm, path: str, **body: object) -> dict[str, Any]:
    auth = {key: crm.auth()[key] for key in ("corpAccessToken", "corpId")}
    return crm.post(path, {**auth, **body})


MESSAGE = {"toUser": ["1001"], "msgType": "text", "text": {"content": "x"}}


def test_a_service_account_sends_a_message_and_takes_it_back(crm: Crm) -> None:
    path = "/cgi/app/message/"

    sent = ask(crm, path + "send", serviceId="S1", **MESSAGE)
    (message,) = crm.core.messages()
    other = ask(crm, path + "revoke", serviceId="S2", messageId=str(message["number"]))
    revoked = ask(crm, path + "revoke", serviceId="S1", messageId=str(message["number"]))

    assert (sent["errorCode"], message["service"]) == (0, "S1")
    assert (other["errorCode"] != 0, revoked["errorCode"]) == (True, 0)
    assert crm.core.messages() == []
    assert ask(crm, path + "send", **MESSAGE)["errorCode"] == 15002


ARTICLE = {"title": "t", "coverImage": "M1", "type": "URL", "content": "https://anji.invalid"}


@pytest.mark.parametrize(
    ("articles", "expected"),
    [
        ([ARTICLE] * 7, 0),
        ([ARTICLE] * 8, 12005),
        ([], 12005),
        ([{**ARTICLE, "type": "PDF"}], 12005),
        ([{**ARTICLE, "coverImage": ""}], 12005),
        ([{**ARTICLE, "title": "x" * 46}], 12005),
        ([{**ARTICLE, "description": "x" * 141}], 12005),
    ],
)
def test_articles_are_taken_within_their_bounds(
    crm: Crm, articles: list[object], expected: int
) -> None:
    got = ask(crm, "/cgi/message/send", toUser=["1001"], msgType="articles", articles=articles)

    assert got["errorCode"] == expected


def test_what_an_erp_pushes_is_kept_and_nothing_comes_of_it(crm: Crm) -> None:
    path = "/cgi/crm/erp/syncdata/objdata/push"
    data = {"objAPIName": "erpSalesOrderObj", "dataCenterId": "d", "masterFieldVal": {"a": "1"}}

    got = ask(crm, path, data=data)
    refused = ask(crm, path, data={})

    assert (got["errorCode"], refused["errorCode"]) == (0, 15002)
    assert crm.core.store.count("#pushes") == 1
    assert crm.core.store.count("SalesOrderObj") == 0


def listed(crm: Crm, path: str, **body: object) -> list[str]:
    return [each["name"] for each in ask(crm, path, **body)["userList"]]


def test_departments_have_members_and_those_below(crm: Crm) -> None:
    assert listed(crm, "/cgi/user/list", departmentId=1001) == ["王小明", "李芳"]
    assert listed(crm, "/cgi/user/list", departmentId=1000) == ["集成账号"]
    assert len(listed(crm, "/cgi/user/simpleList", departmentId=1000, fetchChild=True)) == 4
    assert len(listed(crm, "/cgi/user/simpleList", departmentId=999_999)) == 4
    assert ask(crm, "/cgi/user/list", departmentId=7)["errorCode"] == 30007


def test_departments_are_listed_and_told_one_by_one(crm: Crm) -> None:
    every = ask(crm, "/cgi/department/list")["departments"]
    one = ask(crm, "/cgi/department/detail", departmentId=1002)

    assert [(each["id"], each["parentId"]) for each in every] == [
        (1000, 0), (1001, 1000), (1002, 1000),
    ]  # fmt: skip
    assert one["name"] == "财务部"
    assert ask(crm, "/cgi/department/detail", departmentId=7)["errorCode"] == 30007


def test_employees_are_told_by_the_time_of_their_change(crm: Crm) -> None:
    path, then = "/cgi/user/get/batchByUpdTime", 1_600_000_000_000

    assert ask(crm, path, startTime=then, endTime=then)["totalCount"] == 4
    assert ask(crm, path, startTime=then + 1)["totalCount"] == 0
    assert ask(crm, path, endTime=then - 1)["totalCount"] == 0
    assert ask(crm, path, pageSize=1001)["errorCode"] == 32000


def test_trace_ids_tell_who_called_and_that_the_gateway_refused(crm: Crm) -> None:
    account = crm.core.credentials["enterprise_account"]

    unknown = crm.post("/cgi/crm/v2/data/nothing", {})["traceId"]
    nobody = crm.post("/cgi/crm/v2/data/query", {})["traceId"]
    known = crm.query("AccountObj")["traceId"]

    assert unknown.startswith("open-api-gateway-web/")
    assert nobody.startswith("E-O.null.-1000-")
    assert known.startswith(f"E-O.{account}.1000-")
