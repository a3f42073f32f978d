"""Services beside saves and queries: files, groups, workflow, organisations, long calls."""

import base64

import orjson
import pytest

from anji_sandbox.k3cloud import K3CloudSwitches
from labs.k3cloud_client import FORMS, Caller, Json, make_caller, order_model


@pytest.fixture
def caller() -> Caller:
    found = make_caller()
    found.make_parties()
    return found


def part(text: bytes, **more: object) -> Json:
    return {"FileName": "a.txt", "SendByte": base64.b64encode(text).decode(), **more}


def upload(caller: Caller, data: Json) -> Json:
    result: Json = caller.do("AttachmentUpload", "", data)["Result"]
    return result


def test_a_file_goes_up_in_parts_and_comes_down_in_others() -> None:
    caller = make_caller(K3CloudSwitches(attachment_part_bytes=4))
    caller.make_parties()
    order = caller.make("SAL_SaleOrder", order_model(1))
    row = caller.query("SAL_SaleOrder", "FSaleOrderEntry_FEntryId")[0][0]
    place = {"FormId": "SAL_SaleOrder", "InterId": str(order), "Entrykey": "FSaleOrderEntry",
             "EntryinterId": str(row)}  # fmt: skip

    file_id = upload(caller, part(b"abcd", IsLast=False, **place))["FileId"]
    again = upload(caller, part(b"efgh12", IsLast="true", FileId=file_id))["FileId"]
    got, start = b"", 0
    while True:
        data = {"FileId": file_id, "StartIndex": start}
        told = caller.do("AttachmentDownLoad", "", data)["Result"]
        got, start = got + base64.b64decode(told["FilePart"]), told["StartIndex"]
        if told["IsLast"]:
            break

    assert again == file_id
    assert (got, told["FileSize"], start) == (b"abcdefgh12", 10, 10)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"FormId": "X"}, 4),
        ({"InterId": "1"}, 10),
        ({"EntryinterId": "5", "Entrykey": "FSaleOrderEntry"}, 10),
        ({"SendByte": "%"}, 8),
        ({"SendByte": ""}, 8),
        ({"FileId": "none"}, 10),
    ],
)
def test_a_file_for_nothing_or_of_nothing_is_refused(
    caller: Caller, change: Json, code: int
) -> None:
    order = caller.make("SAL_SaleOrder", order_model(1))
    good = part(b"x", FormId="SAL_SaleOrder", InterId=order, EntryinterId="-1")

    status = upload(caller, {**good, **change})["ResponseStatus"]

    assert status["MsgCode"] == code
    assert upload(caller, good)["ResponseStatus"]["IsSuccess"]


def test_a_file_that_is_whole_takes_no_more_parts_and_ends_where_it_ends(caller: Caller) -> None:
    order = caller.make("SAL_SaleOrder", order_model(1))
    file_id = upload(caller, part(b"x", FormId="SAL_SaleOrder", InterId=order))["FileId"]

    more = upload(caller, part(b"y", FileId=file_id))["ResponseStatus"]
    beyond = caller.status("AttachmentDownLoad", "", {"FileId": file_id, "StartIndex": 2})

    assert (more["MsgCode"], beyond["MsgCode"]) == (12, 8)


def test_groups_are_made_renamed_told_and_deleted(caller: Caller) -> None:
    group = {"GroupFieldKey": "FGroup", "FNumber": "G1", "FName": "一组"}
    made = caller.do("GroupSave", "BD_Customer", group)["Result"]["Id"]
    child = {**group, "FNumber": "G2", "FName": "二组", "FParentId": made}
    caller.do("GroupSave", "BD_Customer", child)
    caller.do("GroupSave", "BD_Customer", {**group, "GroupPkId": made, "FName": "甲组"})
    caller.make("BD_Customer", {"FName": "x", "FGroup": {"FNumber": "G1"}})

    asked = {"FormId": "BD_Customer", "GroupFieldKey": "FGroup"}
    told = caller.do("QueryGroupInfo", "", asked)["Result"]["NeedReturnData"]
    gone = caller.status("GroupDelete", "", {**asked, "GroupPkIds": str(made)})
    left = caller.do("QueryGroupInfo", "", asked)["Result"]["NeedReturnData"]

    assert [(each["FNumber"], each["FName"], each["FParentId"]) for each in told] == [
        ("G1", "甲组", 0), ("G2", "二组", made),
    ]  # fmt: skip
    assert caller.query("BD_Customer", "FGroup", "FName='x'") == [[made]]
    assert gone["IsSuccess"]
    assert [each["FNumber"] for each in left] == ["G2"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"FName": ""}, 8),
        ({"FNumber": ""}, 8),
        ({"GroupFieldKey": "FName"}, 9),
        ({"GroupPkId": 1}, 10),
        ({"FParentId": 1}, 10),
    ],
)
def test_a_group_that_cannot_be_is_refused(caller: Caller, change: Json, code: int) -> None:
    group = {"GroupFieldKey": "FGroup", "FNumber": "G1", "FName": "一组", **change}

    assert caller.status("GroupSave", "BD_Customer", group)["MsgCode"] == code


def test_a_groups_number_is_used_once(caller: Caller) -> None:
    group = {"FNumber": "G1", "FName": "一组"}
    caller.do("GroupSave", "BD_Customer", group)

    assert caller.status("GroupSave", "BD_Customer", group)["MsgCode"] == 11


@pytest.mark.parametrize(("kind", "state"), [("1", "C"), ("2", "D"), ("3", "D")])
def test_a_workflow_step_approves_or_sends_back(caller: Caller, kind: str, state: str) -> None:
    order = str(caller.make("SAL_SaleOrder", order_model(1)))
    data = {"FormId": "SAL_SaleOrder", "Ids": order, "ApprovalType": kind}
    early = caller.status("WorkflowAudit", "", data)
    caller.status("Submit", "SAL_SaleOrder", {"Ids": order})

    assert caller.status("WorkflowAudit", "", data)["IsSuccess"]
    assert early["IsSuccess"] is False
    assert caller.query("SAL_SaleOrder", "FDocumentStatus") == [[state]]
    assert caller.status("WorkflowAudit", "", {**data, "ApprovalType": "9"})["MsgCode"] == 8


def test_switching_the_organisation_changes_who_makes_new_records(caller: Caller) -> None:
    assert caller.status("SwitchOrg", "", {"OrgNumber": "9"})["MsgCode"] == 10
    assert caller.status("SwitchOrg", "", {"OrgNumber": "101"})["IsSuccess"]

    caller.make("BD_MATERIAL", {"FNumber": "M2", "FName": "x"})

    assert caller.query("BD_MATERIAL", "FUseOrgId.FNumber") == [["100"], ["101"]]


def test_messages_are_kept_for_whom_they_are(caller: Caller) -> None:
    message = {"FTitle": "已发货", "FContent": "c", "FReceivers": "zhangwei", "FType": "1"}

    sent = caller.status("SendMsg", "", {"Model": [message, message]})
    lacking = caller.status("SendMsg", "", {"Model": [message, {"FTitle": "x"}]})

    told = caller.core.administer("GET", "messages", None)
    assert sent["IsSuccess"]
    assert [each["freceivers"] for each in told] == ["zhangwei", "zhangwei"]
    assert lacking["Errors"][0] == {
        "FieldName": "FReceivers", "Message": "字段“FReceivers”是必填项", "DIndex": 1,
    }  # fmt: skip


def test_equal_flex_values_have_one_id(caller: Caller) -> None:
    values = [{"FF1": {"FNumber": "a"}, "FF2": "b"}, {"ff2": "b", "ff1": {"FNumber": "a"}},
              {"FF1": {"FNumber": "c"}}]  # fmt: skip

    status = caller.status("FlexSave", "BD_FLEXSITEMDETAILV", {"Model": values})

    first, second, third = (each["Id"] for each in status["SuccessEntitys"])
    assert first == second != third
    assert caller.status("FlexSave", "X", {"Model": []})["MsgCode"] == 8


def test_a_report_without_a_form_of_its_own_is_refused_in_words_that_were_seen(
    caller: Caller,
) -> None:
    status = caller.status("GetSysReportData", "", {"FieldKeys": "F1"})

    assert status["Errors"][0]["Message"] == "表单标识为空"


BEGUN = {"beginmethod": "BeginQueryImpl", "querymethod": "QueryAsyncResult"}


@pytest.mark.parametrize("style", ["python", "java"])
def test_a_long_call_is_begun_runs_and_is_complete(caller: Caller, style: str) -> None:
    models = {"Model": [{"FName": "a"}, {"FName": "b"}]}
    if style == "python":
        body = {"formid": "BD_MATERIAL", "data": models, **BEGUN}
        headers = caller.headers
    else:
        body = {"parameters": ["BD_MATERIAL", orjson.dumps(models).decode()]}
        headers = {**caller.headers, **BEGUN}
    path = f"{FORMS}BatchSave.common.kdsvc"

    begun = orjson.loads(caller.post(path, orjson.dumps(body), headers).body)
    states, told = [begun["Status"]], begun
    wanted: Json = {"TaskId": begun["TaskId"], "Cancelled": False}
    ask = {"queryInfo": orjson.dumps(wanted).decode()} if style == "python" else {
        "parameters": [wanted]
    }  # fmt: skip
    for seconds in (0.5, 0.5):
        caller.now += seconds
        answer = caller.post(f"{FORMS}QueryAsyncResult.common.kdsvc", orjson.dumps(ask))
        told = orjson.loads(answer.body)
        states.append(told["Status"])

    assert states == [0, 1, 2]
    saved = told["Result"]["Result"]["ResponseStatus"]["SuccessEntitys"]
    assert [each["Number"] for each in saved] == ["MAT000001", "MAT000002"]


def test_a_task_that_nobody_began_is_unknown(caller: Caller) -> None:
    body = orjson.dumps({"queryInfo": '{"TaskId":"x"}'})

    answer = caller.post(f"{FORMS}QueryAsyncResult.common.kdsvc", body)

    assert orjson.loads(answer.body)["Result"]["ResponseStatus"]["MsgCode"] == 10


@pytest.mark.parametrize(
    ("do", "undo"),
    [("YLTerminate", "YLUnTerminate"), ("YLFreeze", "YLUnFreeze"), ("YLMRPClose", "YLUnMRPClose")],
)
def test_an_operation_is_done_once_and_undone_once(caller: Caller, do: str, undo: str) -> None:
    data = {"Ids": str(caller.make("SAL_SaleOrder", order_model(1)))}

    done = [
        caller.status("ExecuteOperation", "SAL_SaleOrder", data, opNumber=each)["IsSuccess"]
        for each in (undo, do, do, undo, undo)
    ]

    assert done == [False, True, False, True, False]


def test_a_receipt_is_refunded_once(caller: Caller) -> None:
    model = {"FCONTACTUNIT": {"FNumber": "C1"}}
    data = {"Ids": str(caller.make("AR_RECEIVEBILL", model))}

    done = [
        caller.status("ExcuteOperation", "AR_RECEIVEBILL", data, opNumber="ALLReFund")["IsSuccess"]
        for _ in range(2)
    ]

    assert done == [True, False]
