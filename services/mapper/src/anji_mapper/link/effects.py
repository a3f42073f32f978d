"""What a step wants done: events to be published, in this order, with the seat's new state."""

from anji_common.events.commands import Command
from anji_common.events.crosswalk import CrosswalkRow
from anji_common.events.inbox import Entry, Sending
from anji_common.events.notices import Notice
from anji_common.events.signals import Signal

__all__ = ["Effect"]

Effect = Command | CrosswalkRow | Entry | Notice | Sending | Signal
"""Each knows its message: ``effect.to_message()``."""
