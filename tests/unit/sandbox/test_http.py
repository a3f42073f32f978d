"""The HTTP skin over both a faithful and a faulty vendor."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from anji_sandbox.core import Answer, Request
from anji_sandbox.faults import Fault
from anji_sandbox.fxiaoke import FxiaokeCore, FxiaokeSwitches
from anji_sandbox.fxiaoke.cipher import encrypt
from anji_sandbox.http import Server, serve
from anji_sandbox.store import Store
from labs.crm import NO_LIMITS

TOKEN = "/cgi/corpAccessToken/get/V2"


@pytest.fixture
def core() -> FxiaokeCore:
    return FxiaokeCore(Store(), FxiaokeSwitches(callback_retry_seconds=0.05), NO_LIMITS)


@pytest.fixture
async def server(core: FxiaokeCore) -> AsyncIterator[Server]:
    async with serve(core) as running:
        yield running


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


def token_body(core: FxiaokeCore) -> dict[str, str]:
    known = core.credentials
    return {
        "appId": known["app_id"],
        "appSecret": known["app_secret"],
        "permanentCode": known["permanent_code"],
    }


async def post(session: aiohttp.ClientSession, url: str, body: object) -> Any:  # noqa: ANN401 - JSON
    async with session.post(url, json=body) as answer:
        return await answer.json(content_type=None)


async def create(session: aiohttp.ClientSession, server: Server, core: FxiaokeCore) -> Any:  # noqa: ANN401 - JSON
    got = await post(session, server.url + TOKEN, token_body(core))
    own = core.credentials["open_user_id"]
    body = {
        "corpAccessToken": got["corpAccessToken"],
        "corpId": got["corpId"],
        "currentOpenUserId": own,
        "data": {"object_data": {"dataObjectApiName": "AccountObj", "name": "一", "owner": [own]}},
    }
    return await post(session, server.url + "/cgi/crm/v2/data/create", body)


async def test_a_call_over_http_is_the_cores_answer(
    session: aiohttp.ClientSession, server: Server, core: FxiaokeCore
) -> None:
    made = await create(session, server, core)

    record = core.store.get("AccountObj", made["dataId"])
    assert record is not None
    assert record["name"] == "一"


async def test_a_dropped_answer_closes_the_connection_and_keeps_the_write(
    session: aiohttp.ClientSession, server: Server, core: FxiaokeCore
) -> None:
    server.faults.add(Fault(kind="drop_after", endpoint="*/create"))

    with pytest.raises(aiohttp.ClientConnectionError):
        await create(session, server, core)

    assert core.store.count("AccountObj") == 1
    assert (await create(session, server, core))["errorCode"] == 0


async def test_a_delayed_answer_outlasts_an_impatient_client_and_ends_with_the_server(
    session: aiohttp.ClientSession, core: FxiaokeCore
) -> None:
    loop = asyncio.get_running_loop()
    started = loop.time()
    async with serve(core) as server:
        server.faults.add(Fault(kind="delay", delay_seconds=60))
        with pytest.raises(TimeoutError):
            async with session.get(server.url + "/x", timeout=aiohttp.ClientTimeout(0.1)):
                pass

    assert 0.1 <= loop.time() - started < 5


class Noticing:
    """A vendor that tells when it was called."""

    name = "k3cloud"

    def __init__(self) -> None:
        self.store = Store()
        self.is_called = asyncio.Event()

    def handle(self, _request: Request, _now: float) -> Answer:
        self.is_called.set()
        return Answer(200, (), b"")


async def test_a_late_commit_happens_without_another_call(session: aiohttp.ClientSession) -> None:
    vendor = Noticing()
    async with serve(vendor) as server:
        server.faults.add(Fault(kind="commit_late", delay_seconds=0.05))
        with pytest.raises(aiohttp.ClientConnectionError):
            await post(session, server.url + "/x", {})
        before = vendor.is_called.is_set()
        async with asyncio.timeout(5):
            await vendor.is_called.wait()

    assert not before


async def test_faults_are_set_listed_and_cleared_over_http(
    session: aiohttp.ClientSession, server: Server, core: FxiaokeCore
) -> None:
    faults = server.admin_url + "/_faults"
    await post(session, faults, [{"kind": "bad_gateway", "calls": 1}, {"kind": "html"}])
    async with session.post(server.url + TOKEN, json=token_body(core)) as first:
        status = first.status
    async with session.get(faults) as listed:
        left = await listed.json()
    async with session.post(faults, json={"kind": "boom"}) as wrong:
        refused = wrong.status
    async with session.delete(faults):
        pass

    assert status == 502
    assert [rule["kind"] for rule in left["rules"]] == ["html"]
    assert left["hits"] == 1
    assert left["hits_by_kind"] == {"bad_gateway": 1}
    assert refused == 400
    assert (await post(session, server.url + TOKEN, token_body(core)))["errorCode"] == 0


async def test_the_days_quota_that_is_left_is_told_and_set_with_the_faults(
    session: aiohttp.ClientSession, server: Server, core: FxiaokeCore
) -> None:
    faults = server.admin_url + "/_faults"
    await create(session, server, core)

    told = await post(session, faults, {"quota_left": 1})
    codes = [(await create(session, server, core))["errorCode"] for _ in range(2)]
    async with session.post(faults, json={"quota_left": -1}) as wrong:
        refused = wrong.status

    assert told == {"rules": [], "hits": 0, "hits_by_kind": {}, "quota_left": 1}
    assert codes == [0, 30002]
    assert refused == 400


async def test_the_log_tells_calls_writes_and_records(
    session: aiohttp.ClientSession, server: Server, core: FxiaokeCore
) -> None:
    await create(session, server, core)

    async with session.get(server.admin_url + "/_log") as answer:
        log = await answer.json()

    assert log["calls"] == {"token": 1, "data/create AccountObj": 1}
    assert log["writes"] == {"AccountObj create": 1}
    assert log["records"]["AccountObj"] == 1


async def test_messages_limits_and_callback_are_administered(
    session: aiohttp.ClientSession, server: Server, core: FxiaokeCore
) -> None:
    await post(session, server.admin_url + "/_limits", {"calls_per_window": 7})
    await post(session, server.admin_url + "/_callback", {"url": "http://localhost:1/x"})
    async with session.get(server.admin_url + "/_messages") as answer:
        messages = await answer.json()
    async with session.get(server.admin_url + "/_nothing") as absent:
        status = absent.status
    async with session.delete(server.admin_url + "/_tokens") as revoked:
        revoked_status = revoked.status

    assert core.limits.calls_per_window == 7
    assert core.callback_url == "http://localhost:1/x"
    assert messages == []
    assert status == 404
    assert revoked_status == 200


async def test_the_admin_paths_can_have_a_port_of_their_own(
    session: aiohttp.ClientSession, core: FxiaokeCore
) -> None:
    async with serve(core, admin_port=0) as server:
        async with session.get(server.admin_url + "/_log") as own:
            status = own.status
        refused = await post(session, server.url + "/_log", {})

    assert server.admin_url != server.url
    assert status == 200
    assert refused["errorCode"] == 10006


async def test_the_page_shows_objects_and_records_and_escapes_them(
    session: aiohttp.ClientSession, server: Server, core: FxiaokeCore
) -> None:
    await create(session, server, core)
    core.store.put("AccountObj", "x", {"_id": "x", "name": "<script>"})

    async with session.get(server.url + "/", params={"kind": "AccountObj"}) as answer:
        text = await answer.text()

    assert "AccountObj (2)" in text
    assert "&lt;script&gt;" in text
    assert "<script>" not in text


class Receiver:
    """A receiver of events that fails the first `failures` of them."""

    def __init__(self, core: FxiaokeCore, failures: int) -> None:
        self.core = core
        self.failures = failures
        self.got: list[dict[str, Any]] = []
        self.is_done = asyncio.Event()

    async def take(self, request: web.Request) -> web.Response:
        self.got.append(await request.json())
        if len(self.got) <= self.failures:
            return web.Response(status=500)
        self.is_done.set()
        key = self.core.credentials["callback_aes_key"]
        return web.json_response({"encryptedResult": encrypt(b"success", key)})


async def test_events_are_posted_and_posted_again_until_they_are_answered_well(
    session: aiohttp.ClientSession, server: Server, core: FxiaokeCore
) -> None:
    receiver = Receiver(core, failures=2)
    app = web.Application()
    app.router.add_post("/callback", receiver.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    core.callback_url = f"http://127.0.0.1:{runner.addresses[0][1]}/callback"

    await create(session, server, core)
    async with asyncio.timeout(10):
        await receiver.is_done.wait()
    await runner.cleanup()

    assert [event.get("retryTimes") for event in receiver.got] == [None, 1, 2]
    assert len({event["messageId"] for event in receiver.got}) == 1


async def test_who_calls_the_vendor_by_the_admin_port_is_spared_its_faults(
    session: aiohttp.ClientSession, core: FxiaokeCore
) -> None:
    async with serve(core, admin_port=0) as server:
        server.faults.add(Fault(kind="bad_gateway", calls=None))
        async with session.post(server.url + TOKEN, json=token_body(core)) as struck:
            assert struck.status == 502
        async with session.post(server.admin_url + TOKEN, json=token_body(core)) as spared:
            assert (await spared.json(content_type=None))["errorCode"] == 0

    assert server.faults.hits == 1
