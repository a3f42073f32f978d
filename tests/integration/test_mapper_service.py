"""The mapper as a service: rubbish, crashes, replays and other members around its reducer."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import JsonValue

from anji_common.broker.embedded_broker import EmbeddedBroker
from anji_common.broker.port import Lag, Task, Work
from anji_common.errors import NewerFormError, RetriableError
from anji_common.events.changes import Change, revision_of
from anji_common.events.commands import Action
from anji_common.events.crosswalk import RowState
from anji_common.events.observed import Stamp
from anji_common.messages import Message, Record
from anji_common.refs import Ref, System
from anji_common.topics import (
    CROSSWALK,
    INBOX,
    LINKS,
    Lane,
    changes_topic,
    results_topic,
)
from anji_mapper.decode import input_topics
from anji_mapper.link.state import Stage
from anji_mapper.service import GROUP
from anji_mapper.settings import MapperSettings
from labs.mapper_lab import ACCOUNT, BILL, CUSTOMER, SALE, MapperLab, in_a_mapper_lab

ANN: dict[str, JsonValue] = {"name": "Ann", "tel": "1", "no__c": None, "anji_ref__c": None}
ORDER: dict[str, JsonValue] = {
    "name": "DD-1",
    "account_id": str(ACCOUNT),
    "LineObj": [{"_id": "l1", "quantity": "2"}],
}


def test_a_record_that_nobody_can_read_is_a_dead_letter_and_the_rest_flows() -> None:
    async def test(lab: MapperLab) -> None:
        topic = changes_topic(System.FXIAOKE, "AccountObj")
        await lab.broker.publish([Message(topic, "rubbish", b"\xff<html>", (("h", b"1"),))])
        await lab.change(ACCOUNT, ANN)

        await lab.start()

        (letter,) = await lab.dead_letters()
        assert (letter.topic, letter.key, letter.value) == (topic, b"rubbish", b"\xff<html>")
        assert letter.headers == (("h", b"1"),)
        assert letter.offset is not None
        assert letter.reason
        assert [command.action for command in await lab.commands()] == [Action.CREATE]

    in_a_mapper_lab(test)


@pytest.mark.parametrize("topic", [INBOX.name, *(results_topic(system) for system in System)])
def test_rubbish_on_any_input_topic_stops_nothing(topic: str) -> None:
    async def test(lab: MapperLab) -> None:
        for value in (b"", b"{}", b"[1]", b"\x00", None):
            await lab.broker.publish([Message(topic, str(ACCOUNT), value)])
        await lab.change(ACCOUNT, ANN)

        await lab.start()

        assert len(await lab.dead_letters()) == 5
        assert len(await lab.commands()) == 1

    in_a_mapper_lab(test)


def test_a_change_under_the_key_of_another_record_is_a_dead_letter() -> None:
    async def test(lab: MapperLab) -> None:
        good = lab.changed(ACCOUNT, ANN)
        await lab.broker.publish([Message(good.topic, "elsewhere", good.value, good.headers)])

        await lab.start()

        (letter,) = await lab.dead_letters()
        assert "is not its subject" in letter.reason
        assert await lab.commands() == []

    in_a_mapper_lab(test)


def test_rubbish_among_the_rows_of_links_and_crosswalk_is_told_and_stops_nothing() -> None:
    async def test(lab: MapperLab) -> None:
        for topic in (LINKS.name, CROSSWALK.name):
            await lab.broker.publish([Message(topic, str(SALE), b"rubbish")])
        await lab.change(ACCOUNT, ANN)

        await lab.start()
        await lab.work()

        topics = {letter.topic for letter in await lab.dead_letters()}
        assert topics == {LINKS.name, CROSSWALK.name}
        assert len(await lab.commands()) == 1

    in_a_mapper_lab(test)


def test_a_mapper_older_than_its_links_ends_and_decides_nothing() -> None:
    async def test(lab: MapperLab) -> None:
        await lab.broker.publish([Message(LINKS.name, str(ACCOUNT), b'[99, "of next year"]')])
        await lab.change(ACCOUNT, ANN)

        newer = pytest.RaisesExc(NewerFormError, match="start the newer version again")
        with pytest.RaisesGroup(newer, flatten_subgroups=True):
            await lab.start()

        await lab.kill()
        assert await lab.commands() == []
        assert await lab.dead_letters() == []

    in_a_mapper_lab(test)


def test_an_order_whose_customer_came_while_no_mapper_ran_is_released_at_the_start() -> None:
    async def test(lab: MapperLab) -> None:
        await lab.start()
        await lab.change(SALE, ORDER)
        await lab.work()
        assert (await lab.seat(SALE)).waits == (f"ref:{ACCOUNT}",)
        assert [signal.ref for signal in await lab.signals()] == [ACCOUNT]

        await lab.kill()
        await lab.link_customer()
        await lab.start()

        (command,) = await lab.commands()
        assert command.numbers == {str(CUSTOMER): "C1"}

    in_a_mapper_lab(test)


def test_a_row_that_comes_releases_what_waits_for_it_at_once() -> None:
    async def test(lab: MapperLab) -> None:
        await lab.start()
        await lab.change(SALE, ORDER)
        await lab.work()

        await lab.link_customer()
        await lab.work(0.1)

        assert [command.seat for command in await lab.commands()] == [SALE]

    in_a_mapper_lab(test)


def test_a_wait_beyond_patience_is_told_to_people_by_time_alone() -> None:
    async def test(lab: MapperLab) -> None:
        await lab.start()
        await lab.change(SALE, ORDER)

        await lab.work(3590)
        assert await lab.notices() == []
        await lab.work(20)

        assert [notice.words for notice in await lab.notices()] == [f"waits for ref:{ACCOUNT}"]

    in_a_mapper_lab(test)


async def crossed(lab: MapperLab) -> None:
    """A customer and its order have crossed."""
    await lab.change(ACCOUNT, ANN)
    await lab.work()
    (command,) = await lab.commands()
    data: dict[str, JsonValue] = {
        "FName": "Ann",
        "FTEL": "1",
        "FNumber": "C1",
        "F_ANJI_MARKER": str(ACCOUNT),
    }
    await lab.created(command, CUSTOMER, data)
    await lab.change(SALE, ORDER)
    await lab.work()
    command = (await lab.commands())[-1]
    rows: list[JsonValue] = [{"FEntryID": "9", "FQty": "2", "F_LINE": "l1"}]
    await lab.created(command, BILL, {"FBillNo": "DD-1", "FCustId": str(CUSTOMER), "FEntry": rows})
    await lab.work()
    assert (await lab.seat(SALE)).stage is Stage.LINKED


@pytest.mark.parametrize("keeps_state", [True, False], ids=["state on disk", "no local state"])
def test_a_group_reset_to_its_first_record_writes_nothing(
    *, keeps_state: bool, tmp_path: Path
) -> None:
    async def test(lab: MapperLab) -> None:
        await lab.start()
        await crossed(lab)
        before = await lab.ends()
        await lab.kill()

        await lab.broker.reset(GROUP, input_topics(lab.mappings), "start")
        await lab.start()
        await lab.work(60)

        assert await lab.ends() == before
        assert all(one.records == 0 for one in await lag(lab))

    in_a_mapper_lab(test, state_dir=tmp_path if keeps_state else None)


async def lag(lab: MapperLab) -> Sequence[Lag]:
    return await lab.broker.lag(GROUP, input_topics(lab.mappings))


def test_two_mappers_share_the_seats_and_decide_everything_once() -> None:
    async def test(lab: MapperLab) -> None:
        await lab.start()
        await lab.start()
        for number in range(30):
            await lab.change(Ref(System.FXIAOKE, "AccountObj", f"n{number}"), ANN)
        await lab.work()
        lab.running.pop(0).cancel()
        for number in range(30, 60):
            await lab.change(Ref(System.FXIAOKE, "AccountObj", f"n{number}"), ANN)
        await lab.work(30)

        seats = [command.seat.record_id for command in await lab.commands()]
        assert sorted(seats) == sorted(f"n{number}" for number in range(60))

    in_a_mapper_lab(test)


def test_a_deleted_account_ends_the_rows_and_nothing_is_written() -> None:
    async def test(lab: MapperLab) -> None:
        await lab.start()
        await crossed(lab)
        sent = len(await lab.commands())

        await lab.change(ACCOUNT, None)
        await lab.work()

        newest = {row.ref: row.state for row in await lab.rows()}
        assert newest[ACCOUNT] is RowState.ENDED
        assert newest[CUSTOMER] is RowState.ENDED
        assert len(await lab.commands()) == sent

    in_a_mapper_lab(test)


class _HandedOn:
    """A task whose calls go on to another one; who inherits says what its commits do."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self.poll, self.rewind = task.poll, task.rewind
        self.wake, self.close = task.wake, task.close

    @property
    def partition(self) -> int:
        return self._task.partition


class UncertainBroker(EmbeddedBroker):
    """Its first commits are not carried out, as on a cluster that does not answer in time."""

    refusals = 2

    async def serve(self, group: str, inputs: Sequence[str], work: Work) -> None:
        await super().serve(group, inputs, lambda task: work(_UncertainTask(task, self)))


class _UncertainTask(_HandedOn):
    def __init__(self, task: Task, broker: UncertainBroker) -> None:
        super().__init__(task)
        self._broker = broker

    async def commit(
        self, done: Sequence[Record], outputs: Sequence[Message] = ()
    ) -> Mapping[str, int]:
        if self._broker.refusals:
            self._broker.refusals -= 1
            msg = "the cluster did not answer in time"
            raise RetriableError(msg)
        return await self._task.commit(done, outputs)


def test_a_batch_that_was_not_committed_is_stepped_again() -> None:
    async def test(lab: MapperLab) -> None:
        await lab.start()
        await lab.change(ACCOUNT, ANN)
        await lab.work(5)

        assert isinstance(lab.broker, UncertainBroker)
        assert lab.broker.refusals == 0
        assert [command.seat for command in await lab.commands()] == [ACCOUNT]
        assert all(one.records == 0 for one in await lag(lab))

    in_a_mapper_lab(test, kind=UncertainBroker)


def test_the_commands_of_a_mass_change_go_by_the_bulk_lane_and_others_stay_live() -> None:
    async def test(lab: MapperLab) -> None:
        most = MapperSettings().burst_changes
        await lab.start()
        refs = [replace(ACCOUNT, record_id=f"b{n}") for n in range(4 * most)]
        await lab.broker.publish([made_by("1000", ref, lab) for ref in refs])
        await lab.broker.publish([made_by("1001", ACCOUNT, lab)])
        await lab.work()

        live = [command.seat for command in await lab.commands(lanes=[Lane.LIVE])]
        bulk = await lab.commands(lanes=[Lane.BULK])
        assert ACCOUNT in live
        assert len(live) <= most + 1
        assert len(live) + len(bulk) == len(refs) + 1

    in_a_mapper_lab(test)


def made_by(author: str, ref: Ref, lab: MapperLab) -> Message:
    stamp = Stamp(modified_at=lab.clock.now(), modified_by=author)
    revision = revision_of(stamp.modified_at, 0)
    return Change(ref=ref, revision=revision, stamp=stamp, data=ANN).to_message()


class WatchedBroker(EmbeddedBroker):
    """Keeps how many states each transaction of the mapper's held."""

    async def serve(self, group: str, inputs: Sequence[str], work: Work) -> None:
        self.states: list[int] = []
        await super().serve(group, inputs, lambda task: work(_WatchedTask(task, self)))


class _WatchedTask(_HandedOn):
    def __init__(self, task: Task, broker: WatchedBroker) -> None:
        super().__init__(task)
        self._broker = broker

    async def commit(
        self, done: Sequence[Record], outputs: Sequence[Message] = ()
    ) -> Mapping[str, int]:
        self._broker.states.append(sum(each.topic == LINKS.name for each in outputs))
        return await self._task.commit(done, outputs)


def test_many_links_that_one_row_releases_take_turns_with_what_comes_meanwhile() -> None:
    async def test(lab: MapperLab) -> None:
        await lab.start()
        orders = [Ref(System.FXIAOKE, "SalesOrderObj", f"s{number}") for number in range(500)]
        for number, ref in enumerate(orders):
            await lab.change(ref, {**ORDER, "name": f"DD-{number}"})
        await lab.work()
        assert isinstance(lab.broker, WatchedBroker)
        lab.broker.states.clear()
        most = MapperSettings().burst_changes

        await lab.link_customer()
        await lab.work()

        assert {command.seat for command in await lab.commands()} == {*orders}
        assert len(await lab.commands(lanes=[Lane.BULK])) >= len(orders) - most
        assert sum(lab.broker.states) == len(orders)
        assert max(lab.broker.states) <= 100

    in_a_mapper_lab(test, kind=WatchedBroker)
