"""Whatever is sent, the core answers, and stays whole."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anji_sandbox.core import Core
from anji_sandbox.k3cloud import K3CloudCore
from anji_sandbox.k3cloud.base_forms import MATERIAL
from anji_sandbox.k3cloud.catalogue import STANDARD
from anji_sandbox.k3cloud.forms import Kind
from anji_sandbox.store import Store
from labs.k3cloud_client import FORMS, Caller, make_caller, order_model

KEYS = st.sampled_from(
    ["FID", "FBillNo", "FCustId", "FDate", "FNote", "FISINIT", "FSaleOrderFinance", "FQty",
     "FSettleCurrId", "FSaleOrderEntry", "FEntryID", "FMaterialId", "FOrderEntryPlan", "F_AB_C",
     "FNumber", "FDocumentStatus", "FPlanQty"]
)  # fmt: skip
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**7) | st.floats() | st.text(max_size=5)
    | st.sampled_from(["C1", "M1", "100", "2026-01-05", "1e400", "²"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=12,
)  # fmt: skip
METHODS = st.sampled_from(
    ["Save", "Draft", "BatchSave", "View", "Submit", "Audit", "Push", "ExcuteOperation", "Delete",
     "ExecuteBillQuery", "BillQuery", "QueryBusinessInfo", "Allocate", "CancelAllocate",
     "GroupSave", "GroupDelete", "QueryGroupInfo", "WorkflowAudit", "SendMsg", "FlexSave",
     "SwitchOrg", "AttachmentUpload", "AttachmentDownLoad", "QueryAsyncResult"]
)  # fmt: skip


@pytest.fixture(scope="module")
def caller() -> Caller:
    found = make_caller()
    found.make_parties()
    return found


@given(model=st.dictionaries(KEYS, VALUES, max_size=8))
def test_every_packet_is_answered_and_stored_whole_or_not_at_all(
    caller: Caller, model: dict[str, Any]
) -> None:
    before = caller.query("SAL_SaleOrder", "FID")

    status = caller.status("Save", "SAL_SaleOrder", {"Model": order_model(1) | model | {"x": 1}})

    assert status["IsSuccess"] is False
    assert caller.query("SAL_SaleOrder", "FID") == before


@given(model=st.dictionaries(KEYS, VALUES, min_size=1, max_size=8))
def test_what_was_accepted_can_be_read_back(caller: Caller, model: dict[str, Any]) -> None:
    result = caller.do("Draft", "SAL_SaleOrder", {"Model": model})["Result"]

    if result["ResponseStatus"]["IsSuccess"]:
        found = caller.do("View", "SAL_SaleOrder", {"Id": result["Id"]})["Result"]["Result"]
        assert found["Id"] == result["Id"]


@given(method=METHODS, data=st.dictionaries(
    st.sampled_from(["Ids", "Numbers", "Id", "Number", "Model", "FormId", "FieldKeys", "Limit",
                     "FilterString", "OrderString", "StartRow", "EntryIds", "RuleId", "PkIds",
                     "TOrgIds", "GroupFieldKey", "GroupPkId", "GroupPkIds", "FParentId", "FNumber",
                     "FName", "ApprovalType", "OrgNumber", "SendByte", "FileId", "InterId",
                     "EntryinterId", "StartIndex", "InterationFlags"]),
    VALUES | st.sampled_from(["SAL_SaleOrder", "BD_Customer", "FGroup", "eA==", "1", "2"]),
    max_size=6,
))  # fmt: skip
def test_every_call_is_answered(caller: Caller, method: str, data: dict[str, Any]) -> None:
    form_id = "SAL_SaleOrder" if "TOrgIds" not in data else "BD_Customer"
    document = {"formid": form_id, "opNumber": "Cancel", "data": data, "queryInfo": data}
    body = orjson.dumps(document)

    answer = caller.post(f"{FORMS}{method}.common.kdsvc", body)

    assert answer.status == 200
    assert orjson.loads(answer.body) is not None


def test_a_call_that_breaks_leaves_nothing_behind(caller: Caller) -> None:
    before = caller.query("BD_MATERIAL", "FMATERIALID,FName")

    with pytest.raises(ZeroDivisionError):
        _make_and_break(caller)
    caller.core.records.read_again()

    assert caller.query("BD_MATERIAL", "FMATERIALID,FName") == before
    assert caller.records(MATERIAL).find_number("M1") is not None


def _make_and_break(caller: Caller) -> None:
    with caller.core.store.transaction():
        caller.make("BD_MATERIAL", {"FName": "lost"})
        raise ZeroDivisionError


def test_the_core_is_a_core() -> None:
    core: Core = K3CloudCore(Store())

    assert core.name == "k3cloud"


def test_writes_and_calls_are_counted() -> None:
    caller = make_caller()
    record_id = caller.make("BD_MATERIAL", {"FName": "x"}, IsAutoSubmitAndAudit=True)
    caller.query("BD_MATERIAL", "FName", f"FMATERIALID={record_id}")

    store = caller.core.store
    assert store.calls == {
        "validateuser": 1, "save BD_MATERIAL": 1, "executebillquery BD_MATERIAL": 1,
    }  # fmt: skip
    assert store.writes == {
        "BD_MATERIAL create": 1, "BD_MATERIAL submit": 1, "BD_MATERIAL audit": 1,
    }  # fmt: skip


@pytest.mark.parametrize("form_id", sorted(STANDARD))
def test_every_field_of_every_form_can_be_queried(caller: Caller, form_id: str) -> None:
    form = caller.core.records.forms.standard(STANDARD[form_id])
    for entity in ["", *(each.key for each in form.entities.values() if not each.single)]:
        asked = [each.key for each in form.stored_in(entity) if each.kind is not Kind.FLEX]
        keys = ",".join(asked) or form.key

        found = caller.query(form_id, keys, "1=1")

        assert not found or not isinstance(found[0][0], dict), (entity, found)
