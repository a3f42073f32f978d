"""A client that knows the sandbox CRM from the reference alone, over HTTP.

Written from the reference's requests and answers (its section is named at each test), not from
our connector, with a cipher of its own; only address and credentials are the sandbox's.
"""

import asyncio
import json
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from hashlib import sha1

import aiohttp
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from anji_sandbox.fxiaoke import FxiaokeCore
from anji_sandbox.http import serve
from anji_sandbox.store import Store
from labs.third_party import Json, NewStyle, OldStyle, where

KEY_OF_THE_VECTOR = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


@pytest.fixture
def core() -> FxiaokeCore:
    return FxiaokeCore(Store(), seed="third party")


@pytest.fixture
async def url(core: FxiaokeCore) -> AsyncIterator[str]:
    async with serve(core) as server:
        yield server.url


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
async def old(core: FxiaokeCore, url: str, session: aiohttp.ClientSession) -> OldStyle:
    client = OldStyle(session, url, core.credentials)
    await client.log_in("13800000001")
    return client


async def test_what_was_probed_without_credentials_is_answered_so(
    core: FxiaokeCore, url: str, session: aiohttp.ClientSession
) -> None:
    """6.1."""
    client = OldStyle(session, url, core.credentials)
    wrong = {"appId": core.credentials["app_id"], "appSecret": "x", "permanentCode": "x"}

    for path in ("/cgi/corpAccessToken/get/V2", "/oauth2.0/token"):
        told = await client.post(path, wrong)
        assert told["errorCode"] == 10006
        assert told["errorMessage"] == "the parameter appSecret is missing or illegal"
    none = await client.post("/cgi/crm/v2/data/query", {})
    invalid = {"corpAccessToken": "x", "corpId": "x", "currentOpenUserId": "x"}
    bad = await client.post("/cgi/crm/v2/data/query", invalid)
    missing = await client.post("/cgi/crm/v2/nothing", {})

    assert (none["errorCode"], bad["errorCode"], missing["errorCode"]) == (20017, 20016, 10006)
    assert none["traceId"].startswith("E-O.null.-1000-")
    assert bad["errorMessage"] == "the cropId,cropAccessToken or authorization is error"
    assert "is not exists" in missing["errorMessage"]


async def test_an_order_goes_its_way_in_the_old_style(old: OldStyle) -> None:
    """2.2 to 2.8."""
    account_id = await old.create("AccountObj", name="上海示例")
    product_id = await old.create("ProductObj", name="阀", price="100.00")
    line = {"product_id": product_id, "quantity": "2", "sales_price": "100.00", "subtotal": "200"}
    order_id = await old.create(
        "SalesOrderObj",
        {"SalesOrderProductObj": [{**line, "record_type": "default__c"}]},
        name="DD-0001",
        account_id=account_id,
        order_time=1_700_000_000_000,
        order_amount="200.00",
        record_type="default__c",
    )
    prefix, named = "/cgi/crm/v2/data/", {"dataObjectApiName": "SalesOrderObj"}

    edit = {"_id": order_id, "dataObjectApiName": "SalesOrderObj", "logistics_status": "2"}
    await old.call(prefix + "update", {"object_data": edit}, triggerWorkFlow=False)
    got = await old.call(prefix + "get", {**named, "objectDataId": order_id})
    (row,) = await old.rows("SalesOrderProductObj", where("order_id", "EQ", order_id))
    await old.call(prefix + "invalid", {**named, "object_data_id": order_id})
    refused = await old.call(prefix + "update", {"object_data": edit})
    await old.call(prefix + "recover", {**named, "idList": [order_id]})
    await old.call(prefix + "invalid", {**named, "object_data_id": order_id})
    await old.call(prefix + "delete", {**named, "idList": [order_id]})

    order = got["data"]
    assert (order["name"], order["logistics_status"]) == ("DD-0001", "2")
    assert (order["order_amount"], order["order_time"]) == ("200.00", 1_700_000_000_000)
    assert "remark" not in order
    assert (row["quantity"], row["product_id"]) == ("2", product_id)
    assert refused["errorCode"] != 0
    assert await old.rows("SalesOrderObj") == []
    assert await old.rows("SalesOrderProductObj") == []


async def test_records_change_hands_and_are_locked(old: OldStyle) -> None:
    """2.7."""
    record_id = await old.create("AccountObj", name="一")
    named = {"dataObjectApiName": "AccountObj"}
    found = await old.call("/cgi/user/getByMobile", mobile="13800000003")
    owner = found["empList"][0]["openUserId"]

    row = {"objectDataId": record_id, "ownerId": [owner]}
    await old.call("/cgi/crm/v2/data/changeOwner", {**named, "Data": [row]})
    lock = {**named, "dataIds": [record_id], "detailObjStrategy": 1}
    await old.call("/cgi/crm/v2/object/lock", lock)
    edit = {"object_data": {**named, "_id": record_id, "tel": "1"}}
    locked = await old.call("/cgi/crm/v2/data/update", edit)
    await old.call("/cgi/crm/v2/object/unlock", lock)
    unlocked = await old.call("/cgi/crm/v2/data/update", edit)

    (record,) = await old.rows("AccountObj")
    assert (record["owner"], record["tel"]) == ([owner], "1")
    assert (locked["errorCode"] != 0, unlocked["errorCode"]) == (True, 0)


async def test_a_custom_object_is_described_and_written(old: OldStyle) -> None:
    """2.1, 3.1."""
    objects = (await old.call("/cgi/crm/v2/object/list"))["data"]["objects"]
    (custom, *_) = [each for each in objects if each["defineType"] == "custom"]
    name = custom["describeApiName"]
    path = "/cgi/crm/v2/object/describe"
    above = (await old.call(path, apiName=name, includeDetail=True))["data"]["describe"]
    within = (await old.call(path, {"apiName": name}))["data"]["describe"]
    chosen = next(
        each
        for each in above["fields"].values()
        if each["define_type"] == "custom" and each.get("options")
    )
    value = chosen["options"][0]["value"]

    made = await old.create(name, **{chosen["api_name"]: value})

    (row,) = await old.rows(name, where("_id", "EQ", made))
    assert above == within
    assert above["display_name"] == above["label"] == custom["describeDisplayName"]
    assert row[chosen["api_name"]] == value


async def test_a_lead_becomes_an_account(old: OldStyle) -> None:
    """2.1."""
    lead_id = await old.create("LeadsObj", name="张三", company="上海示例", tel="021")

    data = {"leadsId": lead_id, "dataList": {"AccountObj": {}}, "combineCRMFeed": True}
    told = await old.call("/cgi/crm/v2/leads/transfer", data, triggerWorkFlow=False)

    (account,) = await old.rows("AccountObj")
    assert told["errorCode"] == 0
    assert (account["name"], account["tel"]) == ("上海示例", "021")


async def test_messages_are_sent_to_people(old: OldStyle, core: FxiaokeCore) -> None:
    """5.4."""
    user = [old.identity["currentOpenUserId"]]
    link = "fs://CRM/udobj?" + json.dumps({"objDescApiName": "SalesOrderObj", "objDataId": "1"})
    composite = {
        "head": {"title": "refused"},
        "first": {"content": "DD-0001"},
        "form": [{"label": "why", "value": "no credit"}],
        "remark": {"content": "see console"},
        "link": {"title": "open", "url": link},
    }
    path = "/cgi/message/send"

    text = await old.call(path, toUser=user, msgType="text", text={"content": "hello"})
    card = await old.call(path, toUser=user, msgType="composite", composite=composite)
    crowd = await old.call(path, toUser=user * 501, msgType="text", text={"content": "x"})

    assert (text["errorCode"], card["errorCode"], crowd["errorCode"]) == (0, 0, 11016)
    assert [each["type"] for each in core.messages()] == ["text", "composite"]


async def test_a_long_list_is_read_by_id_as_offsets_end_at_ten_thousand(old: OldStyle) -> None:
    """2.5."""
    ids = [await old.create("ContactObj", name=str(number)) for number in range(25)]
    by_id = [{"fieldName": "_id", "isAsc": True}]

    seen: list[str] = []
    while True:
        after = [where("_id", "GT", seen[-1])] if seen else []
        page = await old.rows(
            "ContactObj", *after, limit=10, orders=by_id, fieldProjection=["_id"]
        )
        seen += [each["_id"] for each in page]
        if len(page) < 10:
            break
    far = await old.call(
        "/cgi/crm/v2/data/query",
        {"dataObjectApiName": "ContactObj", "search_query_info": {"limit": 100, "offset": 10_100}},
    )

    assert seen == sorted(ids)
    assert far["errorCode"] == 10013
    assert far["errorMessage"] == "offset out of range 10000"


async def test_the_same_records_in_the_new_style(
    core: FxiaokeCore, url: str, session: aiohttp.ClientSession
) -> None:
    """1.4, 2.5, 3.2."""
    client = NewStyle(session, url, core.credentials)
    token = await client.log_in("1000")
    create = {
        "triggerApprovalFlow": False,
        "data": {
            "object_data": {"dataObjectApiName": "AccountObj", "name": "上海", "owner": ["1001"]}
        },
    }

    made = await client.call("/cgi/crm/v2/data/create", create)
    asked = {
        "limit": 10,
        "offset": 0,
        "filters": [where("owner", "IN", "1001")],
        "orders": [],
        "fieldProjection": ["_id", "owner"],
    }
    data = {"dataObjectApiName": "AccountObj", "search_query_info": asked}
    short = await client.call("/cgi/crm/v2/data/query", {"data": data})
    long = await client.call("/cgi/crm/v2/data/query", {"data": data, "convertUserId": True})
    client.headers["authorization"] = "Bearer x"
    refused = await client.call("/cgi/crm/v2/data/query", {"data": data})

    assert token["openUserId"] == core.credentials["corp_id"]
    assert short["data"]["dataList"] == [{"_id": made["dataId"], "owner": ["1001"]}]
    assert long["data"]["dataList"][0]["owner"][0].startswith("FSUID_")
    assert refused["errorCode"] == 20016


def decrypted(text: str, key: str) -> bytes:
    raw = b64decode(key)
    machine = Cipher(AES(raw), CBC(raw[:16])).decryptor()
    padded = machine.update(b64decode(text)) + machine.finalize()
    return padded[: -padded[-1]]


def encrypted(plain: bytes, key: str) -> str:
    raw, missing = b64decode(key), 16 - len(plain) % 16
    machine = Cipher(AES(raw), CBC(raw[:16])).encryptor()
    return b64encode(machine.update(plain + bytes([missing]) * missing)).decode()


def signed(*parts: object) -> str:
    return sha1("".join(map(str, parts)).encode(), usedforsecurity=False).hexdigest()


def test_this_clients_cipher_reads_the_published_vector() -> None:
    """5.1: else the next test would compare two mistakes."""
    assert encrypted(b"success", KEY_OF_THE_VECTOR) == "ArsKAyhvk7QKghXe0zdCeQ=="
    assert signed(1700000001000, "n1", "ArsKAyhvk7QKghXe0zdCeQ==", KEY_OF_THE_VECTOR) == (
        "14df8f780e35554536923e67594cfd1cb9c5ff00"
    )


async def test_an_event_arrives_verified_and_is_answered_as_the_vendors_demo_does(
    old: OldStyle, core: FxiaokeCore
) -> None:
    """5.1."""
    key = core.credentials["callback_aes_key"]
    events: asyncio.Queue[Json] = asyncio.Queue()

    async def take(request: web.Request) -> web.Response:
        told = await request.json()
        body = told["encryptedContent"]
        parts = [told["timestamp"], told["nonce"], told["messageId"]]
        parts += [told["retryTimes"]] if "retryTimes" in told else []
        assert told["signature"] == signed(*parts, told["enterpriseAccount"], body, key)
        await events.put(json.loads(decrypted(body, key)))
        result, now, nonce = encrypted(b"success", key), 1_700_000_000_000, "n"
        answer = {"timestamp": now, "nonce": nonce, "encryptedResult": result}
        return web.json_response({"signature": signed(now, nonce, result, key), **answer})

    app = web.Application()
    app.router.add_post("/callback", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    core.callback_url = f"http://127.0.0.1:{runner.addresses[0][1]}/callback"

    record_id = await old.create("AccountObj", name="一")
    async with asyncio.timeout(10):
        event = await events.get()
    got = await old.call(
        "/cgi/crm/v2/data/get",
        {"dataObjectApiName": event["apiName"], "objectDataId": event["dataId"]},
    )
    await runner.cleanup()

    assert set(event) == {
        "tenantId", "eventType", "apiName", "dataId", "timestamp", "messageId",
    }  # fmt: skip
    assert (event["eventType"], event["dataId"]) == ("update", record_id)
    assert str(event["tenantId"]) == got["data"]["tenant_id"]
