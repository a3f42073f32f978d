"""Base data belongs to organisations: a bill names its own organisation's only."""

import pytest

from anji_sandbox.k3cloud import K3CloudSwitches
from labs.k3cloud_client import Caller, Json, make_caller, order_model

BRANCH = {"FSaleOrgId": {"FNumber": "101"}}


@pytest.fixture
def caller() -> Caller:
    found = make_caller()
    found.make_parties()
    return found


def ids(caller: Caller, form_id: str, key: str) -> str:
    return ",".join(str(row[0]) for row in caller.query(form_id, key))


def allocate(caller: Caller, **more: object) -> None:
    for form_id, key in (("BD_Customer", "FCUSTID"), ("BD_MATERIAL", "FMATERIALID")):
        data = {"PkIds": ids(caller, form_id, key), "TOrgIds": "2", **more}
        status = caller.status("Allocate", form_id, data)
        assert status["IsSuccess"], status


def test_an_order_cannot_name_a_customer_that_its_organisation_was_not_given(
    caller: Caller,
) -> None:
    status = caller.status("Save", "SAL_SaleOrder", {"Model": order_model(1, **BRANCH)})

    text = "字段“客户”的编码值[“C1”]未分配到组织[“101”]"
    assert [(each["FieldName"], each["Message"]) for each in status["Errors"]] == [
        ("FCustId", text)
    ]


def test_it_may_where_the_switch_does_not_check_that() -> None:
    caller = make_caller(K3CloudSwitches(checks_allocation=False))
    caller.make_parties()

    assert caller.make("SAL_SaleOrder", order_model(1, **BRANCH))


def test_an_allocated_record_is_a_copy_with_the_same_number_and_master(caller: Caller) -> None:
    allocate(caller, IsAutoSubmitAndAudit="true")

    order = caller.make("SAL_SaleOrder", order_model(1, **BRANCH))

    rows = caller.query("BD_Customer", "FCUSTID,FNumber,FUseOrgId.FNumber,FDocumentStatus")
    mine, branch = rows
    assert [each[1:] for each in rows] == [["C1", "100", "A"], ["C1", "101", "C"]]
    assert caller.query("SAL_SaleOrder", "FID,FCustId") == [[order, branch[0]]]
    masters = [
        caller.do("View", "BD_Customer", {"Id": each[0]})["Result"]["Result"]["msterID"]
        for each in rows
    ]
    assert masters == [mine[0], mine[0]]
    assert len(caller.query("SAL_SaleOrder", "FID", "FCustId.FNumber='C1'")) == 1


def test_a_number_names_the_copy_of_the_organisation_that_the_call_says(caller: Caller) -> None:
    allocate(caller)

    told = caller.status("Submit", "BD_Customer", {"Numbers": ["C1"], "UseOrgId": 2})

    rows = caller.query("BD_Customer", "FUseOrgId.FNumber,FDocumentStatus")
    assert told["IsSuccess"]
    assert rows == [["100", "A"], ["101", "B"]]


def test_allocating_twice_makes_one_copy_and_withdrawing_takes_it_away(caller: Caller) -> None:
    allocate(caller)
    allocate(caller)
    twice = len(caller.query("BD_Customer", "FCUSTID"))

    original = caller.query("BD_Customer", "FCUSTID", "FUseOrgId.FNumber='100'")[0][0]
    data = {"PkIds": str(original), "TOrgIds": "2"}
    own = caller.status("CancelAllocate", "BD_Customer", {**data, "TOrgIds": "1"})
    gone = caller.status("CancelAllocate", "BD_Customer", data)
    again = caller.status("CancelAllocate", "BD_Customer", data)

    assert (twice, gone["IsSuccess"], again["IsSuccess"]) == (2, True, False)
    assert own["Errors"][0]["Message"] == "编码为“C1”的客户未分配到该组织"
    assert len(caller.query("BD_Customer", "FCUSTID")) == 1


def test_a_number_is_unique_over_all_organisations(caller: Caller) -> None:
    other = {"FNumber": "C1", "FName": "x", "FCreateOrgId": {"FNumber": "101"}}

    status = caller.status("Save", "BD_Customer", {"Model": other})

    assert status["Errors"][0]["FieldName"] == "FNumber"


@pytest.mark.parametrize(
    ("form_id", "data", "code"),
    [
        ("BD_Customer", {"TOrgIds": "2"}, 8),
        ("BD_Customer", {"PkIds": "1"}, 8),
        ("BD_Customer", {"PkIds": "1", "TOrgIds": "2"}, 10),
        ("SAL_SaleOrder", {"PkIds": "1", "TOrgIds": "2"}, 12),
    ],
)
def test_what_cannot_be_allocated_is_refused(
    caller: Caller, form_id: str, data: Json, code: int
) -> None:
    assert caller.status("Allocate", form_id, data)["MsgCode"] == code


def test_base_data_cannot_be_allocated_to_an_organisation_that_is_not_there(
    caller: Caller,
) -> None:
    data = {"PkIds": ids(caller, "BD_Customer", "FCUSTID"), "TOrgIds": "99"}

    assert caller.status("Allocate", "BD_Customer", data)["MsgCode"] == 10
