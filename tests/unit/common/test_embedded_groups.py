"""Epochs and members of the embedded broker: what the contract does not reach. Virtual time.

Two brokers on one file are two processes to each other. One whose clock stands still is a
process that is frozen: it gives no sign of life.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anji_common.broker.embedded_broker import EmbeddedBroker, EmbeddedTimes
from anji_common.broker.embedded_group import share_of
from anji_common.broker.port import Task
from anji_common.errors import ConfigurationError, FencedError, RevokedError
from anji_common.messages import Message
from anji_common.testing.virtual_time import LoopClock, run_virtually
from labs.brokers import polled, records_of
from labs.copying import COPIED, GIVEN, copied, copy

GROUP = "copiers"
TIMEOUT_SECONDS = 5.0


class FreezableClock(LoopClock):
    """Waits for ever while it is frozen."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.running = asyncio.Event()
        self.running.set()

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds)
        await self.running.wait()


class Installation:
    """One file, or one memory, and the brokers opened on it."""

    def __init__(self, path: Path | None, partitions: int) -> None:
        self.path = path
        self.partitions = partitions
        self.clock = FreezableClock(asyncio.get_running_loop())
        self.opened: list[EmbeddedBroker] = []

    def open(self, clock: LoopClock | None = None) -> EmbeddedBroker:
        times = EmbeddedTimes(member_timeout_seconds=TIMEOUT_SECONDS)
        broker = EmbeddedBroker(
            self.path, clock=clock or self.clock, partitions=self.partitions, times=times
        )
        self.opened.append(broker)
        return broker


def told(
    story: Callable[[Installation], Awaitable[None]], path: Path | None, partitions: int = 1
) -> None:
    async def work() -> None:
        installation = Installation(path, partitions)
        await installation.open().declare([GIVEN, COPIED])
        await story(installation)
        for broker in installation.opened:
            await broker.close()

    run_virtually(work())


def numbers(*values: int) -> list[Message]:
    return [Message(GIVEN.name, f"key-{value}", str(value).encode()) for value in values]


async def copies(broker: EmbeddedBroker) -> list[int]:
    return [int(one.value or b"") for one in await records_of(broker, COPIED.name)]


async def ended(*serving: asyncio.Future[None]) -> None:
    for each in serving:
        each.cancel()
    await asyncio.wait(serving)


@given(st.sets(st.integers(1, 10**6), min_size=1, max_size=20), st.integers(1, 64))
def test_shares_cover_every_partition_once_and_are_even(members: set[int], count: int) -> None:
    shares = [share_of(sorted(members), member, count) for member in members]

    assert sorted(number for share in shares for number in share) == list(range(count))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_who_is_no_member_has_no_share() -> None:
    assert list(share_of([1, 2], 3, 12)) == []


def test_a_fenced_commit_fails_alone_among_those_of_its_transaction() -> None:
    async def story(installation: Installation) -> None:
        (broker,) = installation.opened
        await broker.publish(numbers(*range(20)))
        former = await broker.take(GROUP, 0, [GIVEN.name])
        batches = [await polled(former, 5)]
        await broker.take(GROUP, 0, [GIVEN.name])
        other = await broker.take("others", 0, [GIVEN.name])
        batches.append(await polled(other, 5))

        outcomes = await asyncio.gather(
            broker.publish(numbers(100)),
            former.commit(batches[0], copied(batches[0])),
            other.commit(batches[1], copied(batches[1])),
            return_exceptions=True,
        )

        assert [type(one) for one in outcomes] == [type(None), FencedError, dict]
        assert len(await copies(broker)) == 5
        assert await broker.committed(GROUP, [GIVEN.name]) == {GIVEN.name: {}}

    told(story, None)


def test_an_epoch_outlives_its_process_and_still_fences(tmp_path: Path) -> None:
    async def story(installation: Installation) -> None:
        former = await installation.open().take(GROUP, 0, [GIVEN.name])
        second = installation.open()
        await (await second.take(GROUP, 0, [GIVEN.name])).close()
        await second.close()  # given back and gone: nobody owns the task, and yet:

        with pytest.raises(FencedError, match="has another owner now"):
            await former.commit([], copied([]))
        with pytest.raises(FencedError):
            await former.poll()

    told(story, tmp_path / "broker")


def test_a_closed_task_can_commit_nothing(tmp_path: Path) -> None:
    async def story(installation: Installation) -> None:
        (broker,) = installation.opened
        task = await broker.take(GROUP, 0, [GIVEN.name])
        await task.close()
        await task.close()

        with pytest.raises(FencedError):
            await task.commit([], [Message(COPIED.name, "key", b"1")])
        assert await copies(broker) == []

    told(story, tmp_path / "broker")


def test_tasks_of_a_frozen_process_are_taken_after_its_time_and_it_comes_back_thawed(
    tmp_path: Path,
) -> None:
    async def story(installation: Installation) -> None:
        frozen = FreezableClock(asyncio.get_running_loop())
        zombie, other = installation.open(frozen), installation.open()
        serving = [asyncio.ensure_future(zombie.serve(GROUP, [GIVEN.name], copy))]
        await installation.clock.sleep(1)
        frozen.running.clear()
        frozen_at = installation.clock.monotonic()
        serving.append(asyncio.ensure_future(other.serve(GROUP, [GIVEN.name], copy_slowly)))
        await taken.wait()
        waited = installation.clock.monotonic() - frozen_at

        await other.publish(numbers(*range(40)))
        await installation.clock.sleep(1)
        frozen.running.set()
        await installation.clock.sleep(30)

        assert TIMEOUT_SECONDS - 1.5 <= waited <= TIMEOUT_SECONDS * 1.5
        assert sorted(await copies(other)) == list(range(40))
        assert zombie_and_other_share(installation) == 2
        await ended(*serving)

    taken = asyncio.Event()

    async def copy_slowly(task: Task) -> None:
        taken.set()
        await copy(task)

    def zombie_and_other_share(installation: Installation) -> int:
        rows = installation.opened[0]._core.store.rows("SELECT count(*) FROM members")  # noqa: SLF001 - who is in the group stands in the file only
        return int(rows[0][0])

    told(story, tmp_path / "broker", partitions=4)


def test_closing_a_broker_frees_its_tasks_at_once(tmp_path: Path) -> None:
    async def story(installation: Installation) -> None:
        first, second = installation.opened[0], installation.open()
        await first.take(GROUP, 0, [GIVEN.name])
        await second.publish(numbers(1))
        serving = asyncio.ensure_future(second.serve(GROUP, [GIVEN.name], copy))
        await installation.clock.sleep(3)
        held = await copies(second)

        await first.close()
        await first.close()
        await installation.clock.sleep(1)

        assert held == []
        assert await copies(second) == [1]
        await ended(serving)

    told(story, tmp_path / "broker")


def test_a_running_group_is_reset_and_starts_from_there() -> None:
    async def story(installation: Installation) -> None:
        (broker,) = installation.opened
        await broker.publish(numbers(1, 2, 3))
        serving = asyncio.ensure_future(broker.serve(GROUP, [GIVEN.name], copy))
        await installation.clock.sleep(1)

        await broker.reset(GROUP, [GIVEN.name], "start")
        await installation.clock.sleep(1)

        assert await copies(broker) == [1, 2, 3, 1, 2, 3]
        await ended(serving)

    told(story, None)


def test_work_that_returns_is_not_begun_again_until_its_task_comes_anew() -> None:
    begun: list[str] = []

    def once(name: str) -> Callable[[Task], Awaitable[None]]:
        async def work(_: Task) -> None:
            begun.append(name)

        return work

    async def story(installation: Installation) -> None:
        (broker,) = installation.opened
        first = asyncio.ensure_future(broker.serve(GROUP, [GIVEN.name], once("first")))
        await installation.clock.sleep(10_000)
        assert begun == ["first"] * 2

        second = asyncio.ensure_future(broker.serve(GROUP, [GIVEN.name], once("second")))
        await installation.clock.sleep(10_000)
        assert begun == ["first"] * 2 + ["second"]
        await ended(first, second)

    told(story, None, partitions=2)


def test_work_that_ends_by_revoked_by_itself_is_begun_again() -> None:
    begun: list[int] = []

    async def work(task: Task) -> None:
        begun.append(task.partition)
        if len(begun) < 3:
            raise RevokedError
        await copy(task)

    async def story(installation: Installation) -> None:
        (broker,) = installation.opened
        await broker.publish(numbers(1))
        serving = asyncio.ensure_future(broker.serve(GROUP, [GIVEN.name], work))
        await installation.clock.sleep(1)
        assert await copies(broker) == [1]
        await ended(serving)

    told(story, None)


def test_inputs_with_different_partition_counts_are_no_group(tmp_path: Path) -> None:
    async def story(installation: Installation) -> None:
        installation.partitions = 2
        broker = installation.open()
        await broker.declare([other])

        with pytest.raises(ConfigurationError, match="need the same number of partitions"):
            await broker.take(GROUP, 0, [GIVEN.name, other.name])

    other = COPIED.__class__("other.v1", is_compacted=False, retention_seconds=60)
    told(story, tmp_path / "broker")


def test_a_publication_cancelled_before_it_has_begun_is_left_out() -> None:
    async def story(installation: Installation) -> None:
        (broker,) = installation.opened
        publishing = asyncio.ensure_future(broker.publish(numbers(1)))
        publishing.add_done_callback(lambda _: None)
        await asyncio.gather(broker.publish(numbers(2)), return_exceptions=True)
        left = asyncio.ensure_future(broker.publish(numbers(3)))
        left.cancel()
        await asyncio.wait([left])

        await broker.publish(numbers(4))

        found = [int(one.value or b"") for one in await records_of(broker, GIVEN.name)]
        assert found == [1, 2, 4]

    told(story, None)
