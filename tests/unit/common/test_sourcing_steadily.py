"""Since when a source reads window after window: what writers may rely on (`protocol.md` 11)."""

from collections.abc import Awaitable, Callable

import pytest

from anji_common.events.signals import SignalKind
from labs.source_lab import SourceLab, in_a_lab


async def _killed(lab: SourceLab) -> None:
    await lab.kill()
    await lab.wait(1)
    lab.start()


async def _paused(lab: SourceLab) -> None:
    await lab.signal(SignalKind.PAUSE)
    await lab.wait(1)
    await lab.signal(SignalKind.RESUME)


async def _down(lab: SourceLab) -> None:
    lab.shop.is_down = True
    await lab.wait(20)
    lab.shop.is_down = False


@pytest.mark.parametrize("stand_still", [_killed, _paused, _down])
def test_a_source_that_stood_still_tells_since_when_it_reads_again(
    stand_still: Callable[[SourceLab], Awaitable[None]],
) -> None:
    async def test(lab: SourceLab) -> None:
        lab.start()
        await lab.wait(30)
        first = (await lab.checkpoint()).steady_since
        await stand_still(lab)
        again = lab.clock.now()
        await lab.wait(60)

        kept = await lab.checkpoint()

        assert first is not None
        assert kept.steady_since is not None
        assert first < again <= kept.steady_since
        assert kept.read_at is not None
        assert kept.read_at > kept.steady_since

    in_a_lab(test)


def test_a_source_that_reads_on_is_steady_from_its_beginning() -> None:
    async def test(lab: SourceLab) -> None:
        lab.start()
        await lab.wait(15)
        first = (await lab.checkpoint()).steady_since
        await lab.wait(100)

        assert first is not None
        assert (await lab.checkpoint()).steady_since == first

    in_a_lab(test)
