"""Forms as a site describes them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anji_common.errors import UndecodableError
from anji_common.interest import FieldInterest, LinesInterest, ObjectInterest
from anji_k3cloud.described import FormInfo, Suspect, form_from_answer, suspects


def told(**entries: list[Any]) -> dict[str, Any]:
    return {
        "Result": {
            "NeedReturnData": {
                "Name": [{"Key": 2052, "Value": "销售订单"}],
                "Entrys": [
                    {
                        "Key": key,
                        "Name": key,
                        "Fields": [
                            each
                            if isinstance(each, dict)
                            else {"Key": each, "Name": "x", "MustInput": 0, "FieldType": "text"}
                            for each in fields
                        ],
                    }
                    for key, fields in entries.items()
                ],
                "Operations": [{"OperationNumber": "Save"}, {"OperationNumber": "Audit"}],
            }
        }
    }


ORDER = form_from_answer(
    "SAL_SaleOrder",
    told(
        FBillHead=["FBillNo", "FCustId", "F_ABCD_Text"],
        FSaleOrderFinance=["FSettleCurrId"],
        FSaleOrderEntry=["FMaterialId", "FQty"],
    ),
)


def test_a_description_is_read_whatever_its_languages() -> None:
    must = {"Key": "FName", "Name": [{"Key": 2052, "Value": "名称"}], "MustInput": "1"}

    form = form_from_answer("X", told(FBillHead=[must]))

    assert form.name == "销售订单"
    assert form.operations == ("Save", "Audit")
    (field,) = form.entries[0].fields
    assert (field.key, field.name, field.is_must, field.kind) == ("FName", "名称", True, "")


@pytest.mark.parametrize(
    "answer", [None, [], {}, {"Result": {}}, {"Result": {"NeedReturnData": {"Entrys": []}}}]
)
def test_an_answer_without_entries_describes_nothing(answer: object) -> None:
    with pytest.raises(UndecodableError, match="BD_Customer"):
        form_from_answer("BD_Customer", answer)


def test_what_the_form_lacks_is_named_and_keys_are_compared_without_case() -> None:
    interest = ObjectInterest(
        "SAL_SaleOrder",
        "FID",
        "FBillNo",
        (
            FieldInterest("fbillno"),
            FieldInterest("FCustomerID"),
            FieldInterest("FSaleOrderFinance.FSettleCurrId"),
            FieldInterest("FStockLocID.FSTOCKLOCID__FF100001"),
        ),
        (LinesInterest("fsaleorderentry", "FEntryID", (FieldInterest("FBillNo"),)),),
    )

    assert suspects(interest, ORDER) == (
        Suspect("FCustomerID", "FCustomerID"),
        Suspect("fsaleorderentry.FBillNo", "FBillNo"),
    )
    assert ORDER.nearest("FCustomerID") == "FCustId"
    assert ORDER.nearest("Zzz") == ""


def test_a_packet_gets_the_sites_own_spelling_and_its_values_stay() -> None:
    model: Any = {
        "FID": 0,
        "FCUSTID": {"FNUMBER": "C1"},
        "FSALEORDERFINANCE": {"FSETTLECURRID": {"FNumber": "PRE001"}},
        "fsaleorderentry": [{"FMATERIALID": {"FNumber": "fqty"}, "FOther": 1}],
    }

    assert ORDER.spelled_model(model) == {
        "FID": 0,
        "FCustId": {"FNUMBER": "C1"},
        "FSaleOrderFinance": {"FSettleCurrId": {"FNumber": "PRE001"}},
        "FSaleOrderEntry": [{"FMaterialId": {"FNumber": "fqty"}, "FOther": 1}],
    }
    assert ORDER.spelled_names(("FCUSTID", "fsaleorderentry", "FNope")) == (
        "FCustId",
        "FSaleOrderEntry",
        "FNope",
    )


@given(st.dictionaries(st.text(max_size=5), st.integers() | st.lists(st.integers()), max_size=6))
def test_a_form_that_is_not_described_changes_no_packet(model: dict[str, Any]) -> None:
    assert FormInfo("X", "", ()).spelled_model(model) == model
