"""Callbacks that come together are kept together, and each hears of its own."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import pytest

from anji_common.errors import AnjiError, FatalError, RetriableError
from anji_common.messages import Message
from anji_common.testing.virtual_time import LoopClock, run_virtually
from anji_fxiaoke.keeping import GATHER_SECONDS, Keeping

WITHIN_SECONDS = 2.5


@dataclass
class SlowPublisher:
    """Publishes, as a broker does, but takes its time."""

    clock: LoopClock
    seconds: float = 0.005
    fails_with: AnjiError | None = None
    published: list[list[str]] = field(default_factory=list)

    async def publish(self, messages: Sequence[Message]) -> None:
        await self.clock.sleep(self.seconds)
        if self.fails_with is not None:
            raise self.fails_with
        self.published.append([each.key for each in messages])


def on_a_publisher(
    test: Callable[[Keeping, SlowPublisher, LoopClock], Awaitable[None]], **more: object
) -> None:
    async def run() -> None:
        clock = LoopClock(asyncio.get_running_loop())
        publisher = SlowPublisher(clock, **more)  # type: ignore[arg-type]  # its own fields
        await test(Keeping(publisher.publish, clock, WITHIN_SECONDS), publisher, clock)

    run_virtually(run())


def message(n: int) -> Message:
    return Message("callbacks", str(n), b"{}")


def test_two_hundred_a_second_share_commits_and_none_waits_long() -> None:
    async def test(keeping: Keeping, publisher: SlowPublisher, clock: LoopClock) -> None:
        took: list[float] = []

        async def one(n: int) -> None:
            await clock.sleep(n / 200)
            begun = clock.monotonic()
            await keeping.keep(message(n))
            took.append(clock.monotonic() - begun)
            assert str(n) in [key for batch in publisher.published for key in batch]

        await asyncio.gather(*(one(n) for n in range(400)))

        assert sorted(int(key) for batch in publisher.published for key in batch) == [*range(400)]
        assert len(publisher.published) < 200
        assert max(took) <= GATHER_SECONDS + 2 * publisher.seconds + 1e-9

    on_a_publisher(test)


def test_a_broker_that_fails_is_told_to_each_and_the_next_are_kept() -> None:
    async def test(keeping: Keeping, publisher: SlowPublisher, _: LoopClock) -> None:
        publisher.fails_with = FatalError("no disk")
        failed = await asyncio.gather(
            *(keeping.keep(message(n)) for n in range(3)), return_exceptions=True
        )
        publisher.fails_with = None

        await keeping.keep(message(3))

        assert [type(each) for each in failed] == [FatalError] * 3
        assert publisher.published == [["3"]]

    on_a_publisher(test)


def test_what_is_not_kept_in_time_is_not_answered_and_holds_nobody_else_back() -> None:
    async def test(keeping: Keeping, publisher: SlowPublisher, clock: LoopClock) -> None:
        publisher.seconds = 60.0
        with pytest.raises(RetriableError, match=r"not kept within 2\.5 s"):
            await keeping.keep(message(1))
        publisher.seconds = 0.005

        begun = clock.monotonic()
        await keeping.keep(message(2))

        assert clock.monotonic() - begun < 0.1
        assert publisher.published == [["2"]]

    on_a_publisher(test)


def test_who_went_away_before_his_commit_is_left_out() -> None:
    async def test(keeping: Keeping, publisher: SlowPublisher, clock: LoopClock) -> None:
        gone = asyncio.ensure_future(keeping.keep(message(1)))
        await clock.sleep(0)
        gone.cancel()

        await keeping.keep(message(2))

        assert publisher.published == [["2"]]

    on_a_publisher(test)


def test_no_more_wait_than_memory_is_meant_for() -> None:
    async def test(keeping: Keeping, publisher: SlowPublisher, clock: LoopClock) -> None:
        waiting = [asyncio.ensure_future(keeping.keep(message(n))) for n in range(2000)]
        await clock.sleep(0)

        with pytest.raises(RetriableError, match="2000 callbacks wait"):
            await keeping.keep(message(2000))
        await asyncio.gather(*waiting)
        await keeping.keep(message(2001))

        assert sum(map(len, publisher.published)) == 2001

    on_a_publisher(test)
