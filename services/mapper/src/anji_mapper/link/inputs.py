"""What can happen to a seat."""

from dataclasses import dataclass

from anji_common.events.changes import Change
from anji_common.events.inbox import Entry
from anji_common.events.results import Result

__all__ = ["Answered", "Changed", "Input", "Looked", "Relooked", "Told"]


@dataclass(frozen=True, slots=True)
class Changed:
    """The seat's own record is now like this."""

    change: Change


@dataclass(frozen=True, slots=True)
class Told:
    """Another seat, or a person, says something."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class Answered:
    """A command of the seat has its result."""

    result: Result


@dataclass(frozen=True, slots=True)
class Looked:
    """Nothing new about the record: time has passed, or what it waits for may have come."""


@dataclass(frozen=True, slots=True)
class Relooked:
    """The records of a link, as they were read last, under another mapping than before."""

    changes: tuple[Change, ...]
    """At most one of each side; older ones than the link knows say nothing."""


Input = Changed | Told | Answered | Looked | Relooked
