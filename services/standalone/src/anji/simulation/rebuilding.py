"""An operator who types `anji rebuild`, and again where it says so."""

from contextlib import suppress

from anji.simulation.journal import Journal
from anji_common.errors import ServiceSilentError
from anji_common.runtime import Runtime
from anji_mapper.mapping.model import Mappings
from anji_mapper.replay import Rebuild, TypeReport

__all__ = ["rebuilt", "unmapped"]

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


def unmapped(own: Mappings, rebuilt_by: Mappings) -> set[str]:
    """Return the customers' fields of which a rebuild by other mappings knows nothing.

    Once they are mapped again they are new to the link: the owner's value stands in both systems,
    whoever said the last one.
    """
    before, after = (
        {pair.crm for pair in found.pairs}
        if (found := mappings.named("customer")) is not None
        else set()
        for mappings in (own, rebuilt_by)
    )
    return before - after
