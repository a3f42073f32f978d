"""SIGTERM in the middle of a save: it is finished, or the exit code says that it was cut off.

In the middle of a read nothing is in hand: however long the vendor is silent, it ends in order.
"""

from collections.abc import Mapping
from pathlib import Path

import pytest

from anji_sandbox.faults import Fault
from labs.installation import Company, both_sides_agree, company, until, until_begun
from labs.processes import AnjiProcess

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(240)]

_SAVE_SECONDS = 3.0
_CUT_OFF = 75
_SILENT_SECONDS = 120.0


async def ended_in_a_save(both: Company, log: Path, more: Mapping[str, str]) -> int:
    """Tell Anji to end while the ERP works on a save; return its exit code."""
    anji = AnjiProcess({**both.settings, **more}, log)
    anji.start()
    await until_begun(log)
    async with both.people() as (crm, _erp, _crowd):
        both.servers["k3cloud"][1].faults.add(
            Fault(kind="delay", endpoint="*Save.common.kdsvc", delay_seconds=_SAVE_SECONDS)
        )
        await crm.create("AccountObj", {"name": "甲", "tel": "1"})
        await until(lambda: both.made("BD_Customer create") == 1, "the ERP works on the save")
        return await anji.end()  # the ERP answers meanwhile


async def agree_after_a_restart(both: Company, log: Path) -> None:
    """Start Anji again; both sides come to agree, and nothing was made twice."""
    anji = AnjiProcess(both.settings, log)
    anji.start()
    async with both.people() as (crm, erp, _crowd):
        await until(lambda: both_sides_agree(crm, erp), "both sides agree", seconds=120)
    assert await anji.end() == 0
    assert both.made("BD_Customer create") == 1


async def test_a_save_under_way_is_finished_before_the_end(tmp_path: Path) -> None:
    log = tmp_path / "anji.log"
    async with company(tmp_path) as both:
        assert await ended_in_a_save(both, log, {}) == 0
        assert b"process.cut_off" not in log.read_bytes()
        await agree_after_a_restart(both, log)


async def test_what_is_cut_off_is_told_by_the_exit_code_and_nothing_is_lost(
    tmp_path: Path,
) -> None:
    log = tmp_path / "anji.log"
    async with company(tmp_path) as both:
        code = await ended_in_a_save(both, log, {"ANJI_GRACE_SECONDS": "0.2"})
        assert code == _CUT_OFF
        assert b"k3cloud-writer" in log.read_bytes().split(b"process.cut_off")[1]
        await agree_after_a_restart(both, log)


async def test_sources_end_in_order_while_both_vendors_are_silent(tmp_path: Path) -> None:
    log = tmp_path / "anji.log"
    async with company(tmp_path) as both:
        anji = AnjiProcess(both.settings, log, ("run", "fxiaoke-source", "k3cloud-source"))
        anji.start()
        await until_begun(log)
        silent = Fault(kind="delay", calls=None, delay_seconds=_SILENT_SECONDS)
        faults = [server.faults for _stack, server in both.servers.values()]
        for each in faults:
            each.add(silent)
        await until(lambda: all(each.hits for each in faults), "both are being read")

        assert await anji.end() == 0
        assert b"process.cut_off" not in log.read_bytes()
