"""Having everything read again ends: by a round of every source, or by saying what is missing."""

import asyncio

import pytest

from anji.reading_again import read_again, taken_in
from anji_common.broker.port import Task
from anji_common.errors import ServiceSilentError
from anji_common.events.signals import SignalKind
from anji_common.refs import System
from anji_common.sourcing.checkpoints import PatrolStage
from anji_common.topics import changes_topic
from anji_mapper.service import GROUP
from labs.source_lab import SourceLab, in_a_lab

BOTH = [(System.K3CLOUD, "Thing"), (System.K3CLOUD, "Bit")]


async def read(lab: SourceLab, patience_seconds: float = 300.0) -> list[str]:
    told: list[str] = []
    await read_again(lab.broker, lab.clock, BOTH, patience_seconds, told.append)
    return told


async def begun(lab: SourceLab, things: int = 7) -> None:
    """Let a source run that knows so many things."""
    lab.start()
    await lab.wait(2)
    for number in range(things):
        lab.shop.write(str(number), "a")
    await lab.wait(10)


def test_it_ends_when_each_source_has_gone_around_once() -> None:
    async def test(lab: SourceLab) -> None:
        await begun(lab)
        before = await lab.checkpoint()

        await read(lab)

        now = (await lab.checkpoint()).patrol
        assert before.patrol is None
        assert now is not None
        assert now.stage is PatrolStage.OVER

    in_a_lab(test)


def test_without_a_source_it_says_within_a_minute_which_one_and_what_to_do() -> None:
    async def test(lab: SourceLab) -> None:
        await begun(lab)
        await lab.kill()
        began = lab.clock.monotonic()

        with pytest.raises(ServiceSilentError) as raised:
            await read(lab)

        assert lab.clock.monotonic() - began < 70
        assert "no source of k3cloud has taken the wish" in str(raised.value)
        assert "anji run k3cloud-source" in str(raised.value)

        lab.start()
        await lab.wait(30)
        assert (await lab.checkpoint()).patrol is not None, "the wish stands"

    in_a_lab(test)


def test_a_source_that_starts_a_little_late_is_waited_for() -> None:
    async def test(lab: SourceLab) -> None:
        await begun(lab)
        await lab.kill()
        reading = asyncio.create_task(read(lab))

        await lab.wait(40)
        lab.start()
        told = await reading

        assert "Thing: no source of k3cloud has taken the wish yet" in told[0]

    in_a_lab(test)


def test_a_vendor_that_falls_silent_is_told_with_how_far_the_round_was() -> None:
    async def test(lab: SourceLab) -> None:
        await begun(lab, things=200)
        reading = asyncio.create_task(read(lab, patience_seconds=120))

        await lab.wait(1)
        lab.shop.is_down = True
        with pytest.raises(ServiceSilentError, match="Thing: 100 records read again") as raised:
            await reading

        assert "anji k3cloud check" in str(raised.value)

    in_a_lab(test)


def test_what_was_paused_is_told_at_once_with_how_it_goes_on() -> None:
    async def test(lab: SourceLab) -> None:
        await begun(lab)
        await lab.signal(SignalKind.PAUSE)
        await lab.wait(5)

        with pytest.raises(ServiceSilentError, match="anji k3cloud resume Thing"):
            await read(lab)

    in_a_lab(test)


def test_a_round_that_was_under_way_already_does_not_count() -> None:
    async def test(lab: SourceLab) -> None:
        await begun(lab, things=250)
        await lab.signal(SignalKind.PROBE)
        await lab.wait(1)
        first = (await lab.checkpoint()).patrol
        assert first is not None
        assert first.is_under_way

        await read(lab)

        second = (await lab.checkpoint()).patrol
        assert second is not None
        assert second.begun_at > first.begun_at
        assert second.stage is PatrolStage.OVER

    in_a_lab(test)


def test_what_was_read_is_taken_in_when_a_mapper_has_moved_past_it() -> None:
    async def take_in(task: Task) -> None:
        while True:
            records = await task.poll(wait_seconds=1.0)
            await task.commit(records, [])

    async def test(lab: SourceLab) -> None:
        await begun(lab)

        assert not await taken_in(lab.broker, lab.clock, BOTH, 5.0)

        topics = [changes_topic(system, name) for system, name in BOTH]
        mapper = asyncio.create_task(lab.broker.serve(GROUP, topics, take_in))
        assert await taken_in(lab.broker, lab.clock, BOTH, 5.0)
        mapper.cancel()
        await asyncio.wait([mapper])

    in_a_lab(test)
