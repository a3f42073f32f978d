"""What a rebuild asks of the sources it asks in one order, in every process."""

import asyncio
from random import Random

import pytest

from anji_common.broker.embedded_broker import EmbeddedBroker
from anji_common.errors import ServiceSilentError
from anji_common.events.signals import Signal
from anji_common.refs import SYSTEMS, System
from anji_common.runtime import Runtime
from anji_common.testing.virtual_time import LoopClock, run_virtually
from anji_common.topics import SIGNALS, declared_topics
from anji_mapper.mapping.folder import load_mappings
from anji_mapper.mapping.model import Mappings
from anji_mapper.quieting import Quiet


async def _asked(mappings: Mappings) -> list[tuple[System, str]]:
    """Return what the sources of an installation are asked to confirm, in order; none answers."""
    clock = LoopClock(asyncio.get_running_loop())
    broker = EmbeddedBroker(None, clock=clock, partitions=1)
    await broker.declare(declared_topics({}))
    runtime = Runtime(broker, clock, Random(0))
    quiet = Quiet(mappings, runtime, patience_seconds=1.0, on_progress=lambda _words, _count: None)
    with pytest.raises(ServiceSilentError, match="nobody has read"):
        await quiet.until_sources_have_read()
    reader = await broker.reader(SIGNALS.name, {0: 0})
    signals = [Signal.from_record(each) for each in await reader.poll()]
    await reader.close()
    await broker.close()
    return [(each.system, each.object_name) for each in signals]


def test_the_sources_are_asked_in_the_order_of_the_mappings() -> None:
    mappings = load_mappings()

    assert run_virtually(_asked(mappings)) == [
        (system, link_type.side(system).object_name)
        for system in SYSTEMS
        for link_type in mappings.types
    ]
