"""What the reference leaves open, flipped one by one. Source: reference sections 8 and 9."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from anji_sandbox.core import Request
from anji_sandbox.fxiaoke import FxiaokeLimits, FxiaokeSwitches
from labs.crm import NO_LIMITS, NOW, Crm, condition

NOW_MS = int(NOW * 1000)
CUSTOM = "object_delivery__c"


def made(crm: Crm, **fields: object) -> dict[str, Any]:
    given = {"dataObjectApiName": "AccountObj", "owner": ["1000"], **fields}
    return crm.call("data/create", {"object_data": given})


def ids_seen_as(crm: Crm, employee_id: str) -> list[str]:
    info = {"limit": 100, "offset": 0, "filters": [], "orders": []}
    body = {"dataObjectApiName": "AccountObj", "search_query_info": info}
    got = crm.call("data/query", body, currentOpenUserId=employee_id)["data"]
    assert got["total"] == len(got["dataList"])
    return [each["_id"] for each in got["dataList"]]


def test_who_sees_own_records_only_misses_the_others_without_an_error() -> None:
    crm = Crm(FxiaokeSwitches(own_records_only=frozenset({"1001"})))
    ours, theirs = crm.create("AccountObj", name="one"), crm.create("AccountObj", name="two")
    row = {"objectDataId": theirs, "ownerId": ["1001"]}
    crm.call("data/changeOwner", {"dataObjectApiName": "AccountObj", "Data": [row]})

    def as_person(verb: str, data: object) -> Any:  # noqa: ANN401 - JSON
        return crm.call(verb, data, currentOpenUserId="1001")

    read = as_person("data/get", {"dataObjectApiName": "AccountObj", "objectDataId": ours})
    edit = {"dataObjectApiName": "AccountObj", "_id": ours, "tel": "1"}
    changed = as_person("data/update", {"object_data": edit})

    assert ids_seen_as(crm, "1001") == [theirs]
    assert ids_seen_as(crm, "1000") == [ours, theirs]
    assert "no data permission" in read["errorMessage"]
    assert "no data permission" in changed["errorMessage"]


def test_a_duplicate_rule_refuses_a_like_record_unless_switched_off() -> None:
    crm = Crm(FxiaokeSwitches(duplicate_rules=frozenset({"AccountObj.name", f"{CUSTOM}.name"})))
    first = made(crm, name="one")["dataId"]
    given = {"dataObjectApiName": "AccountObj", "owner": ["1000"], "name": "one"}
    off = {"object_data": given, "optionInfo": {"isDuplicateSearch": False}}

    refused = made(crm, name="one")
    allowed = crm.call("data/create", off)
    crm.call("data/invalid", {"dataObjectApiName": "AccountObj", "object_data_id": first})

    assert first in refused["errorMessage"]
    assert allowed["errorCode"] == 0
    assert made(crm, name="two")["errorCode"] == 0


def test_a_voided_record_is_no_duplicate() -> None:
    crm = Crm(FxiaokeSwitches(duplicate_rules=frozenset({"AccountObj.name"})))
    first = made(crm, name="one")["dataId"]
    crm.call("data/invalid", {"dataObjectApiName": "AccountObj", "object_data_id": first})

    assert made(crm, name="one")["errorCode"] == 0


def test_a_custom_object_asks_its_duplicate_rule_only_when_told_to() -> None:
    crm = Crm(FxiaokeSwitches(duplicate_rules=frozenset({f"{CUSTOM}.name"})))
    given = {"object_data": {"dataObjectApiName": CUSTOM, "owner": ["1000"], "name": "one"}}

    codes = [
        crm.custom("data/create", given, **top)["errorCode"]
        for top in ({}, {}, {"checkDuplicateSearch": True})
    ]

    assert codes == [0, 0, 32000]


def test_a_tenant_may_ignore_duplicates_on_preset_objects() -> None:
    rules = frozenset({"AccountObj.name"})
    crm = Crm(FxiaokeSwitches(duplicate_rules=rules, duplicates_on_preset="ignore"))

    assert [made(crm, name="one")["errorCode"] for _ in range(2)] == [0, 0]


@pytest.mark.parametrize(("mode", "code"), [("store", 0), ("refuse", 32000)])
def test_an_unknown_option_is_stored_or_refused(mode: Any, code: int) -> None:  # noqa: ANN401 - a value of the switch
    crm = Crm(FxiaokeSwitches(unknown_options=mode))
    order = {"dataObjectApiName": "SalesOrderObj", "account_id": "a", "owner": ["1000"]}

    known = crm.call("data/create", {"object_data": {**order, "order_status": "7"}})
    unknown = crm.call("data/create", {"object_data": {**order, "order_status": "已确认"}})

    assert (known["errorCode"], unknown["errorCode"]) == (0, code)


def test_a_field_without_known_options_takes_any_value() -> None:
    crm = Crm(FxiaokeSwitches(unknown_options="refuse"))

    assert made(crm, name="one", account_level="cJoS42Bvj")["errorCode"] == 0


@pytest.mark.parametrize(
    ("switches", "filters"),
    [
        (FxiaokeSwitches(most_filters=1), [condition("name", "EQ", "a")] * 2),
        (FxiaokeSwitches(most_filter_values=2), [condition("_id", "IN", "a", "b", "c")]),
    ],
)
def test_too_many_filters_or_values_are_refused(switches: FxiaokeSwitches, filters: Any) -> None:  # noqa: ANN401 - JSON
    assert Crm(switches).query("AccountObj", *filters)["errorCode"] == 32000
    assert Crm().query("AccountObj", *filters)["errorCode"] == 0


def test_too_many_lines_and_too_long_bodies_are_refused() -> None:
    lines = {"SalesOrderProductObj": [{"quantity": "1"}, {"quantity": "2"}]}
    given = {"dataObjectApiName": "SalesOrderObj", "account_id": "a", "owner": ["1000"]}
    body = {"object_data": given, "details": lines}

    few = Crm(FxiaokeSwitches(most_lines=1)).call("data/create", body)
    short = Crm(FxiaokeSwitches(most_body_bytes=300)).call("data/create", body)
    free = Crm().call("data/create", body)

    assert [each["errorCode"] for each in (few, short, free)] == [32000, 15002, 0]


def test_a_head_may_show_before_its_lines() -> None:
    crm = Crm(FxiaokeSwitches(query_lag_by_object={"SalesOrderProductObj": 5.0}))
    order_id = crm.create("SalesOrderObj", {"SalesOrderProductObj": [{}]}, account_id="a")
    of_order = condition("order_id", "EQ", order_id)

    torn = crm.found("SalesOrderObj"), crm.found("SalesOrderProductObj", of_order)
    crm.now += 5

    assert torn == ([order_id], [])
    assert len(crm.found("SalesOrderProductObj", of_order)) == 1


def test_deleted_records_may_stay_and_say_so() -> None:
    crm = Crm(FxiaokeSwitches(deleted_records="marked"))
    record_id = crm.create("AccountObj", name="one")
    named = {"dataObjectApiName": "AccountObj"}
    crm.call("data/invalid", {**named, "object_data_id": record_id})

    crm.call("data/delete", {**named, "idList": [record_id]})

    (row,) = crm.query("AccountObj")["data"]["dataList"]
    assert row["is_deleted"] is True
    assert crm.get("AccountObj", record_id)["is_deleted"] is True
    assert crm.update("AccountObj", record_id, tel="1")["errorCode"] != 0
    assert crm.call("data/recover", {**named, "idList": [record_id]})["errorCode"] != 0


def test_lines_of_price_books_are_deleted_at_once() -> None:
    crm = Crm()
    line = {"product_id": "p"}
    crm.create("PriceBookObj", {"PriceBookProductObj": [line]}, name="one")
    (line_id,) = crm.found("PriceBookProductObj")

    crm.call("data/delete", {"dataObjectApiName": "PriceBookProductObj", "idList": [line_id]})

    assert crm.found("PriceBookProductObj") == []


def test_times_may_be_whole_seconds() -> None:
    crm = Crm(FxiaokeSwitches(time_granularity_ms=1000))
    crm.now = NOW + 0.789

    record = crm.get("AccountObj", crm.create("AccountObj", name="one"))

    assert record["last_modified_time"] == record["create_time"] == NOW_MS


def test_token_calls_may_not_overlap() -> None:
    crm = Crm(FxiaokeSwitches(token_seconds=2.0))
    request = Request(
        "POST", "/cgi/corpAccessToken/get/V2", {}, {}, orjson.dumps(crm.token_body())
    )

    first = crm.core.handle(request, NOW)
    meanwhile = orjson.loads(crm.core.handle(request, NOW + 1.9).body)
    afterwards = orjson.loads(crm.core.handle(request, NOW + 2.0).body)

    assert first.delay_seconds == 2.0
    assert (meanwhile["errorCode"], afterwards["errorCode"]) == (30004, 0)


@pytest.mark.parametrize(("counts", "left"), [(False, 8), (True, 7)])
def test_refused_calls_count_for_the_day_where_they_count(counts: bool, left: int) -> None:  # noqa: FBT001 - a value of the switch
    limits = FxiaokeLimits(calls_per_window=2, daily_calls=10)
    crm = Crm(FxiaokeSwitches(refused_calls_count=counts), limits)

    codes = [crm.query("AccountObj")["errorCode"] for _ in range(3)]

    assert codes == [0, 0, 30004]
    assert crm.core.quota_left(crm.now) == left


def test_the_days_pack_is_new_at_midnight_of_the_zone() -> None:
    crm = Crm(limits=replace(NO_LIMITS, daily_calls=1, day_zone_hours=0.0))
    crm.now = 1_700_006_399.0  # one second before midnight in London

    codes = [crm.query("AccountObj")["errorCode"] for _ in range(2)]
    crm.now += 1

    assert codes == [0, 30002]
    assert crm.query("AccountObj")["errorCode"] == 0


def test_only_chosen_objects_are_told_of() -> None:
    crm = Crm(
        FxiaokeSwitches(callback_objects=frozenset({"AccountObj"})),
        callback_url="http://anji.invalid/",
    )
    crm.create("ContactObj", name="one")
    before = crm.core.due_callbacks(crm.now)
    crm.create("AccountObj", name="one")

    assert before == []
    assert len(crm.core.due_callbacks(crm.now)) == 1


def test_looked_up_names_become_ids_where_the_call_asks_for_it() -> None:
    crm = Crm()
    account_id = crm.create("AccountObj", name="上海示例")
    given = {"dataObjectApiName": CUSTOM, "owner": ["1000"], "account_id__c__r": "上海示例"}

    made_id = crm.custom("data/create", {"object_data": given, "needConvertLookup": True})
    unknown = {**given, "account_id__c__r": "none"}
    refused = crm.custom("data/create", {"object_data": unknown, "needConvertLookup": True})
    plain = crm.custom("data/create", {"object_data": given})

    stored = crm.core.store.get(CUSTOM, made_id["dataId"])
    ignored = crm.core.store.get(CUSTOM, plain["dataId"])
    assert stored is not None
    assert ignored is not None
    assert stored["account_id__c"] == account_id
    assert refused["errorCode"] == 32000
    assert "account_id__c" not in ignored


def test_one_line_may_be_given_as_a_map() -> None:
    crm = Crm()

    given = {"dataObjectApiName": "SalesOrderObj", "account_id": "a", "owner": ["1000"]}
    details = {"SalesOrderProductObj": {"quantity": "2"}}
    crm.call("data/create", {"object_data": given, "details": details})
    crm.call("data/create", {"object_data": given, "details": {"SalesOrderProductObj": {}}})

    (row,) = crm.query("SalesOrderProductObj")["data"]["dataList"]
    assert row["quantity"] == "2"


def test_a_preset_head_may_have_custom_lines() -> None:
    crm = Crm()
    lines = {"label": "附加", "custom": ["order_id__c:master_detail>SalesOrderObj size__c:number"]}
    crm.core.define_objects({"object_extra__c": lines})

    crm.create("SalesOrderObj", {"object_extra__c": [{"size__c": "1"}]}, account_id="a")

    assert crm.core.store.count("object_extra__c") == 1
