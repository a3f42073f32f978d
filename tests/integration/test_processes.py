"""No test leaves a process behind, however it ends."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from anji_common.clock import SystemClock
from labs.house import ROOT
from labs.installation import until
from labs.processes import AnjiProcess, heard_out

_SLEEPER = (sys.executable, "-c", "import time; time.sleep(600)")


@pytest.fixture(scope="module")
def left_behind() -> Iterator[list[AnjiProcess]]:
    """What a test has left: looked at when that test, and what cleans up after it, is over."""
    found: list[AnjiProcess] = []
    yield found
    assert [process.has_ended for process in found] == [True]


def test_a_process_that_a_test_has_not_ended_ends_with_it(
    left_behind: list[AnjiProcess], tmp_path: Path
) -> None:
    process = AnjiProcess({}, tmp_path / "log", (), _SLEEPER)
    process.start()
    left_behind.append(process)

    assert not process.has_ended


async def test_others_go_on_while_a_process_is_awaited(tmp_path: Path) -> None:
    process = AnjiProcess({}, tmp_path / "log", (), (sys.executable, "-c", "input()"))
    process.start()
    ending = asyncio.create_task(process.end())
    await SystemClock().sleep(0.0)

    assert not ending.done()
    assert await ending != 0


async def test_a_command_that_nobody_waits_for_any_longer_is_killed() -> None:
    process = await asyncio.create_subprocess_exec(*_SLEEPER, stdout=subprocess.PIPE)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await heard_out(process)

    assert process.returncode == -9


_KILLED = """
import os, sys
from pathlib import Path
from labs.house import ROOT
from labs.installation import until
from labs.processes import AnjiProcess
process = AnjiProcess({}, Path(sys.argv[1]), (), (sys.executable, "-c", sys.argv[2]))
process.start()
while not Path(sys.argv[1]).read_text().endswith("x"):
    pass
os._exit(1)
"""
_SAYS_WHO = "import os, time; print(os.getpid(), 'x', end='', flush=True); time.sleep(600)"


async def test_a_process_ends_with_a_run_of_tests_that_is_killed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    command = (sys.executable, "-c", _KILLED, str(log), _SAYS_WHO)
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT / "tests")
    assert await process.wait() == 1
    pid = int(log.read_text().split()[0])

    await until(lambda: not _is_there(pid), "it has ended")


def _is_there(pid: int) -> bool:
    """Tell without a signal that does anything; who is ended and not buried yet counts as gone."""
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"
