"""A real process, cut off from each vendor: both sides agree in the end, nothing exists twice."""

from pathlib import Path

import pytest

from anji.simulation.pace import Pace
from labs.installation import both_sides_agree, company, until, until_begun
from labs.processes import AnjiProcess

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(240)]

_WORK_SECONDS = 12.0
_ACTIONS = 70


async def test_each_vendor_gone_in_the_middle_and_back_ends_in_agreement(tmp_path: Path) -> None:
    async with company(tmp_path) as both, both.people() as (crm, erp, crowd):
        anji = AnjiProcess(both.settings, tmp_path / "anji.log")
        anji.start()
        await until_begun(tmp_path / "anji.log")
        await crowd.work(Pace.steady(_WORK_SECONDS, deeds=_ACTIONS))
        for name in ("fxiaoke", "k3cloud"):
            await crowd.work(Pace.steady(1.0, deeds=8))
            await both.shut(name)
            told = (tmp_path / "anji.log").stat().st_size
            await until(
                lambda size=told: b"vendor.awaited" in _since(tmp_path / "anji.log", size),  # type: ignore[misc]  # mypy cannot type a bound default
                f"anji waits for {name} and says so",
            )
            await both.open(name)

        await until(lambda: both_sides_agree(crm, erp), "both sides agree", seconds=120)

        assert await anji.end() == 0


def _since(log: Path, size: int) -> bytes:
    return log.read_bytes()[size:]
