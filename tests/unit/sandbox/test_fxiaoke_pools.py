"""Public pools, teams and the conversion of leads. Source: reference sections 2.1, 2.7."""

from typing import Any

import pytest

from anji_sandbox.fxiaoke import FxiaokeSwitches
from labs.crm import NOW, Crm, condition

ACCOUNT = {"dataObjectApiName": "AccountObj", "name": "one"}


@pytest.fixture
def crm() -> Crm:
    return Crm()


def in_a_pool(crm: Crm) -> str:
    given = {**ACCOUNT, "high_seas_id": "pool"}
    got = crm.call("data/create", {"object_data": given})
    assert got["errorCode"] == 0
    return str(got["dataId"])


def hand_over(crm: Crm, record_id: str) -> dict[str, Any]:
    row = {"objectDataId": record_id, "ownerId": ["1001"]}
    return crm.call("data/changeOwner", {"dataObjectApiName": "AccountObj", "Data": [row]})


def test_a_record_in_a_pool_has_no_owner_and_cannot_be_handed_over_before_it_is_taken(
    crm: Crm,
) -> None:
    record_id = in_a_pool(crm)
    before = crm.get("AccountObj", record_id)

    refused = hand_over(crm, record_id)
    crm.call("data/choose", {"apiName": "AccountObj", "objectIds": [record_id]})
    taken = crm.get("AccountObj", record_id)["owner"]
    allowed = hand_over(crm, record_id)

    assert "owner" not in before
    assert "no data permission" in refused["errorMessage"]
    assert taken == [crm.core.credentials["open_user_id"]]
    assert allowed["errorCode"] == 0


def test_what_lies_in_no_pool_cannot_be_taken(crm: Crm) -> None:
    record_id = crm.create("AccountObj", name="one")

    got = crm.call("data/choose", {"apiName": "AccountObj", "objectIds": [record_id]})

    assert got["errorCode"] != 0


def test_a_record_is_given_back_with_a_reason(crm: Crm) -> None:
    record_id = crm.create("AccountObj", name="one")
    data = {
        "apiName": "AccountObj",
        "objectIds": [record_id],
        "objectPoolId": "pool",
        "backReason": "other",
        "backReason__o": "no budget",
    }

    wrong = crm.call("data/return", {**data, "backReason": "9"})
    got = crm.call("data/return", data)

    record = crm.get("AccountObj", record_id)
    assert (wrong["errorCode"] != 0, got["errorCode"]) == (True, 0)
    assert "owner" not in record
    assert record["high_seas_id"] == "pool"
    assert (record["back_reason"], record["back_reason__o"]) == ("other", "no budget")


@pytest.mark.parametrize(
    ("given", "place"),
    [({"isKeepOwner": True}, 0), ({"isKeepOwner": False, "owner": "1002"}, 2)],
)
def test_a_record_is_removed_from_its_pool_with_its_owner_or_another(
    crm: Crm, given: dict[str, object], place: int
) -> None:
    record_id = in_a_pool(crm)
    crm.call("data/choose", {"apiName": "AccountObj", "objectIds": [record_id]})

    data = {"apiName": "AccountObj", "objectIDs": [record_id], "objectPoolId": "pool", **given}
    crm.call("data/remove", data)

    record = crm.get("AccountObj", record_id)
    assert "high_seas_id" not in record
    assert record["owner"] == [crm.core.company.employees[place].open_user_id]


def test_a_record_is_removed_from_a_pool_that_is_named(crm: Crm) -> None:
    record_id = in_a_pool(crm)

    got = crm.call("data/remove", {"apiName": "AccountObj", "objectIDs": [record_id]})

    assert "objectPoolId" in got["errorMessage"]
    assert crm.get("AccountObj", record_id)["high_seas_id"] == "pool"


def test_only_accounts_and_leads_have_pools(crm: Crm) -> None:
    got = crm.call("data/choose", {"apiName": "ContactObj", "objectIds": ["x"]})

    assert got["errorCode"] == 15002


def team(crm: Crm, verb: str, data: object, api_name: str = "AccountObj") -> dict[str, Any]:
    body = {**crm.auth(), "apiName": api_name, "data": data}
    return crm.post(f"/cgi/crm/team/{verb}", body)


def test_a_team_is_added_to_edited_read_and_thinned_out(crm: Crm) -> None:
    record_id = crm.create("AccountObj", name="one")
    first, second = (each.open_user_id for each in crm.core.company.employees[1:3])
    role = {"teamMemberRole": "2", "teamMemberPermissionType": "2"}
    members = {"dataIDs": [record_id], "teamMemberEmployee": ["1001", "1002"]}

    def members_now() -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = team(crm, "get", {"dataID": record_id})["data"][
            "objectList"
        ]
        return listed

    team(crm, "add", {**members, **role})
    added = members_now()
    team(crm, "delete", {**members, "teamMemberEmployee": ["1001"]})
    thinned = members_now()
    infos = [{"teamMemberEmployee": [first], "teamMemberRole": "4"}]
    team(crm, "edit", {"dataID": record_id, "teamMemberInfos": infos})

    assert added == [
        {"teamMemberEmployee": [first], **role},
        {"teamMemberEmployee": [second], **role},
    ]
    assert thinned == added[1:]
    assert [each["teamMemberRole"] for each in members_now()] == ["4"]
    assert "relevant_team" in crm.get("AccountObj", record_id)


@pytest.mark.parametrize(
    ("verb", "api_name", "data"),
    [
        ("add", "AccountObj", {"dataIDs": ["x"], "teamMemberEmployee": ["none"]}),
        ("edit", "AccountObj", {"dataID": "x", "teamMemberInfos": "x"}),
        ("get", "AccountObj", {"dataID": "none"}),
    ],
)
def test_a_team_that_cannot_be_is_refused(
    crm: Crm, verb: str, api_name: str, data: dict[str, object]
) -> None:
    assert team(crm, verb, data, api_name)["errorCode"] != 0


def test_a_member_who_is_added_again_gets_the_new_role(crm: Crm) -> None:
    record_id = crm.create("AccountObj", name="one")
    member = {"dataIDs": [record_id], "teamMemberEmployee": ["1001"]}

    for role in ("2", "4"):
        team(crm, "add", {**member, "teamMemberRole": role})

    listed = team(crm, "get", {"dataID": record_id})["data"]["objectList"]
    assert [each["teamMemberRole"] for each in listed] == ["4"]


def test_only_accounts_and_old_opportunities_have_teams(crm: Crm) -> None:
    contact_id = crm.create("ContactObj", name="one")

    assert team(crm, "get", {"dataID": contact_id}, "ContactObj")["errorCode"] == 15002


def lead(crm: Crm) -> str:
    return crm.create(
        "LeadsObj",
        name="张三-官网留资",
        company="上海示例",
        mobile="138",
        tel="021",
        email="a@b.c",
    )


def transfer(crm: Crm, lead_id: str, **objects: object) -> dict[str, Any]:
    data = {"leadsId": lead_id, "dataList": objects, "combineCRMFeed": True}
    return crm.call("leads/transfer", data, triggerWorkFlow=False, triggerApprovalFlow=False)


def test_a_converted_lead_yields_an_account_and_what_else_was_asked_for(crm: Crm) -> None:
    lead_id = lead(crm)

    got = transfer(crm, lead_id, AccountObj={"is_main_leads": True}, ContactObj={"name": "张三"})

    (account,) = crm.query("AccountObj")["data"]["dataList"]
    (contact,) = crm.query("ContactObj")["data"]["dataList"]
    assert set(got) == {"errorCode", "errorMessage", "errorDescription", "traceId"}
    assert (account["name"], account["tel"], account["email"]) == ("上海示例", "021", "a@b.c")
    assert account["owner"] == [crm.core.credentials["open_user_id"]]
    assert (contact["name"], contact["mobile1"]) == ("张三", "138")
    assert contact["account_id"] == account["_id"]
    assert crm.get("LeadsObj", lead_id)["transform_time"] == int(NOW * 1000)


def test_a_lead_is_converted_into_an_account_that_is_there(crm: Crm) -> None:
    account_id = crm.create("AccountObj", name="old")

    got = transfer(crm, lead(crm), AccountObj={"_id": account_id, "is_main_leads": True})

    assert got["errorCode"] == 0
    assert crm.found("AccountObj") == [account_id]


def test_a_lead_is_converted_once_and_a_refused_conversion_leaves_nothing(crm: Crm) -> None:
    lead_id = lead(crm)

    refused = transfer(crm, lead_id, AccountObj={}, ContactObj={"no_such_field": 1})
    nothing = crm.found("AccountObj")
    transfer(crm, lead_id, AccountObj={})
    again = transfer(crm, lead_id, AccountObj={})
    none = transfer(crm, lead(crm), ContactObj={})

    assert (refused["errorCode"] != 0, nothing) == (True, [])
    assert again["errorCode"] != 0
    assert none["errorCode"] != 0
    assert len(crm.found("AccountObj")) == 1


def test_a_locked_lead_is_not_converted(crm: Crm) -> None:
    lead_id = lead(crm)
    crm.call("object/lock", {"dataObjectApiName": "LeadsObj", "dataIds": [lead_id]})

    assert "locked" in transfer(crm, lead_id, AccountObj={})["errorMessage"]
    assert crm.found("AccountObj") == []


def test_a_conversion_tells_ids_where_the_tenant_does() -> None:
    crm = Crm(FxiaokeSwitches(lead_transfer_tells_ids=True))

    got = transfer(crm, lead(crm), AccountObj={})

    assert got["data"] == {"AccountObj": crm.found("AccountObj")[0]}
    assert crm.found("LeadsObj", condition("account_id", "EQ", got["data"]["AccountObj"]))
