"""An operator who types `anji rebuild`, and again where it says so."""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field

from anji.simulation.journal import Journal
from anji_common.errors import ServiceSilentError
from anji_common.runtime import Runtime
from anji_common.topics import CROSSWALK, Topic
from anji_mapper.mapping.model import Mappings
from anji_mapper.replay import Rebuild, TypeReport

__all__ = ["Forgotten", "rebuilt"]

_MOST_TIMES = 5


async def rebuilt(mappings: Mappings, runtime: Runtime, journal: Journal) -> None:
    """Make the links anew; a command whose answers are lost time after time may take longer.

    Raises:
        ServiceSilentError: it was in doubt each time.
    """
    for report in await _reports(mappings, runtime, journal):
        journal.note("rebuild", str(report))


async def _reports(mappings: Mappings, runtime: Runtime, journal: Journal) -> list[TypeReport]:
    for _ in range(_MOST_TIMES - 1):
        with suppress(ServiceSilentError):
            return await Rebuild(mappings, runtime).apply()
        journal.note("operator", "is told that a command is in doubt, and rebuilds again")
    return await Rebuild(mappings, runtime).apply()


@dataclass(slots=True)
class Forgotten:
    """What rebuilds could not know, so that no oracle may ask for it."""

    fields: set[str] = field(default_factory=set)
    """Customers' fields that the mappings of a rebuild did not have. Once they are mapped again
    they are new to the link: the owner's value stands in both systems, whoever said the last."""
    links_lost_at: float = -1.0
    """When the last rebuild ended: what was asked before it may be asked no more. Monotonic
    seconds."""
    crosswalk_lost_at: float = -1.0
    """When the last rebuild ended that had no crosswalk: which lines were a pair nobody says there
    but those who show them, and which partners there were only those that are there still."""

    def rebuilt(self, own: Mappings, by: Mappings, lost: Collection[Topic], at: float) -> None:
        """Take down a rebuild after the loss of these topics, that ended at this moment."""
        self.fields |= _customers_fields(own) - _customers_fields(by)
        self.links_lost_at = at
        if CROSSWALK in lost:
            self.crosswalk_lost_at = at


def _customers_fields(mappings: Mappings) -> set[str]:
    found = mappings.named("customer")
    return set() if found is None else {pair.crm for pair in found.pairs}
