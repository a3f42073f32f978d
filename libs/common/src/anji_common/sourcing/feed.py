"""The port `Feed`: what a vendor offers to the sourcing engine."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from anji_common.errors import UndecodableError
from anji_common.events.observed import Observed
from anji_common.interest import ObjectInterest
from anji_common.refs import System

__all__ = ["Feed", "Listed", "Page", "Unreadable", "Window"]


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of the vendor's own time: from `since` up to, not including, `until`."""

    since: datetime
    until: datetime
    is_bulk: bool = False
    """Of a snapshot: its calls come after those of live traffic, where calls are counted."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record that the vendor told and nobody can normalise: it alone becomes a dead letter."""

    record_id: str
    raw: bytes
    """As the vendor told it, in JSON."""
    error: UndecodableError


@dataclass(frozen=True, slots=True)
class Page:
    """Some records of a window, and what else was met in it."""

    records: tuple[Observed, ...]
    """Whole documents, none torn (``protocol.md`` 19)."""
    torn: tuple[str, ...] = ()
    """Ids of records that were seen but are not whole yet: read them again soon."""
    unreadable: tuple[Unreadable, ...] = ()
    marks: Mapping[str, str] = field(default_factory=dict)
    """Record id → what told this version apart, of every record met, those left out because it
    was `seen` too. Opaque; empty where reading a document whole costs nothing more."""
    early: tuple[str, ...] = ()
    """Ids of `records` that moved so lately that not all their lines may show what they are now:
    published as they are, and read again when the lines have followed."""


@dataclass(frozen=True, slots=True)
class Listed:
    """Some ids of records, in the vendor's own order of them."""

    ids: tuple[str, ...]
    is_last: bool
    """There is nothing behind them."""


class Feed(Protocol):
    """One vendor, as the sourcing engine sees it. Reads only; safe to repeat."""

    @property
    def system(self) -> System:
        """Whose records these are."""
        ...

    @property
    def time_step_seconds(self) -> float:
        """The grain of the vendor's modify time as it can be queried: 0.001 (CRM), 1.0 (ERP)."""
        ...

    async def now(self) -> datetime:
        """Return the vendor's own time as well as it can be told (else our clock's), aware."""
        ...

    def changed(
        self, interest: ObjectInterest, window: Window, seen: Mapping[str, str]
    ) -> AsyncIterator[Page]:
        """Yield every record whose modify (ERP: create, modify or approve) time is in `window`.

        Pages by key, so that edits made meanwhile neither hide nor double a record.

        Args:
            interest: Which fields of which object.
            window: Its end stays fixed over all pages.
            seen: `Page.marks` of what is committed already. A feed that would pay for reading
                those documents whole leaves them out; others need not look at it.

        Raises:
            RetriableError: no answer, or limited; begin the window again.
            RefusedError: the vendor does not know a field or object, in its words.
        """
        ...

    async def read(
        self, interest: ObjectInterest, ids: Sequence[str], published: Collection[str] = ()
    ) -> Page:
        """Return those of the records that exist; a missing one is no news (never a delete).

        At most 100 ids at a time. Raises as `changed` does.

        Args:
            interest: Which fields of which object.
            ids: Which records.
            published: Those that were published before. A feed that would pay for proving that a
                document is not torn need not do so for them: what tears it tells a change of its
                own, and nothing is created of them any more.
        """
        ...

    async def listed(self, interest: ObjectInterest, window: Window, behind: str) -> Listed:
        """Return ids of records whose time is in `window`, as `changed` tells it: one page.

        What is whole in each answer of `changed` anyway need not be listed. Raises as `changed`.

        Args:
            interest: Which object.
            window: Of the times.
            behind: The last id of the page before; empty for the first one.
        """
        ...

    async def standing(self, interest: ObjectInterest, ids: Sequence[str]) -> Sequence[str]:
        """Return the ids of those that exist, each as often as the vendor told it.

        Asked before a record is told to be gone, and from the other end, by descending id: an
        answer that is cut at its end leaves out others than that of `read`. At most 100 ids at a
        time. Raises as `changed` does.

        Args:
            interest: Which object.
            ids: Which records.
        """
        ...
