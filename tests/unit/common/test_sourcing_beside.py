"""The objects of one partition are read beside each other: a long read of one delays no other."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import replace

from anji_common.interest import ObjectInterest
from anji_common.sourcing.feed import Page, Window
from labs.source_lab import SETTINGS, LittleFeed, LittleShop, SourceLab, in_a_lab

_READ_SECONDS = 2.0
_QUIET = replace(SETTINGS, poll_seconds=600.0, most_poll_seconds=600.0)


class _Slow(LittleFeed):
    """Of a vendor that takes long to answer about things, and answers what it saw at first."""

    def __init__(self, shop: LittleShop) -> None:
        super().__init__(shop)
        self._clock = shop.clock

    async def changed(
        self, interest: ObjectInterest, window: Window, seen: Mapping[str, str]
    ) -> AsyncIterator[Page]:
        async for page in super().changed(interest, window, seen):
            if interest.object_name == "Thing":
                await self._clock.sleep(_READ_SECONDS)
            yield page

    async def read(
        self, interest: ObjectInterest, ids: Sequence[str], published: Collection[str] = ()
    ) -> Page:
        page = await super().read(interest, ids, published)
        await self._clock.sleep(_READ_SECONDS)
        return page


def test_a_large_poll_of_one_object_makes_no_change_of_another_a_second_late() -> None:
    late: list[float] = []

    async def test(lab: SourceLab) -> None:
        lab.start(_Slow(lab.shop))
        await lab.wait(2.0)
        for number in range(30):  # ten pages, of two seconds each
            lab.shop.write(f"{number:02}", "mass")
        for number in range(10):
            lab.shop.write(str(number), "live", "Bit")
            made = lab.clock.monotonic()
            while len(await lab.changes("Bit")) <= number:
                await lab.wait(0.05)
            late.append(lab.clock.monotonic() - made)
        assert len(await lab.changes("Thing")) < 30

    in_a_lab(test)

    assert max(late) <= SETTINGS.poll_seconds * 1.1 + 0.2


def test_what_is_asked_for_again_while_it_is_read_is_read_once_more() -> None:
    async def test(lab: SourceLab) -> None:
        feed = lab.start(_Slow(lab.shop))
        await lab.wait(1.0)
        lab.shop.write("1", "old")
        await lab.signal(record_id="1", is_hint=True)
        await lab.wait(1.0)
        assert len(feed.reads) == 1  # and its answer is under way
        lab.shop.write("1", "new")
        await lab.signal(record_id="1", answers="7", is_hint=True)
        await lab.wait(10.0)

        assert await lab.texts() == ["old", "new"]
        assert [change.answers for change in await lab.changes()] == [None, "7"]
        assert not (await lab.checkpoint()).wishes

    in_a_lab(test, settings=_QUIET)


def test_what_is_told_while_an_object_is_polled_is_polled_for_once_more() -> None:
    async def test(lab: SourceLab) -> None:
        feed = lab.start(_Slow(lab.shop))
        await lab.wait(1.0)
        lab.shop.write("1", "old")
        await lab.signal()
        await lab.wait(1.0)
        polls = feed.polls["Thing"]
        lab.shop.write("1", "new")
        await lab.signal()
        await lab.wait(10.0)

        assert await lab.texts() == ["old", "new"]
        assert feed.polls["Thing"] == polls + 1

    in_a_lab(test, settings=_QUIET)


def test_hints_are_heard_once_there_is_room_again_though_they_came_during_a_read() -> None:
    async def test(lab: SourceLab) -> None:
        lab.start(_Slow(lab.shop))
        await lab.wait(1.0)
        for number in range(350):
            lab.shop.write(f"{number:03}", "hinted")
            await lab.signal(record_id=f"{number:03}", is_hint=True)
            if number == 50:
                await lab.wait(_READ_SECONDS / 4)  # these are being read; the others fill the desk
        await lab.wait(60.0)

        assert len(await lab.changes()) == 350

    in_a_lab(test, settings=replace(_QUIET, most_wishes=250))
