"""An operator who types `anji rebuild`, and again where it says so."""

from contextlib import suppress

from anji.simulation.journal import Journal
from anji_common.errors import ServiceSilentError
from anji_common.runtime import Runtime
from anji_mapper.mapping.model import Mappings
from anji_mapper.replay import Rebuild, TypeReport

__all__ = ["rebuilt"]

_MOST_TIMES = 5


async def rebuilt(mappings: Mappings, runtime: Runtime, journal: Journal) -> list[TypeReport]:
    """Make the links anew; a command whose answers are lost time after time may take longer.

    Raises:
        ServiceSilentError: it was in doubt each time.
    """
    for _ in range(_MOST_TIMES - 1):
        with suppress(ServiceSilentError):
            return await Rebuild(mappings, runtime).apply()
        journal.note("operator", "is told that a command is in doubt, and rebuilds again")
    return await Rebuild(mappings, runtime).apply()
