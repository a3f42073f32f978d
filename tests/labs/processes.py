"""Processes of Anji that can be killed and frozen; none of them outlives its test."""

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from weakref import WeakSet

__all__ = ["AnjiProcess", "discard_all", "heard_out"]

_LONGEST_SECONDS = 300.0
"""Until a process has ended: where it has to start first, that was seen to take a minute."""
_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1
"""Of Linux; elsewhere a run of tests that is killed leaves its processes behind."""
_COMPILES_EACH_TIME = "PYTHONDONTWRITEBYTECODE"
"""Set in some containers and not passed on: without it a start takes half of the processor."""
_STARTED: WeakSet["AnjiProcess"] = WeakSet()
"""All of this process."""


class AnjiProcess:
    """`anji up`, as a person starts it, or another command that runs until it is told to end."""

    def __init__(
        self,
        settings: Mapping[str, str],
        log: Path,
        words: Sequence[str] = ("up",),
        program: Sequence[str] = (str(Path(sys.executable).with_name("anji")),),
    ) -> None:
        self.settings = settings
        self._log = log
        self._command = (*program, *words)
        self._process: subprocess.Popen[bytes] | None = None
        self._began_at = 0

    def start(self) -> None:
        """Start it; its output is added to the log."""
        with self._log.open("ab") as log:
            self._began_at = log.tell()
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                self._command,
                env=_inherited() | dict(self.settings),
                stdout=log,
                stderr=log,
                preexec_fn=_die_with_the_tests,  # noqa: PLW1509 - one system call, no lock
            )
        _STARTED.add(self)

    def kill(self) -> None:
        """End it as a power cut would."""
        process, self._process = self._process, None
        assert process is not None
        assert process.poll() is None, f"it had ended by itself: {self._log.read_text()[-2000:]}"
        process.send_signal(signal.SIGKILL)
        process.wait()

    def send(self, what: signal.Signals) -> None:
        """Send it a signal, such as one that freezes it."""
        assert self._process is not None
        self._process.send_signal(what)

    def has_said(self, words: bytes) -> bool:
        """Whether its log has these words since it was last started."""
        return words in self._log.read_bytes()[self._began_at :]

    @property
    def has_ended(self) -> bool:
        """Whether it was started and has ended by itself."""
        return self._process is not None and self._process.poll() is not None

    @property
    def cpu_seconds(self) -> float:
        """Processor time that it has used since its start, as Linux tells."""
        assert self._process is not None
        stat = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")

    def discard(self) -> None:
        """End it at once if it still runs: nothing outlives its test."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    async def wait(self) -> int:
        """Wait until it ends by itself, and return its exit code.

        Sandboxes and people of this process go on meanwhile. One that does not end in time is
        still known, so that it is discarded.
        """
        assert self._process is not None
        try:
            code = await asyncio.to_thread(self._process.wait, _LONGEST_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise AssertionError(str(error)) from error
        self._process = None
        return code

    async def end(self) -> int:
        """Ask it to end, and return its exit code, as `wait` does; 0 if it was not started."""
        if self._process is None:
            return 0
        self._process.send_signal(signal.SIGTERM)
        return await self.wait()


def _inherited() -> dict[str, str]:
    """Return what a child process inherits."""
    return {name: each for name, each in os.environ.items() if name != _COMPILES_EACH_TIME}  # noqa: TID251 - as it says


def _die_with_the_tests() -> None:
    """Be killed when whoever started this is: a test that takes too long ends the whole run."""
    if sys.platform == "linux":
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def discard_all() -> None:
    """End at once whatever a test that fails has left running."""
    for process in tuple(_STARTED):
        process.discard()


async def heard_out(process: asyncio.subprocess.Process) -> tuple[bytes, bytes]:
    """Return what a command writes until it ends; if nobody waits any longer, it is killed."""
    try:
        return await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
