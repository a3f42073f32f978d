"""`anji simulate` as it is typed."""

import subprocess
import sys
from pathlib import Path

import pytest

ANJI = str(Path(sys.executable).with_name("anji"))


def simulate(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own command
        [ANJI, "simulate", *words], capture_output=True, text=True, timeout=550, check=False
    )


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_two_processes_find_what_one_finds() -> None:
    alone, together = (simulate("--seeds", "2", "--jobs", jobs) for jobs in ("1", "2"))

    assert alone.returncode == 0
    assert "2 of 2 seeds ended well" in alone.stdout
    assert together.stdout == alone.stdout


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_control_tells_how_many_seeds_break_without_the_rule() -> None:
    ended = simulate("--control", "stale", "--seeds", "1")

    *_, line = ended.stdout.splitlines()
    assert ended.returncode == 0
    assert line.startswith("| 6, 15 stale | every change is taken in, however old | 1 of 1 | ")


def test_a_rule_that_nobody_knows_is_refused_with_those_that_there_are() -> None:
    ended = simulate("--control", "gravity")

    assert ended.returncode == 2
    assert "there is no rule 'gravity'" in " ".join(ended.stderr.split())
