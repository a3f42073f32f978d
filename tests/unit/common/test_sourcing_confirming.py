"""A source says when it has read all that had changed: a rebuild waits for that."""

from anji_common.events.signals import SignalKind
from labs.source_lab import SourceLab, in_a_lab


def test_a_source_confirms_that_it_has_read_what_had_changed_when_it_was_asked() -> None:
    async def test(lab: SourceLab) -> None:
        lab.start()
        await lab.wait(5)
        lab.shop.write("1", "before")
        asked = lab.clock.now()
        await lab.signal(SignalKind.CONFIRM)
        await lab.wait(2)

        place = await lab.checkpoint()

        assert place.confirmed is not None
        assert place.confirmed >= asked
        assert place.confirms is None
        assert await lab.texts("1") == ["before"]

    in_a_lab(test)


def test_nothing_is_confirmed_while_the_vendor_is_down_or_a_record_is_torn() -> None:
    async def test(lab: SourceLab) -> None:
        lab.start()
        await lab.wait(5)
        lab.shop.write("1", "torn")
        lab.shop.things["Thing", "1"].torn_until = lab.clock.monotonic() + 20
        await lab.signal(SignalKind.CONFIRM)
        await lab.wait(10)
        early = await lab.checkpoint()
        await lab.wait(40)
        late = await lab.checkpoint()

        assert (early.confirmed, late.confirmed is None) == (None, False)
        assert await lab.texts("1") == ["torn"]

    in_a_lab(test)
