"""Which changes are part of a mass change: their commands go by the bulk lane. Pure.

One person (or program) who changes very many records of one object at a time, such as handing
5,000 customers of a colleague who leaves to another, is no hurry of anybody else: what others
do meanwhile must not wait behind it. What is told apart is who changed what, so an order that
somebody enters stays live while his colleague's customers move. What follows from a mass change
(the result of its command, what seats tell each other of it) is part of it: it carries its lane.
A link has one command of a side in flight, so its commands never overtake each other, whichever
lane they go by.
"""

from collections import deque

from anji_common.events.changes import Change
from anji_common.topics import Lane
from anji_mapper.link.inputs import Answered, Changed, Input, Told

__all__ = ["Bursts"]

_Who = tuple[str, str, str | None]
"""System and object, and who changed the record."""
_MOST_KNOWN = 1000
"""Of whom times are kept: who has changed nothing for longest is forgotten first."""


class Bursts:
    """The changes that the tasks of one process have seen lately."""

    def __init__(self, most: int, seconds: float) -> None:
        """Begin.

        Args:
            most: Changes of one object by one person that are no mass change yet.
            seconds: Within so long.
        """
        self._most = most
        self._span_ms = seconds * 1000
        self._times: dict[_Who, deque[int]] = {}

    def take_in(self, happened: Input, at_ms: int) -> bool:
        """Say whether this is part of a mass change.

        Args:
            happened: Anything; only changes by others than ourselves, and those of them that a
                pointer forwards, are counted. What we have written is as urgent as its command.
            at_ms: When it was published.
        """
        if _lane(happened) is Lane.BULK:
            return True
        change = _change(happened)
        if change is None or change.stamp.by_anji:
            return False
        ref = change.ref
        who = (ref.system.value, ref.object_name, change.stamp.modified_by)
        times = self._times.pop(who, None) or deque(maxlen=self._most)
        self._times[who] = times
        while len(self._times) > _MOST_KNOWN:
            del self._times[next(iter(self._times))]
        # Of partitions that are read side by side either one may be ahead.
        is_part = len(times) == self._most and abs(at_ms - times[0]) <= self._span_ms
        times.append(at_ms)
        return is_part


def _lane(happened: Input) -> Lane:
    if isinstance(happened, Answered):
        return happened.result.lane
    return happened.entry.lane if isinstance(happened, Told) else Lane.LIVE


def _change(happened: Input) -> Change | None:
    if isinstance(happened, Changed):
        return happened.change
    return happened.entry.change if isinstance(happened, Told) else None
