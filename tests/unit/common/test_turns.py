"""Work on many records gives way to everybody else."""

import asyncio

from anji_common.clock import SystemClock
from anji_common.turns import RECORDS_A_TURN, in_turns


def test_between_a_few_records_and_the_next_everybody_else_has_a_turn() -> None:
    async def run() -> None:
        seen = 0
        turns: list[int] = []

        async def other() -> None:
            while seen < 100:
                turns.append(seen)
                await SystemClock().sleep(0)

        beside = asyncio.create_task(other())
        await SystemClock().sleep(0)
        async for each in in_turns(range(100), SystemClock()):
            assert each == seen
            seen += 1
        await beside

        assert turns[1:] == list(range(RECORDS_A_TURN, 100, RECORDS_A_TURN))

    asyncio.run(run())
