"""The services as containers run them: a process and a disk for each, and Kafka between them."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from anji.simulation.crowd import Crowd
from labs.installation import AnjiProcess, Company, both_sides_agree, company, until
from labs.kafka import KafkaLab

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.faults,
    pytest.mark.slow,
    pytest.mark.timeout(600),
]

SERVICES = ("fxiaoke-source", "fxiaoke-writer", "k3cloud-source", "k3cloud-writer", "mapper")
_WORK_SECONDS = 30.0
_ACTIONS = 90
_OBJECTS = 4
"""Of each system."""


@contextmanager
def installed(both: Company, lab: KafkaLab, folder: Path) -> Iterator[dict[str, AnjiProcess]]:
    """Yield a running process for each service; each has a home of its own."""
    services = {
        name: AnjiProcess(
            {
                **both.settings,
                **lab.environment,
                "ANJI_HOME": str(folder / name),
                "ANJI_PARTITIONS": str(lab.partitions),
                "ANJI_KAFKA_SESSION_TIMEOUT_SECONDS": "6",
            },
            folder / f"{name}.log",
            ("run", name),
        )
        for name in SERVICES
    }
    try:
        for process in services.values():
            process.start()
        yield services
    finally:
        for process in services.values():
            process.discard()


def has_begun(folder: Path) -> bool:
    """What people do from then on is news (``protocol.md`` 23)."""
    return all(
        (folder / f"{system}-source.log").read_bytes().count(b"source.begun") >= _OBJECTS
        for system in ("fxiaoke", "k3cloud")
    )


async def test_every_service_killed_once_while_people_work_ends_in_agreement(
    kafka_lab: KafkaLab, tmp_path: Path
) -> None:
    async with company(tmp_path) as both, both.people() as (crm, erp, crowd):
        with installed(both, kafka_lab, tmp_path) as services:
            await _killed_one_by_one(both, crowd, services, tmp_path)
            await until(lambda: both_sides_agree(crm, erp), "both sides agree", seconds=180)
            codes = {name: process.end() for name, process in services.items()}

    assert both.made("SAL_SaleOrder create") > 0
    assert codes == dict.fromkeys(SERVICES, 0)


async def _killed_one_by_one(
    both: Company, crowd: Crowd, services: Mapping[str, AnjiProcess], folder: Path
) -> None:
    """Let people work, and kill each service once meanwhile; return when people are done."""
    await until(lambda: has_begun(folder), "every source has begun", seconds=180)
    work = asyncio.create_task(crowd.work(_WORK_SECONDS, actions=_ACTIONS))

    for name, process in services.items():
        written = both.made("BD_Customer create")
        await until(
            lambda before=written: both.made("BD_Customer create") > before or work.done(),  # type: ignore[misc]  # mypy cannot type a bound default
            f"customers cross before {name} is killed",
        )
        process.kill()
        process.start()
    await work
