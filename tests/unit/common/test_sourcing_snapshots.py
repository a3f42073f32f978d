"""Snapshots that are asked for while one is under way."""

from anji_common.events.signals import SignalKind
from labs.source_lab import SourceLab, in_a_lab


def test_a_snapshot_that_is_asked_for_while_one_is_under_way_follows_it() -> None:
    """The mapping may read more since: else what was passed would never be read by it."""

    async def test(lab: SourceLab) -> None:
        old = lab.shop.make_old(60, days_apart=60)
        lab.start()
        await lab.wait(2.0)
        await lab.signal(SignalKind.SNAPSHOT)
        while not await lab.texts(old[0]):
            await lab.wait(0.01)
        assert (await lab.checkpoint()).snapshot is not None
        lab.shop.things["Thing", old[0]].text = "more of it"  # and no date moves

        await lab.signal(SignalKind.SNAPSHOT)
        await lab.signal(SignalKind.SNAPSHOT)
        await lab.wait(60.0)

        assert await lab.texts(old[0]) == ["old", "more of it"]
        assert await lab.texts(old[-1]) == ["old"]
        assert (await lab.checkpoint()).snapshot is None

    in_a_lab(test)
