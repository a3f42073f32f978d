"""The services as containers run them: a process and a disk for each, and Kafka between them."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from anji.simulation.crowd import Crowd
from anji.simulation.pace import Pace
from labs.installation import Company, both_sides_agree, company, until
from labs.kafka import KafkaLab
from labs.processes import AnjiProcess
from labs.services import SERVICES, has_begun, installed

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.faults,
    pytest.mark.slow,
    pytest.mark.timeout(600),
]

_WORK_SECONDS = 30.0
_ACTIONS = 90


async def test_every_service_killed_once_while_people_work_ends_in_agreement(
    kafka_lab: KafkaLab, tmp_path: Path
) -> None:
    async with company(tmp_path) as both, both.people() as (crm, erp, crowd):
        with installed(both, kafka_lab, tmp_path) as services:
            await _killed_one_by_one(both, crowd, services, tmp_path)
            await until(lambda: both_sides_agree(crm, erp), "both sides agree", seconds=180)
            codes = {name: await process.end() for name, process in services.items()}

    assert both.made("SAL_SaleOrder create") > 0
    assert codes == dict.fromkeys(SERVICES, 0)


async def _killed_one_by_one(
    both: Company, crowd: Crowd, services: Mapping[str, AnjiProcess], folder: Path
) -> None:
    """Let people work, and kill each service once meanwhile; return when people are done."""
    await until(lambda: has_begun(folder), "every source has begun", seconds=180)
    work = asyncio.create_task(crowd.work(Pace.steady(_WORK_SECONDS, deeds=_ACTIONS)))

    for name, process in services.items():
        written = both.made("BD_Customer create")
        await until(
            lambda before=written: both.made("BD_Customer create") > before or work.done(),  # type: ignore[misc]  # mypy cannot type a bound default
            f"customers cross before {name} is killed",
        )
        process.kill()
        process.start()
    await work
