"""`HttpTransport`: the port `Transport` over HTTP/1.1.

It never repeats a request, follows no redirect and keeps no cookies: a session is the client's
own affair, so every answer shows what it set. Certificates are always verified.

The one thing that it decides is what a missing answer means. Until a connection stands, nothing
has left: the vendor is unavailable. From then on the request may have arrived, whatever the
error says, and a call that writes is in doubt.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from anji_common.clock import Clock
from anji_common.errors import ConfigurationError, InDoubtError, VendorUnavailableError
from anji_common.metrics import VENDOR_CALL_SECONDS, VENDOR_CALLS
from anji_common.transport import Answer, Call

__all__ = ["HttpTransport"]

_REPEATED_BY_AIOHTTP = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
"""Methods that aiohttp sends again by itself when a kept connection turns out to be dead."""


@dataclass(slots=True)
class _Progress:
    """How far a request came."""

    may_have_left: bool = False


class HttpTransport:
    """Carries requests to one vendor's base address. Make it inside a running loop."""

    def __init__(
        self,
        base_url: str,
        *,
        system: str,
        clock: Clock,
        ca_file: Path | None = None,
        connect_seconds: float = 10.0,
    ) -> None:
        """Prepare; connects nowhere yet.

        Args:
            base_url: With scheme, and with a path where the vendor is installed under one.
            system: Label of the metrics.
            clock: Measures how long calls take.
            ca_file: Certificates of a private authority, in PEM, trusted besides the machine's.
            connect_seconds: The longest wait for a connection; within the call's own time.

        Raises:
            ConfigurationError: `ca_file` cannot be read.
        """
        self._base_url = base_url.rstrip("/")
        self._system = system
        self._clock = clock
        self._connect_seconds = connect_seconds
        trace = aiohttp.TraceConfig()
        trace.on_connection_create_end.append(_left)
        trace.on_connection_reuseconn.append(_left)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=_tls(ca_file)),
            cookie_jar=aiohttp.DummyCookieJar(),
            trace_configs=[trace],
        )

    async def send(self, call: Call) -> Answer:
        if call.writes and call.method in _REPEATED_BY_AIOHTTP:
            msg = f"a write by {call.method} might be sent twice"
            raise ValueError(msg)
        progress = _Progress()
        began = self._clock.monotonic()
        try:
            answer = await self._exchange(call, progress)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            words = f"{self._system}: no answer to {call.path.partition('?')[0]}: {_words(error)}"
            if call.writes and progress.may_have_left:
                VENDOR_CALLS.labels(self._system, "in_doubt").inc()
                raise InDoubtError(words) from error
            VENDOR_CALLS.labels(self._system, "unavailable").inc()
            raise VendorUnavailableError(words) from error
        VENDOR_CALLS.labels(self._system, "answered").inc()
        VENDOR_CALL_SECONDS.labels(self._system).observe(self._clock.monotonic() - began)
        return answer

    async def close(self) -> None:
        await self._session.close()

    async def _exchange(self, call: Call, progress: _Progress) -> Answer:
        async with self._session.request(
            call.method,
            f"{self._base_url}/{call.path}",
            data=call.body,
            headers=call.headers,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(
                total=call.timeout_seconds, sock_connect=self._connect_seconds
            ),
            trace_request_ctx=progress,
        ) as response:
            return Answer(
                status=response.status,
                headers={name.lower(): value for name, value in response.headers.items()},
                body=await response.read(),
                cookies=_cookies(response),
            )


async def _left(_session: object, context: object, _params: object) -> None:
    """Note that a connection stands: from now on bytes may be under way."""
    progress = getattr(context, "trace_request_ctx", None)
    if isinstance(progress, _Progress):
        progress.may_have_left = True


def _cookies(response: aiohttp.ClientResponse) -> Mapping[str, str]:
    return {name: morsel.value for name, morsel in response.cookies.items()}


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _tls(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    try:
        if ca_file is not None:
            context.load_verify_locations(str(ca_file))
    except (OSError, ssl.SSLError) as error:
        msg = f"ANJI_CA_FILE: cannot read the certificates in {ca_file}: {error}"
        raise ConfigurationError(msg) from error
    return context
