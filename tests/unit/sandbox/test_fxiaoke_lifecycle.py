"""Voiding, deleting, recovering, locking. Source: reference sections 2.6, 2.7."""

import pytest

from anji_sandbox.fxiaoke import FxiaokeSwitches
from labs.crm import NOW, Crm, condition


@pytest.fixture
def crm() -> Crm:
    return Crm()


def void(crm: Crm, object_name: str, record_id: str) -> int:
    data = {"dataObjectApiName": object_name, "object_data_id": record_id}
    code: int = crm.call("data/invalid", data)["errorCode"]
    return code


def on_ids(crm: Crm, verb: str, object_name: str, *ids: str) -> int:
    data = {"dataObjectApiName": object_name, "idList": list(ids)}
    code: int = crm.call(f"data/{verb}", data)["errorCode"]
    return code


def make_order(crm: Crm) -> tuple[str, str]:
    rows = {"SalesOrderProductObj": [{"quantity": "1"}]}
    order_id = crm.create("SalesOrderObj", rows, account_id="a")
    (line_id,) = crm.found("SalesOrderProductObj", condition("order_id", "EQ", order_id))
    return order_id, line_id


def test_voiding_keeps_the_record_and_its_former_status(crm: Crm) -> None:
    order_id, line_id = make_order(crm)
    crm.now += 1

    assert void(crm, "SalesOrderObj", order_id) == 0

    order = crm.get("SalesOrderObj", order_id)
    assert order["life_status"] == "invalid"
    assert order["life_status_before_invalid"] == "normal"
    assert order["last_modified_time"] == (NOW + 1) * 1000
    assert crm.get("SalesOrderProductObj", line_id)["life_status"] == "invalid"


def test_only_voided_records_can_be_deleted_and_then_they_are_gone(crm: Crm) -> None:
    order_id, line_id = make_order(crm)

    refused = on_ids(crm, "delete", "SalesOrderObj", order_id)
    void(crm, "SalesOrderObj", order_id)
    deleted = on_ids(crm, "delete", "SalesOrderObj", order_id)

    assert refused != 0
    assert deleted == 0
    assert crm.get("SalesOrderObj", order_id) == {}
    assert crm.get("SalesOrderProductObj", line_id) == {}
    assert crm.found("SalesOrderObj") == []


def test_one_line_is_removed_by_voiding_and_deleting_it(crm: Crm) -> None:
    order_id, line_id = make_order(crm)

    void(crm, "SalesOrderProductObj", line_id)
    on_ids(crm, "delete", "SalesOrderProductObj", line_id)

    assert crm.found("SalesOrderProductObj", condition("order_id", "EQ", order_id)) == []
    assert crm.get("SalesOrderObj", order_id)["life_status"] == "normal"


def test_recovering_gives_back_the_former_status(crm: Crm) -> None:
    order_id, line_id = make_order(crm)
    void(crm, "SalesOrderObj", order_id)

    assert on_ids(crm, "recover", "SalesOrderObj", order_id) == 0

    order = crm.get("SalesOrderObj", order_id)
    assert order["life_status"] == "normal"
    assert "life_status_before_invalid" not in order
    assert crm.get("SalesOrderProductObj", line_id)["life_status"] == "normal"


def test_many_are_voided_on_the_old_custom_path(crm: Crm) -> None:
    ids = [crm.create("AccountObj", name=name) for name in ("one", "two")]

    data = {"dataObjectApiName": "AccountObj", "idList": ids}
    got = crm.post("/cgi/crm/custom/data/invalid", {**crm.auth(), "data": data})

    assert got["errorCode"] == 0
    assert {crm.get("AccountObj", each)["life_status"] for each in ids} == {"invalid"}


def test_a_voided_record_takes_no_edit_and_no_second_voiding(crm: Crm) -> None:
    record_id = crm.create("AccountObj", name="one")
    void(crm, "AccountObj", record_id)

    assert crm.update("AccountObj", record_id, tel="1")["errorCode"] != 0
    assert void(crm, "AccountObj", record_id) != 0


def test_voided_rows_show_in_queries_until_the_switch_hides_them() -> None:
    for switches, shown in ((None, 1), (FxiaokeSwitches(voided_in_query=False), 0)):
        crm = Crm(switches)
        void(crm, "AccountObj", crm.create("AccountObj", name="one"))

        assert len(crm.found("AccountObj")) == shown
        assert crm.found("AccountObj", condition("life_status", "EQ", "normal")) == []


def test_a_locked_record_takes_no_edit_but_with_the_custom_paths_word(crm: Crm) -> None:
    order_id, line_id = make_order(crm)
    data = {"dataObjectApiName": "SalesOrderObj", "dataIds": [order_id], "detailObjStrategy": 1}
    crm.call("object/lock", data)
    given = {"dataObjectApiName": "SalesOrderObj", "_id": order_id, "remark": "x"}

    refused = [
        crm.update("SalesOrderObj", order_id, remark="x")["errorCode"],
        crm.update("SalesOrderProductObj", line_id, remark="x")["errorCode"],
        void(crm, "SalesOrderObj", order_id),
    ]
    forced = crm.custom("data/update", {"object_data": given, "skipDataStatusValidate": True})
    crm.call("object/unlock", data)

    assert 0 not in refused
    assert forced["errorCode"] == 0
    assert crm.update("SalesOrderObj", order_id, remark="y")["errorCode"] == 0


def test_an_order_in_approval_cannot_be_voided() -> None:
    crm = Crm(FxiaokeSwitches(approval_objects=frozenset({"SalesOrderObj"})))
    owner = [crm.core.credentials["open_user_id"]]
    given = {"dataObjectApiName": "SalesOrderObj", "account_id": "a", "owner": owner}

    made = crm.call("data/create", {"object_data": given})["dataId"]
    silent = crm.call("data/create", {"object_data": given}, triggerApprovalFlow=False)["dataId"]

    assert crm.get("SalesOrderObj", made)["life_status"] == "under_review"
    assert void(crm, "SalesOrderObj", made) != 0
    assert crm.get("SalesOrderObj", silent)["life_status"] == "normal"
