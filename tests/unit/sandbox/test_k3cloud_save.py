"""Save, Draft and BatchSave: what is stored, what is kept, what is refused."""

from pathlib import Path

import pytest

from anji_sandbox.k3cloud import K3CloudSwitches
from anji_sandbox.k3cloud.base_forms import CUSTOMER
from labs.k3cloud_client import Caller, Json, Rows, make_caller, order_model

ENTRY = "FSaleOrderEntry_FEntryId,FSaleOrderEntry_FSeq,FQty"


@pytest.fixture
def caller() -> Caller:
    found = make_caller()
    found.make_parties()
    return found


def errors(status: Json) -> list[tuple[int, str, str]]:
    return [(status["MsgCode"], each["FieldName"], each["Message"]) for each in status["Errors"]]


def rows(caller: Caller) -> Rows:
    return caller.query("SAL_SaleOrder", ENTRY)


def packet() -> Json:
    """Return a customer with every kind of field of the full packet."""
    return {
        "FCUSTID": 0,
        "FCreateOrgId": {"FNumber": "100"},
        "FNumber": "KH-9",
        "FUseOrgId": {"FNumber": "100"},
        "FName": " 某公司  ",
        "FShortName": "",
        "FCOUNTRY": {"FNumber": "China"},
        "FPROVINCIAL": {"FNumber": ""},
        "FIsDefPayer": "false",
        "FISCREDITCHECK": "true",
        "FTRADINGCURRID": {"FNUMBER": "PRE001"},
        "FPriority": 1,
        "FT_BD_CUSTOMEREXT": {
            "FEntryId": 0,
            "FEnableSL": "false",
            "FFreezeOperator": {"FUserID": ""},
            "FFreezeDate": "1900-01-01",
            "FDefaultContact": {"FNUMBER": ""},
            "FMarginLevel": 0,
        },
        "FT_BD_CUSTLOCATION": [{"FContactId": {"FNUMBER": ""}, "FIsCopy": "false"}],
        "FT_BD_CUSTCONTACT": [{"FENTRYID": 0, "FNAME1": "仓库", "FMOBILE": "13800000000"}],
    }


def test_a_customer_packet_is_stored_as_the_erp_stores_it() -> None:
    caller = make_caller()

    record_id = caller.make("BD_Customer", packet())

    keys = "FCUSTID,FNumber,FName,FShortName,FCOUNTRY.FNumber,FPROVINCIAL,FPROVINCIAL.FNumber"
    more = "FISCREDITCHECK,FFreezeDate,FDocumentStatus,FForbidStatus,FUseOrgId.FName"
    found = caller.query("BD_Customer", f"{keys},{more}")
    assert found == [
        [record_id, "KH-9", "某公司", " ", "China", 0, None, True, "1900-01-01T00:00:00", "A",
         "A", "安济示例组织"],
    ]  # fmt: skip


def test_rows_of_empties_are_no_rows() -> None:
    caller = make_caller()
    record_id = caller.make("BD_Customer", packet())

    stored = caller.records(CUSTOMER).by_id[record_id]

    assert {key: len(each) for key, each in stored["rows"].items()} == {
        "FT_BD_CUSTLOCATION": 0,
        "FT_BD_CUSTCONTACT": 1,
    }


def test_a_text_keeps_its_blanks_where_the_switch_says_so() -> None:
    caller = make_caller(K3CloudSwitches(trims_text=False))
    caller.make("BD_Customer", packet())

    assert caller.query("BD_Customer", "FName", "FName=' 某公司'") == [[" 某公司  "]]


def test_a_new_record_has_number_state_and_dates(caller: Caller) -> None:
    caller.now += 0.45
    first = caller.make("SAL_SaleOrder", order_model(1))
    caller.make("SAL_SaleOrder", order_model(1))

    keys = "FID,FBillNo,FDocumentStatus,FCreateDate,FModifyDate,FApproveDate,FDate,FCreatorId"
    found = caller.query("SAL_SaleOrder", keys)
    at = "2026-01-05T16:00:00.45"
    assert found[0] == [first, "XSDD000001", "A", at, at, None, "2026-01-05T00:00:00", 100001]
    assert found[1][1] == "XSDD000002"


def test_a_record_nobody_changed_has_no_modify_date_where_the_switch_says_so() -> None:
    caller = make_caller(K3CloudSwitches(empty_modify_date_on_create=True))
    record_id = caller.make("BD_MATERIAL", {"FName": "x"})

    before = caller.query("BD_MATERIAL", "FModifyDate,FModifierId")
    caller.make("BD_MATERIAL", {"FMATERIALID": record_id, "FName": "y"})
    after = caller.query("BD_MATERIAL", "FModifyDate,FModifierId")

    assert before == [[None, 0]]
    assert after == [["2026-01-05T16:00:00", 100001]]


def test_a_number_is_used_once(caller: Caller) -> None:
    status = caller.status("Save", "BD_Customer", {"Model": {"FNumber": "C1", "FName": "x"}})

    text = "违反字段唯一性要求：编码唯一。[C1]在当前系统中已经被使用。"
    assert errors(status) == [(11, "FNumber", text)]
    assert status["ErrorCode"] == 500


def test_required_fields_are_all_named(caller: Caller) -> None:
    model = {"FSaleOrderEntry": [{"FQty": 1, "FUnitID": {"FNumber": "Pcs"}}]}

    status = caller.status("Save", "SAL_SaleOrder", {"Model": model})

    assert errors(status) == [
        (11, "FCustId", "字段“客户”是必填项"),
        (11, "FSalerId", "字段“销售员”是必填项"),
        (11, "FMaterialId", "单据体实体【订单明细】第【1】行分录，【物料编码】字段必录"),
        (11, "FDeliveryDate", "单据体实体【订单明细】第【1】行分录，【要货日期】字段必录"),
    ]


@pytest.mark.parametrize(
    ("model", "code", "words"),
    [
        ({"FNothing": 1}, 9, "ResolveFiled_InnerEx解析字段(Key:FNothing)"),
        ({"FSaleOrderEntry": [{"FNothing": 1}]}, 9, "实体不存在此属性"),
        ({"FCustId": {"FNumber": "C9"}}, 9, "[“C9”]不存在"),
        ({"FCustId": "C1"}, 8, "FCustId 需字典格式"),
        ({"FDate": "soon"}, 8, "FDate 需日期格式"),
        ({"FSaleOrderEntry": [{"FQty": "many"}]}, 8, "FQty 需数值格式"),
        ({"FSaleOrderEntry": [{"FQty": "1e400"}]}, 8, "FQty 需数值格式"),
        ({"FSaleOrderEntry": 5}, 8, "FSaleOrderEntry 需数组格式"),
        ({"FNote": {"x": 1}}, 8, "FNote 需字符串格式"),
        ({"FID": 999999}, 10, "999999"),
        ({"FID": "x"}, 8, "不是有效的数值"),
        ({"FSaleOrderEntry": [{"FEntryID": 5, "FQty": 1}]}, 10, "分录内码[“5”]不存在"),
    ],
)
def test_a_packet_that_cannot_be_stored_says_why(
    caller: Caller, model: Json, code: int, words: str
) -> None:
    status = caller.status("Save", "SAL_SaleOrder", {"Model": order_model(1) | model})

    assert status["MsgCode"] == code
    assert words in status["Errors"][0]["Message"]
    assert rows(caller) == []


def test_custom_fields_are_taken_on_head_and_rows_and_can_be_queried(caller: Caller) -> None:
    model = order_model(1, 2, F_ANJI_MARKER="fxiaoke/1", F_ABCD_Text="head")
    model["FSaleOrderEntry"][0] |= {"F_ANJI_LINE": "l1", "F_ABCD_Row": "row"}
    caller.make("SAL_SaleOrder", model)

    keys = "F_ANJI_MARKER,f_abcd_text,F_ANJI_LINE,F_ABCD_Row"
    found = caller.query("SAL_SaleOrder", keys, "F_ANJI_MARKER in ('fxiaoke/1','fxiaoke/2')")

    assert found == [["fxiaoke/1", "head", "l1", "row"], ["fxiaoke/1", "head", " ", " "]]


def test_a_field_that_the_tenant_lacks_fails_the_save(caller: Caller) -> None:
    caller.core.switches.absent_fields = ("SAL_SaleOrder.F_ANJI_MARKER",)

    status = caller.status("Save", "SAL_SaleOrder", {"Model": order_model(1, F_ANJI_MARKER="x")})

    assert status["MsgCode"] == 9


def test_amounts_follow_from_price_and_quantity(caller: Caller) -> None:
    caller.make("SAL_SaleOrder", order_model(3))

    assert caller.query("SAL_SaleOrder", "FAllAmount,FPrice,FBillAmount,FRemainOutQty") == [
        [33.9, 10.0, 30.0, 3.0]
    ]


def test_rows_absent_from_the_packet_are_deleted_by_default(caller: Caller) -> None:
    record_id = caller.make("SAL_SaleOrder", order_model(1, 2, 3))
    second = rows(caller)[1][0]

    kept = [{"FEntryID": second, "FQty": 20}]
    caller.make("SAL_SaleOrder", {"FID": record_id, "FSaleOrderEntry": kept})

    assert rows(caller) == [[second, 1, 20.0]]


def test_with_is_delete_entry_false_other_rows_stay_and_ids_are_stable(caller: Caller) -> None:
    record_id = caller.make("SAL_SaleOrder", order_model(1, 2))
    (first, *_), (second, *_) = rows(caller)

    new = order_model(9)["FSaleOrderEntry"][0]
    model = {"FID": record_id, "FSaleOrderEntry": [new, {"FEntryID": second, "FQty": 20}]}
    caller.make("SAL_SaleOrder", model, IsDeleteEntry="false")

    found = rows(caller)
    assert found[:2] == [[first, 1, 1.0], [second, 2, 20.0]]
    assert found[2][1:] == [3, 9.0]


def test_every_save_renumbers_rows_where_the_switch_says_so(caller: Caller) -> None:
    record_id = caller.make("SAL_SaleOrder", order_model(1))
    caller.core.switches.renumbers_entry_ids = True
    before = rows(caller)[0][0]

    model = {"FID": record_id, "FSaleOrderEntry": [{"FEntryID": before, "FQty": 4}]}
    caller.make("SAL_SaleOrder", model)

    assert rows(caller)[0][0] != before
    assert rows(caller)[0][2] == 4.0


def test_a_save_of_the_head_renumbers_rows_only_where_the_switch_says_so(caller: Caller) -> None:
    record_id = caller.make("SAL_SaleOrder", order_model(1))
    before = rows(caller)
    head = {"FID": record_id, "FNote": "x"}

    caller.make("SAL_SaleOrder", head)
    kept = rows(caller)
    caller.core.switches.renumbers_untouched_entities = True
    caller.make("SAL_SaleOrder", head)

    assert kept == before
    assert rows(caller)[0][0] != before[0][0]
    assert rows(caller)[0][1:] == before[0][1:]
    assert caller.core.store.habits["rows renumbered"] == 1


def test_dates_are_of_the_beginning_of_a_save_and_as_fine_as_the_switches_say(
    caller: Caller,
) -> None:
    switches = caller.core.switches
    record_id = caller.make("SAL_SaleOrder", order_model(1))
    switches.save_seconds, switches.time_granularity_ms = 2.5, 1000
    caller.now += 10.7

    caller.make("SAL_SaleOrder", {"FID": record_id, "FNote": "x"})
    once = caller.query("SAL_SaleOrder", "FModifyDate")
    caller.now += 0.2
    caller.make("SAL_SaleOrder", {"FID": record_id, "FNote": "y"})

    assert once == [["2026-01-05T16:00:08"]]
    assert caller.query("SAL_SaleOrder", "FModifyDate") == once
    assert caller.core.store.habits["two versions of one time"] == 1


def test_an_entity_the_packet_does_not_name_is_wiped_only_by_the_switch(caller: Caller) -> None:
    record_id = caller.make("SAL_SaleOrder", order_model(1))
    change = {"FID": record_id, "FNote": "x"}

    caller.make("SAL_SaleOrder", change)
    kept = len(rows(caller))
    caller.core.switches.wipes_absent_entities = True
    caller.make("SAL_SaleOrder", change)

    assert kept == 1
    assert rows(caller) == [[None, None, None]]


def test_rows_below_a_row_that_the_packet_does_not_name_are_wiped_only_by_the_switch(
    caller: Caller,
) -> None:
    model = order_model(1)
    model["FSaleOrderEntry"][0]["FOrderEntryPlan"] = [{"FPlanQty": 1}]
    record_id = caller.make("SAL_SaleOrder", model)
    change = {"FID": record_id, "FSaleOrderEntry": [{"FEntryID": rows(caller)[0][0]}]}
    counted = []

    for wipes in (False, True):
        caller.core.switches.wipes_absent_rows_below = wipes
        caller.make("SAL_SaleOrder", change)
        counted.append(caller.query("SAL_SaleOrder", "FOrderEntryPlan_FEntryId")[0][0] is None)

    assert counted == [False, True]


def test_only_the_listed_fields_are_written(caller: Caller) -> None:
    record_id = caller.make("SAL_SaleOrder", order_model(1, FNote="old", FLinkMan="old"))
    entry = rows(caller)[0][0]
    row = {"FEntryID": entry, "FQty": 7, "FTaxPrice": 1}
    model = {"FID": record_id, "FNote": "new", "FLinkMan": "new", "FSaleOrderEntry": [row]}

    caller.make("SAL_SaleOrder", model, NeedUpDateFields=["FNote", "FSaleOrderEntry", "FQty"])
    caller.make("SAL_SaleOrder", model, NeedUpDateFields=["FNote", "FTaxPrice"])

    assert caller.query("SAL_SaleOrder", "FNote,FLinkMan,FQty,FTaxPrice") == [
        ["new", "old", 7.0, 11.3]
    ]


def test_the_answer_tells_the_wanted_stored_values(caller: Caller) -> None:
    wanted = ["FID", "FBillNo", "FCustId", "FNothing", "FSaleOrderEntry.FEntryID",
              "FSaleOrderEntry.FQty"]  # fmt: skip

    data = {"Model": order_model(1, 2), "NeedReturnFields": wanted}
    result = caller.do("Save", "SAL_SaleOrder", data)["Result"]

    entries = result["ResponseStatus"]["SuccessEntitys"][0]["EntryIds"]["FSaleOrderEntry"]
    told = result["NeedReturnData"][0]
    assert (told["FID"], told["FBillNo"]) == (result["Id"], result["Number"])
    assert told["FCustId"]["FNumber"] == "C1"
    assert told["FSaleOrderEntry"] == [
        {"FEntryID": entries[0], "FQty": 1.0},
        {"FEntryID": entries[1], "FQty": 2.0},
    ]


def test_a_repeated_packet_is_refused_only_after_it_succeeded(caller: Caller) -> None:
    bad: Json = {"Model": {"FName": "x", "FGROUPCUSTID": {"FNumber": "C9"}}}
    good: Json = {"Model": {"FName": "x"}}
    flag = {"ValidateRepeatJson": "true"}

    failed = [caller.status("Save", "BD_Customer", bad | flag)["MsgCode"] for _ in range(2)]
    saved = [caller.status("Save", "BD_Customer", good | flag)["MsgCode"] for _ in range(2)]

    assert failed == [9, 9]
    assert saved == [0, 11]


def test_a_save_may_submit_and_audit_at_once(caller: Caller) -> None:
    caller.make("SAL_SaleOrder", order_model(1), IsAutoSubmitAndAudit="true")

    assert caller.query("SAL_SaleOrder", "FDocumentStatus,FApproverId") == [["C", 100001]]


def test_a_batch_is_saved_packet_by_packet(caller: Caller) -> None:
    models: list[Json] = [{"FName": "a"}, {"FName": ""}, {"FName": "c"}]

    status = caller.status("BatchSave", "BD_MATERIAL", {"Model": models})
    caller.core.switches.partial_batch_fails = False
    lenient = caller.status("BatchSave", "BD_MATERIAL", {"Model": models})

    assert [each["DIndex"] for each in status["SuccessEntitys"]] == [0, 2]
    assert [each["DIndex"] for each in status["Errors"]] == [1]
    assert (status["IsSuccess"], status["MsgCode"]) == (False, 11)
    assert (lenient["IsSuccess"], lenient["MsgCode"]) == (True, 0)


def test_a_draft_is_stored_incomplete_and_becomes_a_bill_when_saved(caller: Caller) -> None:
    drafted = caller.do("Draft", "SAL_SaleOrder", {"Model": {"FNote": "x"}})["Result"]
    before = caller.query("SAL_SaleOrder", "FDocumentStatus,FBillNo")

    caller.make("SAL_SaleOrder", {"FID": drafted["Id"], **order_model(1)})

    assert before == [["Z", " "]]
    assert caller.query("SAL_SaleOrder", "FDocumentStatus,FBillNo") == [["A", "XSDD000001"]]


def test_a_sandbox_started_again_on_its_file_has_the_same_state(tmp_path: Path) -> None:
    file = tmp_path / "erp.sqlite"
    first = make_caller(file=file)
    first.make_parties()
    first.make("SAL_SaleOrder", order_model(1, 2, F_ABCD_X="mine"))
    keys = "FID,FBillNo,FCustId.FNumber,FUnitID.FNumber,FQty,F_ABCD_X"
    before = first.query("SAL_SaleOrder", keys)
    first.core.store.close()

    again = make_caller(file=file)
    after = again.query("SAL_SaleOrder", keys)
    again.make("SAL_SaleOrder", order_model(1))

    assert after == before
    assert again.query("SAL_SaleOrder", "FBillNo")[-1] == ["XSDD000002"]
    assert first.headers != again.headers
    again.core.store.close()
