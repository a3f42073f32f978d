"""The page on which a person creates and edits records of the CRM, as a browser would use it."""

import re
from collections.abc import AsyncIterator
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from anji_sandbox.fxiaoke import FxiaokeCore
from anji_sandbox.http import Server, serve
from anji_sandbox.store import Store
from labs.crm import NO_LIMITS
from labs.page_browser import Browser


@pytest.fixture
def core() -> FxiaokeCore:
    return FxiaokeCore(Store(), limits=NO_LIMITS, callback_url="http://anji.invalid/")


@pytest.fixture
async def server(core: FxiaokeCore) -> AsyncIterator[Server]:
    async with serve(core, now=lambda: 1_700_000_000.0) as running:
        core.callback_url = None
        yield running


@pytest.fixture
async def browser(server: Server) -> AsyncIterator[Browser]:
    async with aiohttp.ClientSession() as session:
        yield Browser(session, server.url + "/")


def stored(core: FxiaokeCore, kind: str, record_id: str) -> dict[str, Any]:
    record = core.store.get(kind, record_id)
    assert record is not None
    return record


async def test_a_person_creates_a_record_by_the_form(browser: Browser, core: FxiaokeCore) -> None:
    await browser.open(kind="AccountObj", new="1")

    text = await browser.send(
        name="上海 <示例>", tel="021-1", last_followed_time="2026-11-24 10:00"
    )

    record = stored(core, "AccountObj", browser.record_id)
    person = core.credentials["person_open_user_id"]
    assert (record["name"], record["tel"]) == ("上海 <示例>", "021-1")
    assert record["last_followed_time"] == 1_795_485_600_000
    assert record["owner"] == record["created_by"] == [person]
    assert "上海 &lt;示例&gt;" in text
    assert "2026-11-24 10:00:00" in text


async def test_saving_a_form_changes_what_was_typed_and_no_other(
    browser: Browser, core: FxiaokeCore
) -> None:
    await browser.open(kind="AccountObj", new="1")
    await browser.send(name="one", tel="1", remark="old", weight__c="2")
    record_id = browser.record_id

    await browser.open(kind="AccountObj", id=record_id)
    await browser.send(tel="2", remark="")
    untouched = stored(core, "AccountObj", record_id)["version"]
    await browser.send()

    record = stored(core, "AccountObj", record_id)
    assert (record["name"], record["tel"]) == ("one", "2")
    assert "remark" not in record
    assert record["version"] == untouched == "2"


async def test_the_owner_is_changed_by_its_button_only(
    browser: Browser, core: FxiaokeCore
) -> None:
    await browser.open(kind="AccountObj", new="1")
    await browser.send(name="one")
    record_id = browser.record_id

    text = await browser.send(owner=core.credentials["open_user_id"])

    assert "use changeOwner" in text
    assert stored(core, "AccountObj", record_id)["version"] == "1"


async def test_an_order_gets_its_lines_from_a_link_on_its_form(
    browser: Browser, core: FxiaokeCore
) -> None:
    await browser.open(kind="AccountObj", new="1")
    await browser.send(name="one")
    account_id = browser.record_id
    await browser.open(kind="SalesOrderObj", new="1")
    await browser.send(account_id=account_id, order_amount="10")
    order_id = browser.record_id
    found = re.search(r'href="(/\?kind=SalesOrderProductObj&amp;new=1[^"]*)"', browser.text)
    assert found
    link = {
        name: values[0] for name, values in parse_qs(urlsplit(unescape(found[1])).query).items()
    }

    await browser.open(**link)
    await browser.send(quantity="3")

    line = stored(core, "SalesOrderProductObj", browser.record_id)
    assert (line["order_id"], line["quantity"]) == (order_id, "3")


async def test_known_options_are_offered_and_others_may_be_typed(
    browser: Browser, core: FxiaokeCore
) -> None:
    text = await browser.open(kind="SalesOrderObj", new="1")

    await browser.send(account_id="a", order_status="9")

    assert '<option value="7">已确认</option>' in text
    assert stored(core, "SalesOrderObj", browser.record_id)["order_status"] == "9"


async def test_a_refusal_is_shown_with_what_was_typed(browser: Browser, core: FxiaokeCore) -> None:
    await browser.open(kind="AccountObj", new="1")

    text = await browser.send(tel="021-1")

    assert "required field name of AccountObj is not filled" in text
    assert browser.inputs()["field.tel"] == "021-1"
    assert core.store.count("AccountObj") == 0


async def test_a_record_is_voided_recovered_and_deleted_by_buttons(
    browser: Browser, core: FxiaokeCore
) -> None:
    await browser.open(kind="AccountObj", new="1")
    await browser.send(name="one")
    record_id = browser.record_id

    await browser.send("invalid")
    voided = stored(core, "AccountObj", record_id)["life_status"]
    await browser.send("recover")
    recovered = stored(core, "AccountObj", record_id)["life_status"]
    await browser.send("invalid")
    await browser.send("delete")

    assert (voided, recovered) == ("invalid", "normal")
    assert core.store.get("AccountObj", record_id) is None
    assert parse_qs(urlsplit(browser.place).query) == {"kind": ["AccountObj"]}


async def test_a_record_changes_hands_and_is_locked_by_buttons(
    browser: Browser, core: FxiaokeCore
) -> None:
    await browser.open(kind="AccountObj", new="1")
    await browser.send(name="one")
    record_id = browser.record_id
    own = core.credentials["open_user_id"]

    await browser.send("changeOwner", owner=own)
    await browser.send("lock")
    text = await browser.send(tel="2")

    record = stored(core, "AccountObj", record_id)
    assert (record["owner"], record["lock_status"]) == ([own], "1")
    assert "the record is locked" in text
    await browser.send("unlock")
    assert stored(core, "AccountObj", record_id)["lock_status"] == "0"


async def test_what_is_not_there_has_no_form(browser: Browser) -> None:
    missing = await browser.open(kind="AccountObj", id="none")
    nothing = await browser.open(kind="PersonnelObj", new="1")

    assert "there is no AccountObj none" in missing
    assert "<form" not in missing + nothing


async def test_the_page_needs_nothing_from_elsewhere(browser: Browser) -> None:
    text = await browser.open(kind="SalesOrderObj", new="1")

    assert not re.search(r"<script|<link|src=|https?://", text)
