"""What every sandboxed vendor is: a state machine that takes a request and gives an answer.

A core has no sockets, no clock and no chance of its own: the time comes with each request, chance
from a seed. So the HTTP skin (`http.py`) can serve it to any client, and a simulation can drive it
under virtual time; both see the same vendor.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from anji_sandbox.store import Store

__all__ = [
    "AdministeredCore",
    "Answer",
    "CallingCore",
    "Core",
    "EditableCore",
    "FormField",
    "ListedCore",
    "MeteredCore",
    "OwnFaultsCore",
    "Request",
    "StoredCore",
]


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


class StoredCore(Core, Protocol):
    """A core whose memory can be looked into: both are."""

    @property
    def store(self) -> Store:
        """Return its memory."""
        ...


@runtime_checkable
class CallingCore(Protocol):
    """A core that calls back: somebody posts its events and tells it how that went."""

    @property
    def callback_url(self) -> str | None:
        """Return where events are to be posted."""
        ...

    def due_callbacks(self, now: float) -> list[tuple[str, bytes]]:
        """Return ids and bodies of the events to post now; each is given out once per try."""
        ...

    def callback_accepts(self, status: int, body: bytes) -> bool:
        """Say whether an answer to an event means that it has arrived."""
        ...

    def callback_answered(self, event_id: str, is_accepted: bool, now: float) -> None:  # noqa: FBT001 - fact
        """Take in how an event was answered."""
        ...

    def next_callback_at(self) -> float | None:
        """Return when to ask `due_callbacks` next, or `None` while nothing waits."""
        ...


@runtime_checkable
class AdministeredCore(Protocol):
    """A core with admin endpoints of its own."""

    def administer(self, method: str, name: str, body: Any) -> Any:  # noqa: ANN401 - JSON
        """Answer an admin call such as ``GET /_messages`` (`name` is "messages") with JSON.

        Raises:
            LookupError: there is no such endpoint.
        """
        ...


@runtime_checkable
class MeteredCore(Protocol):
    """A core that takes only so many calls a day."""

    def quota_left(self, now: float) -> int:
        """Return how many calls are left of the day's."""
        ...

    def leave_quota(self, left: int, now: float) -> None:
        """Use up the day's calls but for so many."""
        ...


@runtime_checkable
class OwnFaultsCore(Protocol):
    """A core that can also fail as only this vendor does, and refuses in its own shapes."""

    @property
    def fault_kinds(self) -> tuple[str, ...]:
        """Return the kinds of faults beside the general ones, such as ``waf``."""
        ...

    def suffer(self, request: Request, kind: str, code: int, words: str, now: float) -> Answer:
        """Answer a call that such a fault hits; ``code`` is the vendor's refusal.

        `words` is empty where the rule gives none.
        """
        ...


@runtime_checkable
class ListedCore(Protocol):
    """A core that shows its records to people otherwise than it stores them."""

    def listing(self, kind: str) -> Mapping[str, Mapping[str, Any]]:
        """Return the records of a kind, in the order they were made, by id, as columns."""
        ...


@dataclass(frozen=True, slots=True)
class FormField:
    """One input of the page on which a person creates and edits a record."""

    name: str
    type: str
    """The vendor's own name of the type, shown beside the input."""
    value: str = ""
    options: tuple[tuple[str, str], ...] = ()
    """Values to choose from and their labels; without any it is a line of text."""
    is_open: bool = False
    """Other values than the options may be typed."""
    is_required: bool = False
    is_fixed: bool = False
    """Shown, but not to be changed by hand."""


@runtime_checkable
class EditableCore(Protocol):
    """A core whose records a person may create and edit on the page."""

    def form_kinds(self) -> tuple[str, ...]:
        """Return the kinds of records that have a form, also those without records yet."""
        ...

    def form(self, kind: str, record_id: str, given: Mapping[str, str]) -> tuple[FormField, ...]:
        """Return the inputs for a record, or for a new one if the id is empty.

        `given` fills inputs of a new one, such as the head of a line.

        Raises:
            LookupError: there is no such kind or record.
        """
        ...

    def form_actions(self, kind: str, record_id: str) -> tuple[str, ...]:
        """Return what else can be done with a record, such as ``invalid``; words of the vendor."""
        ...

    def form_lines(self, kind: str) -> tuple[tuple[str, str], ...]:
        """Return kind and head field of each kind of line that a record of this kind has."""
        ...

    def save_form(self, kind: str, record_id: str, given: Mapping[str, str], now: float) -> str:
        """Do what a person asks with a filled form; return the record's id.

        `given` holds the inputs by name; ``#action`` names an action instead.

        Raises:
            LookupError: there is no such kind or record.
            ValueError: the vendor refuses; the text says why.
        """
        ...
