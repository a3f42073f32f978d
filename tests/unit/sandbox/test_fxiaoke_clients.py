"""What real clients send, replayed: their shapes must work, their mistakes must be refused.

Source: reference sections 2.2, 2.4, 2.5 and 10; the texts are its samples with this tenant's ids.
"""

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labs.crm import Crm, condition

PREFIX = "/cgi/crm/v2/data/"

CREATE = """
{"corpAccessToken":"$token","corpId":"$corp","currentOpenUserId":"$user",
 "triggerWorkFlow":false,"triggerApprovalFlow":false,"hasSpecifyTime":false,
 "hasSpecifyCreatedBy":false,"includeDetailIds":true,
 "data":{"object_data":{"dataObjectApiName":"SalesOrderObj","name":"DD-0001",
    "account_id":"65f000000000000000000001","order_time":1700000000000,
    "order_amount":"200.00","owner":["$user"],"record_type":"default__c"},
  "details":{"SalesOrderProductObj":[
    {"product_id":"65f000000000000000000002","quantity":"2","sales_price":"100.00",
     "subtotal":"200.00","record_type":"default__c"}]}}}
"""
QUERY = """
{"corpAccessToken":"$token","corpId":"$corp","currentOpenUserId":"$user",
 "data":{"dataObjectApiName":"SalesOrderObj","find_explicit_total_num":true,
  "search_query_info":{"limit":100,"offset":0,
   "filters":[{"field_name":"last_modified_time","field_values":["1700000000000"],"operator":"GTE"},
              {"field_name":"life_status","field_values":["normal"],"operator":"EQ"}],
   "orders":[{"fieldName":"_id","isAsc":true}],
   "fieldProjection":["_id","name","account_id","last_modified_time"]}}}
"""


@pytest.fixture
def crm() -> Crm:
    return Crm()


def send(crm: Crm, path: str, text: str) -> dict[str, Any]:
    auth = crm.auth()
    for mark, value in (
        ("$token", auth["corpAccessToken"]),
        ("$corp", auth["corpId"]),
        ("$user", auth["currentOpenUserId"]),
    ):
        text = text.replace(mark, value)
    return crm.post(path, text.encode())


def test_the_documented_create_and_query_work_word_for_word(crm: Crm) -> None:
    made = send(crm, PREFIX + "create", CREATE)
    found = send(crm, PREFIX + "query", QUERY)

    assert set(made) == {"traceId", "errorCode", "errorMessage", "errorDescription", "dataId"}
    assert (made["errorCode"], made["errorMessage"]) == (0, "OK")
    assert found["data"] == {
        "total": 1,
        "offset": 0,
        "limit": 100,
        "dataList": [
            {
                "_id": made["dataId"],
                "name": "DD-0001",
                "account_id": "65f000000000000000000001",
                "last_modified_time": 1700000000000,
            }
        ],
    }


def test_a_client_repeats_its_create_once_after_20016(crm: Crm) -> None:
    crm.auth()
    crm.core.revoke_tokens()

    refused = send(crm, PREFIX + "create", CREATE)
    new = crm.post("/cgi/corpAccessToken/get/V2", crm.token_body())["corpAccessToken"]
    again = send(crm, PREFIX + "create", CREATE.replace("$token", new))

    assert (refused["errorCode"], again["errorCode"]) == (20016, 0)
    assert crm.core.store.count("SalesOrderObj") == 1


def test_a_client_goes_on_with_null_after_a_refused_token_call(crm: Crm) -> None:
    text = CREATE.replace('"$token"', "null").replace('"$corp"', "null")

    assert send(crm, PREFIX + "create", text)["errorCode"] == 20017


@pytest.mark.parametrize("details", [', "details": {}', "", ', "details": null'])
def test_details_may_be_empty_and_the_object_may_be_named_last(crm: Crm, details: str) -> None:
    text = CREATE[: CREATE.index('"data"')] + (
        '"data":{"object_data":{"name":"one","owner":["$user"],"dataObjectApiName":"AccountObj"}'
        f"{details}}}}}"
    )

    assert send(crm, PREFIX + "create", text)["errorCode"] == 0


def test_empty_lists_in_a_query_mean_no_wish(crm: Crm) -> None:
    crm.create("AccountObj", name="one")

    got = crm.query("AccountObj", orders=[], fieldProjection=[])["data"]

    assert got["total"] == 1
    assert got["dataList"][0]["life_status"] == "normal"


def test_filter_values_come_as_numbers_truths_nulls_and_bare_texts(crm: Crm) -> None:
    made = crm.create("AccountObj", name="one", is_sync__c=True)
    now_ms = int(crm.now * 1000)

    found = crm.found(
        "AccountObj",
        condition("last_modified_time", "BETWEEN", now_ms - 1, now_ms),
        condition("is_sync__c", "EQ", True),  # noqa: FBT003 - a value of a filter
        condition("erp_id__c", "IS", None),
        {"field_name": "name", "operator": "EQ", "field_values": "one"},
    )

    assert found == [made]


def test_trigger_flags_inside_data_are_taken(crm: Crm) -> None:
    given = {"dataObjectApiName": "AccountObj", "name": "one", "owner": ["1000"]}

    got = crm.call("data/create", {"object_data": given, "triggerWorkFlow": False})

    assert got["errorCode"] == 0


def test_the_bare_update_of_one_field_works(crm: Crm) -> None:
    made = send(crm, PREFIX + "create", CREATE)["dataId"]
    given = {"_id": made, "dataObjectApiName": "SalesOrderObj", "logistics_status": "2"}

    got = crm.call(
        "data/update", {"object_data": given}, triggerWorkFlow=False, triggerApprovalFlow=False
    )

    assert got["errorCode"] == 0
    order = crm.get("SalesOrderObj", made)
    assert (order["logistics_status"], order["order_amount"]) == ("2", "200.00")


def test_an_erp_shipment_becomes_a_delivery_note(crm: Crm) -> None:
    order_id = send(crm, PREFIX + "create", CREATE)["dataId"]
    (line_id,) = crm.found("SalesOrderProductObj", condition("order_id", "EQ", order_id))
    line = {"sales_order_id": order_id, "sales_order_product_id": line_id, "delivery_num": 2}

    note_id = crm.create(
        "DeliveryNoteObj",
        {"DeliveryNoteProductObj": [line]},
        sales_order_id=order_id,
        delivery_date=1700000000000,
        total_delivery_money=200.0,
    )

    rows = crm.query("DeliveryNoteProductObj", condition("delivery_note_id", "EQ", note_id))
    assert rows["data"]["dataList"][0]["delivery_num"] == "2"
    assert crm.get("DeliveryNoteObj", note_id)["total_delivery_money"] == "200.0"


LEAVES = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5)
JSON = st.recursive(
    LEAVES | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


def paths(value: object, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [here]
    if isinstance(value, dict):
        for key, inner in value.items():
            found += paths(inner, (*here, key))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            found += paths(inner, (*here, place))
    return found


def replaced(value: Any, path: tuple[Any, ...], new: object) -> Any:  # noqa: ANN401 - JSON
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy


def whole_bodies(record_id: str) -> list[tuple[str, dict[str, Any]]]:
    named = {"dataObjectApiName": "AccountObj"}
    one = {**named, "object_data_id": record_id, "idList": [record_id], "dataIds": [record_id]}
    of_one = {**one, "Data": [{"objectDataId": record_id, "ownerId": ["1001"]}]}
    changed = {"object_data": {**named, "_id": record_id, "tel": "1", "owner": ["1000"]}}
    crm = "/cgi/crm/v2/"
    return [
        (crm + "data/create", orjson.loads(CREATE)),
        (crm + "data/query", orjson.loads(QUERY)),
        ("/cgi/crm/custom/v2/data/findOne", orjson.loads(QUERY)),
        (crm + "data/update", {"data": {**changed, "details": {}}}),
        (crm + "data/get", {"data": {**named, "objectDataId": record_id}, "includeNull": True}),
        (crm + "data/changeOwner", {"data": of_one}),
        ("/cgi/crm/custom/data/invalid", {"data": one}),
        (crm + "data/recover", {"data": one}),
        (crm + "data/delete", {"data": one}),
        (crm + "object/lock", {"data": {**one, "detailObjStrategy": 1}}),
        (crm + "object/describe", {"apiName": "AccountObj", "data": {"apiName": "x"}}),
        ("/cgi/user/get/batchByUpdTime", {"pageSize": 20, "pageNumber": 1}),
        ("/cgi/message/send", {"toUser": ["1000"], "msgType": "text", "text": {"content": "x"}}),
        ("/cgi/message/send", {"toUser": ["1000"], "msgType": "composite",
                               "composite": {"head": {"title": "x"}, "link": {"url": "x"}}}),
        ("/oauth2.0/token", {"appId": "x", "appSecret": "x", "grantType": "x"}),
        *more_bodies(record_id),
    ]  # fmt: skip


def more_bodies(record_id: str) -> list[tuple[str, dict[str, Any]]]:
    crm, pool = "/cgi/crm/v2/", {"apiName": "AccountObj", "objectIds": [record_id]}
    member = {"teamMemberEmployee": ["1001"], "teamMemberRole": "2"}
    custom: dict[str, Any] = {"dataObjectApiName": "object_delivery__c", "owner": ["1000"]}
    custom["account_id__c__r"] = "one"
    file = {"expireTime": 60, "resourceType": "N", "isStreamUpload": True, "filename": "a",
            "extension": "a", "fileSize": 1}  # fmt: skip
    article = {"title": "x", "coverImage": "x", "content": "x", "type": "URL"}
    return [
        (crm + "data/choose", {"data": pool}),
        (crm + "data/return", {"data": {**pool, "objectPoolId": "x", "backReason": "0"}}),
        (crm + "data/remove", {"data": {**pool, "objectIDs": [record_id], "objectPoolId": "x"}}),
        (crm + "leads/transfer", {"data": {"leadsId": record_id, "dataList": {"AccountObj": {}}}}),
        (crm + "generatorFileUploadCredential", {"data": file}),
        (crm + "object/getNewLogInfoListForWeb",
         {"data": {"apiName": "AccountObj", "objectId": record_id, "pageSize": 1}}),
        ("/cgi/crm/team/add",
         {"apiName": "AccountObj", "data": {"dataIDs": [record_id], **member}}),
        ("/cgi/crm/team/edit",
         {"apiName": "AccountObj", "data": {"dataID": record_id, "teamMemberInfos": [member]}}),
        ("/cgi/crm/team/get", {"apiName": "AccountObj", "data": {"dataID": record_id}}),
        ("/cgi/crm/approvalInstances/query", {"state": "pass", "startTime": 1, "pageNumber": 1}),
        ("/cgi/crm/approvalTask/action", {"taskId": "x", "actionType": "agree"}),
        ("/cgi/crm/custom/v2/data/create",
         {"data": {"object_data": custom, "needConvertLookup": True}}),
        ("/cgi/crm/custom/v2/data/findSimple", orjson.loads(QUERY)),
        ("/cgi/crm/erp/syncdata/objdata/push", {"data": {"objAPIName": "x"}}),
        ("/cgi/message/send", {"toUser": ["1000"], "msgType": "articles", "articles": [article]}),
        ("/cgi/app/message/revoke", {"serviceId": "x", "messageId": "1"}),
        ("/cgi/user/list", {"departmentId": 1000, "fetchChild": True}),
        ("/cgi/user/get/batchByUpdTime", {"startTime": 1, "endTime": 1}),
        ("/cgi/appAccessToken/get", {"appId": "x", "appSecret": "x"}),
        ("/oauth2/openUserId/get", {"appAccessToken": "x", "code": "x"}),
    ]  # fmt: skip


@given(data=st.data())
@settings(max_examples=400)
def test_whatever_is_sent_is_answered_with_an_envelope(data: st.DataObject) -> None:
    crm = Crm()
    path, body = data.draw(st.sampled_from(whole_bodies(crm.create("AccountObj", name="one"))))
    user = crm.auth()["currentOpenUserId"]
    body = orjson.loads(orjson.dumps(body).decode().replace("$user", user))
    broken = replaced(body, data.draw(st.sampled_from(paths(body))), data.draw(JSON))
    if isinstance(broken, dict):
        broken = {**broken, **crm.auth()}

    got = crm.post(path, broken)

    assert isinstance(got["errorCode"], int)
    assert got["traceId"]
