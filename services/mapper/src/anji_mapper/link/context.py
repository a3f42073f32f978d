"""What a step may look at besides the seat and the input."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from anji_mapper.mapping.model import Mappings, References

__all__ = ["Context"]


@dataclass(frozen=True, slots=True)
class Context:
    """The world as a step sees it: values and look-ups, no doors."""

    mappings: Mappings
    references: References
    now: datetime
    settle_after: timedelta = timedelta(seconds=30)
    """How long an answered CRM update waits for the source's own read before asking for one."""
    settle_hidden_after: timedelta = timedelta(seconds=2)
    """The same where a person's change has come meanwhile, which hides our own from that read."""
    patience: timedelta = timedelta(hours=1)
    """How long a link may wait for another before people are told."""
    least_generation: int = 0
    """Of seats that are made anew: above all that writers have finished, whatever our clock is."""
