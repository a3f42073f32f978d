"""What the broker does not take of the mapper's: that link alone is left as it was, and told."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pydantic import JsonValue

from anji_common.broker.embedded_broker import EmbeddedBroker
from anji_common.broker.port import Task, Work
from anji_common.errors import RejectedError, RetriableError
from anji_common.messages import Message, Record
from anji_common.topics import LINKS
from labs.mapper_lab import ACCOUNT, SALE, MapperLab, in_a_mapper_lab

_MOST_BYTES = 3000
ANN: dict[str, JsonValue] = {"name": "Ann", "tel": "1", "no__c": None, "anji_ref__c": None}
LARGE = {**ANN, "tel": "1" * 1800}
"""Its change is taken, its link, which holds it twice, is not."""


class StrictBroker(EmbeddedBroker):
    """Takes no large records, as Kafka takes none of more than 1 MB; and none at all at first."""

    failures = 0

    async def serve(self, group: str, inputs: Sequence[str], work: Work) -> None:
        await super().serve(group, inputs, lambda task: work(_StrictTask(task, self)))


class _StrictTask:
    def __init__(self, task: Task, broker: StrictBroker) -> None:
        self._task = task
        self._broker = broker
        self.poll, self.rewind = task.poll, task.rewind
        self.wake, self.close = task.wake, task.close

    @property
    def partition(self) -> int:
        return self._task.partition

    async def commit(
        self, done: Sequence[Record], outputs: Sequence[Message] = ()
    ) -> Mapping[str, int]:
        if self._broker.failures:
            self._broker.failures -= 1
            msg = "the cluster did not answer in time"
            raise RetriableError(msg)
        for each in outputs:
            if len(each.value or b"") > _MOST_BYTES:
                msg = f"a record for {each.topic} is too large"
                raise RejectedError(msg)
        return await self._task.commit(done, outputs)


def test_a_change_whose_link_is_too_large_is_a_dead_letter_and_all_others_cross() -> None:
    async def test(lab: MapperLab) -> None:
        others = [replace(ACCOUNT, record_id=f"o{number}") for number in range(40)]
        for ref in others[:20]:
            await lab.change(ref, ANN)
        await lab.change(ACCOUNT, LARGE)
        for ref in others[20:]:
            await lab.change(ref, ANN)

        await lab.start()
        await lab.work(60.0)

        (letter,) = await lab.dead_letters()
        assert letter.key == str(ACCOUNT).encode()
        assert "too large" in letter.reason
        assert str(ACCOUNT) in letter.reason
        assert sorted(str(each.seat) for each in await lab.commands()) == sorted(map(str, others))
        await lab.change(ACCOUNT, ANN)
        await lab.work()
        assert ACCOUNT in {each.seat for each in await lab.commands()}

    in_a_mapper_lab(test, kind=StrictBroker)


def test_a_released_link_whose_command_is_too_large_is_told_and_all_others_are_released() -> None:
    async def test(lab: MapperLab) -> None:
        await lab.start()
        lines: list[JsonValue] = [{"_id": f"l{number}", "quantity": "2"} for number in range(50)]
        order: dict[str, JsonValue] = {"name": "DD", "account_id": str(ACCOUNT)}
        others = [replace(SALE, record_id=f"o{number}") for number in range(9)]
        await lab.change(SALE, {**order, "LineObj": lines})
        for ref in others:
            await lab.change(ref, {**order, "LineObj": lines[:1]})
        await lab.work()
        assert await lab.dead_letters() == []

        await lab.link_customer()
        await lab.work(60.0)

        (letter,) = await lab.dead_letters()
        assert str(SALE) in letter.reason
        assert {each.seat for each in await lab.commands()} == {*others}

    in_a_mapper_lab(test, kind=StrictBroker)


def test_rubbish_among_rows_that_was_met_while_the_broker_was_away_is_told_later() -> None:
    async def test(lab: MapperLab) -> None:
        await lab.broker.publish([Message(LINKS.name, str(SALE), b"rubbish")])
        assert isinstance(lab.broker, StrictBroker)
        lab.broker.failures = 2

        await lab.start()
        await lab.work(5.0)

        assert [each.topic for each in await lab.dead_letters()] == [LINKS.name]

    in_a_mapper_lab(test, kind=StrictBroker)
