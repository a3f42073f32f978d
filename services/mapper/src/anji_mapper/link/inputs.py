"""What can happen to a seat."""

from anji_common.events.changes import Change
from anji_common.events.inbox import Entry
from anji_common.events.results import Result
from anji_common.values import frozen

__all__ = ["Answered", "Changed", "Input", "Looked", "Relooked", "Told"]


@frozen
class Changed:
    """The seat's own record is now like this."""

    change: Change


@frozen
class Told:
    """Another seat, or a person, says something."""

    entry: Entry


@frozen
class Answered:
    """A command of the seat has its result."""

    result: Result


@frozen
class Looked:
    """Nothing new about the record: time has passed, or what it waits for may have come."""


@frozen
class Relooked:
    """The records of a link, as they were read last, under another mapping than before."""

    changes: tuple[Change, ...]
    """At most one of each side; older ones than the link knows say nothing."""


Input = Changed | Told | Answered | Looked | Relooked
