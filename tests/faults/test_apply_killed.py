"""`anji apply` is killed in the middle and typed again, on both brokers, as real processes."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from anji_common.broker.port import Broker
from anji_common.clock import SystemClock
from anji_common.messages import Message
from anji_common.refs import System
from anji_common.topics import INBOX, Lane, commands_topic
from anji_mapper.plans import PlanFile
from bench.many_links import OneLink, one_link, published_on, shortened_mappings
from labs.brokers import BrokerLab, records_of
from labs.installation import until
from labs.processes import AnjiProcess
from labs.typed import asked

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(600)]

_LINKS = 3000
"""Told some hundreds at a time: a kill between two of them is no matter of luck."""
_LIVE = commands_topic(System.K3CLOUD)
_BULK = commands_topic(System.K3CLOUD, Lane.BULK)
_LOOK_SECONDS = 0.005


async def count(broker: Broker, topic: str) -> int:
    return sum((await broker.ends(topic)).values())


def edited(link: OneLink, number: int) -> Message:
    """Return a newer change of one CRM record, by a person who changes no other.

    All rows are published at once and by one author: a mass change, of which one more change would
    go by the bulk lane, among the commands of the plan.
    """
    message, _ = link.changes(number, age=-1)
    data = {**orjson.loads(message.value or b""), "tel": "110"}
    by_a_person = {"ce_modifiedby": b"1001", "ce_byanji": b"false"}
    headers = tuple((name, by_a_person.get(name, text)) for name, text in message.headers)
    return replace(message, value=orjson.dumps(data), headers=headers)


async def killed_while_telling(
    settings: Mapping[str, str], plan: Path, broker: Broker, log: Path
) -> int:
    """Kill `anji apply` as soon as it has told anything; return how many links that were."""
    before = await count(broker, INBOX.name)
    applying = AnjiProcess(settings, log, ("apply", str(plan), "--apply"))
    applying.start()
    clock = SystemClock()
    while (told := await count(broker, INBOX.name) - before) == 0:
        await clock.sleep(_LOOK_SECONDS)
    applying.kill()
    return max(told, await count(broker, INBOX.name) - before)


async def test_an_apply_killed_and_typed_again_sends_each_command_once_and_no_moved_link(
    lab: BrokerLab, tmp_path: Path
) -> None:
    plan, mappings, log = tmp_path / "plan.jsonl", shortened_mappings(tmp_path), tmp_path / "log"
    settings = {"ANJI_HOME": str(tmp_path), **lab.settings_of_a_process, "ANJI_HEALTH_PORT": "0"}
    broker, link = lab.start(), await one_link()
    rows = ((*link.changes(n), *link.states(n)) for n in range(_LINKS))
    await published_on(broker, (row for each in rows for row in each))
    words = ("plan", "--mapping", str(mappings), "--full", "--out", str(plan))
    assert f"{_LINKS} links; nothing was sent" in await asked(settings, *words)
    running = {**settings, "ANJI_MAPPINGS_DIR": str(mappings)}
    mapper = AnjiProcess(running, log, ("run", "mapper"))
    mapper.start()
    await broker.publish([edited(link, 0)])

    async def has_moved() -> bool:
        return await count(broker, _LIVE) > 0

    await until(has_moved, "one link has moved since", seconds=120)
    assert await mapper.end() == 0

    told = await killed_while_telling(running, plan, broker, log)
    again = await asked(running, "apply", str(plan), "--apply")

    assert 0 < told < _LINKS - 1
    assert f"ready: {_LINKS - 1}\n" in again
    assert "moved: 1\n" in again
    mapper.start()

    async def is_done() -> bool:
        return f"done: {_LINKS - 1}\n" in await asked(running, "apply", str(plan))

    await until(is_done, "every link has done what was planned", seconds=240)
    assert await mapper.end() == 0
    moved = str(link.refs(0)[0])
    planned = [
        each.value
        for _, found in PlanFile(plan)
        for each in found.sends
        if each.topic == _BULK and found.key != moved
    ]
    sent = [record.value for record in await records_of(broker, _BULK)]
    assert sorted(each or b"" for each in sent) == sorted(each or b"" for each in planned)
