"""Groups on Kafka: members come, go, freeze and die under load, and no record is lost.

The same check is run on a runtime without the guard of ``kafka_groups.py``, and sees it lose.
"""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import pytest

from anji_common.clock import SystemClock
from labs.copying import COPIED, GIVEN, Copies, come_and_go, copy
from labs.kafka import KafkaLab
from labs.kafka_member import FENCED, GROUP, member_process, until_said
from labs.naive_kafka import copy_naively

pytestmark = [pytest.mark.kafka, pytest.mark.faults, pytest.mark.slow]


@pytest.fixture
async def copies(kafka_lab: KafkaLab) -> Copies:
    broker = kafka_lab.start()
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


async def test_fifty_joins_and_leaves_under_load_lose_and_double_nothing(
    kafka_lab: KafkaLab, copies: Copies
) -> None:
    async def join() -> None:
        await kafka_lab.start().serve(GROUP, [GIVEN.name], copy)

    async with under_load(copies):
        await come_and_go(join, 50, Random(3), pause_seconds=0.3)
    async with kafka_lab.member(GROUP, [GIVEN.name], copy):
        lost, doubled = await copies.settle()

    assert copies.given > 1000
    assert (lost, doubled) == (0, 0)


async def test_the_same_check_sees_a_runtime_without_the_guard_lose_records(
    kafka_lab: KafkaLab, copies: Copies
) -> None:
    async def join() -> None:
        await copy_naively(kafka_lab, GROUP)

    lost = 0
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


async def test_a_member_frozen_with_a_batch_in_hand_and_thawed_publishes_nothing(
    kafka_lab: KafkaLab, copies: Copies
) -> None:
    await copies.give(400)

    async with member_process(kafka_lab, "serve", holds=True) as zombie:
        await until_said(zombie, "holding")
        zombie.send_signal(signal.SIGSTOP)
        async with kafka_lab.member(GROUP, [GIVEN.name], copy):
            assert await copies.settle() == (0, 0)
            zombie.send_signal(signal.SIGCONT)
            assert zombie.stdin is not None
            zombie.stdin.write(b"\n" * 10)
            await zombie.stdin.drain()
            ended = await zombie.wait()
            await copies.give(100)
            lost, doubled = await copies.settle()

    assert ended == FENCED
    assert (lost, doubled) == (0, 0)


async def test_a_member_frozen_under_load_loses_and_doubles_nothing(
    kafka_lab: KafkaLab, copies: Copies
) -> None:
    async with under_load(copies), member_process(kafka_lab, "serve") as zombie:
        await until_said(zombie, "copying")
        async with kafka_lab.member(GROUP, [GIVEN.name], copy):
            zombie.send_signal(signal.SIGSTOP)
            await SystemClock().sleep(kafka_lab.session_timeout_seconds * 1.5)
            zombie.send_signal(signal.SIGCONT)
            await SystemClock().sleep(1)
    async with kafka_lab.member(GROUP, [GIVEN.name], copy):
        lost, doubled = await copies.settle()

    assert (lost, doubled) == (0, 0)


async def test_owners_killed_in_the_middle_lose_and_double_nothing(kafka_lab: KafkaLab) -> None:
    kafka_lab.partitions = 1
    copies = Copies(kafka_lab.start())
    await copies.broker.declare([GIVEN, COPIED])
    await copies.give(4000)
    chance = Random(7)

    for _ in range(8):
        async with member_process(kafka_lab, "take") as owner:
            await until_said(owner, "copying")
            # Somewhere in the first few batches, most likely with a transaction open.
            await SystemClock().sleep(chance.uniform(0.0, 0.2))
            owner.kill()
    async with kafka_lab.member(GROUP, [GIVEN.name], copy):
        lost, doubled = await copies.settle()

    assert (lost, doubled) == (0, 0)
