"""What every sandboxed vendor is: a state machine that takes a request and gives an answer.

A core has no sockets, no clock and no chance of its own: the time comes with each request, chance
from a seed. So the HTTP skin (`http.py`) can serve it to any client, and a simulation can drive it
under virtual time; both see the same vendor.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

__all__ = ["Answer", "Core", "Request"]


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, without its socket."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer, and how late it comes, if at all."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    delay_seconds: float = 0.0
    """How long the skin waits before it sends the answer; the state has changed already."""
    dropped: bool = False
    """The connection is closed without an answer."""


class Core(Protocol):
    """One vendor as a state machine."""

    @property
    def name(self) -> str:
        """Say which vendor this is: ``fxiaoke`` or ``k3cloud``."""
        ...

    def handle(self, request: Request, now: float) -> Answer:
        """Answer one request at the time `now` (Unix seconds); what it wrote is durable then."""
        ...
