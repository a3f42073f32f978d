"""The mapper as a service on an embedded broker under virtual time; a test plays both vendors.

Changes and results are published by the test, and what the mapper makes of them is read back
from its topics. The mapper can be killed, started again, or started twice.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

from pydantic import JsonValue

from anji_common.broker.embedded_broker import EmbeddedBroker
from anji_common.deadletters import DeadLetter
from anji_common.events.changes import Change, revision_of
from anji_common.events.commands import Command
from anji_common.events.crosswalk import CrosswalkRow
from anji_common.events.notices import Notice
from anji_common.events.observed import Observed, Stamp
from anji_common.events.results import Outcome, Result
from anji_common.events.signals import Signal
from anji_common.messages import Message, Record
from anji_common.refs import Ref, System
from anji_common.runtime import Runtime
from anji_common.sourcing.checkpoints import Checkpoint
from anji_common.testing.virtual_time import LoopClock, run_virtually
from anji_common.topics import (
    CROSSWALK,
    DEADLETTERS,
    LINKS,
    NOTICES,
    SIGNALS,
    Lane,
    commands_topic,
    declared_topics,
)
from anji_mapper.link.codec import decode_seat
from anji_mapper.link.state import Seat, Stage
from anji_mapper.mapping.compile import compile_mappings
from anji_mapper.mapping.model import Mappings
from anji_mapper.service import run
from anji_mapper.settings import MapperSettings
from labs.mapping_files import GOOD, ORDER
from labs.memory_broker import all_records

__all__ = ["ACCOUNT", "BILL", "CUSTOMER", "SALE", "MapperLab", "in_a_mapper_lab"]

ACCOUNT = Ref(System.FXIAOKE, "AccountObj", "a1")
CUSTOMER = Ref(System.K3CLOUD, "BD_Customer", "100001")
SALE = Ref(System.FXIAOKE, "SalesOrderObj", "s1")
BILL = Ref(System.K3CLOUD, "SAL_SaleOrder", "200001")
_PARTITIONS = 3
_LOOK_SECONDS = 2.0
"""Longer than every wait of the mapper's own loops."""


@dataclass
class MapperLab:
    """One installation's topics, and the mappers that run on them."""

    broker: EmbeddedBroker
    clock: LoopClock
    mappings: Mappings
    state_dir: Path | None = None
    running: list[asyncio.Task[None]] = field(default_factory=list)

    async def start(self) -> None:
        """Start a mapper, like a process, and let it get to work."""
        runtime = Runtime(self.broker, self.clock, Random(1), self.state_dir)
        mapper = run(self.mappings, MapperSettings(), runtime)
        self.running.append(asyncio.create_task(mapper))
        await self.work()

    async def work(self, seconds: float = _LOOK_SECONDS) -> None:
        """Let time pass; a mapper that failed fails the test."""
        await self.clock.sleep(seconds)
        for each in self.running:
            if each.done():
                each.result()

    async def kill(self) -> None:
        """End every mapper where it stands."""
        for each in self.running:
            each.cancel()
        await asyncio.gather(*self.running, return_exceptions=True)
        self.running.clear()

    async def change(self, ref: Ref, data: dict[str, JsonValue] | None) -> None:
        """Publish what a source would, now."""
        await self.broker.publish([self.changed(ref, data)])

    def changed(self, ref: Ref, data: dict[str, JsonValue] | None) -> Message:
        """Return the record of a change that happened now."""
        at = self.clock.now()
        stamp = Stamp(modified_at=at)
        change = Change(ref=ref, revision=revision_of(at, 0), stamp=stamp, data=data)
        return change.to_message()

    async def link_customer(self) -> None:
        """Publish the crosswalk rows of a customer that both sides have."""
        rows = [
            CrosswalkRow(
                ref=ref,
                counterpart=other,
                link_type="customer",
                business_number=number,
                updated_at=self.clock.now(),
            ).to_message()
            for ref, other, number in ((ACCOUNT, CUSTOMER, None), (CUSTOMER, ACCOUNT, "C1"))
        ]
        await self.broker.publish(rows)

    async def linked(self, account: dict[str, JsonValue], customer: dict[str, JsonValue]) -> None:
        """Start the mapper, and let an account cross whose customer holds this afterwards."""
        await self.start()
        await self.change(ACCOUNT, account)
        await self.work()
        (command,) = await self.commands()
        await self.created(command, CUSTOMER, customer)
        await self.change(CUSTOMER, customer)
        await self.work()
        assert (await self.seat(ACCOUNT)).stage is Stage.LINKED

    async def created(self, command: Command, ref: Ref, data: dict[str, JsonValue]) -> None:
        """Publish the result of a create, as a writer would."""
        stamp = Stamp(modified_at=self.clock.now(), by_anji=True)
        result = Result(
            seat=command.seat,
            number=command.number,
            system=command.system,
            outcome=Outcome.CREATED,
            answered_at=self.clock.now(),
            ref=ref,
            observed=Observed(ref=ref, stamp=stamp, data=data),
        )
        await self.broker.publish([result.to_message()])

    async def records(self, topic: str) -> list[Record]:
        return await all_records(self.broker, topic)

    async def commands(
        self, system: System = System.K3CLOUD, lanes: Sequence[Lane] = tuple(Lane)
    ) -> list[Command]:
        """Return the commands of these lanes, lane by lane."""
        topics = [commands_topic(system, lane) for lane in lanes]
        return [Command.from_record(one) for topic in topics for one in await self.records(topic)]

    async def dead_letters(self) -> list[DeadLetter]:
        return [DeadLetter.from_record(one) for one in await self.records(DEADLETTERS.name)]

    async def notices(self) -> list[Notice]:
        return [Notice.from_record(one) for one in await self.records(NOTICES.name)]

    async def signals(self) -> list[Signal]:
        return [Signal.from_record(one) for one in await self.records(SIGNALS.name)]

    async def sources_have_read(self) -> None:
        """Play the sources that a rebuild asks: tell that all that had changed was read."""
        while not (asked := await self.signals()):
            await self.clock.sleep(1)
        now = self.clock.now()
        places = [
            Checkpoint(
                system=each.system,
                object_name=each.object_name,
                begun_at=now,
                watermark=now,
                confirmed=now,
            )
            for each in asked
        ]
        await self.broker.publish([each.to_message() for each in places])

    async def rows(self) -> list[CrosswalkRow]:
        return [CrosswalkRow.from_record(one) for one in await self.records(CROSSWALK.name)]

    async def seat(self, ref: Ref) -> Seat:
        """Return the newest state of a seat."""
        found = [one for one in await self.records(LINKS.name) if one.text_key == str(ref)]
        return decode_seat(found[-1].value or b"")

    async def ends(self) -> dict[str, int]:
        """Return how many records were ever written to each topic of the mapper's."""
        names = [CROSSWALK, DEADLETTERS, LINKS, NOTICES, SIGNALS]
        topics = [topic.name for topic in names] + [commands_topic(each) for each in System]
        return {name: sum((await self.broker.ends(name)).values()) for name in topics}


def in_a_mapper_lab(
    test: Callable[[MapperLab], Coroutine[Any, Any, None]],
    *,
    state_dir: Path | None = None,
    kind: type[EmbeddedBroker] = EmbeddedBroker,
) -> None:
    """Run a test on a new broker of that kind under virtual time; no mapper may have failed."""

    async def body() -> None:
        clock = LoopClock(asyncio.get_running_loop())
        broker = kind(None, clock=clock, partitions=_PARTITIONS)
        mappings = compile_mappings({"customer.yaml": GOOD, "order.yaml": ORDER})
        objects = {
            system: tuple(each.side(system).object_name for each in mappings.types)
            for system in System
        }
        await broker.declare(declared_topics(objects))
        lab = MapperLab(broker, clock, mappings, state_dir)
        # Revisions are times: nothing happens in the second that time begins with.
        await clock.sleep(timedelta(minutes=1).total_seconds())
        await test(lab)
        await lab.work(0)
        await lab.kill()
        await broker.close()

    run_virtually(body())
