"""What the ordeals promise about themselves, and what they stand on."""

from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from anji_common.clock import SystemClock
from labs.house import ROOT
from ordeals.catalogue import ORDEALS
from ordeals.clocks import AheadClock
from ordeals.diary import Diary
from ordeals.ordeal import LEFT_OUT, Ordeal, Work, storm
from ordeals.stage import Stage

_PAGE = (ROOT / "docs" / "reliability.md").read_text()
_WITHOUT = _PAGE.partition("No control, and why:")[2].partition("\n\nNot promised")[0]


@pytest.mark.parametrize("ordeal", ORDEALS.values(), ids=ORDEALS)
def test_an_ordeal_has_a_control_or_the_page_says_why_not(ordeal: Ordeal) -> None:
    assert ordeal.control is not None or f"`{ordeal.name}`" in _WITHOUT


def test_a_part_of_the_long_form_has_its_accidents_too() -> None:
    assert Work(300.0, 900, 100).scaled(0.25) == Work(75.0, 225, 25)
    assert Work(300.0, 20, 4).scaled(0.1).accidents == 1


async def test_a_clock_that_goes_ahead_waits_as_long_as_the_machine_does() -> None:
    clock = AheadClock(SystemClock(), 3600.0)
    began = clock.monotonic()

    await clock.sleep(0.01)

    assert clock.now() - SystemClock().now() > timedelta(minutes=59)
    assert 0.01 <= clock.monotonic() - began < 60.0


async def happened(stage: Stage, _chance: Random) -> None:
    stage.broken["happened"] += 1


@pytest.mark.parametrize(("most", "happen"), [(0.0, 3), (1e-9, 0)])
async def test_a_storm_ends_in_time_and_says_how_many_accidents_it_left_out(
    tmp_path: Path, most: float, happen: int
) -> None:
    stage = Stage(tmp_path, {}, {}, {}, Diary(tmp_path / "diary.jsonl"))
    work = Work(0.001, 0, 3, most_seconds=most)

    await storm(stage, [happened], work, Random(1))

    assert stage.broken["happened"] == happen
    assert stage.seen.get(LEFT_OUT, 0) == 3 - happen
