"""The port `Transport` straight into a sandbox's core: no sockets, and time is the Clock's."""

from urllib.parse import parse_qsl

from anji_common.clock import Clock
from anji_common.errors import InDoubtError, VendorUnavailableError
from anji_common.transport import Answer, Call
from anji_sandbox.core import Core, Request

__all__ = ["SandboxTransport"]


class SandboxTransport:
    """Carries calls to one core.

    An answer that is dropped, or comes later than the call's own time-out, is lost: a doubt for a
    call that writes. While `is_down` nothing leaves.
    """

    def __init__(
        self, core: Core, clock: Clock, *, base_path: str = "/", latency_seconds: float = 0.0
    ) -> None:
        """Prepare.

        Args:
            core: Who answers.
            clock: Tells the core the time, and waits for slow answers.
            base_path: What stands before a call's path, such as ``/k3cloud/``.
            latency_seconds: How long a call takes there, and its answer back.
        """
        self._core = core
        self._clock = clock
        self._base_path = base_path
        self.latency_seconds = latency_seconds
        self.seconds_a_kilobyte = 0.0
        """How much longer for each kilobyte that a call sends: a batch takes longer than one."""
        self.is_down = False
        self.sent = 0
        """Calls that reached the core."""

    async def send(self, call: Call) -> Answer:
        size_kilobytes = len(call.body) / 1000
        await self._clock.sleep(self.latency_seconds + self.seconds_a_kilobyte * size_kilobytes)
        if self.is_down:
            msg = f"{self._core.name} is down"
            raise VendorUnavailableError(msg)
        path, _, query = call.path.partition("?")
        headers = {name.lower(): value for name, value in call.headers.items()}
        request = Request(
            call.method, self._base_path + path, dict(parse_qsl(query)), headers, call.body
        )
        self.sent += 1
        answer = self._core.handle(request, self._clock.now().timestamp())
        await self._clock.sleep(min(answer.delay_seconds, call.timeout_seconds))
        await self._clock.sleep(self.latency_seconds)
        if answer.dropped or answer.delay_seconds > call.timeout_seconds:
            msg = f"{self._core.name}: no answer to {path}"
            raise InDoubtError(msg) if call.writes else VendorUnavailableError(msg)
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
        pass
