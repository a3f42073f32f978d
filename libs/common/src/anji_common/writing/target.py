"""The port `Target`: what a vendor can do for the writing engine.

A target holds no state about commands. It batches as its vendor allows, waits by itself while
the vendor is down or limits us (shown in metrics), and never repeats a write by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from anji_common.events.commands import Command
from anji_common.events.observed import Observed
from anji_common.events.results import Outcome
from anji_common.refs import Ref, System

__all__ = [
    "MOST_PAUSE_SECONDS",
    "Busy",
    "Doubtful",
    "Found",
    "Refused",
    "Target",
    "WriteOutcome",
    "Written",
]

MOST_PAUSE_SECONDS = 30.0
"""Half of P's default (60 s). A target whose writer has another P is told so when it is made
(`WriterSettings.most_pause_seconds`)."""


@dataclass(frozen=True, slots=True)
class Found:
    """A record that a look-up found."""

    observed: Observed
    business_number: str | None
    is_ours: bool
    """Found by marker or by a number derived for this seat, not by a natural key."""
    lines: dict[str, dict[str, str]] = field(default_factory=dict)
    """The create's rows paired with those found (`Result.lines`), where that can be told."""


@dataclass(frozen=True, slots=True)
class Written:
    """The vendor said yes."""

    outcome: Outcome
    """CREATED, UPDATED or SENT."""
    ref: Ref | None
    business_number: str | None = None
    observed: Observed | None = None
    """As read back after the write, where that is free or due; else `None`."""
    lines: dict[str, dict[str, str]] = field(default_factory=dict)
    """See `Result.lines`."""
    words: str = ""
    """What did not go as wished though the record was saved (a refused audit), else empty."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The vendor said no; nothing was written, or not all of it."""

    words: str
    code: str = ""
    field: str = ""
    is_partial: bool = False
    """Some of it was written before, by calls of their own."""
    is_taken: bool = False
    """The refusal says that the number exists already: look, do not reject (``protocol.md`` 4)."""


@dataclass(frozen=True, slots=True)
class Busy:
    """Nothing was written; the same command may pass a little later (a lock conflict)."""

    words: str
    is_unreached: bool = False
    """The vendor could not be reached, or has no calls left for us: nobody's fault, so it does
    not count towards the bound after which a busy command is rejected."""


@dataclass(frozen=True, slots=True)
class Doubtful:
    """The call left and no answer came."""

    words: str


WriteOutcome = Written | Refused | Busy | Doubtful


class Target(Protocol):
    """One vendor, as the writing engine sees it."""

    @property
    def system(self) -> System:
        """Whose commands these are."""
        ...

    @property
    def reads_are_paid(self) -> bool:
        """CRM: whether reading is spared; ``protocol.md`` 8 and 11 tell where.

        An update's base is checked only on redelivery, in doubt or on stale knowledge, and is
        not read back: the source's own read settles it.
        """
        ...

    @property
    def updates_in_parts(self) -> bool:
        """CRM: whether an update is a call for each of its parts, and names no other part.

        Of one that is compared with its target, `write` is given only what is not at its wish.
        """
        ...

    async def look_up(
        self, creates: Sequence[Command], *, own_only: bool
    ) -> Sequence[tuple[Found, ...]]:
        """Return for each create what is there already, by its `look_ups` in their order.

        Batched: one query per way and hundred commands. The first way that hits counts; with
        `own_only` natural keys are not asked. Several hits are all returned.

        Raises:
            RetriableError: no answer; nothing is known.
        """
        ...

    async def read(self, commands: Sequence[Command]) -> Sequence[Observed | None]:
        """Return each command's `target` as it stands now; `None` where it is gone. Batched.

        Raises:
            RetriableError: no answer; nothing is known.
            RejectedError: the vendor cannot be asked that way; asked again one by one.
        """
        ...

    def is_done(self, command: Command, observed: Observed | None) -> bool:
        """OPERATE: whether the target, as it was read, is where the operation would bring it."""
        ...

    async def write(self, commands: Sequence[Command]) -> Sequence[WriteOutcome]:
        """Do it, once, in as few calls as the vendor allows; one outcome per command.

        The last of these calls must leave within half of the pause P of ``protocol.md`` 12 of
        being asked: what cannot leave by then is `Busy` and unreached.

        Raises nothing of `AnjiError` but FatalError: what happened to each command is its
        outcome. A `RetriableError` before anything left is `Busy`.
        """
        ...

    async def finish(self, found: Found, command: Command) -> WriteOutcome | None:
        """Take a record that holds what was wished the rest of the way (submit, audit).

        Found by a create's look-up, or the target of an update. `None` if it is where it should
        be.
        """
        ...
