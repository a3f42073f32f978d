"""An event loop whose time jumps to the next timer instead of passing.

Everything on it that waits through `LoopClock` or asyncio's own timers takes no real time, and
two runs of the same work take the same steps in the same order. There must be no sockets and
no threads in that work: a loop that waits for something outside itself raises `StalledError`.

Several processes can be played on one loop, each in a `Life` that can be frozen and thawed as
SIGSTOP and SIGCONT do.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context, ContextVar, copy_context
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from typing import Any, TypeVar, TypeVarTuple

__all__ = ["EPOCH", "Life", "LoopClock", "StalledError", "VirtualTimeLoop", "run_virtually"]

EPOCH = datetime(2026, 1, 5, 1, 0, 0, tzinfo=UTC)
"""When virtual time begins: a Monday, 9 o'clock in Beijing."""

T = TypeVar("T")
_Ts = TypeVarTuple("_Ts")


class Life:
    """A played process: what was begun in it, and what that begins, stands still together."""

    def __init__(self) -> None:
        self._is_frozen = False
        self._due: list[Callable[[], None]] = []
        """What would have run meanwhile, in order."""

    @property
    def is_frozen(self) -> bool:
        """Whether it stands still."""
        return self._is_frozen

    def begin(self, work: Coroutine[Any, Any, None], *, name: str) -> asyncio.Task[None]:
        """Begin `work` as part of this process."""
        context = copy_context()
        context.run(_LIFE.set, self)
        return asyncio.get_running_loop().create_task(work, name=name, context=context)

    def freeze(self) -> None:
        """Run nothing of it from now on; time goes on."""
        self._is_frozen = True

    def thaw(self) -> None:
        """Go on: what has come due meanwhile is next, in its order."""
        self._is_frozen = False
        due, self._due = self._due, []
        for run in due:
            run()

    def keep(self, run: Callable[[], None]) -> None:
        """Keep what is due for later."""
        self._due.append(run)


_LIFE: ContextVar[Life | None] = ContextVar("life", default=None)


class _Due:
    """A callback whose time has come, or will; it waits on where its process stands still."""

    def __init__(self, loop: "VirtualTimeLoop", life: Life, run: Callable[[], object]) -> None:
        self._loop = loop
        self._life = life
        self._run = run
        self._context = copy_context()
        self.handle: asyncio.Handle | None = None

    def __call__(self) -> None:
        if self.handle is not None and self.handle.cancelled():
            return
        if self._life.is_frozen:
            self._life.keep(self.again)
        else:
            self._run()

    def again(self) -> None:
        """Have it run next."""
        self._loop.call_soon(self, context=self._context)


class StalledError(Exception):
    """Everything waits, and no timer will ever wake anything."""


class _JumpingSelector(selectors.SelectSelector):
    """Never waits: tells its loop to jump instead."""

    def __init__(self) -> None:
        super().__init__()
        self.virtual_seconds = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            msg = "everything waits, and no timer will ever wake anything"
            raise StalledError(msg)
        self.virtual_seconds += max(timeout, 0.0)
        return []


class _Task(asyncio.Task[T]):
    """A task whose place in a set does not depend on where in memory it lies.

    asyncio keeps tasks in sets and goes through them: to cancel a group's, for one.
    """

    def __init__(
        self,
        work: Coroutine[Any, Any, T] | Generator[Any, None, T],
        *,
        number: int,
        **more: Any,  # noqa: ANN401 - as of every task
    ) -> None:
        self._number = number
        super().__init__(work, **more)

    def __hash__(self) -> int:
        return self._number


class _Future(asyncio.Future[T]):
    """The same for what is no task."""

    def __init__(self, *, number: int, loop: asyncio.AbstractEventLoop) -> None:
        self._number = number
        super().__init__(loop=loop)

    def __hash__(self) -> int:
        return self._number


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """The loop. `time` is virtual, and starts at 0."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        self._numbers = count()
        super().__init__(self._jumping)
        self.set_task_factory(self._numbered)

    def _numbered(
        self,
        _loop: asyncio.AbstractEventLoop,
        work: Coroutine[Any, Any, T] | Generator[Any, None, T],
        /,
        **more: Any,  # noqa: ANN401 - as of every task
    ) -> asyncio.Task[T]:
        return _Task(work, number=next(self._numbers), loop=self, **more)

    def create_future(self) -> asyncio.Future[Any]:
        return _Future(number=next(self._numbers), loop=self)

    def time(self) -> float:
        return self._jumping.virtual_seconds

    def call_soon(
        self,
        callback: Callable[[*_Ts], object],
        *args: *_Ts,
        context: Context | None = None,
    ) -> asyncio.Handle:
        life = _LIFE.get() if context is None else context.get(_LIFE)
        if life is None or not life.is_frozen:
            return super().call_soon(callback, *args, context=context)
        handle = asyncio.Handle(callback, args, self, context)
        context = context or copy_context()

        def again() -> None:
            if not handle.cancelled():
                self.call_soon(callback, *args, context=context)

        life.keep(again)
        return handle

    def call_at(
        self,
        when: float,
        callback: Callable[[*_Ts], object],
        *args: *_Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        life = _LIFE.get() if context is None else context.get(_LIFE)
        if life is None:
            return super().call_at(when, callback, *args, context=context)
        due = _Due(self, life, partial(callback, *args))
        due.handle = handle = super().call_at(when, due, context=context)
        return handle

    def run_in_executor(
        self,
        executor: object,  # noqa: ARG002 - the signature of every loop
        func: Callable[[*_Ts], T],
        *args: *_Ts,
    ) -> asyncio.Task[T]:
        """Do it here: no time passes for what a thread would do meanwhile."""

        async def do() -> T:
            return func(*args)

        return self.create_task(do())


class LoopClock:
    """The port `Clock` over the running loop's time; `skew_seconds` makes a wrong wall clock."""

    def __init__(self, loop: asyncio.AbstractEventLoop, *, skew_seconds: float = 0.0) -> None:
        self._loop = loop
        self._skew = timedelta(seconds=skew_seconds)

    def now(self) -> datetime:
        return EPOCH + timedelta(seconds=self._loop.time()) + self._skew

    def monotonic(self) -> float:
        return self._loop.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(seconds, 0.0))  # noqa: TID251 - this is a clock


def run_virtually(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` to its end on a new virtual loop, and return what it returns."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(work)
