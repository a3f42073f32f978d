"""A broker for a process that takes every task by force, whoever holds it.

So does a cluster that believes the holder dead. The holder may live, and find out by being fenced.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, cast

from anji_common.broker.port import Broker, Work
from anji_common.clock import Clock
from anji_common.errors import FencedError, RevokedError

__all__ = ["forceful"]

_TAKE_AGAIN_SECONDS = 1.0


class _Forceful:
    def __init__(self, broker: Broker, clock: Clock) -> None:
        self._broker = broker
        self._clock = clock

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the broker has of that name
        return getattr(self._broker, name)

    async def serve(self, group: str, inputs: Sequence[str], work: Work) -> None:
        async with asyncio.TaskGroup() as together:
            for partition in range(self._broker.partitions):
                together.create_task(self._hold(group, partition, inputs, work))

    async def _hold(self, group: str, partition: int, inputs: Sequence[str], work: Work) -> None:
        while True:
            task = await self._broker.take(group, partition, inputs)
            try:
                with suppress(FencedError, RevokedError):  # put elsewhere: taken again
                    await work(task)
            finally:
                await task.close()
            await self._clock.sleep(_TAKE_AGAIN_SECONDS)


def forceful(broker: Broker, clock: Clock) -> Broker:
    """Return `broker` for a process that takes every task by force."""
    return cast(Broker, _Forceful(broker, clock))
