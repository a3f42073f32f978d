"""Kingdee's own Python SDK works against the sandbox, unchanged and over HTTP."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from k3cloud_webapi_sdk.main import K3CloudApiSdk

from anji_sandbox.http import serve
from anji_sandbox.k3cloud import K3CloudCore, K3CloudSwitches
from anji_sandbox.store import Store
from labs.k3cloud_client import order_model


class Sdk:
    """The SDK with credentials of a sandbox; its calls block, so each runs in a thread."""

    def __init__(self, url: str, core: K3CloudCore, **other: str) -> None:
        known = {**core.credentials, **other}
        self.api = K3CloudApiSdk(f"{url}/k3cloud/")
        self.api.InitConfig(
            known["acct_id"], known["username"], known["app_id"], known["app_secret"], url
        )

    async def text(self, method: str, *arguments: object) -> str:
        found: str = await asyncio.to_thread(getattr(self.api, method), *arguments)
        return found

    async def call(self, method: str, *arguments: object) -> Any:  # noqa: ANN401 - JSON
        return json.loads(await self.text(method, *arguments))

    async def good(self, method: str, *arguments: object) -> dict[str, Any]:
        """Make a call that must be accepted, and return its Result."""
        found = await self.call(method, *arguments)
        assert found["Result"]["ResponseStatus"]["IsSuccess"], found
        result: dict[str, Any] = found["Result"]
        return result


@pytest.fixture
def core() -> K3CloudCore:
    return K3CloudCore(Store(), K3CloudSwitches(async_seconds=0.5), seed=11)


@pytest.fixture
async def sdk(core: K3CloudCore) -> AsyncIterator[Sdk]:
    async with serve(core) as server:
        found = Sdk(server.url, core)
        await found.good("Save", "BD_Customer", {"Model": {"FNumber": "C1", "FName": "客户一"}})
        # Its own sample saves `BD_Material`, and sends the field `FUserOrgId`.
        model = {"FNumber": "M1", "FName": "物料一", "FUserOrgId": {"FNumber": "100"}}
        await found.good("Save", "BD_Material", {"Model": model})
        yield found


async def test_the_first_signed_call_makes_a_session_that_the_next_ones_use(
    sdk: Sdk, core: K3CloudCore
) -> None:
    kept = sdk.api.cookiesStore

    await sdk.call("ExecuteBillQuery", {"FormId": "BD_Currency", "FieldKeys": "FCODE"})

    assert kept.SID
    assert {name.strip() for name in kept.cookies} == {"ASP.NET_SessionId", "kdservice-sessionid"}
    assert core.store.number("k3cloud session") == 1


async def test_an_order_goes_through_its_life(sdk: Sdk) -> None:
    saved = await sdk.good("Save", "SAL_SaleOrder", {"Model": order_model(2, 3)})
    number, ids = saved["Number"], str(saved["Id"])

    for method in ("Submit", "cancelAssign", "Submit", "Audit"):
        await sdk.good(method, "SAL_SaleOrder", {"Numbers": [number]})
    data = {"Ids": ids, "TargetFormId": "SAL_DELIVERYNOTICE", "IsEnableDefaultRule": "true"}
    pushed = await sdk.good("Push", "SAL_SaleOrder", data)
    viewed = await sdk.call("View", "SAL_SaleOrder", {"Number": number})
    closed = await sdk.good("ExcuteOperation", "SAL_SaleOrder", "YLBillClose", {"Ids": ids})

    assert pushed["ConvertResponseStatus"]["IsSuccess"]
    assert viewed["Result"]["Result"]["DocumentStatus"] == "C"
    assert closed["ResponseStatus"]["SuccessEntitys"][0]["Number"] == number
    where = {"FormId": "SAL_SaleOrder", "FieldKeys": "FBillNo,FCloseStatus,FQty"}
    rows = await sdk.call("ExecuteBillQuery", where)
    assert rows == [[number, "B", 2.0], [number, "B", 3.0]]
    assert (await sdk.call("BillQuery", where))[0] == {
        "FBillNo": number, "FCloseStatus": "B", "FQty": 2.0,
    }  # fmt: skip


async def test_a_refusal_is_found_by_the_text_that_clients_search_for(sdk: Sdk) -> None:
    refused = await sdk.text("Save", "BD_Customer", {"Model": {"FNumber": "C1", "FName": "x"}})
    query = await sdk.text("ExecuteBillQuery", {"FormId": "X", "FieldKeys": "FID"})

    assert '"IsSuccess":false' in refused
    assert query.startswith("[[")
    assert '"IsSuccess":false' in query


async def test_a_batch_is_saved_by_polling(sdk: Sdk) -> None:
    models = [{"FNumber": f"B{at}", "FName": "x"} for at in range(3)]

    found = await sdk.call("BatchSaveQuery", "BD_Customer", {"Model": models, "BatchCount": 2})

    numbers = [each["Number"] for each in found["Result"]["ResponseStatus"]["SuccessEntitys"]]
    assert numbers == ["B0", "B1", "B2"]


async def test_a_file_goes_up_and_comes_down(sdk: Sdk) -> None:
    saved = await sdk.good("Draft", "SAL_SaleOrder", {"Model": {"FNote": "x"}})
    data = {
        "FileName": "合同.pdf",
        "FormId": "SAL_SaleOrder",
        "IsLast": True,
        "InterId": saved["Id"],
        "SendByte": base64.b64encode(b"%PDF-1.7 x").decode(),
    }

    sent = await sdk.good("AttachmentUpload", data)
    got = await sdk.good("attachmentDownLoad", {"FileId": sent["FileId"], "StartIndex": 0})

    assert base64.b64decode(got["FilePart"]) == b"%PDF-1.7 x"
    assert (got["IsLast"], got["FileName"]) == (True, "合同.pdf")


async def test_base_data_is_allocated_grouped_and_described(sdk: Sdk) -> None:
    rows = await sdk.call("BillQuery", {"FormId": "BD_Customer", "FieldKeys": "FCUSTID"})
    ids = str(rows[0]["FCUSTID"])

    await sdk.good("Allocate", "BD_Customer", {"PkIds": ids, "TOrgIds": "2"})
    group = {"GroupFieldKey": "FGroup", "FNumber": "G1", "FName": "一组"}
    await sdk.good("GroupSave", "BD_Customer", group)
    groups = await sdk.good("QueryGroupInfo", {"FormId": "BD_Customer", "GroupFieldKey": "FGroup"})
    info = await sdk.call("QueryBusinessInfo", {"FormId": "BD_Customer"})
    flex = await sdk.good(
        "FlexSave", "BD_FLEXSITEMDETAILV", {"Model": [{"FF1": {"FNumber": "a"}}]}
    )
    message = {"FTitle": "t", "FContent": "c", "FReceivers": "demo", "FType": "1"}
    await sdk.good("SendMsg", {"Model": [message]})
    await sdk.good("SwitchOrg", {"OrgNumber": "101"})

    assert groups["NeedReturnData"][0]["FNumber"] == "G1"
    assert info["Result"]["NeedReturnData"]["PkFieldName"] == "FCUSTID"
    assert flex["ResponseStatus"]["SuccessEntitys"][0]["Id"] > 0


async def test_every_method_of_the_sdk_gets_an_answer_in_the_vendors_shape(sdk: Sdk) -> None:
    """Also those whose bodies nobody has described: they are refused, not left alone."""
    data = {"FormId": "BD_Customer", "Ids": "1"}
    methods = {
        "Delete": ("BD_Customer", data),
        "UnAudit": ("BD_Customer", data),
        "CancelAllocate": ("BD_Customer", data),
        "GetSysReportData": ("STK_X", data),
        "GroupDelete": (data,),
        "WorkflowAudit": (data,),
    }
    for method, arguments in methods.items():
        found = await sdk.call(method, *arguments)
        assert found["Result"]["ResponseStatus"]["Errors"], (method, found)
    with pytest.raises(RuntimeError, match="服务 disassembly 不存在"):
        await sdk.text("Disassembly", "BD_Customer", data)


async def test_the_account_sets_are_listed_without_a_login(core: K3CloudCore) -> None:
    async with serve(core) as server:
        found = await Sdk(server.url, core).call("GetDataCenters")

    assert found[0]["Id"] == core.credentials["acct_id"]


@pytest.mark.parametrize(
    ("wrong", "lost"),
    [("app_secret", "会话信息已丢失"), ("username", "会话信息已丢失"), ("acct_id", "passport")],
)
async def test_wrong_credentials_are_told_as_the_vendor_tells_them(
    core: K3CloudCore, wrong: str, lost: str
) -> None:
    async with serve(core) as server:
        bad = Sdk(server.url, core, **{wrong: "x" * 32})

        try:
            told = await bad.text("View", "BD_Customer", {"Number": "C1"})
        except RuntimeError as error:
            told = str(error)

    assert lost in told
