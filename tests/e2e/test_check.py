"""``anji check``, and the shadow mode: what a first start shows before anything is written."""

from pathlib import Path

import pytest

from anji.installation import SETTINGS
from anji.sandboxes import callback_url, free_port, settings_of
from anji_common.refs import System
from anji_sandbox.cli import sandboxes
from labs.installation import company, until, until_begun
from labs.processes import AnjiProcess
from labs.typed import asked, typed

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

_PARTS = ("settings", "mappings", "numbering", "writes", "topics", *System)


async def test_an_installation_is_told_line_by_line_and_nothing_is_made(tmp_path: Path) -> None:
    async with company(tmp_path) as both:
        before = both.crm_core.store.writes + both.erp_core.store.writes

        ended = await typed(both.settings, "check")

        assert both.crm_core.store.writes + both.erp_core.store.writes == before
        assert not (tmp_path / "home" / "broker.sqlite").exists()
    lines = [line for line in ended.shown.splitlines() if line.startswith(("ok ", "to do "))]
    to_do = [line for line in lines if line.startswith("to do")]
    assert (ended.code, ended.shown.splitlines()[-1]) == (1, f"{len(to_do)} things to do")
    assert {line.removeprefix("to do ").removeprefix("ok    ").split()[0] for line in lines} == {
        str(part) for part in _PARTS
    }
    # What this company leaves to do: its marks are not unique, and it has no callback's address.
    assert all("is not unique" in line or "fxiaoke callback" in line for line in to_do)
    assert ended.shown.count("it must belong to Anji alone") == 2
    assert sum(line.startswith("ok    settings ") for line in lines) == len(SETTINGS) - 1


async def test_a_fresh_sandbox_is_all_well_and_what_must_run_first_is_told_later(
    tmp_path: Path,
) -> None:
    port, log = free_port(), tmp_path / "anji.log"
    async with sandboxes(callback_url=callback_url(port)) as running:
        settings = {
            **settings_of(running.credentials),
            "ANJI_FXIAOKE_CALLBACK_PORT": str(port),
            "ANJI_FXIAOKE_CALLBACK_URL": callback_url(port),
            "ANJI_HOME": str(tmp_path / "home"),
            "ANJI_HEALTH_PORT": "0",
        }
        before = await typed(settings, "check")
        anji = AnjiProcess(settings, log)
        anji.start()
        await until_begun(log)
        after = await typed(settings, "check")
        assert await anji.end() == 0

    assert (before.code, after.code) == (0, 0), before.shown + after.shown
    later = [line for line in before.shown.splitlines() if line.startswith("later")]
    assert [line.split(":")[0] for line in later] == ["later fxiaoke callback"]
    assert before.shown.splitlines()[-1] == (
        "all is well, as far as can be told yet: look again at 1 later"
    )
    assert "an event was taken and answered" in after.shown
    assert after.shown.splitlines()[-1] == "all is well"


async def test_everything_that_is_wrong_is_told_at_once_with_what_to_do(tmp_path: Path) -> None:
    async with company(tmp_path) as both:
        wrong = {
            **both.settings,
            "ANJI_K3CLOUD_APP_SECRET": "wrong",
            "ANJI_K3CLUOD_URL": "http://misspelt",
            "ANJI_FXIAOKE_APP_SECRET": "wrong",
            "ANJI_WRITES": "off",
        }

        ended = await typed(wrong, "check")

    assert ended.code == 1
    to_do = [line for line in ended.shown.splitlines() if line.startswith("to do")]
    assert any("settings ANJI_K3CLUOD_URL: is set and is no setting" in line for line in to_do)
    assert any(line.startswith("to do fxiaoke credentials") for line in to_do)
    assert any(line.startswith("to do k3cloud") for line in to_do)
    assert "the shadow mode" in ended.shown
    assert ended.shown.splitlines()[-1] == f"{len(to_do)} things to do"


async def test_a_missing_setting_is_named_as_it_is_typed(tmp_path: Path) -> None:
    async with company(tmp_path) as both:
        settings = {**both.settings}
        del settings["ANJI_FXIAOKE_APP_ID"]

        ended = await typed(settings, "check")

    assert ended.code == 1
    assert ended.shown.count("ANJI_FXIAOKE_APP_ID") == 1


async def test_in_the_shadow_all_runs_and_nothing_is_written_until_writes_are_on(
    tmp_path: Path,
) -> None:
    log = tmp_path / "anji.log"
    async with company(tmp_path) as both, both.people() as (crm, _erp, _crowd):
        old = await crm.create("AccountObj", {"name": "Old"})
        anji = AnjiProcess({**both.settings, "ANJI_WRITES": "off"}, log)
        anji.start()
        await until(lambda: log.read_bytes().count(b"source.begun") >= 8, "sources began")
        await crm.create("AccountObj", {"name": "New"})
        before = both.crm_core.store.writes + both.erp_core.store.writes
        await until(lambda: b"write.suppressed" in log.read_bytes(), "the writer shows its wish")
        assert await anji.end() == 0
        assert both.crm_core.store.writes + both.erp_core.store.writes == before

        links = await asked(both.settings, "links")
        anji = AnjiProcess(both.settings, log)
        anji.start()
        await until(lambda: both.made("BD_Customer create") == 1, "what was wished is written")
        assert await anji.end() == 0
    assert old not in links  # older than the installation: nothing was begun for it
