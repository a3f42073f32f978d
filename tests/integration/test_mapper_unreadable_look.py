"""A link that is looked at, and of which something cannot be read: it alone is left as it is."""

import asyncio
from dataclasses import replace
from random import Random

from pydantic import JsonValue

from anji_common.errors import UndecodableError
from anji_common.runtime import Runtime
from anji_mapper.link.rules import RULES, may_begin
from anji_mapper.link.state import Seat
from anji_mapper.link.step import Reducer
from anji_mapper.mapping.model import LinkType
from anji_mapper.service import run
from anji_mapper.settings import MapperSettings
from labs.mapper_lab import ACCOUNT, SALE, MapperLab, in_a_mapper_lab


def _unreadable_once_released(seat: Seat, link_type: LinkType) -> bool:
    if seat.key == SALE and seat.waits:
        msg = "not a ref: 'DD-1'"
        raise UndecodableError(msg)
    return may_begin(seat, link_type)


def test_a_released_link_that_cannot_be_read_is_told_and_all_others_are_released() -> None:
    async def test(lab: MapperLab) -> None:
        reducer = Reducer(replace(RULES, may_begin=_unreadable_once_released))
        runtime = Runtime(lab.broker, lab.clock, Random(1))
        mapper = run(lab.mappings, MapperSettings(), runtime, reducer=reducer)
        lab.running.append(asyncio.create_task(mapper))
        line: JsonValue = {"_id": "l1", "quantity": "2"}
        order: dict[str, JsonValue] = {
            "name": "DD",
            "account_id": str(ACCOUNT),
            "LineObj": [line],
        }
        others = [replace(SALE, record_id=f"o{number}") for number in range(9)]
        for ref in (SALE, *others):
            await lab.change(ref, order)
        await lab.work()

        await lab.link_customer()
        await lab.work()

        assert {each.seat for each in await lab.commands()} == {*others}
        letters = await lab.dead_letters()
        assert letters
        assert all(str(SALE) in each.reason for each in letters)

    in_a_mapper_lab(test)
