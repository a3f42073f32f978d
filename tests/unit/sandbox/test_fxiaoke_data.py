"""Creating, reading and changing records. Source: reference sections 2.2 to 2.4, 2.8, 3, 7."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from anji_sandbox.fxiaoke import BusinessCodes, FxiaokeSwitches, object_spec
from anji_sandbox.store import Store
from labs.crm import NOW, Crm, condition

NOW_MS = int(NOW * 1000)


@pytest.fixture
def crm() -> Crm:
    return Crm()


def own(crm: Crm) -> list[str]:
    return [crm.core.credentials["open_user_id"]]


def test_a_created_record_carries_the_systems_fields(crm: Crm) -> None:
    record_id = crm.create("AccountObj", name="one")

    record = crm.get("AccountObj", record_id)

    assert record["_id"] == record_id
    assert len(record_id) == 24
    assert set(record_id) <= set("0123456789abcdef")
    assert record["create_time"] == record["last_modified_time"] == NOW_MS
    assert record["created_by"] == record["last_modified_by"] == record["owner"] == own(crm)
    assert record["life_status"] == "normal"
    assert record["lock_status"] == "0"
    assert record["is_deleted"] is False
    assert record["record_type"] == "default__c"
    assert record["object_describe_api_name"] == "AccountObj"
    assert record["tenant_id"] == "90001"


def test_older_tenants_have_ids_of_32_digits() -> None:
    crm = Crm(FxiaokeSwitches(long_ids=True))

    ids = [crm.create("AccountObj", name=name) for name in ("one", "two")]

    assert {len(each) for each in ids} == {32}
    assert crm.found("AccountObj", condition("_id", "IN", *ids)) == ids


def test_an_order_and_its_lines_are_made_in_one_call(crm: Crm) -> None:
    lines: list[dict[str, Any]] = [{"quantity": "2"}, {"product_id": "p2", "quantity": 3}]

    order_id = crm.create(
        "SalesOrderObj", {"SalesOrderProductObj": lines}, account_id="a1", order_amount=200.5
    )

    found = crm.query("SalesOrderProductObj", condition("order_id", "EQ", order_id))["data"]
    assert [line["quantity"] for line in found["dataList"]] == ["2", "3"]
    assert {line["order_id"] for line in found["dataList"]} == {order_id}
    order = crm.get("SalesOrderObj", order_id)
    assert order["order_amount"] == "200.5"
    assert order["name"] == "SO000001"
    assert "SalesOrderProductObj" not in order


def test_a_refused_line_leaves_no_order(crm: Crm) -> None:
    given = {"dataObjectApiName": "SalesOrderObj", "account_id": "a1", "owner": own(crm)}
    lines = {"SalesOrderProductObj": [{"quantity": "1"}, {"no_such_field": "1"}]}

    got = crm.call("data/create", {"object_data": given, "details": lines})

    assert got["errorCode"] != 0
    assert crm.core.store.count("SalesOrderObj") == 0
    assert crm.core.store.count("SalesOrderProductObj") == 0
    assert crm.found("SalesOrderProductObj") == []


def test_empty_fields_are_left_out_unless_null_is_asked_for(crm: Crm) -> None:
    record_id = crm.create("AccountObj", name="one", tel="", remark=None)

    assert "tel" not in crm.get("AccountObj", record_id)
    with_null = crm.get("AccountObj", record_id, includeNull=True)
    assert with_null["tel"] is None
    assert with_null["remark"] is None
    assert with_null["name"] == "one"


def test_an_update_changes_the_sent_fields_and_no_other(crm: Crm) -> None:
    record_id = crm.create("AccountObj", name="one", tel="1", remark="old")
    crm.now += 5

    crm.update("AccountObj", record_id, tel="2", remark=None)

    record = crm.get("AccountObj", record_id)
    assert (record["name"], record["tel"]) == ("one", "2")
    assert "remark" not in record
    assert record["last_modified_time"] == NOW_MS + 5000
    assert record["create_time"] == NOW_MS
    assert record["version"] == "2"


def test_the_modifier_is_who_called(crm: Crm) -> None:
    record_id = crm.create("AccountObj", name="one")
    person = crm.core.credentials["person_open_user_id"]
    given = {"dataObjectApiName": "AccountObj", "_id": record_id, "tel": "2"}

    crm.call("data/update", {"object_data": given}, currentOpenUserId=person)

    record = crm.get("AccountObj", record_id)
    assert record["last_modified_by"] == [person]
    assert record["created_by"] == own(crm)


def test_the_owner_is_not_updatable_but_by_change_owner(crm: Crm) -> None:
    record_id = crm.create("AccountObj", name="one")
    person = crm.core.credentials["person_open_user_id"]

    refused = crm.update("AccountObj", record_id, owner=[person])
    same = crm.update("AccountObj", record_id, owner=own(crm))
    row = {"objectDataId": record_id, "ownerId": ["1001"]}
    crm.call("data/changeOwner", {"dataObjectApiName": "AccountObj", "Data": [row]})

    assert refused["errorCode"] != 0
    assert same["errorCode"] == 0
    assert crm.get("AccountObj", record_id)["owner"] == [person]


def test_change_owner_takes_the_owner_as_text_in_brackets(crm: Crm) -> None:
    record_id = crm.create("AccountObj", name="one")

    row = {"objectDataId": record_id, "ownerId": "[1001]"}
    got = crm.call("data/changeOwner", {"dataObjectApiName": "AccountObj", "Data": [row]})

    assert got["errorCode"] == 0
    owner = crm.get("AccountObj", record_id)["owner"]
    assert owner == [crm.core.credentials["person_open_user_id"]]


def test_keys_that_end_in_c_are_taken_as_they_come(crm: Crm) -> None:
    record_id = crm.create("AccountObj", name="one", erp_id__c="C1", is_sync__c=True, n__c=7)

    record = crm.get("AccountObj", record_id)

    assert (record["erp_id__c"], record["is_sync__c"], record["n__c"]) == ("C1", True, 7)


@pytest.mark.parametrize(
    "fields",
    [
        {"tel": "1"},
        {"name": "one", "colour": "red"},
        {"name": "one", "last_followed_time": "yesterday"},
        {"name": "one", "total_refund_amount": "much"},
        {"name": "one", "is_remind_recycling": "true"},
        {"name": "one", "tel": 123},
        {"name": "one", "owner": []},
        {"name": "one", "owner": ["FSUID_0"]},
        {"name": "one", "owner": "FSUID_0"},
    ],
    ids=["no name", "unknown", "time", "amount", "truth", "text", "owner", "stranger", "form"],
)
def test_what_does_not_fit_is_refused_and_nothing_is_stored(
    crm: Crm, fields: Mapping[str, object]
) -> None:
    given = {"dataObjectApiName": "AccountObj", "owner": own(crm), **fields}

    got = crm.call("data/create", {"object_data": given})

    assert got["errorCode"] != 0
    assert crm.core.store.count("AccountObj") == 0


def test_the_code_of_a_business_refusal_is_a_switch() -> None:
    crm = Crm(FxiaokeSwitches(codes=BusinessCodes(required_missing=77, not_found=88)))
    given = {"dataObjectApiName": "AccountObj", "owner": own(crm)}

    missing = crm.call("data/create", {"object_data": given})
    absent = crm.update("AccountObj", "65f000000000000000000001", tel="1")

    assert missing["errorCode"] == 77
    assert "name" in missing["errorMessage"]
    assert absent["errorCode"] == 88


@pytest.mark.parametrize(
    ("object_name", "path"), [("NoSuchObj", "preset"), (None, "preset"), ("thing__c", "custom")]
)
def test_an_object_that_is_not_there_is_refused(
    crm: Crm, object_name: str | None, path: str
) -> None:
    post = crm.call if path == "preset" else crm.custom

    got = post("data/create", {"object_data": {"dataObjectApiName": object_name, "name": "x"}})

    assert got["errorCode"] != 0


def test_preset_objects_are_served_on_the_custom_path_too(crm: Crm) -> None:
    given = {"name": "one", "owner": own(crm), "dataObjectApiName": "AccountObj"}

    made = crm.custom("data/create", {"object_data": given, "details": {}})

    assert crm.get("AccountObj", made["dataId"])["name"] == "one"


def test_time_and_creator_are_taken_only_with_their_switch(crm: Crm) -> None:
    person = crm.core.credentials["person_open_user_id"]
    given = {
        "dataObjectApiName": "AccountObj", "name": "one", "owner": own(crm),
        "create_time": 1_500_000_000_000, "created_by": [person],
    }  # fmt: skip

    plain = crm.call("data/create", {"object_data": given})
    specified = crm.call(
        "data/create", {"object_data": given}, hasSpecifyTime=True, hasSpecifyCreatedBy=True
    )

    assert crm.get("AccountObj", plain["dataId"])["create_time"] == NOW_MS
    record = crm.get("AccountObj", specified["dataId"])
    assert record["create_time"] == 1_500_000_000_000
    assert record["created_by"] == [person]


def test_a_missing_owner_is_filled_where_the_call_or_the_tenant_says_so() -> None:
    given = {"dataObjectApiName": "AccountObj", "name": "one"}
    strict, mild = Crm(), Crm(FxiaokeSwitches(owner_required=False))

    filled = strict.custom("data/create", {"object_data": given, "fillOutOwner": True})
    by_switch = mild.call("data/create", {"object_data": given})

    assert strict.get("AccountObj", filled["dataId"])["owner"] == own(strict)
    assert mild.get("AccountObj", by_switch["dataId"])["owner"] == own(mild)


def test_ids_of_lines_are_told_only_where_the_switch_says_so() -> None:
    rows = {"SalesOrderProductObj": [{"quantity": "1"}]}
    for switches, is_told in ((None, False), (FxiaokeSwitches(detail_ids_in_answer=True), True)):
        crm = Crm(switches)
        given = {"dataObjectApiName": "SalesOrderObj", "account_id": "a", "owner": own(crm)}

        data = {"object_data": given, "details": rows}
        got = crm.call("data/create", data, includeDetailIds=True)

        assert ("detailIds" in got) is is_told


@pytest.mark.parametrize(
    ("mode", "quantities"),
    [("ignore", ["1", "2"]), ("merge", ["9", "2", "5"]), ("replace", ["9", "5"])],
)
def test_lines_in_an_update_do_what_the_tenant_does(mode: str, quantities: list[str]) -> None:
    crm = Crm(FxiaokeSwitches(details_on_update=mode))  # type: ignore[arg-type]  # parameter
    rows = [{"quantity": "1"}, {"quantity": "2"}]
    order_id = crm.create("SalesOrderObj", {"SalesOrderProductObj": rows}, account_id="a")
    of_order = condition("order_id", "EQ", order_id)
    first, _ = crm.found("SalesOrderProductObj", of_order)

    given = {"dataObjectApiName": "SalesOrderObj", "_id": order_id}
    details = {"SalesOrderProductObj": [{"_id": first, "quantity": "9"}, {"quantity": "5"}]}
    got = crm.call("data/update", {"object_data": given, "details": details})

    assert got["errorCode"] == 0
    lines = crm.query("SalesOrderProductObj", of_order)["data"]["dataList"]
    assert [line["quantity"] for line in lines] == quantities


@pytest.mark.parametrize("is_raised", [True, False])
def test_a_changed_line_raises_its_heads_time_where_the_tenant_does_so(*, is_raised: bool) -> None:
    crm = Crm(FxiaokeSwitches(line_change_touches_head=is_raised))
    rows = {"SalesOrderProductObj": [{"quantity": "1"}]}
    order_id = crm.create("SalesOrderObj", rows, account_id="a")
    (line_id,) = crm.found("SalesOrderProductObj", condition("order_id", "EQ", order_id))
    crm.now += 1

    crm.update("SalesOrderProductObj", line_id, quantity="2")

    raised = crm.get("SalesOrderObj", order_id)["last_modified_time"] > NOW_MS
    assert raised is is_raised
    assert crm.get("SalesOrderProductObj", line_id)["last_modified_time"] > NOW_MS


def test_a_value_that_the_tenant_made_unique_is_taken_once() -> None:
    crm = Crm(FxiaokeSwitches(unique_fields=frozenset({"AccountObj.erp_id__c"})))
    first = crm.create("AccountObj", name="one", erp_id__c="C1")
    second = crm.create("AccountObj", name="two", erp_id__c="C2")

    refused = crm.update("AccountObj", second, erp_id__c="C1")
    crm.update("AccountObj", first, erp_id__c="C3")
    freed = crm.update("AccountObj", second, erp_id__c="C1")

    assert refused["errorCode"] != 0
    assert freed["errorCode"] == 0


def test_a_reference_to_nothing_is_refused_where_the_tenant_checks() -> None:
    crm = Crm(FxiaokeSwitches(check_references=True))
    given = {"dataObjectApiName": "SalesOrderObj", "owner": own(crm)}

    refused = crm.call("data/create", {"object_data": {**given, "account_id": "65f0"}})
    account_id = crm.create("AccountObj", name="one")
    taken = crm.call("data/create", {"object_data": {**given, "account_id": account_id}})

    assert refused["errorCode"] != 0
    assert taken["errorCode"] == 0


def test_the_state_of_a_file_survives_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "crm.db"
    with Store(path) as store:
        before = Crm(store=store, seed="first")
        auth = before.auth()
        rows = {"SalesOrderProductObj": [{"quantity": "1"}]}
        order_id = before.create("SalesOrderObj", rows, account_id="a")
    with Store(path) as store:
        after = Crm(store=store, seed="second")

        assert after.core.credentials == before.core.credentials
        assert after.auth() == auth
        assert after.get("SalesOrderObj", order_id)["account_id"] == "a"
        lines = after.found("SalesOrderProductObj", condition("order_id", "EQ", order_id))
        assert len(lines) == 1
        assert after.create("SalesOrderObj", account_id="b") > order_id


@pytest.mark.parametrize(("mode", "is_kept"), [("store", True), ("ignore", False)])
def test_an_unknown_field_is_kept_or_dropped_where_the_tenant_does_so(
    mode: str, *, is_kept: bool
) -> None:
    crm = Crm(FxiaokeSwitches(unknown_fields=mode))  # type: ignore[arg-type]  # parameter

    record_id = crm.create("AccountObj", name="one", colour="red")

    assert ("colour" in crm.get("AccountObj", record_id)) is is_kept


def test_values_of_a_wrong_form_are_kept_where_the_tenant_does_so_and_do_not_break_queries() -> (
    None
):
    crm = Crm(FxiaokeSwitches(wrong_types="store"))

    record_id = crm.create("AccountObj", name="one", transfer_count="many", back_reason=7)

    assert crm.get("AccountObj", record_id)["transfer_count"] == "many"
    assert crm.found("AccountObj", condition("transfer_count", "GT", "1")) == []
    assert crm.found("AccountObj", condition("transfer_count", "NBETWEEN", "1", "2")) == [
        record_id
    ]


def test_numbers_come_back_as_numbers_where_the_tenant_does_so() -> None:
    crm = Crm(FxiaokeSwitches(numbers_as_text=False))

    record_id = crm.create("AccountObj", name="one", transfer_count="3", total_refund_amount="1.5")

    record = crm.get("AccountObj", record_id)
    assert (record["transfer_count"], record["total_refund_amount"]) == (3, 1.5)


def test_the_text_of_other_is_kept_and_labels_are_dropped(crm: Crm) -> None:
    record_id = crm.create(
        "AccountObj", name="one", account_type="other", account_type__o="x", owner__r="y"
    )

    record = crm.get("AccountObj", record_id)
    stored = crm.core.store.get("AccountObj", record_id)
    assert record["account_type__o"] == "x"
    assert stored is not None
    assert "owner__r" not in stored


def test_hidden_records_are_refused_to_get() -> None:
    crm = Crm(FxiaokeSwitches(hidden_objects=frozenset({"PersonnelObj"})))
    record_id = crm.core.store.ids("PersonnelObj")[0]

    data = {"dataObjectApiName": "PersonnelObj", "objectDataId": record_id}

    assert crm.call("data/get", data)["errorCode"] != 0


@pytest.mark.parametrize(
    "details",
    [[], {"AccountObj": []}, {"SalesOrderProductObj": "x"}, {"SalesOrderProductObj": [1]}],
)
def test_details_of_another_form_are_refused(crm: Crm, details: object) -> None:
    given = {"dataObjectApiName": "SalesOrderObj", "account_id": "a", "owner": own(crm)}

    assert crm.call("data/create", {"object_data": given, "details": details})["errorCode"] != 0


def test_an_answer_without_data_id_is_given_where_the_switch_says_so() -> None:
    thing = object_spec("thing__c", "东西", "name:text!")
    crm = Crm(FxiaokeSwitches(custom_create_tells_id=False), objects={"thing__c": thing})
    given = {"dataObjectApiName": "thing__c", "name": "one", "owner": own(crm)}

    got = crm.custom("data/create", {"object_data": given})

    assert got["errorCode"] == 0
    assert "dataId" not in got
