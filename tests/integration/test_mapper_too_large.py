"""What the broker does not take of the mapper's: that link alone is left as it was, and told."""

from dataclasses import replace

from pydantic import JsonValue

from anji_common.messages import Message
from anji_common.topics import LINKS
from labs.mapper_lab import ACCOUNT, SALE, MapperLab, in_a_mapper_lab
from labs.strict_broker import StrictBroker

ANN: dict[str, JsonValue] = {"name": "Ann", "tel": "1", "no__c": None, "anji_ref__c": None}
LARGE = {**ANN, "tel": "1" * 1800}
"""Its change is taken, its link, which holds it twice, is not."""


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
