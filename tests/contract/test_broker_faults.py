"""The promises of the port `Broker` under faults, by name, on every adapter.

Processes are killed (``kill -9``) and frozen in the middle of what they do, and members of a
group come and go under load. The same check is run on a Kafka runtime without the guard of
``kafka_groups.py``, and sees it lose records.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import pytest

from anji_common.broker.port import Broker, Task, Work
from anji_common.clock import SystemClock
from anji_common.errors import MappingError, RevokedError
from labs.brokers import BrokerLab, polled, records_of, told, until
from labs.copying import COPIED, GIVEN, Copies, come_and_go, copied, copy
from labs.kafka import KafkaLab
from labs.member import FENCED, GROUP, member_process, said, thaw, until_frozen, until_said
from labs.naive_kafka import copy_naively

pytestmark = [pytest.mark.faults, pytest.mark.slow]


@pytest.fixture
async def copies(lab: BrokerLab) -> Copies:
    broker = lab.start()
    await broker.declare([GIVEN, COPIED])
    return Copies(broker)


@pytest.fixture
async def copies_of_one(lab: BrokerLab) -> Copies:
    """One partition, so that one process has everything in hand."""
    lab.partitions = 1
    broker = lab.start()
    await broker.declare([GIVEN, COPIED])
    return Copies(broker)


@asynccontextmanager
async def under_load(copies: Copies) -> AsyncIterator[None]:
    stopped = asyncio.Event()
    giving = asyncio.create_task(copies.give_until(stopped))
    try:
        yield
    finally:
        stopped.set()
        await giving


async def place_and_copies(broker: Broker) -> tuple[int, int]:
    """Return how far the group has moved, and how many copies are there."""
    committed = await broker.committed(GROUP, [GIVEN.name])
    return committed[GIVEN.name].get(0, 0), len(await records_of(broker, COPIED.name))


async def place_without_copies(broker: Broker) -> int:
    """Return by how many records the group's place and its copies differ."""
    place, count = await place_and_copies(broker)
    return place - count


async def test_durable_what_publish_returned_from_survives_kill_9(lab: BrokerLab) -> None:
    await lab.start().declare([GIVEN])

    async with member_process(lab, "publish") as publisher:
        await until_said(publisher, "50")
        publisher.kill()
        told = {50, *map(int, await said(publisher))}

    found = Counter(int(one.value or b"") for one in await records_of(lab.start(), GIVEN.name))
    assert set(range(max(told) + 1)) <= found.keys()
    assert set(found.values()) == {1}


async def test_atomic_a_batch_in_the_hand_of_a_killed_owner_is_worked_on_by_the_next(
    lab: BrokerLab, copies_of_one: Copies
) -> None:
    await copies_of_one.give(400)

    async with member_process(lab, "own-frozen") as owner:
        await until_frozen(owner)
        owner.kill()
    place = await place_and_copies(copies_of_one.broker)
    async with lab.member(GROUP, [GIVEN.name], copy):
        lost, doubled = await copies_of_one.settle()

    assert place == (0, 0)
    assert (lost, doubled) == (0, 0)


async def test_atomic_owners_killed_in_a_transaction_leave_both_or_neither(
    lab: BrokerLab, copies_of_one: Copies
) -> None:
    await copies_of_one.give(8000, size_bytes=2000)
    clock, broken_off = SystemClock(), 0

    for part in (0.1, 0.3, 0.5, 0.7, 0.9):  # of the time that a commit takes
        async with member_process(lab, "own-much") as owner:
            await until_said(owner, "committing")
            began = clock.monotonic()
            await until_said(owner, "committed")
            seconds = clock.monotonic() - began
            await until_said(owner, "committing")
            await clock.sleep(seconds * part)
            owner.kill()
            broken_off += "committed" not in await said(owner)
        assert await told(lambda: place_without_copies(copies_of_one.broker), 0) == 0
    async with lab.member(GROUP, [GIVEN.name], copy):
        lost, doubled = await copies_of_one.settle()

    assert broken_off > 0
    assert (lost, doubled) == (0, 0)


async def test_fenced_an_owner_frozen_while_another_takes_its_task_publishes_nothing_when_thawed(
    lab: BrokerLab, copies_of_one: Copies
) -> None:
    await copies_of_one.give(100)

    async with member_process(lab, "own-frozen") as former:
        await until_frozen(former)
        owner = await lab.start().take(GROUP, 0, [GIVEN.name])
        batch = await polled(owner, 100)
        thaw(former)
        ended = await former.wait()
        before = await place_and_copies(copies_of_one.broker)
        await owner.commit(batch, copied(batch))
        await owner.close()

    assert ended == FENCED
    assert before == (0, 0)
    assert await copies_of_one.settle() == (0, 0)


async def test_fenced_a_member_frozen_with_a_batch_in_hand_publishes_nothing_when_thawed(
    lab: BrokerLab, copies: Copies
) -> None:
    await copies.give(400)

    async with member_process(lab, "serve-frozen") as zombie:
        await until_frozen(zombie)
        async with lab.member(GROUP, [GIVEN.name], copy):
            settled = await copies.settle()
            thaw(zombie)
            await copies.give(100)
            lost, doubled = await copies.settle()

    assert settled == (0, 0)
    assert (lost, doubled) == (0, 0)


async def test_shared_a_member_frozen_under_load_loses_and_doubles_nothing(
    lab: BrokerLab, copies: Copies
) -> None:
    async with under_load(copies), member_process(lab, "serve-frozen") as zombie:
        await until_frozen(zombie)
        async with lab.member(GROUP, [GIVEN.name], copy):
            await SystemClock().sleep(lab.session_timeout_seconds * 1.5)
            thaw(zombie)
            await SystemClock().sleep(1)
    async with lab.member(GROUP, [GIVEN.name], copy):
        lost, doubled = await copies.settle()

    assert (lost, doubled) == (0, 0)


async def test_shared_fifty_joins_and_leaves_under_load_lose_and_double_nothing(
    lab: BrokerLab, copies: Copies
) -> None:
    async def join() -> None:
        await lab.start().serve(GROUP, [GIVEN.name], copy)

    async with under_load(copies):
        await come_and_go(join, 50, Random(3), pause_seconds=0.3)
    async with lab.member(GROUP, [GIVEN.name], copy):
        lost, doubled = await copies.settle()

    assert copies.given > 1000
    assert (lost, doubled) == (0, 0)


@pytest.mark.kafka
async def test_the_same_check_sees_a_runtime_without_the_guard_lose_records(
    kafka_lab: KafkaLab,
) -> None:
    async def join() -> None:
        await copy_naively(kafka_lab, GROUP)

    broker, lost = kafka_lab.start(), 0
    await broker.declare([GIVEN, COPIED])
    copies = Copies(broker)
    for seed in range(5):  # one was always enough, but it is a race
        async with under_load(copies):
            await come_and_go(join, 6, Random(seed), pause_seconds=0.3)
        last = asyncio.create_task(join())
        lost, _ = await copies.settle(within_seconds=6)
        last.cancel()
        await asyncio.wait([last])
        if lost:
            break

    assert lost > 0


async def test_shared_every_task_is_in_one_hand_and_handed_over_when_its_work_has_ended(
    lab: BrokerLab,
) -> None:
    await lab.start().declare([GIVEN])
    hands: dict[int, list[str]] = {number: [] for number in range(lab.partitions)}
    overlaps: list[int] = []

    def work_of(name: str) -> Work:
        async def work(task: Task) -> None:
            overlaps.extend([task.partition] if hands[task.partition] else [])
            hands[task.partition].append(name)
            try:
                while True:
                    await task.poll(wait_seconds=1)
            finally:
                await SystemClock().sleep(0.2)  # what must be ended before another begins
                hands[task.partition].remove(name)

        return work

    def shares() -> list[tuple[str, ...]]:
        return sorted(tuple(names) for names in hands.values())

    async with lab.member(GROUP, [GIVEN.name], work_of("a")):
        await until(lambda: shares() == [("a",)] * 4)
        async with lab.member(GROUP, [GIVEN.name], work_of("b")):
            await until(lambda: shares() == [("a",)] * 2 + [("b",)] * 2)
        await until(lambda: shares() == [("a",)] * 4)

    assert shares() == [()] * 4
    assert overlaps == []


async def test_shared_a_work_that_fails_ends_its_membership_and_others_go_on(
    lab: BrokerLab, copies: Copies
) -> None:
    async def fail(task: Task) -> None:
        await polled(task, 1)
        msg = "no such currency"
        raise MappingError(msg)

    await copies.give(100)

    with pytest.raises(MappingError, match="no such currency"):
        await lab.start().serve(GROUP, [GIVEN.name], fail)

    async with lab.member(GROUP, [GIVEN.name], copy):
        assert await copies.settle() == (0, 0)


async def test_shared_a_work_that_is_revoked_is_over_without_ending_its_membership(
    lab: BrokerLab, copies: Copies
) -> None:
    await copies.give(100)
    revoked: list[int] = []

    async def give_up_once(task: Task) -> None:
        try:
            await copy(task)
        except RevokedError:
            revoked.append(task.partition)
            raise

    async with lab.member(GROUP, [GIVEN.name], give_up_once):
        await lab.until_caught_up(copies.broker, GROUP, [GIVEN.name])
        async with lab.member(GROUP, [GIVEN.name], copy):
            await until(lambda: bool(revoked))
            await copies.give(100)
            assert await copies.settle() == (0, 0)


async def test_shared_a_member_that_lost_a_task_by_force_takes_its_share_again(
    lab: BrokerLab, copies: Copies
) -> None:
    await copies.give(100)

    async with lab.member(GROUP, [GIVEN.name], copy):
        await lab.until_caught_up(copies.broker, GROUP, [GIVEN.name])
        owner = await lab.start().take(GROUP, 0, [GIVEN.name])
        await owner.close()
        await copies.give(100)

        assert await copies.settle() == (0, 0)


async def test_shared_leaving_ends_all_works_and_frees_their_tasks_at_once(
    lab: BrokerLab, copies: Copies
) -> None:
    lab.session_timeout_seconds = 300.0  # nothing here may wait for a death
    running: set[int] = set()

    async def work(task: Task) -> None:
        running.add(task.partition)
        try:
            await copy(task)
        finally:
            running.remove(task.partition)

    async with lab.member(GROUP, [GIVEN.name], work):
        await until(lambda: len(running) == lab.partitions)
    left = set(running)
    await copies.give(100)

    async with lab.member(GROUP, [GIVEN.name], copy):
        assert await copies.settle(within_seconds=30) == (0, 0)
    assert left == set()
