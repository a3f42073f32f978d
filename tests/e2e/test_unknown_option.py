"""An option that nobody mapped: the problem of its own record, told in words; the rest flows."""

import asyncio
from random import Random

from pydantic import JsonValue

from anji_common.broker.embedded_broker import EmbeddedBroker
from anji_common.events.commands import Command
from anji_common.events.notices import Notice, NoticeKind
from anji_common.events.results import Outcome
from anji_common.refs import Ref, System
from anji_common.runtime import Runtime
from anji_common.topics import DEADLETTERS, NOTICES, commands_topic, declared_topics
from anji_common.writing.target import Refused
from anji_fxiaoke.service import run_source
from anji_mapper.mapping.compile import compile_mappings
from anji_mapper.service import run as run_mapper
from anji_mapper.settings import MapperSettings
from anji_sandbox.fxiaoke import FxiaokeSwitches
from labs.fxiaoke_lab import Lab, made, on_a_crm, update_of
from labs.mapping_files import GOOD, changed
from labs.memory_broker import all_records

LEVELS = """\
  - {crm: tel, erp: FTEL}
  - {crm: account_level, erp: FLevel, lens: {value_map: {values: {"1": "A", "2": "B"}}}}
"""


async def _commands(broker: EmbeddedBroker) -> dict[str, object]:
    found = await all_records(broker, commands_topic(System.K3CLOUD))
    commands = [Command.from_record(each) for each in found]
    return {str(each.values["FName"]): each.values["FLevel"] for each in commands}


async def _raised(broker: EmbeddedBroker) -> list[Notice]:
    notices = [Notice.from_record(each) for each in await all_records(broker, NOTICES.name)]
    return [each for each in notices if each.kind is NoticeKind.PROBLEM_RAISED]


def test_an_option_of_the_crm_that_no_mapping_knows_stops_its_record_alone() -> None:
    async def test(lab: Lab) -> None:
        text = changed(GOOD, "  - {crm: tel, erp: FTEL}\n", LEVELS)
        text = changed(text, '    FTEL: ""\n', '    FTEL: ""\n    FLevel: ""\n')
        mappings = compile_mappings({"customer.yaml": text})
        broker = EmbeddedBroker(None, clock=lab.clock, partitions=3)
        names: dict[System, tuple[str, ...]] = {
            System.FXIAOKE: ("AccountObj",),
            System.K3CLOUD: ("BD_Customer",),
        }
        await broker.declare(declared_topics(names))
        runtime = Runtime(broker, lab.clock, Random(1))
        interest = mappings.interest(System.FXIAOKE)
        works = [
            asyncio.create_task(run_source(lab.settings, interest, runtime, lab.transport)),
            asyncio.create_task(run_mapper(mappings, MapperSettings(), runtime)),
        ]
        await lab.clock.sleep(5.0)
        for name, level in (("甲", "1"), ("乙", "cJoS42Bvj"), ("丙", "2")):
            lab.person.make("AccountObj", name=name, account_level=level)
        await lab.clock.sleep(60.0)

        assert await _commands(broker) == {"甲": "A", "丙": "B"}
        (problem,) = await _raised(broker)
        assert "no counterpart for 'cJoS42Bvj'; known are 1, 2" in problem.words
        assert await all_records(broker, DEADLETTERS.name) == []
        (stuck,) = [each for each in lab.person.all("AccountObj") if each["name"] == "乙"]
        assert problem.link.record_id == stuck["_id"]

        lab.person.edit("AccountObj", stuck["_id"], account_level="1")
        await lab.clock.sleep(60.0)

        assert await _commands(broker) == {"甲": "A", "丙": "B", "乙": "A"}
        for work in works:
            assert not work.done(), work
            work.cancel()
        await asyncio.wait(works)
        await broker.close()

    on_a_crm(test)


def test_an_option_that_the_crm_refuses_is_refused_for_that_record_in_its_words() -> None:
    async def test(lab: Lab) -> None:
        orders = [Ref(System.FXIAOKE, "SalesOrderObj", lab.person.make_order()) for _ in "12"]
        statuses: list[dict[str, JsonValue]] = [{"order_status": "7"}, {"order_status": "unheard"}]
        commands = [update_of(*each) for each in zip(orders, statuses, strict=True)]

        good, bad = await lab.target.write(commands)

        assert made(good).outcome is Outcome.UPDATED
        assert isinstance(bad, Refused)
        assert "order_status" in bad.words
        held = [lab.person.get("SalesOrderObj", each.record_id) for each in orders]
        assert [each.get("order_status") for each in held] == ["7", None]

    on_a_crm(test, switches=FxiaokeSwitches(unknown_options="refuse"))
