"""What no query showed at its time is found by the patrol, once it shows."""

from dataclasses import replace

from anji_common.events.signals import SignalKind
from labs.source_lab import SETTINGS, SourceLab, in_a_lab


def test_what_was_hidden_is_found_page_by_page_and_published_once() -> None:
    async def test(lab: SourceLab) -> None:
        lab.start()
        await lab.wait(2)
        hidden = [f"{number:02}" for number in range(11)]
        lab.shop.hidden |= {*hidden}
        for record_id in (*hidden, "seen"):
            lab.shop.write(record_id, "a")
        await lab.wait(10)
        lab.shop.hidden.clear()
        await lab.wait(10)
        assert [each.ref.record_id for each in await lab.changes()] == ["seen"]

        await lab.signal(SignalKind.PROBE)
        await lab.wait(7)
        await lab.kill()  # in the middle of the list
        assert 0 < len(await lab.changes()) < 12
        lab.start()
        await lab.wait(60)

        found = sorted(each.ref.record_id for each in await lab.changes())
        assert found == [*hidden, "seen"]

    in_a_lab(test, settings=replace(SETTINGS, batch_ids=2))


def test_who_was_taken_for_gone_while_hidden_is_published_again() -> None:
    async def test(lab: SourceLab) -> None:
        lab.start()
        await lab.wait(2)
        for number in range(60):  # one of so many is not held
            lab.shop.write(f"{number:02}", "a")
        await lab.wait(20)
        lab.shop.hidden.add("07")
        await lab.signal(SignalKind.PROBE)
        await lab.wait(150)
        assert await lab.texts("07") == ["a", None]
        lab.shop.hidden.clear()

        await lab.signal(SignalKind.PROBE)
        await lab.wait(150)

        assert await lab.texts("07") == ["a", None, "a"]
        assert len(await lab.changes()) == 62

    in_a_lab(test)
