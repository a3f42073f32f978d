"""The links of a real installation are lost: rebuilt, nothing is written, and edits flow."""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from anji.simulation.pace import Pace
from anji_common.broker.embedded_broker import EmbeddedBroker
from anji_common.broker.port import Broker
from anji_common.clock import SystemClock
from anji_common.messages import Message
from anji_common.topics import CROSSWALK, LINKS
from anji_common.views import View
from labs.installation import Company, both_sides_agree, company, until
from labs.kafka import KafkaLab
from labs.processes import AnjiProcess, heard_out
from labs.services import SERVICES, has_begun, installed

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(600)]

_WORK_SECONDS = 4.0
_ACTIONS = 20
_QUIET_SECONDS = 5.0
_LONGEST_SECONDS = 120.0


async def lose(broker: Broker, *topics: str) -> int:
    """Remove every row of compacted topics; return how many there were."""
    count = 0
    for topic in topics:
        view = View(broker, topic)
        await view.start()
        gone = [Message(topic, key, None) for key, _ in view.scan()]
        await view.close()
        await broker.publish(gone)
        count += len(gone)
    return count


async def rebuild(settings: Mapping[str, str], *words: str) -> tuple[int, str]:
    """Run the command beside the sandboxes, which live in this process; return code and output."""
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("anji")),
        "rebuild",
        *words,
        env={**os.environ, **settings},  # noqa: TID251 - what a child process inherits
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(_LONGEST_SECONDS):
        output, _ = await heard_out(process)
    assert process.returncode is not None
    return process.returncode, output.decode()


def written(both: Company) -> int:
    return both.crm_core.store.writes.total() + both.erp_core.store.writes.total()


async def test_links_and_crosswalk_lost_are_rebuilt_without_a_write_on_the_embedded_broker(
    tmp_path: Path,
) -> None:
    async with company(tmp_path) as both, both.people() as (crm, erp, crowd):
        log = tmp_path / "anji.log"
        anji = AnjiProcess(both.settings, log)
        anji.start()
        await until(lambda: log.read_bytes().count(b"source.begun") >= 8, "sources have begun")
        await crowd.work(Pace.steady(_WORK_SECONDS, deeds=_ACTIONS))
        await until(lambda: both_sides_agree(crm, erp), "both sides agree", seconds=120)
        assert "another process runs mapper" in (await rebuild(both.settings, "--apply"))[1]
        assert await anji.end() == 0
        before = written(both)
        home = Path(both.settings["ANJI_HOME"])
        broker = EmbeddedBroker(home / "broker.sqlite", clock=SystemClock())
        assert "nothing is lost" in (await rebuild(both.settings, "--apply"))[1]
        lost = await lose(broker, LINKS.name, CROSSWALK.name)
        await broker.close()

        looked, applied = await rebuild(both.settings), await rebuild(both.settings, "--apply")

        assert lost > 0
        assert "links would be rebuilt; --apply does it" in looked[1]
        assert "links rebuilt; start the mapper" in applied[1]
        assert written(both) == before
        anji.start()
        await SystemClock().sleep(_QUIET_SECONDS)
        assert written(both) == before
        await crowd.last_words()
        await until(lambda: both_sides_agree(crm, erp), "edits cross again", seconds=120)
        assert await anji.end() == 0


@pytest.mark.kafka
async def test_links_lost_are_rebuilt_without_a_write_on_kafka_while_the_others_run(
    kafka_lab: KafkaLab, tmp_path: Path
) -> None:
    async with company(tmp_path) as both, both.people() as (crm, erp, crowd):
        with installed(both, kafka_lab, tmp_path) as services:
            await until(lambda: has_begun(tmp_path), "every source has begun", seconds=180)
            await crowd.work(Pace.steady(_WORK_SECONDS, deeds=_ACTIONS))
            await until(lambda: both_sides_agree(crm, erp), "both sides agree", seconds=180)
            settings = services["mapper"].settings
            assert await services["mapper"].end() == 0
            before = written(both)
            broker = kafka_lab.start()
            lost = await lose(broker, LINKS.name)

            code, output = await rebuild(settings, "--apply")

            assert lost > 0
            assert code == 0, output
            assert "links rebuilt; start the mapper" in output
            services["mapper"].start()
            await SystemClock().sleep(_QUIET_SECONDS)
            assert written(both) == before
            await crowd.last_words()
            await until(lambda: both_sides_agree(crm, erp), "edits cross again", seconds=180)
            codes = {name: await process.end() for name, process in services.items()}
    assert codes == dict.fromkeys(SERVICES, 0)
