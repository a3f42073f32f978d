"""Keeps one Kafka running for as long as somebody uses it; a process of its own.

Several processes of a test run share one broker. Each holds a shared lock on a file, which the
system lets go when the process ends, however it ends. The guard waits for the exclusive lock,
so it wakes when the last user is gone, and takes the broker with it: nothing is left running
after ``kill -9`` of a test run. SIGTERM ends it as well.

``python -m labs.kafka_guard FOLDER [--until-stopped]``
"""

import asyncio
import fcntl
import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from anji_common.clock import SystemClock
from labs.kafka_docker import KafkaContainerServer, has_docker
from labs.kafka_jars import JavaMissingError
from labs.kafka_probe import NotReadyError
from labs.kafka_server import KafkaServer
from labs.kafka_settings import LabSettings

__all__ = ["Running", "running", "spawn_guard"]

_START_SECONDS = 240.0  # jars from Maven Central, or an image, on a slow line
_PAUSE_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Running:
    """A broker under guard, or why there is none."""

    bootstrap: str
    guard_pid: int
    absence: str = ""


def running(folder: Path) -> Running | None:
    """Return what the guard of `folder` says; `None` if there is none yet, or no more."""
    with suppress(FileNotFoundError, json.JSONDecodeError):
        return Running(**json.loads((folder / "running.json").read_text()))
    return None


async def spawn_guard(folder: Path, *, until_stopped: bool = False) -> Running:
    """Start a guard and wait for its broker; `Running.absence` says why there is none."""
    guard = _spawn(folder, until_stopped=until_stopped)
    clock = SystemClock()
    with suppress(TimeoutError):
        async with asyncio.timeout(_START_SECONDS):
            while (found := running(folder)) is None and guard.poll() is None:
                await clock.sleep(_PAUSE_SECONDS)
    found = running(folder)
    if found is None:
        return Running("", guard.pid, f"the guard ended or was too slow; see {folder}/guard.log")
    guard.returncode = 0  # it outlives us on purpose: no warning about a running child
    return found


def _spawn(folder: Path, *, until_stopped: bool) -> subprocess.Popen[bytes]:
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "labs.kafka_guard", str(folder)]
    if until_stopped:
        command.append("--until-stopped")
    with (folder / "guard.log").open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - this very module
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=Path(__file__).parents[1],
            start_new_session=True,
        )


async def _guard(folder: Path, *, until_stopped: bool) -> None:
    """Start a broker, say so, wait for its last user, and stop it."""
    told = folder / "running.json"
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    cache = LabSettings().cache
    server = KafkaContainerServer() if has_docker() else KafkaServer(folder / "broker", cache)
    try:
        await server.start()
    except (JavaMissingError, NotReadyError) as error:
        _tell(told, Running("", os.getpid(), str(error)))
        await _until_unused(folder)
        told.unlink(missing_ok=True)
        return
    _tell(told, Running(server.bootstrap, os.getpid()))
    waits: set[asyncio.Future[object]] = {asyncio.ensure_future(stopped.wait())}
    if not until_stopped:
        waits.add(asyncio.ensure_future(_until_unused(folder)))
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    told.unlink(missing_ok=True)
    await server.stop()


def _tell(told: Path, what: Running) -> None:
    partial = told.with_suffix(".partial")
    partial.write_text(json.dumps(asdict(what)))
    partial.rename(told)


async def _until_unused(folder: Path) -> None:
    clock = SystemClock()
    with (folder / "users.lock").open("w") as users:
        while True:
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                await clock.sleep(_PAUSE_SECONDS * 4)
            else:
                (folder / "running.json").unlink(missing_ok=True)
                return


if __name__ == "__main__":
    asyncio.run(_guard(Path(sys.argv[1]), until_stopped="--until-stopped" in sys.argv))
