"""Rebuild where our clock was set back: numbers of commands go on all the same."""

import asyncio
from random import Random

from anji_common.events.commands import CommandNumber
from anji_common.events.crosswalk import CrosswalkRow
from anji_common.refs import System
from anji_common.runtime import Runtime
from anji_common.writing.attempts import AttemptRow, Delivery, delivery_of
from anji_mapper.replay import Rebuild
from labs.mapper_lab import ACCOUNT, CUSTOMER, MapperLab, in_a_mapper_lab

ACCOUNT_DATA = {"name": "Ann", "tel": "1", "no__c": "C1"}


def test_commands_after_a_rebuild_are_new_to_writers_though_our_clock_was_set_back() -> None:
    """Else the writer skips them as finished, and the link waits for a result for ever."""

    async def test(lab: MapperLab) -> None:
        ahead = int(lab.clock.now().timestamp()) + 3600
        finished = AttemptRow(seat=ACCOUNT, finished=CommandNumber(generation=ahead, n=3))
        rows = [
            CrosswalkRow(
                ref=ref, counterpart=other, link_type="customer", updated_at=lab.clock.now()
            )
            for ref, other in ((ACCOUNT, CUSTOMER), (CUSTOMER, ACCOUNT))
        ]
        await lab.broker.publish([each.to_message() for each in rows])
        await lab.broker.publish([finished.to_message(System.K3CLOUD)])
        await lab.change(ACCOUNT, {**ACCOUNT_DATA})
        await lab.change(CUSTOMER, {"FNumber": "C1", "FName": "Ann", "FTEL": "1"})
        playing = asyncio.create_task(lab.sources_have_read())
        await Rebuild(lab.mappings, Runtime(lab.broker, lab.clock, Random(1))).apply()
        await playing

        await lab.start()
        await lab.change(ACCOUNT, {**ACCOUNT_DATA, "name": "Bea"})
        await lab.work()

        (command,) = await lab.commands()
        assert delivery_of(finished, command.number) is Delivery.RUN

    in_a_mapper_lab(test)
