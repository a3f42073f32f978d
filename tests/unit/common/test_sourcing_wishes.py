"""Wishes and snapshots of a source: what is asked for is read, kept in mind, and told."""

from dataclasses import replace
from datetime import timedelta

from anji_common.events.signals import SignalKind
from anji_common.refs import System
from anji_common.sourcing.checkpoints import Wish
from anji_common.sourcing.engine import source_group
from anji_common.sourcing.wishes import wished
from anji_common.topics import CALLBACKS, SIGNALS
from labs.source_lab import SETTINGS, SourceLab, in_a_lab

SELDOM = replace(SETTINGS, poll_seconds=3600.0, most_poll_seconds=3600.0)


def test_an_old_record_enters_on_demand() -> None:
    async def test(lab: SourceLab) -> None:
        lab.shop.write("1", "old")
        await lab.wait(3600.0)
        lab.start()
        await lab.wait(1.0)
        await lab.signal(record_id="1")
        await lab.wait(0.1)

        assert await lab.texts() == ["old"]

    in_a_lab(test, settings=SELDOM)


def test_a_read_that_finds_nothing_new_is_not_published() -> None:
    async def test(lab: SourceLab) -> None:
        lab.start()
        await lab.wait(1.0)
        lab.shop.write("1", "a")
        for _ in range(3):
            await lab.signal(record_id="1")
            await lab.wait(1.0)

        assert await lab.texts() == ["a"]

    in_a_lab(test, settings=SELDOM)


def test_one_read_answers_all_commands_that_asked_for_it() -> None:
    wishes: dict[str, Wish] = {}
    for answers in ("1-7", "missed/9", None, "1-8", "1-7"):
        wishes = wished(wishes, "1", answers, is_there=False)

    assert wishes["1"].answers == "1-7,missed/9,1-8"


def test_a_signalled_read_of_a_command_is_published_though_nothing_moved() -> None:
    async def test(lab: SourceLab) -> None:
        lab.start()
        await lab.wait(1.0)
        lab.shop.write("1", "a")
        await lab.signal(record_id="1")
        await lab.wait(1.0)
        await lab.signal(record_id="1", answers="1-7")
        await lab.wait(1.0)

        first, second = await lab.changes()
        assert (first.answers, second.answers) == (None, "1-7")
        assert second.revision == first.revision + 1
        assert second.data == first.data

    in_a_lab(test, settings=SELDOM)


def test_many_signals_at_once_are_one_read() -> None:
    async def test(lab: SourceLab) -> None:
        feed = lab.start()
        await lab.wait(1.0)
        await lab.kill()
        for number in range(30):
            lab.shop.write(f"{number:02}", "a")
            await lab.signal(record_id=f"{number:02}")
            await lab.signal(record_id=f"{number:02}", is_hint=True)
        feed = lab.start()
        await lab.wait(2.0)

        assert len(await lab.changes()) == 30
        assert len(feed.reads) == 1

    in_a_lab(test, settings=SELDOM)


def test_a_signal_of_a_command_is_not_forgotten_for_one_without() -> None:
    async def test(lab: SourceLab) -> None:
        lab.start()
        await lab.wait(1.0)
        lab.shop.is_down = True
        lab.shop.write("1", "a")
        await lab.signal(record_id="1", answers="1-7")
        await lab.wait(5.0)
        await lab.signal(record_id="1")
        await lab.wait(5.0)
        lab.shop.is_down = False
        await lab.wait(60.0)

        assert [change.answers for change in await lab.changes()] == ["1-7"]

    in_a_lab(test, settings=SELDOM)


def test_a_crash_forgets_no_signal() -> None:
    async def test(lab: SourceLab) -> None:
        lab.start()
        await lab.wait(1.0)
        lab.shop.is_down = True
        lab.shop.write("1", "a")
        await lab.signal(record_id="1", answers="1-7")
        await lab.wait(5.0)
        inputs = [SIGNALS.name, CALLBACKS.name]
        lag = await lab.broker.lag(source_group(System.K3CLOUD), inputs)
        await lab.kill()
        lab.shop.is_down = False
        lab.start()
        await lab.wait(5.0)

        assert sum(each.records for each in lag) == 0
        assert [change.answers for change in await lab.changes()] == ["1-7"]

    in_a_lab(test, settings=SELDOM)


def test_a_record_that_does_not_show_yet_is_asked_for_again_and_then_given_up() -> None:
    async def test(lab: SourceLab) -> None:
        feed = lab.start()
        await lab.wait(1.0)
        lab.shop.write("1", "a")
        await lab.signal(record_id="1", is_hint=True)
        await lab.signal(record_id="9", is_hint=True)
        await lab.wait(60.0)

        assert await lab.texts() == ["a"]
        assert len([ids for ids in feed.reads if "9" in ids]) == 5
        assert (await lab.checkpoint()).wishes == {}

    in_a_lab(test, settings=SELDOM, lag_seconds=2.0)


def test_a_read_that_lags_behind_does_not_answer_a_command() -> None:
    async def test(lab: SourceLab) -> None:
        lab.shop.lag_seconds = 0.0
        lab.start()
        await lab.wait(1.0)
        lab.shop.write("1", "published")
        await lab.signal(record_id="1")
        await lab.wait(1.0)
        thing = lab.shop.things["Thing", "1"]
        thing.modified_at -= timedelta(seconds=10)  # what an index that fell back shows
        thing.text = "older"
        await lab.signal(record_id="1", answers="1-7")
        await lab.wait(3.0)
        assert await lab.texts() == ["published"]
        lab.shop.write("1", "newest")
        await lab.wait(10.0)

        assert await lab.texts() == ["published", "newest"]
        assert (await lab.changes())[-1].answers == "1-7"

    in_a_lab(test, settings=SELDOM)


def test_what_stays_older_is_told_in_the_end_under_the_last_time() -> None:
    async def test(lab: SourceLab) -> None:
        lab.start()
        await lab.wait(1.0)
        lab.shop.write("1", "two lines")
        await lab.signal(record_id="1")
        await lab.wait(1.0)
        thing = lab.shop.things["Thing", "1"]
        thing.modified_at -= timedelta(seconds=10)  # its newest line was removed for ever
        thing.text = "one line"
        await lab.signal(record_id="1", answers="1-7")
        await lab.wait(120.0)

        before, after = await lab.changes()
        assert after.data == {"text": "one line"}
        assert after.stamp.modified_at == before.stamp.modified_at
        assert after.revision == before.revision + 1

    in_a_lab(test, settings=SELDOM)


def test_a_torn_record_is_read_again_until_it_is_whole() -> None:
    async def test(lab: SourceLab) -> None:
        lab.start()
        await lab.wait(1.0)
        lab.shop.write("1", "a")
        lab.shop.things["Thing", "1"].torn_until = 45.0
        lab.shop.write("2", "b")
        await lab.wait(30.0)
        assert await lab.texts("2") == ["b"]
        await lab.kill()
        lab.start()
        await lab.wait(60.0)

        assert await lab.texts("1") == ["a"]

    in_a_lab(test)


def test_a_snapshot_publishes_what_was_there_before_the_installation() -> None:
    async def test(lab: SourceLab) -> None:
        made = lab.shop.make_old(25, days_apart=1)
        lab.start()
        await lab.wait(1.0)
        await lab.signal(SignalKind.SNAPSHOT)
        await lab.wait(60.0)

        found = sorted(change.ref.record_id for change in await lab.changes())
        assert found == made
        assert (await lab.checkpoint()).snapshot is None

    in_a_lab(test)


def test_a_snapshot_goes_on_after_a_crash_and_lets_live_changes_through() -> None:
    async def test(lab: SourceLab) -> None:
        made = lab.shop.make_old(25, days_apart=40)
        lab.start()
        await lab.wait(1.0)
        await lab.signal(SignalKind.SNAPSHOT)
        for _ in range(6):
            lab.shop.write("live", f"at {lab.clock.monotonic()}")
            await lab.wait(0.25)
            await lab.kill()
            lab.start()
        await lab.wait(60.0)

        changes = await lab.changes()
        revisions = [change.revision for change in changes if change.ref.record_id == "live"]
        old = sorted(change.ref.record_id for change in changes if change.ref.record_id != "live")
        assert old == made
        assert revisions == sorted(set(revisions))
        assert (await lab.checkpoint()).snapshot is None

    in_a_lab(test)


def test_hints_gather_and_a_command_does_not_wait_for_them() -> None:
    async def test(lab: SourceLab) -> None:
        feed = lab.start()
        await lab.wait(1.0)
        for number in range(10):
            lab.shop.write(f"{number}", "a")
            await lab.signal(record_id=f"{number}", is_hint=True)
            await lab.wait(0.04)
        await lab.wait(1.0)
        gathered = list(feed.reads)
        await lab.signal(record_id="9", answers="1-1")
        await lab.wait(0.1)

        assert gathered == [tuple(map(str, range(10)))]
        assert feed.reads[-1] == ("9",)

    in_a_lab(test, settings=replace(SELDOM, gather_seconds=0.5))


def test_many_hints_without_a_record_are_few_polls() -> None:
    async def test(lab: SourceLab) -> None:
        feed = lab.start()
        await lab.wait(1.0)
        before = feed.polls["Thing"]
        for _ in range(50):
            await lab.signal(is_hint=True)
            await lab.wait(0.05)
        await lab.wait(1.0)

        assert feed.polls["Thing"] - before <= 6

    in_a_lab(test, settings=replace(SELDOM, gather_seconds=0.5))


def test_a_steady_stream_of_hints_is_read_once_a_pause_and_no_hint_waits_longer() -> None:
    async def test(lab: SourceLab) -> None:
        feed = lab.start()
        await lab.wait(1.0)
        for number in range(200):
            lab.shop.write(f"{number}", "a")
            await lab.signal(record_id=f"{number}", is_hint=True)
            await lab.wait(0.1)
        await lab.wait(1.0)

        assert sum(map(len, feed.reads)) == len(await lab.changes()) == 200
        assert 20 <= len(feed.reads) <= 21

    in_a_lab(test, settings=replace(SELDOM, gather_seconds=0.2, steady_gather_seconds=1.0))


def test_a_read_that_is_full_and_one_that_a_command_asks_for_wait_for_no_pause() -> None:
    async def test(lab: SourceLab) -> None:
        feed = lab.start()
        await lab.wait(1.0)
        for record_id in ("1", "2", "3"):
            lab.shop.write(record_id, "a")
        await lab.signal(record_id="1", is_hint=True)
        await lab.wait(0.3)
        assert feed.reads == [("1",)]

        await lab.signal(record_id="2", is_hint=True)
        await lab.signal(record_id="3", is_hint=True)
        await lab.wait(0.3)
        assert feed.reads == [("1",), ("2", "3")]

        await lab.signal(record_id="1", answers="1-7")
        await lab.wait(0.1)
        assert feed.reads[2:] == [("1",)]

    settings = replace(SELDOM, gather_seconds=0.2, steady_gather_seconds=3600.0, batch_ids=2)
    in_a_lab(test, settings=settings)


def test_hints_beyond_what_is_wished_for_wait_in_their_topic_and_commands_do_not() -> None:
    async def test(lab: SourceLab) -> None:
        feed = lab.start()
        await lab.wait(1.0)
        lab.shop.is_down = True
        for number in range(500):
            lab.shop.write(f"{number}", "a")
            await lab.signal(record_id=f"{number}", is_hint=True)
        await lab.signal(record_id="x", answers="1-7")
        await lab.wait(60.0)

        wishes = (await lab.checkpoint()).wishes
        assert "x" in wishes
        assert len(wishes) <= 10 + 100 + 1
        assert not feed.reads

        lab.shop.is_down = False
        await lab.wait(60.0)
        assert len(await lab.changes()) == 500

    in_a_lab(test, settings=replace(SELDOM, most_wishes=10))
