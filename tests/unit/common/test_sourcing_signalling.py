"""What a person may ask of a source."""

import asyncio

import pytest

from anji_common.errors import ConfigurationError
from anji_common.events.signals import Signal, SignalKind
from anji_common.sourcing.signalling import ASKABLE, ask_source
from anji_common.testing.virtual_time import LoopClock, run_virtually
from anji_common.topics import SIGNALS
from labs.erp_lab import INTEREST
from labs.memory_broker import memory_runtime


async def asked(kind: SignalKind, object_name: str) -> list[Signal]:
    clock = LoopClock(asyncio.get_running_loop())
    async with memory_runtime(clock, INTEREST) as runtime:
        await ask_source(runtime, INTEREST, kind, object_name)
        starts = dict.fromkeys(range(runtime.broker.partitions), 0)
        reader = await runtime.broker.reader(SIGNALS.name, starts)
        found = [Signal.from_record(record) for record in await reader.poll()]
        await reader.close()
        return found


@pytest.mark.parametrize("kind", ASKABLE)
def test_what_is_asked_reaches_the_source_of_that_object(kind: SignalKind) -> None:
    async def run() -> None:
        (signal,) = await asked(kind, "SAL_SaleOrder")

        assert (signal.system, signal.object_name) == (INTEREST.system, "SAL_SaleOrder")
        assert signal.kind is kind
        assert signal.ref is None

    run_virtually(run())


def test_an_object_that_no_mapping_reads_is_refused_with_those_that_are() -> None:
    async def run() -> None:
        with pytest.raises(ConfigurationError, match="they read BD_Customer, SAL_SaleOrder"):
            await asked(SignalKind.PROBE, "BD_NoSuch")

    run_virtually(run())
