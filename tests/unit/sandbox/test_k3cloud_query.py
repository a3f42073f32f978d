"""The query language, its rows, its errors; View and metadata."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anji_sandbox.k3cloud.filters import FilterError, parse_filter
from labs.k3cloud_client import FORMS, Caller, Json, make_caller, order_model


@pytest.fixture(scope="module")
def caller() -> Caller:
    """Five orders, a minute apart, with one to five lines; the first is audited."""
    found = make_caller()
    found.make_parties()
    for count in range(1, 6):
        found.now = 1_767_600_000.0 + 60 * count + 0.5
        quantities = range(count, 2 * count)
        note = ["It's", "a_b", "100%", "", "x"][count - 1]
        found.make("SAL_SaleOrder", order_model(*quantities, FBillNo=f"N{count}", FNote=note))
    found.now += 60
    found.status("Submit", "SAL_SaleOrder", {"Numbers": ["N1"]})
    found.status("Audit", "SAL_SaleOrder", {"Numbers": ["N1"]})
    return found


def numbers(caller: Caller, where: str, **more: object) -> list[str]:
    found = caller.query("SAL_SaleOrder", "FBillNo", where, **more)
    return [str(row[0]) for row in found]


@pytest.mark.parametrize(
    ("where", "wanted"),
    [
        ("", "12345"),
        ("FBillNo='N2'", "2"),
        ("fbillno = N'N2 '", "2"),
        ("FBillNo<>'N2'", "1345"),
        ("FBillNo != 'N2' and FBillNo<'N4'", "13"),
        ("FBillNo='N1' or FBillNo='N3'", "13"),
        ("FBillNo='N1' or FBillNo='N3' and FDocumentStatus='C'", "1"),
        ("(FBillNo='N1' or FBillNo='N3') and FDocumentStatus='A'", "3"),
        ("not (FBillNo='N1' or FBillNo='N3')", "245"),
        ("FBillNo in ('N1','N5','N9')", "15"),
        ("FBillNo not in ('N1','N5')", "234"),
        ("FBillNo like 'N%'", "12345"),
        ("FBillNo like '_3' or FNote like '%''s'", "13"),
        ("FBillNo not like 'N3'", "1245"),
        ("FBillNo between 'N2' and 'N4'", "234"),
        ("FApproveDate is null", "2345"),
        ("FApproveDate is not null", "1"),
        ("FNote=''", "4"),
        ("FNote='It''s'", "1"),
        ("FCustId.FNumber='C1' and FCustId.FName='客户一'", "12345"),
        ("FCustId.FNumber in ('C9')", ""),
        ("FSettleCurrId.FCODE='CNY'", "12345"),
        ("FSaleOrgId.FNumber='100' and FBillTypeID.FNumber='XSDD01_SYS'", "12345"),
        ("FModifyDate>='2026-01-05 16:03:00'", "345"),
        ("FModifyDate>'2026-01-05 16:03:00'", "45"),
        ("FModifyDate<={ts'2026-01-05 16:03:00'}", "123"),
        ("FModifyDate='2026-01-05T16:03:00'", "3"),
        ("FModifyDate>='2026-01-05 16:04:00' or FApproveDate>='2026-01-05 16:00:00'", "145"),
        ("FDate='2026-01-05'", "12345"),
        ("FDate<'2026-01-05'", ""),
        ("FISINIT='0'", "12345"),
        ("FISINIT=1", ""),
        ("FReceiveAddress=FLinkMan", "12345"),
        ("1=1", "12345"),
        ("1=0", ""),
        ("F_NEVER_Saved=''", "12345"),
    ],
)
def test_a_filter_means_what_sql_means(caller: Caller, where: str, wanted: str) -> None:
    assert numbers(caller, where) == [f"N{each}" for each in wanted]


def test_ids_are_looked_up_in_lists_ranges_and_as_text(caller: Caller) -> None:
    ids = [row[0] for row in caller.query("SAL_SaleOrder", "FID")]

    assert numbers(caller, f"FID in ({ids[4]},{ids[0]},1)") == ["N1", "N5"]
    assert numbers(caller, f"FID>'{ids[3]}'") == ["N5"]
    assert numbers(caller, f"FID<={ids[0]}") == ["N1"]


def test_a_line_is_given_per_entry_row_with_the_head_repeated(caller: Caller) -> None:
    keys = "FBillNo,FSaleOrderEntry_FSeq,FSeq,FQty,FMaterialId.FName"

    found = caller.query("SAL_SaleOrder", keys, "FBillNo in ('N1','N2')")

    assert found == [
        ["N1", 1, 1, 1.0, "物料一"],
        ["N2", 1, 1, 2.0, "物料一"],
        ["N2", 2, 2, 3.0, "物料一"],
    ]


def test_a_filter_on_rows_gives_the_rows_that_pass(caller: Caller) -> None:
    assert caller.query("SAL_SaleOrder", "FBillNo,FQty", "FQty>=8 and FQty>FStockOutQty") == [
        ["N5", 8.0],
        ["N5", 9.0],
    ]


def test_two_lists_of_rows_in_one_query_are_refused(caller: Caller) -> None:
    answer = caller.query("SAL_SaleOrder", "FQty,FRecAmount")

    assert answer[0][0]["Result"]["ResponseStatus"]["MsgCode"] == 4


@pytest.mark.parametrize(
    ("window", "wanted"),
    [
        ({"Limit": 2}, "12"),
        ({"StartRow": 2, "Limit": 2}, "34"),
        ({"StartRow": 2, "Limit": 2, "TopRowCount": 4}, "34"),
        ({"StartRow": 2, "Limit": 2, "TopRowCount": 3}, "3"),
        ({"StartRow": "0", "Limit": "0", "TopRowCount": "0"}, "12345"),
        ({"StartRow": 9, "Limit": 2}, ""),
        ({"OrderString": "FBillNo DESC", "Limit": 2}, "54"),
        ({"OrderString": "FDocumentStatus desc, FModifyDate desc", "Limit": 2}, "15"),
        ({"OrderString": "FApproveDate, FID"}, "23451"),
        ({"OrderString": "FID"}, "12345"),
    ],
)
def test_pages_and_orders(caller: Caller, window: Json, wanted: str) -> None:
    assert numbers(caller, "", **window) == [f"N{each}" for each in wanted]


def test_no_query_gives_more_rows_than_the_site_allows(caller: Caller) -> None:
    caller.core.switches.max_limit = 3

    found = [len(numbers(caller, "", Limit=limit)) for limit in (0, 2, 10)]
    caller.core.switches.max_limit = 2000

    assert found == [3, 2, 3]


@pytest.mark.parametrize(
    ("keys", "where", "code", "words"),
    [
        ("", "", 8, "FieldKeys 的值不能为空"),
        ("FX", "", 9, "元数据中标识为 FX 的字段不存在"),
        ("FCustId.FX", "", 9, "FCustId.FX"),
        ("FNote.FNumber", "", 9, "FNote.FNumber"),
        ("FBillNo", "FX=1", 9, "元数据中标识为 FX 的字段不存在"),
        ("FBillNo-1", "", 4, "当前查询串无法解析--FBillNo-1"),
        ("FBillNo", "FID=(", 4, "GetRealExpress error"),
        ("FBillNo", "FID=1 FID=2", 4, "GetRealExpress error"),
        ("FBillNo", "FID='x'", 4, "GetRealExpress error"),
        ("FBillNo", "FDate>'soon'", 4, "GetRealExpress error"),
        ("FBillNo", "and", 4, "GetRealExpress error"),
        ("FBillNo", "FBillNo in ()", 4, "GetRealExpress error"),
        ("FBillNo", "FBillNo is 1", 4, "GetRealExpress error"),
        ("FBillNo", "FBillNo between 1 or 2", 4, "GetRealExpress error"),
        ("FBillNo", "FBillNo ; 1", 4, "GetRealExpress error"),
    ],
)
def test_an_error_comes_as_a_row_of_data(
    caller: Caller, keys: str, where: str, code: int, words: str
) -> None:
    answer = caller.query("SAL_SaleOrder", keys, where)

    status = answer[0][0]["Result"]["ResponseStatus"]
    assert (status["IsSuccess"], status["MsgCode"]) == (False, code)
    assert words in status["Errors"][0]["Message"]


def test_a_bill_query_gives_objects_keyed_as_asked(caller: Caller) -> None:
    data = {"FormId": "SAL_SaleOrder", "FieldKeys": "fbillno, FCustId.FNumber,FNote as memo",
            "FilterString": "FBillNo='N2'"}  # fmt: skip

    def ask(data: Json) -> list[Json]:
        body = orjson.dumps({"data": data})
        found: list[Json] = orjson.loads(caller.post(f"{FORMS}BillQuery.common.kdsvc", body).body)
        return found

    assert ask(data) == [{"fbillno": "N2", "FCustId.FNumber": "C1", "memo": "a_b"}]
    assert ask(data | {"FieldKeys": "FX"})[0]["Result"]["ResponseStatus"]["MsgCode"] == 9


@pytest.mark.parametrize("as_text", [False, True])
def test_the_array_filter_knows_equals_and_nothing_else(caller: Caller, *, as_text: bool) -> None:
    item = {"Left": "(", "FieldName": "FBillNo", "Compare": "67", "Right": ")", "Logic": "1"}
    items: Any = [item | {"Value": "N1"}, item | {"Value": "N3"}]

    found = numbers(caller, orjson.dumps(items).decode() if as_text else items)
    other = caller.query("SAL_SaleOrder", "FID", [item | {"Value": "N1", "Compare": "1"}])

    assert found == ["N1", "N3"]
    assert other[0][0]["Result"]["ResponseStatus"]["MsgCode"] == 4


def test_a_field_that_the_tenant_lacks_fails_the_query() -> None:
    caller = make_caller()
    caller.core.switches.absent_fields = ("BD_Customer.F_ANJI_MARKER",)

    answer = caller.query("BD_Customer", "FNumber,F_ANJI_MARKER")

    assert answer[0][0]["Result"]["ResponseStatus"]["MsgCode"] == 9
    assert answer[0][1] is None


def test_indexes_follow_changes_and_deletes() -> None:
    caller = make_caller()
    where = "F_ANJI_MARKER='a'", "FModifyDate>='2026-01-05 16:01:00'", "FName='x'"
    first = caller.make("BD_MATERIAL", {"FName": "x", "F_ANJI_MARKER": "a"})
    before = [caller.query("BD_MATERIAL", "FMATERIALID", each) for each in where]

    caller.now += 60
    change = {"FMATERIALID": first, "FName": "y", "F_ANJI_MARKER": "b"}
    caller.make("BD_MATERIAL", change)
    changed = [caller.query("BD_MATERIAL", "FMATERIALID", each) for each in where]
    caller.status("Delete", "BD_MATERIAL", {"Ids": str(first)})
    deleted = [caller.query("BD_MATERIAL", "FMATERIALID", each) for each in where]

    assert before == [[[first]], [], [[first]]]
    assert changed == [[], [[first]], []]
    assert deleted == [[], [], []]


def test_a_view_gives_the_whole_record_under_property_names(caller: Caller) -> None:
    answer = caller.do("View", "SAL_SaleOrder", {"Number": "N2"})["Result"]

    record = answer["Result"]
    assert answer["ResponseStatus"] is None
    assert (record["BillNo"], record["DocumentStatus"]) == ("N2", "A")
    assert record["FModifyDate"] == "2026-01-05T16:02:00.5"
    assert record["CustId"]["Number"] == "C1"
    assert record["CustId_Id"] == record["CustId"]["Id"]
    assert record["Note"] == [{"Key": 2052, "Value": "a_b"}]
    assert [row["Seq"] for row in record["SaleOrderEntry"]] == [1, 2]
    assert record["SaleOrderFinance"][0]["SettleCurrId"]["Number"] == "PRE001"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"Number": "N9"}, "传递的编码值不存在"),
        ({"Id": 5}, "传递的内码值不存在"),
        ({"CreateOrgId": 0, "Number": "", "Id": ""}, "编码值或内码值必须传其一"),
    ],
)
def test_a_view_of_nothing_says_so(caller: Caller, data: Json, words: str) -> None:
    status = caller.status("View", "SAL_SaleOrder", data)

    assert status["Errors"][0]["Message"] == words


def test_the_metadata_names_entities_fields_and_operations(caller: Caller) -> None:
    answer = caller.do("QueryBusinessInfo", "", {"FormId": "sal_saleorder"})["Result"]

    info = answer["NeedReturnData"]
    fields = {each["Key"]: {one["Key"]: one for one in each["Fields"]} for each in info["Entrys"]}
    assert fields["FBillHead"]["FCustId"]["MustInput"] == 1
    assert fields["FBillHead"]["FCustId"]["LookUpObjectFormId"] == "BD_Customer"
    assert "FSettleCurrId" in fields["FSaleOrderFinance"]
    assert {"FQty", "F_ANJI_LINE"} <= set(fields["FSaleOrderEntry"])
    assert {each["OperationNumber"] for each in info["Operations"]} >= {"audit", "YLBillClose"}


def test_the_metadata_of_an_unknown_form_is_refused(caller: Caller) -> None:
    assert caller.status("QueryBusinessInfo", "", {"FormId": "X"})["MsgCode"] == 4


@given(st.text(alphabet="FID()'%=<>! andorlikeinbetweenull.,{}12", max_size=40))
def test_no_text_breaks_the_filter_reader(text: str) -> None:
    try:
        parse_filter(text)
    except FilterError:
        return
