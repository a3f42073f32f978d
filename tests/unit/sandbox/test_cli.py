"""Both sandboxes as `anji sandbox` runs them."""

import asyncio
import stat
from pathlib import Path

import aiohttp
import orjson

from anji_sandbox.cli import Credentials, run_sandboxes, sandboxes

KEYS = {
    "fxiaoke": {
        "url", "admin_url", "app_id", "app_secret", "permanent_code", "open_user_id",
        "person_open_user_id", "corp_id", "enterprise_account", "callback_aes_key",
    },
    "k3cloud": {
        "url", "admin_url", "acct_id", "username", "password", "app_id", "app_secret", "lcid",
        "org_number", "person_username", "person_password",
    },
}  # fmt: skip


def without_urls(credentials: Credentials) -> Credentials:
    return {
        vendor: {
            key: value
            for key, value in known.items()
            if key not in ("url", "admin_url", "admin_url")
        }
        for vendor, known in credentials.items()
    }


async def test_the_credentials_file_has_exactly_the_agreed_keys_and_is_private(
    tmp_path: Path,
) -> None:
    path = tmp_path / "new" / "credentials.json"
    is_ready = asyncio.Event()

    running = asyncio.create_task(
        run_sandboxes(0, 0, path, on_ready=lambda _: is_ready.set()),
    )
    async with asyncio.timeout(10):
        await is_ready.wait()
    told = orjson.loads(path.read_bytes())
    async with aiohttp.ClientSession() as session, session.get(told["fxiaoke"]["url"]) as page:
        status = page.status
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert {vendor: set(known) for vendor, known in told.items()} == KEYS
    assert told["k3cloud"]["url"].endswith("/k3cloud/")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]
    assert status == 200


async def test_faults_are_made_on_a_port_of_their_own() -> None:
    async with sandboxes() as running, aiohttp.ClientSession() as session:
        for known, vendor in ((running.credentials[name], name) for name in KEYS):
            async with session.get(f"{known['admin_url']}/_faults") as answer:
                told = await answer.json()
            base = str(known["url"]).partition("/k3cloud")[0]
            async with session.get(f"{base}/_faults") as refused:
                text = await refused.text()

            assert (told["rules"], told["hits"]) == ([], 0), vendor
            assert '"hits"' not in text


async def test_the_same_folder_gives_the_same_credentials_again(tmp_path: Path) -> None:
    async with sandboxes(data=tmp_path / "data") as first:
        pass
    async with sandboxes(data=tmp_path / "data") as again:
        pass
    async with sandboxes(data=tmp_path / "other") as other:
        pass

    assert without_urls(again.credentials) == without_urls(first.credentials)
    assert without_urls(other.credentials) != without_urls(first.credentials)


async def test_objects_of_a_file_join_those_of_the_crm(tmp_path: Path) -> None:
    path = tmp_path / "objects.json"
    path.write_text('{"object_visit__c": {"label": "拜访", "custom": ["size__c:number"]}}')

    async with (
        sandboxes(objects=path) as running,
        aiohttp.ClientSession() as session,
        session.get(running.fxiaoke.admin_url + "/_objects") as answer,
    ):
        listed = await answer.json()

    assert {"AccountObj", "object_visit__c"} <= set(listed)


async def test_the_same_seed_gives_the_same_company() -> None:
    async with sandboxes(seed="one") as first, sandboxes(seed="one") as second:
        assert without_urls(first.credentials) == without_urls(second.credentials)
