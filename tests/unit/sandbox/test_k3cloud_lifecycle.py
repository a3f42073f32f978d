"""States and what moves them, and the refusals in the vendor's words."""

import pytest

from labs.k3cloud_client import Caller, Json, make_caller, order_model

STATES = "FDocumentStatus,FApproveDate,FApproverId,FModifyDate"


@pytest.fixture
def caller() -> Caller:
    found = make_caller()
    found.make_parties()
    found.make("SAL_SaleOrder", order_model(1, FBillNo="X"))
    return found


def step(caller: Caller, *methods: str) -> Json:
    found: Json = {}
    for method in methods:
        caller.now += 60
        found = caller.status(method, "SAL_SaleOrder", {"Numbers": ["X"]})
    return found


def state(caller: Caller) -> str:
    return str(caller.query("SAL_SaleOrder", "FDocumentStatus")[0][0])


@pytest.mark.parametrize(
    ("methods", "end"),
    [
        (["Submit"], "B"),
        (["Submit", "CancelAssign"], "D"),
        (["Submit", "CancelAssign", "Submit"], "B"),
        (["Submit", "Audit"], "C"),
        (["Submit", "Audit", "UnAudit"], "D"),
        (["Submit", "Audit", "UnAudit", "Submit", "Audit"], "C"),
    ],
)
def test_the_operations_move_a_bill_through_its_states(
    caller: Caller, methods: list[str], end: str
) -> None:
    assert step(caller, *methods)["IsSuccess"]
    assert state(caller) == end


@pytest.mark.parametrize(
    ("before", "method", "words"),
    [
        (["Submit"], "Submit", "只有暂存、创建和重新审核的数据才允许提交！"),
        ([], "Audit", "只有审核中的数据才允许审核！"),
        (["Submit", "Audit"], "Audit", "单据编号为“X”的销售订单，单据已经审核！"),
        ([], "UnAudit", "才允许反审核！"),
        ([], "CancelAssign", "才允许撤销！"),
        (["Submit"], "Delete", "只有暂存、创建和重新审核的数据才允许删除！"),
        (["Submit", "Audit"], "Delete", "才允许删除！"),
    ],
)
def test_an_operation_in_the_wrong_state_is_refused(
    caller: Caller, before: list[str], method: str, words: str
) -> None:
    step(caller, *before)
    earlier = state(caller)

    status = step(caller, method)

    assert status["MsgCode"] == 11
    assert status["Errors"][0]["Message"].endswith(words)
    assert state(caller) == earlier


def test_an_audit_sets_its_own_date_and_not_the_modify_date(caller: Caller) -> None:
    step(caller, "Submit", "Audit")
    audited = caller.query("SAL_SaleOrder", STATES)
    step(caller, "UnAudit")

    modified = "2026-01-05T16:00:00"
    assert audited == [["C", "2026-01-05T16:02:00", 100001, modified]]
    assert caller.query("SAL_SaleOrder", STATES) == [["D", None, 0, modified]]


def test_an_audit_moves_the_modify_date_where_the_switch_says_so(caller: Caller) -> None:
    caller.core.switches.audit_moves_modify_date = True

    step(caller, "Submit", "Audit")

    assert caller.query("SAL_SaleOrder", "FModifyDate") == [["2026-01-05T16:02:00"]]


def test_an_audited_record_cannot_be_saved(caller: Caller) -> None:
    step(caller, "Submit", "Audit")
    record_id = caller.query("SAL_SaleOrder", "FID")[0][0]

    status = caller.status("Save", "SAL_SaleOrder", {"Model": {"FID": record_id, "FNote": "x"}})

    assert status["MsgCode"] == 11
    assert "单据已审核，不允许修改" in status["Errors"][0]["Message"]


@pytest.mark.parametrize(("switch", "accepted"), [(False, False), (True, True)])
def test_audited_base_data_can_be_saved_by_a_switch(*, switch: bool, accepted: bool) -> None:
    caller = make_caller()
    caller.core.switches.audited_base_data_is_editable = switch
    record_id = caller.make("BD_MATERIAL", {"FName": "x"}, IsAutoSubmitAndAudit=True)

    change = {"FMATERIALID": record_id, "FName": "y"}
    status = caller.status("Save", "BD_MATERIAL", {"Model": change})

    assert status["IsSuccess"] is accepted


def test_a_submitted_bill_can_be_saved_unless_the_switch_forbids_it(caller: Caller) -> None:
    record_id = caller.query("SAL_SaleOrder", "FID")[0][0]
    step(caller, "Submit")
    change = {"Model": {"FID": record_id, "FNote": "x"}}

    free = caller.status("Save", "SAL_SaleOrder", change)
    caller.core.switches.submitted_is_editable = False
    refused = caller.status("Save", "SAL_SaleOrder", change)

    assert (free["IsSuccess"], refused["IsSuccess"]) == (True, False)


def test_a_deleted_record_is_gone_and_its_number_free(caller: Caller) -> None:
    step(caller, "Delete")

    assert caller.query("SAL_SaleOrder", "FID") == []
    caller.make("SAL_SaleOrder", order_model(1, FBillNo="X"))


def test_ids_and_numbers_name_records_and_unknown_ones_are_refused(caller: Caller) -> None:
    record_id = caller.query("SAL_SaleOrder", "FID")[0][0]

    data = {"Ids": f"{record_id},5", "Numbers": ["X", "Y"]}
    status = caller.status("Submit", "SAL_SaleOrder", data)

    assert [each["DIndex"] for each in status["SuccessEntitys"]] == [0]
    assert [(each["DIndex"], each["Message"]) for each in status["Errors"]] == [
        (1, "内码值[“5”]不存在"),
        (2, '编码值["Y"]不存在'),
    ]
    assert (status["IsSuccess"], status["MsgCode"]) == (False, 9)


def test_un_audit_does_not_tell_unknown_numbers_while_one_is_known(caller: Caller) -> None:
    step(caller, "Submit", "Audit")

    some = caller.status("UnAudit", "SAL_SaleOrder", {"Numbers": ["Y", "X"]})
    none = caller.status("UnAudit", "SAL_SaleOrder", {"Numbers": ["Y"]})

    assert (some["IsSuccess"], none["IsSuccess"]) == (True, False)


def test_naming_nothing_is_refused(caller: Caller) -> None:
    status = caller.status("Submit", "SAL_SaleOrder", {"Ids": "", "Numbers": []})

    assert (status["MsgCode"], status["Errors"][0]["Message"]) == (5, "编码值或内码值必须传其一")


@pytest.mark.parametrize("method", ["ExcuteOperation", "ExecuteOperation"])
def test_base_data_is_forbidden_and_enabled_without_moving_its_modify_date(
    caller: Caller, method: str
) -> None:
    caller.now += 60
    keys = "FForbidStatus,FForbidDate,FForbidderId,FModifyDate"
    target = {"Numbers": ["C1"]}

    forbidden = caller.status(method, "BD_Customer", target, opNumber="Forbid")
    stored = caller.query("BD_Customer", keys)
    again = caller.status(method, "BD_Customer", target, opNumber="Forbid")
    enabled = caller.status(method, "BD_Customer", target, opNumber="Enable")

    assert [each["IsSuccess"] for each in (forbidden, again, enabled)] == [True, False, True]
    assert stored == [["B", "2026-01-05T16:01:00", 100001, "2026-01-05T16:00:00"]]
    assert caller.query("BD_Customer", keys) == [["A", None, 0, "2026-01-05T16:00:00"]]


def test_a_cancelled_bill_cannot_be_submitted(caller: Caller) -> None:
    cancelled = caller.status(
        "ExcuteOperation", "SAL_SaleOrder", {"Numbers": ["X"]}, opNumber="Cancel"
    )

    assert cancelled["IsSuccess"]
    assert not step(caller, "Submit")["IsSuccess"]


@pytest.mark.parametrize(("number", "code"), [("", 3), ("Forbid", 4)])
def test_an_operation_that_a_form_does_not_have_is_refused(
    caller: Caller, number: str, code: int
) -> None:
    data = {"Numbers": ["X"]}

    assert (
        caller.status("ExcuteOperation", "SAL_SaleOrder", data, opNumber=number)["MsgCode"] == code
    )
