"""The sourcing engine on a little vendor: what is read is published, once and in order."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from anji_common.deadletters import DeadLetter
from anji_common.events.signals import SignalKind
from anji_common.messages import Message
from anji_common.testing.virtual_time import EPOCH
from anji_common.topics import CHECKPOINTS, DEADLETTERS, SIGNALS
from labs.memory_broker import all_records
from labs.source_lab import SETTINGS, LittleFeed, SourceLab, in_a_lab

SECOND = timedelta(seconds=1)


def test_what_changes_after_the_start_is_published_and_what_is_older_is_not() -> None:
    async def test(lab: SourceLab) -> None:
        lab.shop.write("0", "old")
        await lab.wait(60.0)
        lab.start()
        await lab.wait(2.0)
        lab.shop.write("1", "new")
        await lab.wait(2.0)

        assert await lab.texts("1") == ["new"]
        assert await lab.texts("0") == []

    in_a_lab(test)


class _Shy(LittleFeed):
    """Of a vendor whose clock is behind, which only its answers tell."""

    async def now(self) -> datetime:
        return await super().now() if self.polls else EPOCH + timedelta(minutes=5)


def test_a_source_begins_at_the_vendors_time_though_only_its_answers_tell_it() -> None:
    async def test(lab: SourceLab) -> None:
        lab.start(_Shy(lab.shop))
        await lab.wait(1.0)
        lab.shop.write("1", "new")
        await lab.wait(2.0)

        assert await lab.texts("1") == ["new"]

    in_a_lab(test)


def test_a_record_that_does_not_move_is_published_once() -> None:
    async def test(lab: SourceLab) -> None:
        feed = lab.start()
        await lab.wait(1.0)
        lab.shop.write("1", "a")
        await lab.wait(30.0)

        assert await lab.texts() == ["a"]
        assert feed.polls["Thing"] > 25

    in_a_lab(test)


def test_revisions_rise_strictly_whatever_the_order_of_reading() -> None:
    async def test(lab: SourceLab) -> None:
        lab.start()
        for number in range(40):
            lab.shop.write(str(number % 7), f"v{number}")
            await lab.wait(0.37)
        await lab.wait(3.0)

        seen: dict[str, int] = {}
        for change in await lab.changes():
            assert change.revision > seen.get(change.ref.record_id, -1)
            seen[change.ref.record_id] = change.revision
        assert {f"v{number}" for number in range(33, 40)} <= {
            (change.data or {}).get("text") for change in await lab.changes()
        }

    in_a_lab(test)


def test_a_second_version_within_the_vendors_grain_is_found_when_it_has_passed() -> None:
    async def test(lab: SourceLab) -> None:
        lab.start()
        await lab.wait(2.05)
        lab.shop.write("1", "first")
        await lab.signal(record_id="1")
        await lab.wait(0.2)
        lab.shop.write("1", "second")
        await lab.wait(3.0)

        first, second = await lab.changes()
        assert first.stamp.modified_at == second.stamp.modified_at
        assert [first.data, second.data] == [{"text": "first"}, {"text": "second"}]
        assert second.revision == first.revision + 1

    in_a_lab(test, grain=SECOND)


def test_an_audit_that_moves_no_modify_date_is_a_change() -> None:
    async def test(lab: SourceLab) -> None:
        lab.start()
        lab.shop.write("1", "a")
        await lab.wait(60.0)
        lab.shop.audit("1", days=0)
        await lab.wait(3.0)

        before, after = await lab.changes()
        assert (before.stamp.status, after.stamp.status) == ("A", "C")
        assert before.stamp.modified_at == after.stamp.modified_at
        assert after.revision == before.revision + 1

    in_a_lab(test)


def test_a_write_that_queries_show_later_than_newer_ones_is_not_missed() -> None:
    async def test(lab: SourceLab) -> None:
        lab.start()
        for number in range(20):
            lab.shop.lag_seconds = 2.5 if number % 3 == 0 else 0.0
            lab.shop.write(str(number), "a")
            await lab.wait(0.7)
        await lab.wait(6.0)

        assert {change.ref.record_id for change in await lab.changes()} == set(map(str, range(20)))

    in_a_lab(test)


def test_a_window_of_many_pages_is_read_whole() -> None:
    async def test(lab: SourceLab) -> None:
        lab.start()
        await lab.wait(0.5)
        for number in range(20):
            lab.shop.write(f"{number:02}", "a")
        await lab.wait(2.0)

        assert len(await lab.changes()) == 20

    in_a_lab(test)


def test_objects_are_read_side_by_side() -> None:
    async def test(lab: SourceLab) -> None:
        lab.start()
        await lab.wait(0.5)
        lab.shop.write("1", "a")
        lab.shop.write("1", "b", "Bit")
        await lab.wait(2.0)

        assert [change.data for change in await lab.changes("Bit")] == [{"text": "b"}]
        assert await lab.texts() == ["a"]

    in_a_lab(test)


def test_a_restart_goes_on_where_it_was() -> None:
    async def test(lab: SourceLab) -> None:
        lab.start()
        await lab.wait(1.0)
        lab.shop.write("1", "a")
        await lab.wait(2.0)
        await lab.kill()
        lab.shop.write("1", "b")
        lab.shop.write("2", "c")
        await lab.wait(600.0)
        lab.start()
        await lab.wait(2.0)

        assert await lab.texts("1") == ["a", "b"]
        assert await lab.texts("2") == ["c"]

    in_a_lab(test)


@pytest.mark.parametrize("after_seconds", [0.005, 0.015, 0.025, 0.9, 1.005, 1.013])
def test_a_crash_at_any_moment_neither_loses_nor_doubles(after_seconds: float) -> None:
    async def test(lab: SourceLab) -> None:
        lab.start()
        await lab.wait(0.5)
        for number in range(9):
            lab.shop.write(str(number), "a")
            await lab.signal(record_id=str(number))
        await lab.wait(after_seconds)
        await lab.kill()
        lab.start()
        await lab.wait(5.0)

        found = sorted(change.ref.record_id for change in await lab.changes())
        assert found == sorted(map(str, range(9)))

    in_a_lab(test)


def test_whoever_takes_over_knows_what_was_published() -> None:
    async def test(lab: SourceLab) -> None:
        lab.start()
        for number in range(30):
            lab.shop.write("1", f"v{number}")
            await lab.wait(0.4)
            if number % 7 == 3:
                lab.start()  # another member joins, and tasks move
            if number % 7 == 6:
                lab.sources.pop(0).cancel()  # the oldest one leaves
        await lab.wait(5.0)

        revisions = [change.revision for change in await lab.changes()]
        assert revisions == sorted(set(revisions))
        assert (await lab.texts())[-1] == "v29"

    in_a_lab(test)


def test_a_vendor_that_is_down_moves_nothing_and_loses_nothing() -> None:
    async def test(lab: SourceLab) -> None:
        lab.start()
        await lab.wait(1.0)
        lab.shop.is_down = True
        lab.shop.write("1", "a")
        await lab.signal(record_id="1", answers="1-1")
        await lab.wait(3600.0)
        assert await lab.texts() == []
        lab.shop.is_down = False
        await lab.wait(60.0)

        assert (await lab.texts())[-1] == "a"
        assert "1-1" in {change.answers for change in await lab.changes()}

    in_a_lab(test)


def test_a_limited_vendor_is_left_alone_as_long_as_it_says() -> None:
    async def test(lab: SourceLab) -> None:
        feed = lab.start()
        await lab.wait(1.5)
        lab.shop.limited_seconds = 300.0
        await lab.wait(2.0)
        before = feed.polls["Thing"]
        await lab.wait(200.0)
        assert feed.polls["Thing"] == before
        lab.shop.limited_seconds = 0.0
        lab.shop.write("1", "a")
        await lab.wait(300.0)

        assert await lab.texts() == ["a"]

    in_a_lab(test)


def test_a_record_that_nobody_can_read_is_buried_and_the_rest_flows() -> None:
    async def test(lab: SourceLab) -> None:
        lab.start()
        await lab.wait(0.5)
        lab.shop.write("1", "rubbish")
        lab.shop.write("2", "b")
        await lab.wait(1.4)

        letters = await all_records(lab.broker, DEADLETTERS.name)
        assert await lab.texts("2") == ["b"]
        assert {DeadLetter.from_record(letter).value for letter in letters} == {b"rubbish"}

    in_a_lab(test)


def test_a_record_that_nobody_can_read_is_buried_once_however_often_it_is_met() -> None:
    async def test(lab: SourceLab) -> None:
        lab.start()
        await lab.wait(0.5)
        lab.shop.write("1", "rubbish")
        await lab.wait(20.0)

        assert len(await all_records(lab.broker, DEADLETTERS.name)) == 1

    in_a_lab(test)


def test_a_signal_that_nobody_can_read_is_buried_and_the_rest_flows() -> None:
    async def test(lab: SourceLab) -> None:
        lab.start()
        await lab.wait(0.5)
        lab.shop.write("1", "a")
        key = "k3cloud/Thing"
        await lab.broker.publish([Message(SIGNALS.name, key, b"rubbish")])
        await lab.signal(record_id="1", answers="1-1")
        await lab.wait(2.0)

        assert "1-1" in {change.answers for change in await lab.changes()}
        assert len(await all_records(lab.broker, DEADLETTERS.name)) == 1

    in_a_lab(test)


def test_the_first_start_waits_for_a_vendor_that_is_down() -> None:
    async def test(lab: SourceLab) -> None:
        lab.shop.is_down = True
        lab.start()
        await lab.wait(30.0)
        lab.shop.write("1", "a")
        lab.shop.is_down = False
        await lab.wait(60.0)

        assert await lab.texts() == ["a"]
        assert (await lab.checkpoint()).begun_at == EPOCH

    in_a_lab(test)


def test_quiet_time_writes_few_checkpoints() -> None:
    async def test(lab: SourceLab) -> None:
        lab.start()
        await lab.wait(600.0)

        written = await all_records(lab.broker, CHECKPOINTS.name)
        assert len(written) <= 2 * 12

    in_a_lab(test)


def test_while_hints_come_and_tell_everything_polls_stretch() -> None:
    async def test(lab: SourceLab) -> None:
        feed = lab.start()
        await lab.wait(1.0)
        for number in range(60):
            lab.shop.write("1", f"v{number}")
            await lab.signal(record_id="1", is_hint=True)
            await lab.wait(10.0)

        assert await lab.texts() == [f"v{number}" for number in range(60)]
        assert feed.polls["Thing"] < 2 * 60

    in_a_lab(test, settings=replace(SETTINGS, most_poll_seconds=60.0))


def test_a_poll_that_finds_what_no_hint_told_brings_the_others_closer() -> None:
    async def test(lab: SourceLab) -> None:
        lab.start()
        await lab.signal(record_id="1", is_hint=True)
        await lab.wait(300.0)  # stretched by now
        lab.shop.write("2", "a")
        await lab.wait(61.0)
        lab.shop.write("2", "b")
        await lab.wait(4.0)

        assert await lab.texts("2") == ["a", "b"]

    in_a_lab(test, settings=replace(SETTINGS, most_poll_seconds=60.0))


def test_a_hint_without_a_record_polls_at_once() -> None:
    async def test(lab: SourceLab) -> None:
        lab.start()
        await lab.wait(1.0)
        lab.shop.write("1", "a")
        await lab.signal(is_hint=True)
        await lab.wait(0.1)

        assert await lab.texts() == ["a"]

    in_a_lab(test, settings=replace(SETTINGS, poll_seconds=60.0, most_poll_seconds=60.0))


def test_a_paused_source_reads_nothing_until_it_goes_on() -> None:
    async def test(lab: SourceLab) -> None:
        feed = lab.start(LittleFeed(lab.shop))
        await lab.wait(2.0)
        await lab.signal(SignalKind.PAUSE)
        lab.shop.write("1", "a")
        await lab.wait(60.0)
        await lab.kill()
        lab.start(feed)
        await lab.wait(60.0)
        assert await lab.texts() == []
        await lab.signal(SignalKind.RESUME)
        await lab.wait(1.0)

        assert await lab.texts() == ["a"]

    in_a_lab(test)
