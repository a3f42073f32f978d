"""What a step wants done: events to be published, in this order, with the seat's new state."""

from anji_common.events.commands import Command
from anji_common.events.crosswalk import CrosswalkRow
from anji_common.events.inbox import Entry, Sending
from anji_common.events.notices import Notice
from anji_common.events.signals import Signal
from anji_common.topics import Lane

__all__ = ["Effect", "in_bulk"]

Effect = Command | CrosswalkRow | Entry | Notice | Sending | Signal
"""Each knows its message: ``effect.to_message()``."""


def in_bulk(effect: Effect) -> Effect:
    """Return the effect; a command leaves the live lane to live work, and what is told says so."""
    if isinstance(effect, Command | Entry):
        return effect.model_copy(update={"lane": Lane.BULK})
    return effect
