"""Records that links have and no source has read: the patrol finds out whether they are gone."""

from dataclasses import replace

from anji_common.events.signals import SignalKind
from anji_common.sourcing.unread import known_after, sought
from labs.source_lab import SETTINGS, SourceLab, in_a_lab

_ROUND_SECONDS = 150.0


async def _with_others(lab: SourceLab) -> None:
    """Start a source that has read so many records that a single one may be gone."""
    lab.start()
    await lab.wait(2)
    for number in range(6):
        lab.shop.write(f"{number:02}", "a")
    await lab.wait(20)


async def _probed(lab: SourceLab) -> None:
    await lab.signal(SignalKind.PROBE)
    await lab.wait(_ROUND_SECONDS)


def test_a_record_that_nobody_has_read_is_gone_once_a_round_has_confirmed_it() -> None:
    async def test(lab: SourceLab) -> None:
        await _with_others(lab)
        await lab.signal(SignalKind.SEEK, "03x")
        await lab.wait(20)
        assert await lab.texts("03x") == []

        await lab.signal(SignalKind.PROBE)
        await lab.wait(SETTINGS.confirm_seconds / 2)
        assert await lab.texts("03x") == []  # no single answer is believed
        await lab.wait(_ROUND_SECONDS)

        assert await lab.texts("03x") == [None]
        assert len(await lab.changes()) == 7
        assert (await lab.checkpoint()).sought == ()

    in_a_lab(test)


def test_one_that_is_there_after_all_is_published_and_looked_for_no_more() -> None:
    async def test(lab: SourceLab) -> None:
        await _with_others(lab)
        lab.shop.hidden.add("03x")
        lab.shop.write("03x", "b")
        await lab.wait(20)
        await lab.signal(SignalKind.SEEK, "03x")
        await lab.signal(SignalKind.PROBE)
        await lab.wait(SETTINGS.confirm_seconds / 2)
        lab.shop.hidden.clear()  # the first look was a false empty
        await lab.wait(_ROUND_SECONDS)

        assert await lab.texts("03x") == ["b"]
        assert (await lab.checkpoint()).sought == ()

    in_a_lab(test)


def test_where_the_account_has_lost_sight_of_all_nobody_is_told_to_be_gone() -> None:
    async def test(lab: SourceLab) -> None:
        await _with_others(lab)
        await lab.signal(SignalKind.SEEK, "03x")
        lab.shop.hidden |= {f"{number:02}" for number in range(6)}
        await _probed(lab)

        assert all(change.data is not None for change in await lab.changes())
        progress = (await lab.checkpoint()).patrol
        assert progress is not None
        assert "03x" in progress.waiting
        assert len(progress.waiting) == 7  # it counts like the others

    in_a_lab(test)


def test_the_only_one_that_links_have_is_held_until_a_person_approves() -> None:
    async def test(lab: SourceLab) -> None:
        lab.start()
        await lab.wait(2)
        await lab.signal(SignalKind.SEEK, "1")
        await _probed(lab)
        assert await lab.changes() == []

        await lab.signal(SignalKind.APPROVE)
        await lab.wait(_ROUND_SECONDS)

        assert await lab.texts("1") == [None]

    in_a_lab(test)


def test_what_was_read_meanwhile_or_told_to_be_gone_is_not_sought() -> None:
    async def test(lab: SourceLab) -> None:
        await _with_others(lab)
        await lab.signal(SignalKind.SEEK, "03")
        await lab.signal(SignalKind.SEEK, "03x")
        await _probed(lab)
        told = await lab.changes()
        await lab.signal(SignalKind.SEEK, "03x")  # its group was put back
        await _probed(lab)

        assert await lab.changes() == told
        assert (await lab.checkpoint()).sought == ()

    in_a_lab(test)


def test_looking_for_one_costs_no_read_of_its_own() -> None:
    async def test(lab: SourceLab) -> None:
        feed = lab.start()
        await lab.wait(2)
        for number in range(6):
            lab.shop.write(f"{number:02}", "a")
        await lab.wait(20)
        before = len(feed.reads)
        await lab.signal(SignalKind.SEEK, "03x")
        await lab.wait(60)
        assert len(feed.reads) == before

        await _probed(lab)

        assert [len(ids) for ids in feed.reads[before:]] == [7, 5]  # then with four witnesses

    in_a_lab(test, settings=replace(SETTINGS, batch_ids=100))


def test_what_is_sought_is_given_in_order_between_what_was_read_and_is_bounded() -> None:
    def read_after(record_id: str, limit: int) -> list[str]:
        return [each for each in ("a", "c", "e") if each > record_id][:limit]

    ids_after = known_after(read_after, {"b", "f"})
    assert ids_after("", 3) == ["a", "b", "c"]
    assert ids_after("c", 3) == ["e", "f"]
    assert ids_after("f", 3) == []
    many = tuple(str(number) for number in range(500))
    assert sought(many, "x") == many
    assert sought(("a",), "a") == ("a",)
