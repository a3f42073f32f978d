"""``anji plan`` and ``anji apply`` as typed, on two sandboxes whose write counters are watched.

On the embedded broker and on a real Kafka.
"""

import re
from collections import Counter
from pathlib import Path

import pytest

from anji_common.refs import System
from anji_common.topics import Lane, commands_topic
from anji_mapper.plans import PlanFile
from bench.many_links import shortened_mappings
from labs.brokers import BrokerLab, records_of
from labs.installation import Company, company, until
from labs.processes import AnjiProcess
from labs.typed import asked, typed

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


AT_REST = {"links looked at": "2", "left out: a command is in flight": "0", "commands": "0"}
_COUNT = re.compile(r"^(links looked at|left out\b.*?|commands) +(\d+)", re.MULTILINE)


def counts(shown: str) -> dict[str, str]:
    return dict(_COUNT.findall(shown))


def writes(both: Company) -> Counter[str]:
    return both.crm_core.store.writes + both.erp_core.store.writes


async def test_a_plan_writes_nothing_and_what_is_applied_is_what_was_planned(
    lab: BrokerLab, tmp_path: Path
) -> None:
    path, mappings = tmp_path / "plan.jsonl", shortened_mappings(tmp_path)
    async with company(tmp_path) as both, both.people() as (crm, erp, _):
        running = {**both.settings, **lab.settings_of_a_process}
        anji = AnjiProcess(running, tmp_path / "anji.log")
        anji.start()
        log = tmp_path / "anji.log"
        await until(lambda: log.read_bytes().count(b"source.begun") >= 8, "sources began")
        for name, url in (("Ann", "https://ann.example"), ("Bob", "http://b.c")):
            await crm.create("AccountObj", {"name": name, "url": url})
        await until(lambda: both.made("BD_Customer create") == 2, "both have crossed")

        async def are_at_rest() -> bool:
            return counts(await asked(running, "plan", "--full", "--out", str(path))) == AT_REST

        await until(are_at_rest, "both are linked, and nothing is in flight")
        before = writes(both)

        shown = await asked(
            running, "plan", "--mapping", str(mappings), "--full", "--out", str(path)
        )

        assert writes(both) == before
        assert "https://ann.example' → 'https://an" in shown
        assert "http://b.c" not in shown

        refused = await typed(running, "apply", str(path), "--apply")
        assert refused.code == 1
        assert "another mapping of customer" in refused.errors

        assert await anji.end() == 0
        settings = {**running, "ANJI_MAPPINGS_DIR": str(mappings)}
        anji = AnjiProcess(settings, log)
        anji.start()
        dry = await asked(settings, "apply", str(path))
        assert "links would be told; --apply" in dry
        assert writes(both) == before
        await asked(settings, "apply", str(path), "--apply")

        async def is_shorter() -> bool:
            rows = await erp.every("BD_Customer", ["FName", "FWEBSITE"])
            return {"FName": "Ann", "FWEBSITE": "https://an"} in [
                {key: row[key] for key in ("FName", "FWEBSITE")} for row in rows
            ]

        await until(is_shorter, "the ERP holds what was planned")
        assert await anji.end() == 0
        assert (writes(both) - before).total() == 1
    assert await sent(lab) == planned(path)


async def sent(lab: BrokerLab) -> list[tuple[bytes | None, object]]:
    broker = lab.start()
    topics = [commands_topic(system, Lane.BULK) for system in System]
    found = [each for topic in topics for each in await records_of(broker, topic)]
    return [(record.value, record.headers) for record in found]


def planned(path: Path) -> list[tuple[bytes | None, object]]:
    sends = [each for _, link in PlanFile(path) for each in link.sends]
    return [(each.value, each.headers) for each in sends if ".commands." in each.topic]
