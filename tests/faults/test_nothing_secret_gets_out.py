"""After a run with failures in it, all that Anji leaves behind is searched for what is secret.

Everything is searched for credentials, tokens and sessions: logs at their most talkative,
metrics, what commands print, and every byte of the installation's folder, topics among them.
What people entered belongs into the topics, and may be nowhere in logs and metrics; the values of
fields that the mapping marks `personal` are in no notice either, though people quarrel about them.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from random import Random

import aiohttp
import pytest

from anji.people import CrmUser, ErpUser
from anji.sandboxes import free_port
from anji.simulation.pace import Pace
from anji_mapper.link.discreet import HIDDEN
from labs.installation import Company, both_sides_agree, company, until, until_begun
from labs.processes import AnjiProcess
from labs.typed import typed
from ordeals.told import notices

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(240)]

_SECRETS = ("app_secret", "permanent_code", "callback_aes_key", "password", "person_password")
_CHANCE = Random("quarrels")
_LEAST = 5
"""Anything shorter could stand there by chance."""
_COMMANDS = (
    ("links",),
    ("problems", "list"),
    ("deadletters", "list"),
    ("fxiaoke", "check"),
    ("fxiaoke", "calls"),
    ("k3cloud", "check"),
)


async def test_no_secret_and_no_record_gets_out(tmp_path: Path) -> None:
    log, port = tmp_path / "anji.log", free_port()
    async with company(tmp_path) as both, both.people() as (crm, erp, crowd):
        settings = {**both.settings, "ANJI_LOG_LEVEL": "debug", "ANJI_HEALTH_PORT": str(port)}
        anji = AnjiProcess(settings, log)
        anji.start()
        await until_begun(log)
        await crowd.work(Pace.steady(4.0, deeds=25))
        secrets = secrets_of(both)
        for name in ("fxiaoke", "k3cloud"):
            told = log.stat().st_size
            await both.shut(name)
            await until(
                lambda size=told: b"vendor.awaited" in log.read_bytes()[size:],  # type: ignore[misc]  # mypy cannot type a bound default
                f"it waits for {name} and says so",
            )
            await both.open(name)
        both.erp_core.sessions.end_all()
        await crowd.work(Pace.steady(2.0, deeds=10))
        await until(lambda: both_sides_agree(crm, erp), "both sides agree", seconds=120)
        secrets |= secrets_of(both)

        async def is_told() -> bool:
            await quarrel(crm, erp)
            await until(lambda: both_sides_agree(crm, erp), "both sides agree", seconds=120)
            return any(HIDDEN in str(each.details) for each in await notices(settings))

        await until(is_told, "people are told of a conflict about a personal field")
        await refused(both, crm, settings)
        shown = {"metrics": await metrics(port)}
        shown |= {" ".join(words): await output_of(settings, *words) for words in _COMMANDS}
        wrong = {
            **settings,
            "ANJI_K3CLOUD_AUTH": "password",
            "ANJI_K3CLOUD_PASSWORD": "wrong-password-0",
            "ANJI_FXIAOKE_APP_SECRET": "wrong-secret-0",
        }
        for name in ("k3cloud", "fxiaoke"):
            said = await output_of(wrong, name, "check")
            assert said.startswith(b"to do"), said.decode()
            shown[f"{name} check, wrong credentials"] = said
        assert await anji.end() == 0
        people = entered(both)

    all_notices = [notice.model_dump_json().encode() for notice in await notices(settings)]
    shown |= {"log": log.read_bytes(), "notices": b"\n".join(all_notices)}
    home = {
        str(file.relative_to(tmp_path)): file.read_bytes()
        for file in (tmp_path / "home").rglob("*")
        if file.is_file()
    }
    assert any(name in held for name in people for held in home.values()), (
        "the search finds things"
    )
    assert found(secrets | {b"wrong-password-0", b"wrong-secret-0"}, {**shown, **home}) == []
    assert found(people, {place: shown[place] for place in ("log", "metrics")}) == []
    # A listing names no value of a personal field either, until somebody says --reveal.
    listings = ("notices", "links", "problems list", "deadletters list", "log", "metrics")
    assert found(personal(both), {place: shown[place] for place in listings}) == []


async def quarrel(crm: CrmUser, erp: ErpUser) -> None:
    """Let both sides say another telephone number of one customer at the same time."""
    rows = await erp.every("BD_Customer", ["FCUSTID", "F_ANJI_MARKER"])
    row = next(each for each in rows if each["F_ANJI_MARKER"])
    record_id = str(row["F_ANJI_MARKER"]).rpartition("/")[2]
    words = f"0571-{_CHANCE.randrange(10**7, 10**8)}"
    await asyncio.gather(
        erp.change("BD_Customer", {"FCUSTID": row["FCUSTID"], "FTEL": f"{words}-1"}),
        crm.update("AccountObj", record_id, tel=f"{words}-2"),
    )


async def refused(both: Company, crm: CrmUser, settings: Mapping[str, str]) -> None:
    """Let the ERP refuse a customer for ever, so that a problem is shown."""
    switches = {"longest_texts": {"BD_Customer.FName": 30}}
    both.erp_core.administer("POST", "switches", switches)
    await crm.create("AccountObj", {"name": "毒" * 40, "tel": "0571-00000000"})

    async def is_shown() -> bool:
        return b"AccountObj" in await output_of(settings, "problems", "list")

    await until(is_shown, "a customer is refused and shown as a problem", seconds=60)


def personal(both: Company) -> set[bytes]:
    """Return the names, numbers and addresses of customers on both sides, old ones too."""
    texts = ["0571-"]
    for record in both.crm_core.store.all("AccountObj"):
        texts += [str(record.get(field) or "") for field in ("name", "tel", "fax", "address")]
    return {text.encode() for text in texts if len(text) >= _LEAST}


def secrets_of(both: Company) -> set[bytes]:
    """Return credentials, and the tokens and sessions of this moment."""
    given: dict[str, object] = {**both.crm_core.credentials}
    texts = [str(given.get(name, "")) for name in _SECRETS]
    given = {**both.erp_core.credentials}
    texts += [str(given.get(name, "")) for name in _SECRETS]
    texts += [id_.partition(" ")[2] for id_ in both.crm_core.store.ids("#tokens")]
    texts += both.erp_core.sessions.ids()
    return {text.encode() for text in texts if len(text) >= _LEAST}


def entered(both: Company) -> set[bytes]:
    """Return names and numbers that people gave to customers."""
    texts = [
        str(record.get(field) or "")
        for record in both.crm_core.store.all("AccountObj")
        for field in ("name", "tel", "remark", "address")
    ]
    return {text.encode() for text in texts if len(text) >= _LEAST}


async def metrics(port: int) -> bytes:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}/metrics") as answer,
    ):
        assert answer.status == 200
        return await answer.read()


async def output_of(settings: Mapping[str, str], *words: str) -> bytes:
    """Return all that an `anji` command prints, however it ends."""
    async with asyncio.timeout(60):
        ended = await typed(settings, *words)
    assert ended.shown or ended.errors, words
    return (ended.shown + ended.errors).encode()


def found(needles: set[bytes], places: Mapping[str, bytes]) -> list[tuple[str, str]]:
    """Return what stands where it may not."""
    assert len(needles) > 3
    return [
        (place, needle.decode())
        for place, held in places.items()
        for needle in needles
        if needle in held
    ]
