"""The port `Transport` straight into a sandbox's core: no sockets, and time is the Clock's."""

import asyncio
from dataclasses import dataclass, field
from functools import lru_cache
from random import Random
from time import gmtime
from typing import Literal
from urllib.parse import parse_qsl

from anji.simulation.journal import Journal
from anji_common.clock import Clock
from anji_common.errors import InDoubtError, VendorUnavailableError
from anji_common.transport import Answer, Call
from anji_sandbox.core import Answer as CoreAnswer
from anji_sandbox.core import Core, Request

__all__ = ["SimulatedTransport", "Trap", "VendorClock", "Weather"]

_DAYS = "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"
_MONTHS = "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"


class VendorClock:
    """One vendor's own clock. It may be wrong, and may jump ahead; it never goes back."""

    def __init__(self, clock: Clock, skew_seconds: float = 0.0) -> None:
        self._clock = clock
        self.skew_seconds = skew_seconds
        self.called = asyncio.Event()
        """Set when somebody has called the vendor to write: nothing else makes a callback due."""

    def now(self) -> float:
        """Return its time, in Unix seconds."""
        return self._clock.now().timestamp() + self.skew_seconds


@dataclass(slots=True)
class Trap:
    """Lies in wait for one call that writes: whoever makes it gets no further."""

    who: str
    stage: Literal["before", "after"]
    """Whether the vendor has carried the call out by then."""
    sprung: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True)
class Weather:
    """What one vendor's network is like at this moment; shared by all who call it."""

    clock: VendorClock
    is_down: bool = False
    """Nobody reaches the vendor."""
    longest_seconds: float = 0.05
    """A call, and its answer, each take up to this long."""
    trap: Trap | None = None


class SimulatedTransport:
    """Carries calls to one core.

    An answer that is dropped, or comes later than the call's own time-out, is lost: a doubt for a
    call that writes. A caller that is killed meanwhile has been heard or not, as it happened.
    """

    def __init__(  # noqa: PLR0913 - what a network between two is made of
        self,
        core: Core,
        clock: Clock,
        weather: Weather,
        *,
        base_path: str = "/",
        chance: Random | None = None,
        journal: Journal | None = None,
        who: str = "",
    ) -> None:
        self._core = core
        self._clock = clock
        self._weather = weather
        self._base_path = base_path
        self._chance = chance
        self._journal = journal
        self._who = who

    async def send(self, call: Call) -> Answer:
        await self._travel()
        path, _, query = call.path.partition("?")
        if self._weather.is_down:
            self._note(path, "unreachable")
            msg = f"{self._core.name} is down"
            raise VendorUnavailableError(msg)
        if self._weather.trap is not None:
            await self._fall_into(call, "before")
        answer, date = self._handled(call, path, query)
        if self._weather.trap is not None:
            await self._fall_into(call, "after")
        if answer.delay_seconds > 0:  # hardly ever, and even an empty wait is a turn of the loop
            await self._clock.sleep(min(answer.delay_seconds, call.timeout_seconds))
        await self._travel()
        if answer.dropped or answer.delay_seconds > call.timeout_seconds:
            raise self._lost(call)
        if call.writes:
            self._note(path, f"{call.body.decode()} -> {answer.body.decode()}")
        headers = {name.lower(): value for name, value in answer.headers}
        return Answer(answer.status, headers | date, answer.body, _cookies(answer))

    async def close(self) -> None:
        """Nothing is held."""

    def _handled(self, call: Call, path: str, query: str) -> tuple[CoreAnswer, dict[str, str]]:
        """Return what the vendor answers, and the header that tells when."""
        headers = {name.lower(): value for name, value in call.headers.items()}
        asked = dict(parse_qsl(query)) if query else {}
        request = Request(call.method, self._base_path + path, asked, headers, call.body)
        now = self._weather.clock.now()
        answer = self._core.handle(request, now)
        if call.writes:
            self._weather.clock.called.set()
        return answer, {"date": _date(int(now))}

    async def _fall_into(self, call: Call, stage: Literal["before", "after"]) -> None:
        """Get no further, if a trap lies there; whoever laid it kills us, or nobody answers."""
        trap = self._weather.trap
        if trap is None or not call.writes or trap.who != self._who or trap.stage != stage:
            return
        self._weather.trap = None
        self._note(call.path, f"is caught {stage} the vendor heard it")
        trap.sprung.set()
        await self._clock.sleep(call.timeout_seconds)
        raise self._lost(call)

    def _lost(self, call: Call) -> InDoubtError | VendorUnavailableError:
        self._note(call.path, "answer lost")
        msg = f"{self._core.name}: no answer to {call.path}"
        return InDoubtError(msg) if call.writes else VendorUnavailableError(msg)

    async def _travel(self) -> None:
        if self._chance is not None:
            await self._clock.sleep(self._chance.uniform(0.001, self._weather.longest_seconds))

    def _note(self, path: str, words: str) -> None:
        if self._journal is not None:
            verb = path.removesuffix(".common.kdsvc").rpartition("/")[2].rpartition(".")[2]
            self._journal.note(self._who, f"{self._core.name} {verb}: {words}")


def _cookies(answer: CoreAnswer) -> dict[str, str]:
    return dict(
        value.split(";")[0].split("=", 1)
        for name, value in answer.headers
        if name.lower() == "set-cookie"
    )


@lru_cache(maxsize=64)
def _date(second: int) -> str:
    """Return the header that many answers of one second carry."""
    at = gmtime(second)
    day = f"{_DAYS[at.tm_wday]}, {at.tm_mday:02} {_MONTHS[at.tm_mon - 1]} {at.tm_year}"
    return f"{day} {at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02} GMT"
