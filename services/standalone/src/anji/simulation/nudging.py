"""Asks the sources to look while something happens, so that reads and writes meet.

In the quiet they poll seldom, and cost next to nothing. A signal without a record says that
something of an object has moved, as anybody may who knows: then it is polled soon.
"""

from collections.abc import Mapping, Sequence
from random import Random

from anji.simulation.pace import Pace
from anji_common.broker.port import Broker
from anji_common.clock import Clock
from anji_common.events.signals import Signal, SignalKind
from anji_common.refs import System

__all__ = ["nudge"]

_EVERY_SECONDS = (6.0, 9.0, 12.0)
"""By seed, for each system."""
_AFTERWARDS_SECONDS = 10.0
"""What a flurry has begun is under way for a while."""


async def nudge(
    broker: Broker,
    clock: Clock,
    objects: Mapping[System, Sequence[str]],
    pace: Pace,
    chance: Random,
) -> None:
    """Have every object polled as often in each flurry as the seed says."""
    begin = clock.monotonic()
    every = {system: chance.choice(_EVERY_SECONDS) for system in objects}
    moments = sorted(
        (start + (number + chance.random()) * every[system], system)
        for start in pace.starts
        for system in objects
        for number in range(int((pace.flurry_seconds + _AFTERWARDS_SECONDS) / every[system]))
    )
    for moment, system in moments:
        await clock.sleep(begin + moment - clock.monotonic())
        signals = [
            Signal(system=system, object_name=name, kind=SignalKind.READ, at=clock.now())
            for name in objects[system]
        ]
        await broker.publish([each.to_message() for each in signals])
