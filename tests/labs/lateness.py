"""How late the results of live commands are while other commands are carried out."""

import asyncio
from collections.abc import Callable

from anji_common.broker.port import Broker
from anji_common.clock import Clock
from anji_common.events.commands import Command
from anji_common.events.results import Result
from anji_common.refs import Ref, System
from anji_common.topics import Lane, results_topic

__all__ = ["lateness"]


async def lateness(  # noqa: PLR0913 - what is done, and where
    broker: Broker,
    clock: Clock,
    system: System,
    mass: list[Command],
    live: list[Command],
    *,
    pause_seconds: float,
    before: int = 0,
    is_meanwhile: Callable[[int], bool] = lambda _left: True,
) -> list[float]:
    """Issue a live command every pause, and `mass` in bulk after the first `before` of them.

    Returns the seconds to the result of each live one.

    `is_meanwhile` is asked, when the last live result is there, with how many of `mass` are left.
    """
    sent: dict[Ref, float] = {}
    found: dict[Ref, float] = {}
    topic = results_topic(system)
    reader = await broker.reader(topic, await broker.ends(topic))
    bulk = [command.model_copy(update={"lane": Lane.BULK}) for command in mass]

    async def listen() -> None:
        seen = 0
        while len(found) < len(live):
            for record in await reader.poll(wait_seconds=1.0):
                seat = Result.from_record(record).seat
                if seat in sent:
                    found[seat] = clock.monotonic() - sent[seat]
                else:
                    seen += 1
        assert is_meanwhile(len(bulk) - seen)

    listening = asyncio.create_task(listen())
    try:
        for place, command in enumerate(live):
            if place == before:
                await broker.publish([command.to_message() for command in bulk])
            await clock.sleep(pause_seconds)
            sent[command.seat] = clock.monotonic()
            await broker.publish([command.to_message()])
        await listening
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await reader.close()
    return [found[command.seat] for command in live]
