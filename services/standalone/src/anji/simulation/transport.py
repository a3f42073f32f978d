"""The port `Transport` straight into a sandbox's core: no sockets, and time is the Clock's."""

from random import Random
from urllib.parse import parse_qsl

from anji.simulation.journal import Journal
from anji_common.clock import Clock
from anji_common.errors import InDoubtError, VendorUnavailableError
from anji_common.transport import Answer, Call
from anji_sandbox.core import Core, Request

__all__ = ["SimulatedTransport", "Weather"]


class Weather:
    """What one vendor's network is like at this moment; shared by all who call it."""

    def __init__(self) -> None:
        self.is_down = False
        """Nobody reaches the vendor."""
        self.longest_seconds = 0.05
        """A call, and its answer, each take up to this long."""


class SimulatedTransport:
    """Carries calls to one core.

    An answer that is dropped, or comes later than the call's own time-out, is lost: a doubt for a
    call that writes. A caller that is killed meanwhile has been heard or not, as it happened.
    """

    def __init__(  # noqa: PLR0913 - what a network between two is made of
        self,
        core: Core,
        clock: Clock,
        *,
        base_path: str = "/",
        weather: Weather | None = None,
        chance: Random | None = None,
        journal: Journal | None = None,
        who: str = "",
    ) -> None:
        self._core = core
        self._clock = clock
        self._base_path = base_path
        self._weather = weather or Weather()
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
        headers = {name.lower(): value for name, value in call.headers.items()}
        request = Request(
            call.method, self._base_path + path, dict(parse_qsl(query)), headers, call.body
        )
        answer = self._core.handle(request, self._clock.now().timestamp())
        await self._clock.sleep(min(answer.delay_seconds, call.timeout_seconds))
        await self._travel()
        if answer.dropped or answer.delay_seconds > call.timeout_seconds:
            self._note(path, "answer lost")
            msg = f"{self._core.name}: no answer to {path}"
            raise InDoubtError(msg) if call.writes else VendorUnavailableError(msg)
        if call.writes:
            self._note(path, f"{call.body.decode()} -> {answer.body.decode()}")
        return Answer(
            status=answer.status,
            headers={name.lower(): value for name, value in answer.headers},
            body=answer.body,
            cookies=dict(
                value.split(";")[0].split("=", 1)
                for name, value in answer.headers
                if name.lower() == "set-cookie"
            ),
        )

    async def close(self) -> None:
        """Nothing is held."""

    async def _travel(self) -> None:
        if self._chance is not None:
            await self._clock.sleep(self._chance.uniform(0.001, self._weather.longest_seconds))

    def _note(self, path: str, words: str) -> None:
        if self._journal is not None:
            verb = path.removesuffix(".common.kdsvc").rpartition("/")[2].rpartition(".")[2]
            self._journal.note(self._who, f"{self._core.name} {verb}: {words}")
