"""Approvals, workflows and the change log. Source: reference sections 2.1, 2.2, 3.3, 7.7."""

from typing import Any

import pytest

from anji_sandbox.fxiaoke import FxiaokeSwitches
from labs.crm import NOW, Crm

NOW_MS = int(NOW * 1000)


@pytest.fixture
def crm() -> Crm:
    return Crm(FxiaokeSwitches(approval_objects=frozenset({"SalesOrderObj"})))


def ask(crm: Crm, path: str, **body: object) -> dict[str, Any]:
    return crm.post(f"/cgi/crm/{path}", {**crm.auth(), **body})


def in_review(crm: Crm) -> str:
    given = {"dataObjectApiName": "SalesOrderObj", "account_id": "a", "owner": ["1000"]}
    return str(crm.call("data/create", {"object_data": given})["dataId"])


def status(crm: Crm, record_id: str) -> str:
    return str(crm.get("SalesOrderObj", record_id)["life_status"])


@pytest.mark.parametrize(
    ("action", "state", "life_status"),
    [("agree", "pass", "normal"), ("reject", "reject", "ineffective")],
)
def test_an_approval_ends_the_review_of_its_record(
    crm: Crm, action: str, state: str, life_status: str
) -> None:
    record_id = in_review(crm)
    before = status(crm, record_id)
    (instance,) = ask(crm, "object/approvalInstances/query", dataId=record_id)["instances"]
    told = ask(crm, "approvalInstance/get", instanceId=instance["instanceId"])
    (task,) = told["instanceDetail"]["tasks"]
    crm.now += 60

    done = ask(crm, "approvalTask/action", taskId=task["id"], actionType=action, opinion="x")
    again = ask(crm, "approvalTask/action", taskId=task["id"], actionType=action)

    assert before == "under_review"
    assert (done["errorCode"], again["errorCode"] != 0) == (0, True)
    assert status(crm, record_id) == life_status
    assert crm.get("SalesOrderObj", record_id)["last_modified_time"] == NOW_MS + 60_000
    ended = ask(crm, "approvalInstance/get", instanceId=instance["instanceId"])["instanceDetail"]
    assert (ended["instance"]["state"], ended["tasks"][0]["state"]) == (state, state)


def test_instances_are_asked_for_by_state_time_and_object_page_by_page(crm: Crm) -> None:
    ids = [in_review(crm) for _ in range(3)]

    def found(**asked: object) -> list[str]:
        got = ask(crm, "approvalInstances/query", **asked)["queryResult"]
        return [each["dataId"] for each in got["instanceList"]]

    assert found() == ids
    assert found(state="in_progress", objectApiName="SalesOrderObj", startTime=NOW_MS) == ids
    assert found(pageSize=2, pageNumber=2) == ids[2:]
    assert found(state="pass") == found(startTime=NOW_MS + 1) == found(endTime=NOW_MS - 1) == []
    assert found(flowApiName="other") == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("approvalInstance/get", {"instanceId": "none"}),
        ("approvalTask/action", {"taskId": "none", "actionType": "agree"}),
    ],
)
def test_an_approval_that_is_not_there_is_refused(
    crm: Crm, path: str, body: dict[str, str]
) -> None:
    assert ask(crm, path, **body)["errorCode"] != 0


def test_no_other_action_ends_an_approval(crm: Crm) -> None:
    record_id = in_review(crm)
    (instance,) = ask(crm, "object/approvalInstances/query", dataId=record_id)["instances"]

    got = ask(crm, "approvalTask/action", taskId=instance["instanceId"], actionType="maybe")

    assert got["errorCode"] == 15002
    assert status(crm, record_id) == "under_review"


def test_a_person_agrees_on_the_page(crm: Crm) -> None:
    record_id = in_review(crm)
    core = crm.core

    actions = core.form_actions("SalesOrderObj", record_id)
    core.save_form("SalesOrderObj", record_id, {"#action": "agree"}, crm.now)

    assert actions == ("agree", "reject")
    assert status(crm, record_id) == "normal"
    with pytest.raises(ValueError, match="waits for no approval"):
        core.save_form("SalesOrderObj", record_id, {"#action": "agree"}, crm.now)


@pytest.mark.parametrize(("action", "remark"), [("agree", "new"), ("reject", "old")])
def test_an_update_may_wait_for_its_approval(action: str, remark: str) -> None:
    flows = frozenset({"SalesOrderObj"})
    crm = Crm(FxiaokeSwitches(approval_objects=flows, approval_of_updates="hold"))
    record_id = crm.create("SalesOrderObj", account_id="a", remark="old")

    crm.update("SalesOrderObj", record_id, remark="new")
    waiting = crm.get("SalesOrderObj", record_id)
    (instance,) = ask(crm, "object/approvalInstances/query", dataId=record_id)["instances"]
    ask(crm, "approvalTask/action", taskId=instance["instanceId"], actionType=action)

    record = crm.get("SalesOrderObj", record_id)
    assert (waiting["life_status"], waiting["remark"]) == ("in_change", "old")
    assert (instance["triggerType"], "#held" in instance) == ("Update", False)
    assert (record["life_status"], record["remark"]) == ("normal", remark)


def test_an_update_waits_for_no_approval_unless_the_tenant_has_it_so(crm: Crm) -> None:
    record_id = crm.create("SalesOrderObj", account_id="a")

    crm.update("SalesOrderObj", record_id, remark="new")

    record = crm.get("SalesOrderObj", record_id)
    assert (record["life_status"], record["remark"]) == ("normal", "new")


def test_an_update_that_triggers_no_approval_is_written_at_once() -> None:
    flows = frozenset({"SalesOrderObj"})
    crm = Crm(FxiaokeSwitches(approval_objects=flows, approval_of_updates="hold"))
    record_id = crm.create("SalesOrderObj", account_id="a")
    edit = {"dataObjectApiName": "SalesOrderObj", "_id": record_id, "remark": "new"}

    crm.call("data/update", {"object_data": edit}, triggerApprovalFlow=False)

    record = crm.get("SalesOrderObj", record_id)
    assert (record["life_status"], record["remark"]) == ("normal", "new")


@pytest.mark.parametrize(("mode", "code"), [("accept", 0), ("refuse", 32000)])
def test_a_record_in_review_can_be_edited_as_the_tenant_has_it(
    mode: Any,  # noqa: ANN401 - a value of the switch
    code: int,
) -> None:
    crm = Crm(FxiaokeSwitches(approval_objects=frozenset({"SalesOrderObj"}), edit_in_review=mode))

    assert crm.update("SalesOrderObj", in_review(crm), remark="x")["errorCode"] == code


WORKFLOW = FxiaokeSwitches(workflow_changes={"AccountObj": {"account_level": "1"}})


def test_a_workflow_writes_as_the_system_unless_the_call_switches_it_off() -> None:
    crm = Crm(WORKFLOW)
    given = {"dataObjectApiName": "AccountObj", "name": "one", "owner": ["1000"]}

    quiet = crm.call("data/create", {"object_data": given}, triggerWorkFlow=False)["dataId"]
    loud = crm.call("data/create", {"object_data": given})["dataId"]

    assert "account_level" not in crm.get("AccountObj", quiet)
    record = crm.get("AccountObj", loud)
    assert (record["account_level"], record["last_modified_by"]) == ("1", ["-10000"])
    assert record["created_by"] == [crm.core.credentials["open_user_id"]]
    assert record["version"] == "2"


def test_a_workflow_with_nothing_to_change_writes_nothing() -> None:
    crm = Crm(WORKFLOW)
    record_id = crm.create("AccountObj", name="one")

    crm.update("AccountObj", record_id, tel="1")

    record = crm.get("AccountObj", record_id)
    assert record["version"] == "3"
    assert record["last_modified_by"] == [crm.core.credentials["open_user_id"]]


def test_a_workflow_is_told_by_an_event_of_its_own() -> None:
    crm = Crm(WORKFLOW, callback_url="http://anji.invalid/")

    crm.create("AccountObj", name="one")

    assert len(crm.core.due_callbacks(crm.now)) == 2


def test_the_changes_of_a_record_are_told_newest_first_page_by_page(crm: Crm) -> None:
    record_id = crm.create("AccountObj", name="one")
    for number in range(3):
        crm.update("AccountObj", record_id, tel=str(number))
    asked = {"apiName": "AccountObj", "objectId": record_id, "operationalType": "system"}

    first = crm.call("object/getNewLogInfoListForWeb", {**asked, "pageNumber": 1, "pageSize": 2})
    second = crm.call("object/getNewLogInfoListForWeb", {**asked, "pageNumber": 2, "pageSize": 2})

    versions = [
        each["version"] for page in (first, second) for each in page["data"]["modifyRecordList"]
    ]
    assert versions == ["4", "3", "2"]
    assert first["data"]["pageInfo"]["pageCount"] == 2
