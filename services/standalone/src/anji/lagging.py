"""How far each group is behind: shown by ``anji topics lag``, measured while services run."""

from collections.abc import Mapping, Sequence

from anji.installation import Installation
from anji_common.broker.port import Broker, Lag
from anji_common.metrics import LAG_RECORDS, LAG_SECONDS
from anji_common.refs import System
from anji_common.runtime import Runtime
from anji_common.sourcing.engine import source_group
from anji_common.topics import CALLBACKS, SIGNALS, Lane, commands_topic
from anji_common.writing.engine import writer_group
from anji_mapper.decode import input_topics
from anji_mapper.service import GROUP

__all__ = ["groups_of", "lag_of", "watch_lag"]

_EVERY_SECONDS = 10.0


def groups_of(installation: Installation) -> Mapping[str, Sequence[str]]:
    """Return each group that the services form, with its input topics."""
    groups: dict[str, Sequence[str]] = {GROUP: input_topics(installation.mappings)}
    for system in System:
        hints = (CALLBACKS.name,) if system is System.FXIAOKE else ()
        groups[source_group(system)] = (SIGNALS.name, *hints)
        groups[writer_group(system)] = tuple(commands_topic(system, lane) for lane in Lane)
    return groups


async def lag_of(broker: Broker, installation: Installation) -> dict[str, Sequence[Lag]]:
    """Return how far each group is behind."""
    return {
        group: await broker.lag(group, inputs) for group, inputs in groups_of(installation).items()
    }


async def watch_lag(runtime: Runtime, installation: Installation) -> None:
    """Keep the lag's metrics true, until cancelled."""
    while True:
        for group, found in (await lag_of(runtime.broker, installation)).items():
            for topic in {lag.topic for lag in found}:
                of_topic = [lag for lag in found if lag.topic == topic]
                LAG_RECORDS.labels(group, topic).set(sum(lag.records for lag in of_topic))
                LAG_SECONDS.labels(group, topic).set(max(lag.seconds for lag in of_topic))
        await runtime.clock.sleep(_EVERY_SECONDS)
