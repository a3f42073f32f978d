"""The forms of the ERP: each is saved, audited, read and described; others come as data."""

from pathlib import Path

import pytest

from anji_sandbox.k3cloud import K3CloudSwitches
from anji_sandbox.k3cloud.catalogue import STANDARD
from labs.k3cloud_client import Caller, Json, make_caller, order_model

CUSTOMER_ROWS = {
    "FT_BD_CUSTLOCATION": [{"FContactId": {"FNUMBER": "CXR1"}, "FIsDefaultConsigneeCT": "true"}],
    "FT_BD_CUSTBANK": [{"FENTRYID": 0, "FBANKCODE": "6222", "FCURRENCYID": {"FNumber": "PRE001"}}],
    "FT_BD_CUSTCONTACT": [{"FENTRYID": 0, "FNUMBER1": "D1", "FNAME1": "仓库"}],
    "FT_BD_CUSTORDERORG": [{"FEntryID": 0, "FOrderOrgId": {"FNumber": "101"}}],
}
MODELS: dict[str, Json] = {
    "BD_Customer": {
        "FNumber": "C2",
        "FName": "客户二",
        "FT_BD_CUSTOMEREXT": {"FEntryId": 0, "FEnableSL": "false", "FMarginLevel": 1},
        **CUSTOMER_ROWS,
    },
    "BD_CommonContact": {"FName": "王芳", "FMobile": "13800000003"},
    "BD_MATERIAL": {"FName": "物料二", "FSpecification": "10x20"},
    "BD_Empinfo": {"FName": "赵敏", "FStaffNumber": "0003", "FEmail": "z@example.com"},
    "BD_OPERATOR": {"FNumber": "0003_GW000001_1", "FName": "赵敏"},
    "BD_STOCK": {"FName": "样品仓"},
    "SAL_SaleOrder": order_model(
        2,
        FSaleOrderPlan=[
            {"FNeedRecAdvance": "true", "FRecAdvanceRate": 30, "FMustDate": "2026-02-01"},
            {"FRecAdvanceRate": 70, "FMustDate": "2026-03-01"},
        ],
    ),
    "SAL_DELIVERYNOTICE": {
        "FCustomerID": {"FNumber": "C1"},
        "FReceiverContactID": {"FNAME": "李四"},
        "FEntity": [{"FMaterialID": {"FNumber": "M1"}, "FUnitID": {"FNumber": "Pcs"}, "FQty": 2}],
        "FDeliNoticeTrace": [
            {
                "FLogComId": {"FCODE": "SF"},
                "FCarryBillNo": "SF123",
                "FDeliNoticeTraceDetail": [{"FTraceTime": "2026-01-06", "FTraceDetail": "已揽收"}],
            }
        ],
    },
    "SAL_OUTSTOCK": {
        "FCustomerID": {"FNumber": "C1"},
        "FEntity": [
            {
                "FMaterialID": {"FNumber": "M1"},
                "FUnitID": {"FNumber": "Pcs"},
                "FRealQty": 2,
                "FStockID": {"FNumber": "CK001"},
                "FStockLocID": {"FSTOCKLOCID__FF100004": {"FNumber": "A-1"}},
            }
        ],
    },
    "SAL_RETURNSTOCK": {
        "FRetcustId": {"FNumber": "C1"},
        "FEntity": [{"FMaterialId": {"FNumber": "M1"}, "FRealQty": 1, "FTaxPrice": 11.3}],
    },
    "AR_RECEIVEBILL": {
        "FCONTACTUNIT": {"FNumber": "C1"},
        "FEXCHANGERATE": 7,
        "FRECEIVEBILLENTRY": [{"FRECTOTALAMOUNTFOR": 100, "FRECAMOUNTFOR_E": 60}],
    },
    "AR_receivable": {
        "FCUSTOMERID": {"FNumber": "C1"},
        "FEntityDetail": [
            {"FMATERIALID": {"FNumber": "M1"}, "FPriceQty": 2, "FTaxPrice": 11.3,
             "FEntryTaxRate": 13}
        ],
    },
}  # fmt: skip


@pytest.fixture
def caller() -> Caller:
    found = make_caller()
    found.make_parties()
    for number, name in (("CXR1", "张三"), ("CXR2", "李四")):
        found.make("BD_CommonContact", {"FNumber": number, "FName": name})
    return found


@pytest.mark.parametrize("form_id", MODELS)
def test_a_record_of_every_form_is_saved_audited_and_viewed(caller: Caller, form_id: str) -> None:
    record_id = caller.make(form_id, MODELS[form_id], IsAutoSubmitAndAudit="true")

    form = caller.core.records.forms.standard(STANDARD[form_id])
    rows = caller.query(form_id, f"{form.key},{form.number},FDocumentStatus", f"{form.key}>0")
    viewed = caller.do("View", form_id, {"Id": record_id})["Result"]["Result"]
    assert {each[2] for each in rows if each[0] == record_id} == {"C"}
    assert all(each[1].strip() for each in rows)
    assert (viewed["Id"], viewed["DocumentStatus"]) == (record_id, "C")


def test_every_sub_entity_of_the_customer_packet_is_kept(caller: Caller) -> None:
    record_id = caller.make("BD_Customer", MODELS["BD_Customer"])

    viewed = caller.do("View", "BD_Customer", {"Id": record_id})["Result"]["Result"]
    assert viewed["BD_CUSTOMEREXT"][0]["MarginLevel"] == 1.0
    assert viewed["BD_CUSTLOCATION"][0]["ContactId"]["Number"] == "CXR1"
    assert viewed["BD_CUSTBANK"][0]["BANKCODE"] == "6222"
    assert viewed["BD_CUSTCONTACT"][0]["NAME1"] == [{"Key": 2052, "Value": "仓库"}]
    assert viewed["BD_CUSTORDERORG"][0]["OrderOrgId"]["Number"] == "101"


def test_a_contact_may_be_named_by_its_name(caller: Caller) -> None:
    caller.make("SAL_DELIVERYNOTICE", MODELS["SAL_DELIVERYNOTICE"])
    unknown = {**MODELS["SAL_DELIVERYNOTICE"], "FReceiverContactID": {"FNAME": "无此人"}}

    found = caller.query("SAL_DELIVERYNOTICE", "FReceiverContactID.FNumber")
    status = caller.status("Save", "SAL_DELIVERYNOTICE", {"Model": unknown})

    assert found == [["CXR2"]]
    assert status["Errors"][0]["FieldName"] == "FReceiverContactID"


def test_the_receipt_plan_and_the_logistics_trace_are_rows_of_their_own(caller: Caller) -> None:
    caller.make("SAL_SaleOrder", MODELS["SAL_SaleOrder"])
    caller.make("SAL_DELIVERYNOTICE", MODELS["SAL_DELIVERYNOTICE"])

    plan = caller.query("SAL_SaleOrder", "FSaleOrderPlan_FSeq,FRecAdvanceRate,FMustDate")
    trace = caller.query("SAL_DELIVERYNOTICE", "FCarryBillNo,FLogComId.FCODE,FTraceDetail")

    assert plan == [[1, 30.0, "2026-02-01T00:00:00"], [2, 70.0, "2026-03-01T00:00:00"]]
    assert trace == [["SF123", "SF", "已揽收"]]


def test_amounts_of_receipts_and_receivables_follow_from_what_was_sent(caller: Caller) -> None:
    caller.make("AR_RECEIVEBILL", MODELS["AR_RECEIVEBILL"])
    caller.make("AR_receivable", MODELS["AR_receivable"])

    paid = caller.query("AR_RECEIVEBILL", "FRECAMOUNTFOR_E,FRECAMOUNT_E,FREALRECAMOUNTFOR_D")
    owed = caller.query("AR_receivable", "FNoTaxAmountFor_D,FTAXAMOUNTFOR_D,FALLAMOUNTFOR_D")

    assert paid == [[60.0, 420.0, 60.0]]
    assert owed == [[20.0, 2.6, 22.6]]


def test_a_flex_value_is_queried_by_its_part_and_not_by_itself(caller: Caller) -> None:
    caller.make("SAL_OUTSTOCK", MODELS["SAL_OUTSTOCK"])

    part = caller.query("SAL_OUTSTOCK", "FStockLocId.FF100004.FNumber")
    refused = [
        caller.query("SAL_OUTSTOCK", key) for key in ("FStockLocId", "FStockLocId__FF100004")
    ]

    assert part == [["A-1"]]
    assert all("Result" in each[0][0] for each in refused)


def test_what_lies_in_stock_is_read_only_and_moved_by_audits(caller: Caller) -> None:
    caller.core.administer("POST", "stock", {"material": "M1", "stock": "CK001", "quantity": 5})
    outbound = MODELS["SAL_OUTSTOCK"]
    out = caller.make("SAL_OUTSTOCK", outbound, IsAutoSubmitAndAudit="true")
    keys = "FMaterialId.FNumber,FStockId.FNumber,FStockOrgId.FNumber,FQty"
    shipped = caller.query("STK_Inventory", keys)
    back = caller.make("SAL_RETURNSTOCK", MODELS["SAL_RETURNSTOCK"], IsAutoSubmitAndAudit=True)
    returned = caller.query("STK_Inventory", "FQty")
    caller.status("UnAudit", "SAL_OUTSTOCK", {"Ids": str(out)})

    assert shipped == [["M1", "CK001", "100", 3.0]]
    assert (bool(back), returned) == (True, [[4.0]])
    assert caller.query("STK_Inventory", "FQty") == [[6.0]]
    assert caller.status("Save", "STK_Inventory", {"Model": {"FQty": 9}})["MsgCode"] == 12
    lost = caller.query("STK_Inventory", "FModifyDate")[0][0]["Result"]["ResponseStatus"]
    assert lost["MsgCode"] == 9


def test_a_stock_may_not_fall_below_zero_unless_that_is_confirmed() -> None:
    caller = make_caller(K3CloudSwitches(checks_stock=True))
    caller.make_parties()
    caller.core.administer("POST", "stock", {"material": "M1", "stock": "CK001", "quantity": 1})
    bill = str(caller.make("SAL_OUTSTOCK", MODELS["SAL_OUTSTOCK"]))
    caller.status("Submit", "SAL_OUTSTOCK", {"Ids": bill})

    asked = {"Ids": bill, "IgnoreInterationFlag": "false"}
    refused = caller.status("Audit", "SAL_OUTSTOCK", asked)
    confirmed = {**asked, "InterationFlags": "A;STK_InvCheckResult"}
    audited = caller.status("Audit", "SAL_OUTSTOCK", confirmed)

    assert refused["Errors"][0]["Message"].endswith("更新后的库存量为-1")
    assert audited["IsSuccess"]
    assert caller.query("STK_Inventory", "FQty") == [[-1.0]]


def test_the_audit_of_an_outbound_makes_a_receivable_where_the_switch_says_so() -> None:
    caller = make_caller(K3CloudSwitches(outbound_makes_receivable=True))
    caller.make_parties()
    bill = str(caller.make("SAL_OUTSTOCK", MODELS["SAL_OUTSTOCK"]))
    caller.status("Submit", "SAL_OUTSTOCK", {"Ids": bill})

    told = caller.status("Audit", "SAL_OUTSTOCK", {"Ids": bill})["SuccessMessages"]

    assert [each["Message"] for each in told] == ["单据编号为“AR000001”的应收单，审核成功！"]
    rows = caller.query("AR_receivable", "FBillNo,FDocumentStatus,FCUSTOMERID.FNumber,FPriceQty")
    assert rows == [["AR000001", "C", "C1", 2.0]]


VISIT = {
    "form_id": "ABCD_Visit",
    "title": "拜访单",
    "key": "FID",
    "number": "FBillNo",
    "prefix": "BF",
    "org": "F_ABCD_Org",
    "text": """
FBillNo text 单据编号
F_ABCD_Text text 事由 must
F_ABCD_Customer ref:BD_Customer 客户 must
F_ABCD_Org ref:ORG_Organizations 组织 =@org
[F_ABCD_Entity] rows 明细
F_ABCD_Qty number 数量
F_ABCD_Note text 备注 must
""",
}
MODEL = {
    "F_ABCD_Text": "回访",
    "F_ABCD_Customer": {"FNumber": "C1"},
    "F_ABCD_Entity": [{"F_ABCD_Qty": 1.5, "F_ABCD_Note": "a"}, {"F_ABCD_Note": "b"}],
}


def test_a_made_up_form_is_there_as_soon_as_it_is_defined(caller: Caller) -> None:
    assert caller.status("Save", "ABCD_Visit", {"Model": MODEL})["MsgCode"] == 4

    caller.core.administer("POST", "forms", VISIT)

    record_id = caller.make("abcd_visit", MODEL, IsAutoSubmitAndAudit=True)
    keys = (
        "FID,FBillNo,F_ABCD_Text,F_ABCD_Customer.FName,F_ABCD_Entity_FSeq,F_ABCD_Note,F_ABCD_Qty"
    )
    assert caller.query("ABCD_Visit", keys, "F_ABCD_Qty>1") == [
        [record_id, "BF000001", "回访", "客户一", 1, "a", 1.5]
    ]
    lacking = {**MODEL, "F_ABCD_Text": "", "F_ABCD_Entity": [{"F_ABCD_Qty": 1}]}
    told = caller.status("Save", "ABCD_Visit", {"Model": lacking})["Errors"]
    assert [each["FieldName"] for each in told] == ["F_ABCD_Text", "F_ABCD_Note"]
    info = caller.do("QueryBusinessInfo", "", {"FormId": "ABCD_Visit"})["Result"]
    assert [each["Key"] for each in info["NeedReturnData"]["Entrys"]][1:] == ["F_ABCD_Entity"]


def test_a_defined_form_and_its_records_outlive_a_restart(tmp_path: Path) -> None:
    first = make_caller(file=tmp_path / "erp.db")
    first.make_parties()
    first.core.administer("POST", "forms", [VISIT])
    first.make("ABCD_Visit", MODEL)
    first.core.store.close()

    again = make_caller(file=tmp_path / "erp.db")

    assert again.query("ABCD_Visit", "FBillNo,F_ABCD_Text") == [["BF000001", "回访"]]
    again.core.store.close()


def test_a_standard_form_takes_more_fields_and_keeps_its_records(caller: Caller) -> None:
    before = caller.query("BD_Customer", "FNumber,FName")

    added = {"form_id": "BD_Customer", "text": "F_ABCD_Level int 级别 must =3"}
    caller.core.administer("POST", "forms", added)
    caller.make("BD_Customer", {"FName": "x"})

    assert caller.query("BD_Customer", "FNumber,FName", "FNumber='C1'") == before
    assert caller.query("BD_Customer", "F_ABCD_Level", "FName='x'") == [[3]]


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"form_id": "X"}, "needs form_id"),
        ({"form": "X"}, "a form is a map"),
        ({**VISIT, "text": "FBillNo"}, "a field is written"),
        ({**VISIT, "text": "[F_X] some"}, "an entity is written"),
        ({**VISIT, "text": "FBillNo words 编号"}, "words"),
        ({**VISIT, "prefix": 1}, "is text"),
    ],
)
def test_a_definition_that_is_none_is_refused_and_changes_nothing(
    caller: Caller, document: Json, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        caller.core.administer("POST", "forms", document)

    assert len(list(caller.core.records.forms)) == len(STANDARD)


def test_only_what_no_source_shows_is_marked_so() -> None:
    marked = {
        source.form_id: line.split()[0]
        for source in STANDARD.values()
        for line in source.text.splitlines()
        if " ?" in line
    }

    assert marked == {"BD_OPERATOR": "FName"}


def test_a_delete_leaves_its_only_trace_in_the_log(caller: Caller) -> None:
    order = caller.make("SAL_SaleOrder", MODELS["SAL_SaleOrder"])
    before = caller.query("BOS_OperateLog", "FInterId")

    caller.status("Delete", "SAL_SaleOrder", {"Ids": str(order)})

    keys = "FInterId,FOPERATENAME,FUSERID.FName,FDATETIME"
    assert before == []
    assert caller.query("SAL_SaleOrder", "FID") == []
    assert caller.query("BOS_OperateLog", keys) == [
        [order, "删除", "接口用户", "2026-01-05T16:00:00"]
    ]
