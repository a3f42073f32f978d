"""The short form of `make faults`: real processes are broken, and no record is harmed."""

from pathlib import Path

import pytest

from ordeals.catalogue import ORDEALS
from ordeals.ordeal import undergo

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.mark.parametrize("name", ["answers", "killed", "deletes", "sight", "rewritten"])
async def test_no_record_is_harmed(tmp_path: Path, name: str) -> None:
    ordeal = ORDEALS[name]

    outcome = await undergo(ordeal, "up", 1, tmp_path / name, work=ordeal.short)

    assert sum(outcome.broken.values()) > 0
    assert [str(found) for found in outcome.fate.findings] == []
    assert outcome.late_writes == 0
    assert outcome.is_good


async def test_without_the_quarantine_the_same_ordeal_harms_records(tmp_path: Path) -> None:
    ordeal = ORDEALS["answers"]

    outcome = await undergo(
        ordeal, "up", 1, tmp_path / "control", work=ordeal.short, control=ordeal.control
    )

    assert outcome.fate.count("doubled") > 0
    assert outcome.is_good
