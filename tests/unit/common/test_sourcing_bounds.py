"""What is asked for while a vendor is down stays in its topic, but for so much of it."""

from dataclasses import replace

from anji_common.events.signals import SignalKind
from labs.source_lab import SETTINGS, SourceLab, in_a_lab

FEW = replace(SETTINGS, most_wishes=3)
MOST = 10 * FEW.most_wishes + 100
"""Beyond ten times what hints may bring nothing is heard, and a hundred are heard together."""


def test_links_that_ask_for_ever_more_are_heard_once_there_is_room() -> None:
    async def test(lab: SourceLab) -> None:
        lab.start()
        await lab.wait(1.0)
        lab.shop.is_down = True
        for number in range(400):
            lab.shop.write(f"{number}", "a")
            await lab.signal(record_id=f"{number}", answers="1-1")
        await lab.wait(600.0)

        assert len((await lab.checkpoint()).wishes) <= MOST
        lab.shop.is_down = False
        await lab.wait(300.0)
        assert (await lab.checkpoint()).wishes == {}
        assert len({change.ref for change in await lab.changes()}) == 400

    in_a_lab(test, settings=FEW)


def test_a_paused_source_hears_that_it_may_go_on_however_much_is_asked() -> None:
    async def test(lab: SourceLab) -> None:
        lab.start()
        await lab.wait(1.0)
        await lab.signal(SignalKind.PAUSE)
        for number in range(400):
            lab.shop.write(f"{number}", "a")
            await lab.signal(record_id=f"{number}", answers="1-1")
        await lab.signal(SignalKind.RESUME)
        await lab.wait(300.0)

        assert (await lab.checkpoint()).wishes == {}

    in_a_lab(test, settings=FEW)
