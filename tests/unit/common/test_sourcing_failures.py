"""What fails at one place of a source, its vendor or its broker, stops and loses nothing else."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from anji_common.broker.embedded_broker import EmbeddedBroker
from anji_common.broker.port import Task, Work
from anji_common.deadletters import DeadLetter
from anji_common.errors import RateLimitedError, RefusedError, RejectedError, RetriableError
from anji_common.events.signals import SignalKind
from anji_common.interest import ObjectInterest
from anji_common.lanes import current_lane
from anji_common.messages import Message, Record
from anji_common.runtime import Runtime
from anji_common.sourcing.engine import run_source
from anji_common.sourcing.feed import Listed, Page, Window
from anji_common.topics import DEADLETTERS, Lane
from labs.memory_broker import all_records
from labs.source_lab import INTEREST, SETTINGS, LittleFeed, SourceLab, in_a_lab

_HINTED = replace(SETTINGS, poll_seconds=600.0, most_poll_seconds=600.0)


_MOST_BYTES = 2000


class _Full:
    """A broker that takes no large records, and has no room for any while `is_full`."""

    def __init__(self, broker: EmbeddedBroker) -> None:
        self._broker = broker
        self.is_full = False

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the broker has
        return getattr(self._broker, name)

    async def serve(self, group: str, inputs: Sequence[str], work: Work) -> None:
        async def bound(task: Task) -> None:
            await work(_FullTask(task, self))

        await self._broker.serve(group, inputs, bound)


class _FullTask:
    def __init__(self, task: Task, broker: _Full) -> None:
        self._task, self._broker = task, broker

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the task has
        return getattr(self._task, name)

    async def commit(
        self, done: Sequence[Record], outputs: Sequence[Message] = ()
    ) -> Mapping[str, int]:
        if self._broker.is_full and not done:
            msg = "the disk is full"
            raise RetriableError(msg)
        if any(len(each.value or b"") > _MOST_BYTES for each in outputs):
            msg = "a record is too large"
            raise RejectedError(msg)
        return await self._task.commit(done, outputs)


def _on_full(lab: SourceLab) -> _Full:
    """Start a source on a broker that may be full."""
    broker = _Full(lab.broker)
    runtime = Runtime(broker, lab.clock, Random(1))
    work = run_source(LittleFeed(lab.shop), INTEREST, runtime, lab.settings)
    lab.sources.append(asyncio.create_task(work))
    return broker


def test_a_wish_whose_record_could_not_be_published_is_granted_later() -> None:
    async def test(lab: SourceLab) -> None:
        broker = _on_full(lab)
        await lab.wait(2.0)
        lab.shop.write("1", "a")
        await lab.wait(700.0)  # a poll has read it, and the next ones begin behind it
        await lab.signal(record_id="1", answers="1-1")
        broker.is_full = True
        await lab.wait(1.0)
        broker.is_full = False
        await lab.wait(60.0)

        assert [change.answers for change in await lab.changes()] == [None, "1-1"]

    in_a_lab(test, settings=replace(_HINTED, gather_seconds=0.5))


def test_a_page_of_a_snapshot_that_could_not_be_published_is_read_again() -> None:
    async def test(lab: SourceLab) -> None:
        made = lab.shop.make_old(7, 1)
        broker = _on_full(lab)
        await lab.wait(2.0)
        await lab.signal(SignalKind.SNAPSHOT)
        while not await lab.changes():
            await lab.wait(0.001)
        broker.is_full = True
        await lab.wait(1.0)
        broker.is_full = False
        await lab.wait(60.0)

        assert (await lab.checkpoint()).snapshot is None
        assert {change.ref.record_id for change in await lab.changes()} == {*made}

    in_a_lab(test, settings=_HINTED)


def test_a_delete_that_could_not_be_published_is_found_again_by_the_same_round() -> None:
    async def test(lab: SourceLab) -> None:
        broker = _on_full(lab)
        await lab.wait(2.0)
        for number in range(5):
            lab.shop.write(str(number), "a")
        await lab.wait(3.0)
        del lab.shop.things["Thing", "3"]
        await lab.signal(SignalKind.PROBE)
        await lab.wait(SETTINGS.confirm_seconds - 5.0)
        broker.is_full = True
        await lab.wait(30.0)
        broker.is_full = False
        await lab.wait(60.0)

        gone = [change.ref.record_id for change in await lab.changes() if change.data is None]
        assert gone == ["3"]

    in_a_lab(test)


def test_a_dead_letter_that_could_not_be_published_is_published_later() -> None:
    async def test(lab: SourceLab) -> None:
        broker = _on_full(lab)
        await lab.wait(2.0)
        broker.is_full = True
        lab.shop.write("1", "rubbish")
        await lab.wait(2.0)
        broker.is_full = False
        await lab.wait(60.0)

        assert len(await all_records(lab.broker, DEADLETTERS.name)) == 1

    in_a_lab(test)


def test_a_record_that_the_broker_does_not_take_is_told_and_stops_no_other() -> None:
    async def test(lab: SourceLab) -> None:
        _on_full(lab)
        await lab.wait(2.0)
        lab.shop.write("1", "x" * _MOST_BYTES)
        lab.shop.write("2", "small")
        await lab.wait(60.0)
        assert await lab.texts("2") == ["small"]
        (letter,) = await all_records(lab.broker, DEADLETTERS.name)
        found = DeadLetter.from_record(letter)
        assert b'"ref":"k3cloud/Thing/1"' in (found.value or b"")
        assert "is too large" in found.reason
        lab.shop.write("1", "bit", "Bit")
        await lab.wait(5.0)
        assert len(await lab.changes("Bit")) == 1
        lab.shop.write("1", "less")
        await lab.wait(60.0)

        assert await lab.texts() == ["less"]

    in_a_lab(test)


class _Refusing(LittleFeed):
    """Of a vendor that does not know things."""

    is_refusing = True

    async def changed(
        self, interest: ObjectInterest, window: Window, seen: Mapping[str, str]
    ) -> AsyncIterator[Page]:
        if self.is_refusing and interest.object_name == "Thing":
            self.polls["Thing"] += 1
            msg = "no such field"
            raise RefusedError(msg)
        async for page in super().changed(interest, window, seen):
            yield page


def test_a_signal_for_an_object_that_the_vendor_refuses_ends_no_source() -> None:
    async def test(lab: SourceLab) -> None:
        feed = _Refusing(lab.shop)
        lab.start(feed)
        await lab.wait(1.0)
        lab.shop.write("1", "thing")
        await lab.signal(record_id="1", is_hint=True)
        await lab.wait(600.0)
        asked = feed.polls["Thing"]
        await lab.wait(600.0)
        assert feed.polls["Thing"] - asked < 50  # it is left alone
        lab.shop.write("2", "bit", "Bit")
        await lab.wait(5.0)
        assert len(await lab.changes("Bit")) == 1
        feed.is_refusing = False
        await lab.wait(60.0)

        assert await lab.texts() == ["thing"]

    in_a_lab(test)


class _Scarce(LittleFeed):
    """Of a vendor whose calls of the day are used up but for those of live work."""

    async def changed(
        self, interest: ObjectInterest, window: Window, seen: Mapping[str, str]
    ) -> AsyncIterator[Page]:
        _check_lane()
        async for page in super().changed(interest, window, seen):
            yield page

    async def listed(self, interest: ObjectInterest, window: Window, behind: str) -> Listed:
        _check_lane()
        return await super().listed(interest, window, behind)


def _check_lane() -> None:
    if current_lane() is Lane.BULK:
        msg = "the calls of the day are used up"
        raise RateLimitedError(msg, retry_after_seconds=6 * 3600.0)


class _ScarcePages(LittleFeed):
    """The same vendor; here it is asked for each page, and for what is read by id."""

    page_records = 60

    async def _ask(self) -> None:
        _check_lane()
        await super()._ask()


@pytest.mark.parametrize("is_signalled", [False, True], ids=["in a window", "by id"])
def test_a_mass_change_is_read_live_where_bulk_reading_has_no_calls_of_the_day_left(
    *, is_signalled: bool
) -> None:
    """Else the object waits until midnight, though there are calls for live work."""
    every = 3600.0 if is_signalled else 1.0
    settings = replace(SETTINGS, poll_seconds=every, most_poll_seconds=every)

    async def test(lab: SourceLab) -> None:
        lab.start(_ScarcePages(lab.shop))
        await lab.wait(2.0)
        ids = [f"{number:03}" for number in range(120)]
        for each in ids:
            lab.shop.write(each, "mass")
            if is_signalled:
                await lab.signal(record_id=each)
        await lab.wait(60.0)

        assert {change.ref.record_id for change in await lab.changes()} == {*ids}

    in_a_lab(test, settings=settings)


def test_live_reading_goes_on_where_bulk_reading_has_no_calls_of_the_day_left() -> None:
    async def test(lab: SourceLab) -> None:
        lab.start(_Scarce(lab.shop))
        await lab.wait(2.0)
        await lab.signal(SignalKind.SNAPSHOT)
        await lab.signal(SignalKind.PROBE)
        await lab.wait(10.0)
        lab.shop.write("1", "live")
        await lab.wait(60.0)

        assert await lab.texts() == ["live"]

    in_a_lab(test)


class _Picky(LittleFeed):
    """Of a vendor that refuses a read with an id that is none of its."""

    async def read(
        self, interest: ObjectInterest, ids: Sequence[str], published: Collection[str] = ()
    ) -> Page:
        if "?" in ids:
            self.reads.append(tuple(ids))
            msg = "an illegal id"
            raise RefusedError(msg)
        return await super().read(interest, ids, published)


@pytest.mark.parametrize("others", [(), ("00", "01")], ids=["alone", "among others"])
def test_an_id_that_the_vendor_refuses_holds_nothing_else_of_its_object_up(
    others: tuple[str, ...],
) -> None:
    async def test(lab: SourceLab) -> None:
        feed = _Picky(lab.shop)
        lab.start(feed)
        await lab.wait(2.0)
        lab.shop.make_old(2, days_apart=1)
        for each in (*others, "?"):
            await lab.signal(record_id=each)
        await lab.wait(30.0)
        lab.shop.write("9", "new")
        await lab.wait(120.0)

        found = [change.ref.record_id for change in await lab.changes()]
        assert sorted(found) == [*others, "9"]
        asked = len(feed.reads)
        await lab.wait(3600.0)
        assert len(feed.reads) == asked

    in_a_lab(test)
