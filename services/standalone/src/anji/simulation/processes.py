"""Processes of a simulation: each runs services as a real one does; it can die or freeze."""

import asyncio
from collections.abc import Callable, Sequence

from anji.simulation.journal import Journal
from anji.supervise import Service, supervise
from anji_common.errors import FatalError
from anji_common.health import Health
from anji_common.runtime import Runtime
from anji_common.testing.virtual_time import Life

__all__ = ["Process"]


class Process:
    """One process. What it knew is gone when it is killed; what it had published is not."""

    def __init__(
        self,
        name: str,
        made: Callable[[Runtime], Sequence[Service]],
        runtime: Callable[[], Runtime],
        journal: Journal,
    ) -> None:
        self.name = name
        self._made = made
        self._runtime = runtime
        self._journal = journal
        self._life = Life()
        self._task: asyncio.Task[None] | None = None
        self.failure: FatalError | None = None

    @property
    def is_running(self) -> bool:
        """Whether it was started and not killed since."""
        return self._task is not None

    def start(self) -> None:
        """Start it, with nothing in its memory."""
        if self._task is None:
            self._journal.note(self.name, "starts")
            self._life = Life()
            self._task = self._life.begin(self._run(), name=self.name)

    async def kill(self) -> None:
        """End it wherever it is, also where it stands still."""
        if self._task is not None:
            self._journal.note(self.name, "is killed")
            task, self._task = self._task, None
            task.cancel()
            self._life.thaw()
            await asyncio.wait([task])

    def freeze(self) -> None:
        """Let it stand still in the middle of whatever it does, as SIGSTOP does."""
        self._journal.note(self.name, "stands still")
        self._life.freeze()

    def thaw(self) -> None:
        """Let it go on. It does not know that time has passed."""
        self._journal.note(self.name, "goes on")
        self._life.thaw()

    async def _run(self) -> None:
        runtime = self._runtime()
        try:
            await supervise(
                self._made(runtime), clock=runtime.clock, chance=runtime.chance, health=Health()
            )
        except FatalError as error:
            self.failure = error
            self._journal.note(self.name, f"gives up: {type(error).__name__}: {error}")
