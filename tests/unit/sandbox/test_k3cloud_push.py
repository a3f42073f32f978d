"""Push: order → notice → outbound, with what is left, and what the audits take."""

import pytest

from labs.k3cloud_client import Caller, Json, make_caller, order_model

ORDER, NOTICE, OUTBOUND = "SAL_SaleOrder", "SAL_DELIVERYNOTICE", "SAL_OUTSTOCK"


@pytest.fixture
def caller() -> Caller:
    found = make_caller()
    found.make_parties()
    found.make(ORDER, order_model(5, 3, FBillNo="X"), IsAutoSubmitAndAudit=True)
    return found


def push(caller: Caller, form_id: str, target: str, **more: object) -> Json:
    data = {"IsEnableDefaultRule": "true", "TargetFormId": target, **more}
    found: Json = caller.do("Push", form_id, data)["Result"]
    return found


def pushed(caller: Caller, form_id: str, number: object, target: str) -> int:
    answer = push(caller, form_id, target, Numbers=[number])
    return int(answer["ResponseStatus"]["SuccessEntitys"][0]["Id"])


def audit(caller: Caller, form_id: str, record_id: int) -> Json:
    assert caller.status("Submit", form_id, {"Ids": str(record_id)})["IsSuccess"]
    return caller.status("Audit", form_id, {"Ids": str(record_id)})


def number_of(caller: Caller, form_id: str, record_id: int) -> str:
    return str(caller.query(form_id, "FBillNo", f"FID={record_id}")[0][0])


def test_a_notice_carries_the_order_it_came_from(caller: Caller) -> None:
    record_id = pushed(caller, ORDER, "X", NOTICE)

    lines = caller.query(ORDER, "FSaleOrderEntry_FEntryId")
    keys = "FDocumentStatus,FCustomerID.FNumber,FMaterialID.FNumber,FQty,FOrderNo,FOrderSeq"
    found = caller.query(NOTICE, f"{keys},FSrcBillNo,FSOEntryId,FSId", f"FID={record_id}")
    assert found == [
        ["A", "C1", "M1", 5.0, "X", 1, "X", lines[0][0], lines[0][0]],
        ["A", "C1", "M1", 3.0, "X", 2, "X", lines[1][0], lines[1][0]],
    ]


def test_both_outcomes_of_a_push_are_told(caller: Caller) -> None:
    answer = push(caller, ORDER, NOTICE, Numbers=["X"])

    assert list(answer) == ["ConvertResponseStatus", "ResponseStatus"]
    assert all(each["IsSuccess"] for each in answer.values())


def test_source_quantities_are_taken_by_the_audit_and_not_by_the_push(caller: Caller) -> None:
    first = pushed(caller, ORDER, "X", NOTICE)
    second = pushed(caller, ORDER, "X", NOTICE)

    assert audit(caller, NOTICE, first)["IsSuccess"]
    late = audit(caller, NOTICE, second)
    refused = push(caller, ORDER, NOTICE, Numbers=["X"])

    assert "超过可发数量" in late["Errors"][0]["Message"]
    assert not refused["ResponseStatus"]["IsSuccess"]
    assert not refused["ConvertResponseStatus"]["IsSuccess"]


def test_an_audited_outbound_ships_notice_and_order_and_closes_both(caller: Caller) -> None:
    notice = pushed(caller, ORDER, "X", NOTICE)
    audit(caller, NOTICE, notice)
    outbound = pushed(caller, NOTICE, number_of(caller, NOTICE, notice), OUTBOUND)

    before = caller.query(ORDER, "FStockOutQty,FRemainOutQty,FCloseStatus")
    assert audit(caller, OUTBOUND, outbound)["IsSuccess"]

    keys = "FSoorDerno,FStockID.FNumber,FMustQty,FSrcType"
    assert caller.query(OUTBOUND, keys)[0] == ["X", "CK001", 5.0, NOTICE]
    assert before == [[0.0, 5.0, "A"], [0.0, 3.0, "A"]]
    assert caller.query(ORDER, "FStockOutQty,FRemainOutQty,FDeliveryStatus,FCloseStatus") == [
        [5.0, 0.0, "C", "B"],
        [3.0, 0.0, "C", "B"],
    ]
    assert caller.query(NOTICE, "FSumOutQty,FRemainOutQty,FCLOSESTATUS_MX,FCloseStatus") == [
        [5.0, 0.0, "B", "B"],
        [3.0, 0.0, "B", "B"],
    ]
    closed = caller.status("UnAudit", NOTICE, {"Ids": str(notice)})
    assert "不允许反审核" in closed["Errors"][0]["Message"]


def test_an_un_audited_outbound_gives_everything_back(caller: Caller) -> None:
    outbound = pushed(caller, ORDER, "X", OUTBOUND)
    audit(caller, OUTBOUND, outbound)

    assert caller.status("UnAudit", OUTBOUND, {"Ids": str(outbound)})["IsSuccess"]

    assert caller.query(ORDER, "FStockOutQty,FRemainOutQty,FDeliveryStatus,FCloseStatus") == [
        [0.0, 5.0, "A", "A"],
        [0.0, 3.0, "A", "A"],
    ]


def test_a_push_of_rows_takes_what_is_left_of_them(caller: Caller) -> None:
    first, second = (row[0] for row in caller.query(ORDER, "FSaleOrderEntry_FEntryId"))
    part = pushed_entry(caller, first)
    row = caller.query(NOTICE, "FEntity_FEntryId", f"FID={part}")[0][0]
    change = {"FID": part, "FEntity": [{"FEntryID": row, "FQty": 2}]}
    caller.make(NOTICE, change, IsAutoSubmitAndAudit=True)

    rest = pushed(caller, ORDER, "X", NOTICE)

    assert caller.query(NOTICE, "FSOEntryId,FQty", f"FID={rest}") == [[first, 3.0], [second, 3.0]]
    assert caller.query(ORDER, "FStockOutQty") == [[0.0], [0.0]]


def pushed_entry(caller: Caller, entry_id: int) -> int:
    answer = push(caller, ORDER, NOTICE, EntryIds=str(entry_id))
    return int(answer["ResponseStatus"]["SuccessEntitys"][0]["Id"])


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"Numbers": ["X"]}, 8),
        ({"Numbers": ["X"], "RuleId": "Nothing"}, 10),
        ({"Numbers": ["Y"], "RuleId": "SaleOrder-OutStock"}, 9),
        ({"EntryIds": "5", "RuleId": "SaleOrder-OutStock"}, 10),
        ({"Numbers": ["X"], "IsEnableDefaultRule": "true", "TargetFormId": "Nothing"}, 4),
    ],
)
def test_a_push_without_rule_or_source_is_refused(caller: Caller, data: Json, code: int) -> None:
    assert caller.status("Push", ORDER, data)["MsgCode"] == code


def test_only_an_audited_bill_can_be_pushed(caller: Caller) -> None:
    caller.make(ORDER, order_model(1, FBillNo="Y"))

    status = push(caller, ORDER, NOTICE, Numbers=["Y"])["ResponseStatus"]

    assert status["MsgCode"] == 11
    assert "已审核" in status["Errors"][0]["Message"]
