"""A home belongs to one process of each service, for as long as that process lives."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from labs.installation import until

pytestmark = pytest.mark.slow


@contextmanager
def mapper(home: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A running `anji run mapper`, which needs no vendor; killed in the end, if it still runs."""
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own command
            [Path(sys.executable).with_name("anji"), "run", "mapper"],
            env={
                **os.environ,  # noqa: TID251 - what a child process inherits
                "ANJI_HOME": str(home),
                "ANJI_HEALTH_PORT": "0",
            },
            stdout=output,
            stderr=output,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


async def runs(log: Path) -> None:
    await until(lambda: "services.started" in log.read_text(), f"a start in {log}")


async def test_a_second_one_on_the_same_home_is_refused_while_the_first_lives(
    tmp_path: Path,
) -> None:
    home, first_log, second_log = tmp_path / "home", tmp_path / "first", tmp_path / "second"

    with mapper(home, first_log) as first:
        await runs(first_log)
        with mapper(home, second_log) as second:
            await until(lambda: second.poll() is not None, "the second one's end")
        assert second.returncode == 78
        assert f"another process runs mapper under {home} already" in second_log.read_text()
        assert first.poll() is None
        first.kill()

    with mapper(home, second_log) as second:  # the claim died with its holder
        await runs(second_log)
        second.send_signal(signal.SIGTERM)
        await until(lambda: second.poll() is not None, "an end when told")
        assert second.returncode == 0
