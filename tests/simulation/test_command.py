"""`anji simulate` as it is typed."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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


@contextmanager
def two_at_work() -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """Yield a simulation that has ended a seed, and a descriptor of each process it began."""
    with subprocess.Popen(  # noqa: S603 - our own command
        [ANJI, "simulate", "--seeds", "20", "--jobs", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert "well" in process.stdout.readline()
            begun = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            yield process, [os.pidfd_open(int(each)) for each in begun]
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def all_end(processes: list[int], *, within: float) -> bool:
    """Whether each process of these descriptors has ended in time."""
    for each in processes:
        watch = select.poll()
        watch.register(each, select.POLLIN)
        if not watch.poll(within * 1000):
            return False
    return True


@pytest.mark.slow
def test_workers_end_with_the_process_that_began_them() -> None:
    with two_at_work() as (process, begun):
        os.kill(process.pid, signal.SIGKILL)

        assert len(begun) >= 2
        assert all_end(begun, within=20)


@pytest.mark.slow
def test_ctrl_c_ends_all_with_one_line_and_exit_code_130() -> None:
    with two_at_work() as (process, begun):
        os.killpg(process.pid, signal.SIGINT)
        told, trace = process.communicate(timeout=60)

        assert all_end(begun, within=20)
    assert process.returncode == 130
    assert trace == ""
    *_, line = told.splitlines()
    assert line.startswith("interrupted; of ")
    assert " 0 failed" in line
