"""``fxiaoke-python``, a public client of the CRM, works against the sandbox, unchanged.

It has the vendor's address built in, so the session that it makes carries each request to the
sandbox instead; nothing of the client itself is touched. Source: reference S5, section 10.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fxiaoke.api import FxiaokeApi
from fxiaoke.baseObj import baseObj
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter

from anji_sandbox.fxiaoke import FxiaokeCore
from anji_sandbox.http import serve
from anji_sandbox.store import Store

_VENDOR = "https://open.fxiaoke.com"


class ToTheSandbox(HTTPAdapter):
    """Carries the vendor's requests to another address."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def send(self, request: PreparedRequest, *arguments: Any, **others: Any) -> Response:  # noqa: ANN401 - passed on
        request.url = str(request.url).replace(_VENDOR, self._url)
        return super().send(request, *arguments, **others)


@pytest.fixture
def core() -> FxiaokeCore:
    return FxiaokeCore(Store(), seed="package")


@pytest.fixture
async def api(core: FxiaokeCore) -> AsyncIterator[FxiaokeApi]:
    known = core.credentials
    made = FxiaokeApi.init(
        known["app_id"], known["app_secret"], known["permanent_code"], known["open_user_id"]
    )
    async with serve(core) as server:
        # Its session is a `requests` session, where such an adapter is the customary way.
        made._session.requests.mount(_VENDOR, ToTheSandbox(server.url))  # noqa: SLF001 - no other way
        yield made
        made._session.requests.close()  # noqa: SLF001 - it never closes by itself


async def test_it_pages_by_the_answers_total_and_sees_every_record_once(
    api: FxiaokeApi, core: FxiaokeCore
) -> None:
    accounts, owner = baseObj(api, "AccountObj"), [core.credentials["open_user_id"]]
    bound = {"field_name": "last_modified_time", "operator": "BETWEEN"}
    everything = {**bound, "field_values": [0, 9_999_999_999_999]}

    def work() -> tuple[list[str], list[str], int]:
        made = [
            accounts.create({"name": f"客户{number}", "owner": owner})["dataId"]
            for number in range(25)
        ]
        cursor = accounts.query(filters=[everything], limit=10)
        return made, [row["_id"] for row in cursor], cursor.total()

    made, seen, total = await asyncio.to_thread(work)

    assert seen == made
    assert total == 25


async def test_it_reads_a_record_and_the_description_of_its_object(
    api: FxiaokeApi, core: FxiaokeCore
) -> None:
    products, owner = baseObj(api, "ProductObj"), [core.credentials["open_user_id"]]

    def work() -> tuple[Any, Any]:
        made = products.create({"name": "球阀", "price": "1.50", "owner": owner})
        return products.get(made["dataId"]), products.describe()

    record, told = await asyncio.to_thread(work)

    assert (record["name"], record["price"]) == ("球阀", "1.50")
    assert told["describe"]["fields"]["price"]["type"] == "currency"


async def test_it_writes_a_custom_object_with_lines_on_the_custom_path(
    api: FxiaokeApi, core: FxiaokeCore
) -> None:
    heads, lines = baseObj(api, "object_delivery__c"), baseObj(api, "object_delivery_line__c")
    head = {"owner": [core.credentials["open_user_id"]], "amount__c": "3.50"}
    of_head = {"field_name": "delivery_id__c", "operator": "EQ"}

    def work() -> list[Any]:
        details = {"object_delivery_line__c": [{"quantity__c": 2}, {"quantity__c": 0.5}]}
        made = heads.create(head, details)["dataId"]
        return list(lines.query(filters=[{**of_head, "field_values": [made]}]))

    rows = await asyncio.to_thread(work)

    assert [row["quantity__c"] for row in rows] == ["2", "0.5"]


async def test_a_refusal_is_an_error_to_it(api: FxiaokeApi) -> None:
    with pytest.raises(RuntimeError, match="required field name"):
        await asyncio.to_thread(baseObj(api, "ContactObj").create, {"tel1": "1"})
