"""The port that carries one vendor request.

`HttpTransport` (``http_transport.py``) is the adapter for production; a simulation hands the
request straight to a sandbox's core. Round either, a `Breaker` stops calling who does not answer.
A transport knows no vendor and no session.
"""

from collections.abc import Mapping
from dataclasses import field
from typing import Protocol

from anji_common.values import frozen

__all__ = ["Answer", "Call", "Transport"]


@frozen
class Call:
    """One request to a vendor."""

    path: str
    """Below the vendor's base address, without a leading slash, query included."""
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "POST"
    timeout_seconds: float = 60.0
    """For the whole exchange, from connecting to the last byte."""
    writes: bool = False
    """The vendor may change something because of it: then a lost answer is a doubt."""


@frozen
class Answer:
    """What the vendor's server said, undecoded except for its content encoding."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case; of a repeated one, the last (but see `cookies`)."""
    body: bytes
    cookies: Mapping[str, str] = field(default_factory=dict)
    """What ``Set-Cookie`` set."""


class Transport(Protocol):
    """Carries one request to the vendor it was made for. It never repeats one by itself."""

    async def send(self, call: Call) -> Answer:
        """Return the answer, whatever its status.

        Raises:
            VendorUnavailableError: no answer came, and either the call did not leave or it
                writes nothing.
            InDoubtError: no answer came to a call that `writes` and may have arrived.
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
