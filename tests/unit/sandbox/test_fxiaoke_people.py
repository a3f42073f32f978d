"""Messages, the address book and descriptions. Source: reference sections 1.3, 3.1, 5.4."""

from typing import Any

import pytest

from anji_sandbox.fxiaoke import OBJECTS, object_spec
from labs.crm import NOW, Crm


@pytest.fixture
def crm() -> Crm:
    return Crm()


def send(crm: Crm, **body: object) -> dict[str, Any]:
    to = [crm.core.credentials["person_open_user_id"]]
    auth = {key: crm.auth()[key] for key in ("corpAccessToken", "corpId")}
    return crm.post("/cgi/message/send", {**auth, "toUser": to, **body})


def test_a_message_is_kept_and_answered_with_the_bare_envelope(crm: Crm) -> None:
    got = send(crm, msgType="text", text={"content": "order DD-0001: refused"})

    assert set(got) == {"errorCode", "errorMessage", "errorDescription", "traceId"}
    assert got["errorCode"] == 0
    assert crm.core.messages() == [
        {
            "number": 1,
            "sent_at_ms": int(NOW * 1000),
            "to": [crm.core.credentials["person_open_user_id"]],
            "type": "text",
            "content": {"content": "order DD-0001: refused"},
        }
    ]


def test_a_composite_message_needs_its_title_and_link(crm: Crm) -> None:
    whole = {"head": {"title": "shipped"}, "link": {"title": "open", "url": "fs://CRM/udobj?{}"}}

    taken = send(crm, msgType="composite", composite=whole)
    refused = send(crm, msgType="composite", composite={"head": {"title": "shipped"}})

    assert taken["errorCode"] == 0
    assert refused["errorCode"] != 0


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"toUser": []}, 10015),
        ({"toUser": ["FSUID_0"]}, 20012),
        ({"toUser": ["1001"] * 501}, 11016),
        ({"msgType": "song"}, 11017),
        ({"text": {"content": ""}}, 12005),
        ({"text": None}, 12005),
    ],
    ids=["nobody", "stranger", "too many", "type", "empty", "no text"],
)
def test_a_message_that_cannot_be_sent_is_refused(
    crm: Crm, change: dict[str, object], code: int
) -> None:
    got = send(crm, **{"msgType": "text", "text": {"content": "x"}, **change})

    assert got["errorCode"] == code
    assert crm.core.messages() == []


def test_an_employee_is_found_by_mobile(crm: Crm) -> None:
    found = crm.post("/cgi/user/getByMobile", {**crm.auth(), "mobile": "13800000002"})
    nobody = crm.post("/cgi/user/getByMobile", {**crm.auth(), "mobile": "1"})

    (employee,) = found["empList"]
    assert employee["openUserId"] == crm.core.credentials["person_open_user_id"]
    assert (nobody["errorCode"], nobody["empList"]) == (0, [])


def test_the_address_book_lists_everybody(crm: Crm) -> None:
    whole = crm.post("/cgi/user/list", {**crm.auth(), "departmentId": 999999, "fetchChild": True})
    pages = crm.post(
        "/cgi/user/get/batchByUpdTime", {**crm.auth(), "pageSize": 3, "pageNumber": 2}
    )
    departments = crm.post("/cgi/department/list", crm.auth())
    own = crm.core.credentials["open_user_id"]
    one = crm.post("/cgi/user/get", {**crm.auth(), "openUserId": own})
    none = crm.post("/cgi/user/get", {**crm.auth(), "openUserId": "FSUID_0"})

    assert len(whole["userList"]) == 4
    assert pages["employees"] == pages["empList"] == whole["userList"][3:]
    assert (pages["pageCount"], pages["totalCount"]) == (2, 4)
    assert departments["departments"][0]["id"] == 1000
    assert one["openUserId"] == own
    assert none["errorCode"] == 20012


def test_every_object_is_listed(crm: Crm) -> None:
    listed = crm.call("object/list", {})["data"]["objects"]

    assert [each["describeApiName"] for each in listed] == list(OBJECTS)
    assert {each["describeApiName"] for each in listed if each["defineType"] == "custom"} == {
        "object_delivery__c",
        "object_delivery_line__c",
    }


@pytest.mark.parametrize(
    "body",
    [
        {"apiName": "SalesOrderObj"},
        {"apiName": "SalesOrderObj", "includeDetail": True},
        {"data": {"apiName": "SalesOrderObj"}, "includeDetail": True},
    ],
    ids=["top level", "with details", "in data"],
)
def test_an_object_is_described(crm: Crm, body: dict[str, object]) -> None:
    got = crm.post("/cgi/crm/v2/object/describe", {**crm.auth(), **body})["data"]["describe"]

    assert got["api_name"] == "SalesOrderObj"
    assert got["label"] == got["display_name"] == "销售订单"
    account = got["fields"]["account_id"]
    assert account["is_required"] is True
    assert account["target_api_name"] == "AccountObj"
    assert got["fields"]["order_amount"]["type"] == "currency"
    assert got["fields"]["last_modified_time"]["define_type"] == "system"


def test_a_custom_object_is_served_on_the_custom_path_only() -> None:
    thing = object_spec("thing__c", "东西", "name:text! weight__c:number")
    crm = Crm(objects={**OBJECTS, "thing__c": thing})
    owner = [crm.core.credentials["open_user_id"]]
    given = {"dataObjectApiName": "thing__c", "name": "one", "owner": owner, "weight__c": 2}

    refused = crm.call("data/create", {"object_data": given})
    made = crm.custom("data/create", {"object_data": given})

    assert refused["errorCode"] != 0
    asked = {"dataObjectApiName": "thing__c", "objectDataId": made["dataId"]}
    assert crm.custom("data/get", asked)["data"]["weight__c"] == "2"
    described = crm.post("/cgi/crm/v2/object/describe", {**crm.auth(), "apiName": "thing__c"})
    assert described["data"]["describe"]["fields"]["weight__c"]["define_type"] == "custom"


def test_calls_and_writes_are_counted(crm: Crm) -> None:
    record_id = crm.create("AccountObj", name="one")
    crm.update("AccountObj", record_id, colour="x")
    crm.found("AccountObj")

    assert crm.core.store.calls == {
        "token": 1, "data/create AccountObj": 1, "data/update AccountObj": 1,
        "data/query AccountObj": 1,
    }  # fmt: skip
    assert crm.core.store.writes == {"AccountObj create": 1}
