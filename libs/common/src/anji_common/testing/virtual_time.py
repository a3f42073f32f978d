"""An event loop whose time jumps to the next timer instead of passing.

Everything on it that waits through `LoopClock` or asyncio's own timers takes no real time, and
two runs of the same work take the same steps in the same order. There must be no sockets and
no threads in that work: a loop that waits for something outside itself raises `StalledError`, and
one that turns for ever while no time passes `LivelockError`.

Several processes can be played on one loop, each in a `Life` that can be frozen and thawed as
SIGSTOP and SIGCONT do.
"""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Sequence
from contextvars import Context, ContextVar, copy_context
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from types import coroutine
from typing import Any, TypeVar, TypeVarTuple
from weakref import ReferenceType, ref

__all__ = [
    "EPOCH",
    "Life",
    "LivelockError",
    "LoopClock",
    "StalledError",
    "VirtualTimeLoop",
    "run_virtually",
]

EPOCH = datetime(2026, 1, 5, 1, 0, 0, tzinfo=UTC)
"""When virtual time begins: a Monday, 9 o'clock in Beijing."""

T = TypeVar("T")
_Ts = TypeVarTuple("_Ts")


class Life:
    """A played process: what was begun in it, and what that begins, stands still together."""

    def __init__(self) -> None:
        self.is_frozen = False
        """Whether it stands still."""
        self._due: list[_Handle] = []
        """What would have run meanwhile, in order."""

    def begin(self, work: Coroutine[Any, Any, None], *, name: str) -> asyncio.Task[None]:
        """Begin `work` as part of this process."""
        context = copy_context()
        context.run(_LIFE.set, self)
        return asyncio.get_running_loop().create_task(work, name=name, context=context)

    def freeze(self) -> None:
        """Run nothing of it from now on; time goes on."""
        self.is_frozen = True

    def thaw(self) -> None:
        """Go on: what has come due meanwhile is next, in its order."""
        self.is_frozen = False
        due, self._due = self._due, []
        for handle in due:
            handle.again()

    def keep(self, handle: "_Handle") -> None:
        """Keep what is due for later."""
        self._due.append(handle)


_LIFE: ContextVar[Life | None] = ContextVar("life", default=None)


class _Handle(asyncio.TimerHandle):
    """A callback that is due, or will be: it waits on where its process stands still.

    One class for what runs soon and what runs at a time, and none of asyncio's debugging: a
    history makes tens of thousands of them.
    """

    __slots__ = ("is_cancelled", "life")

    def __init__(
        self,
        when: float,
        callback: Callable[..., object],
        args: Sequence[Any],
        loop: "VirtualTimeLoop",
        context: Context | None,
    ) -> None:
        self._context = copy_context() if context is None else context
        self._loop = loop
        self._callback = callback
        self._args = args
        self.is_cancelled = self._cancelled = False
        self._repr = None
        self._source_traceback = None
        self._when = when
        self._scheduled = False
        self.life = self._context.get(_LIFE)

    def cancel(self) -> None:
        """Have it not run; a cancelled timer is left out when its time comes."""
        self.is_cancelled = self._cancelled = True
        self._callback, self._args = _nothing, ()

    def run(self) -> None:
        """Run it now."""
        try:
            self._context.run(self._callback, *self._args)
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:  # noqa: BLE001 - as asyncio: one callback fails alone
            told = {"message": "a callback has failed", "exception": error, "handle": self}
            self._loop.call_exception_handler(told)

    def again(self) -> None:
        """Have it run next."""
        self._loop.due_now(self)


def _told_of(handle: _Handle) -> str:
    """Return what a handle will run: a task by its name and where it is, else the callback."""
    callback = handle._callback  # noqa: SLF001 - a handle of ours
    task = getattr(callback, "__self__", None)
    if not isinstance(task, asyncio.Task):
        return getattr(callback, "__qualname__", repr(callback))
    places: list[str] = []
    work: Any = task.get_coro()
    while (frame := getattr(work, "cr_frame", None)) is not None:
        places.append(f"{frame.f_code.co_qualname}:{frame.f_lineno}")
        work = work.cr_await
    return f"task {task.get_name()} in {' > '.join(places)}"


def _nothing() -> None:
    """What a cancelled handle holds, so that it keeps nobody alive."""


class StalledError(Exception):
    """Everything waits, and no timer will ever wake anything."""


class LivelockError(Exception):
    """Something goes on and on while no time passes; its words name what, and where it is."""


_MOST_TURNS = 100_000
"""So many turns of the loop at one moment are no work that ends: those of a history are 87, of
400 pairs that are edited at once 405. They take about a second."""
_MANY_BEGUN = 1000
_TOLD_TURNS = 100
"""What is at work in the last of them is told."""


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

    number: int
    """Set right after it is made: an `__init__` of its own costs as much as all the rest of it."""

    def __hash__(self) -> int:
        return self.number


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """The loop. `time` is virtual, and starts at 0."""

    _ready: deque["_Handle"]
    """asyncio's own: what runs next."""
    _stopping: bool

    def __init__(self) -> None:
        super().__init__()
        self._seconds = 0.0
        self._numbers = count()
        self._timers: list[tuple[float, int, _Handle]] = []
        """A heap; of two at one time the one that was asked for first comes first."""
        self._begun: list[ReferenceType[AsyncGenerator[Any, Any]]] = []
        """Generators that were begun, those that ended among them: see `shutdown_asyncgens`."""
        self._turned = Counter[str]()
        """What was at work when too many turns were taken at one moment."""
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
        future: _Future[Any] = _Future(loop=self)
        future.number = next(self._numbers)
        return future

    def time(self) -> float:
        return self._seconds

    def due_now(self, handle: "_Handle") -> None:
        """Run a handle of this loop's next."""
        self._ready.append(handle)

    def call_soon(
        self,
        callback: Callable[[*_Ts], object],
        *args: *_Ts,
        context: Context | None = None,
    ) -> asyncio.Handle:
        handle = _Handle(0.0, callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_later(
        self,
        delay: float,
        callback: Callable[[*_Ts], object],
        *args: *_Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        return self.call_at(self._seconds + delay, callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[[*_Ts], object],
        *args: *_Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        handle = _Handle(when, callback, args, self, context)
        heappush(self._timers, (when, next(self._numbers), handle))
        return handle

    def _call_soon(
        self, callback: Callable[..., object], args: Sequence[Any], context: Context | None
    ) -> asyncio.Handle:
        """What asyncio itself calls, also from signal handlers."""
        handle = _Handle(0.0, callback, args, self, context)
        self._ready.append(handle)
        return handle

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """A cancelled timer is left out when its time comes."""

    def _run_once(self) -> None:
        """Run what is due, and jump to the next timer when nothing is, until the loop is stopped.

        asyncio calls this in turn and looks whether it is to stop; that is looked at here, for a
        history has thousands of turns.
        """
        ready, timers = self._ready, self._timers
        turns = 0
        while True:
            if not ready and not self._stopping and self._jump():
                turns = 0
            turns += 1
            if turns > _MOST_TURNS:
                self._seek_livelock(turns)
            while timers and timers[0][0] <= self._seconds:
                ready.append(heappop(timers)[2])
            for _ in range(len(ready)):
                handle = ready.popleft()
                life = handle.life
                if life is not None and life.is_frozen and not handle.is_cancelled:
                    life.keep(handle)
                else:
                    handle.run()
            if self._stopping:
                return

    def _jump(self) -> bool:
        """Go to the next timer's time; return whether any time has passed."""
        timers = self._timers
        while timers and timers[0][2].is_cancelled:
            heappop(timers)
        if not timers:
            msg = "everything waits, and no timer will ever wake anything"
            raise StalledError(msg)
        before = self._seconds
        self._seconds = max(before, timers[0][0])
        return self._seconds > before

    def _seek_livelock(self, turns: int) -> None:
        """Note what is due in a turn too many; raise once enough of them were seen."""
        self._turned.update(map(_told_of, self._ready))
        self._turned.update(
            _told_of(timer) for at, _, timer in self._timers if at <= self._seconds
        )
        if turns < _MOST_TURNS + _TOLD_TURNS:
            return
        found, self._turned = self._turned, Counter()
        told = "; ".join(f"{name} {times} times" for name, times in found.most_common(5))
        msg = (
            f"{turns} turns of the loop, and it is {self._seconds} s still. In the last "
            f"{_TOLD_TURNS}: {told}"
        )
        raise LivelockError(msg)

    def _asyncgen_firstiter_hook(self, begun: AsyncGenerator[Any, Any]) -> None:
        """Remember a generator as asyncio does, in a list in place of its weak set.

        A history begins 800 of them, and nearly all have ended when anybody asks for them.
        """
        self._begun.append(ref(begun))
        if len(self._begun) >= _MANY_BEGUN:
            self._begun = [each for each in self._begun if each() is not None]

    async def shutdown_asyncgens(self) -> None:
        """Close those that have not ended."""
        begun, self._begun = self._begun, []
        await asyncio.gather(
            *(each.aclose() for found in begun if (each := found()) is not None),
            return_exceptions=True,
        )

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


@coroutine
def _give_way() -> Generator[None, None, None]:
    """Let everything else that is due run first."""
    yield


def _wake(sleeper: asyncio.Future[None]) -> None:
    if not sleeper.done():  # whoever slept may have been cancelled meanwhile
        sleeper.set_result(None)


class LoopClock:
    """The port `Clock` over the running loop's time; `skew_seconds` makes a wrong wall clock."""

    def __init__(self, loop: asyncio.AbstractEventLoop, *, skew_seconds: float = 0.0) -> None:
        self._loop = loop
        self._skew = timedelta(seconds=skew_seconds)
        self._told = (0.0, EPOCH + self._skew)
        """The time that was told last: it is asked for many times at one moment."""

    def now(self) -> datetime:
        seconds = self._loop.time()
        if seconds != self._told[0]:
            self._told = (seconds, EPOCH + timedelta(seconds=seconds) + self._skew)
        return self._told[1]

    def monotonic(self) -> float:
        return self._loop.time()

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0.0:
            await _give_way()
            return
        future = self._loop.create_future()
        timer = self._loop.call_later(seconds, _wake, future)
        try:
            await future
        finally:
            timer.cancel()


def run_virtually(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` to its end on a new virtual loop, and return what it returns."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(work)
