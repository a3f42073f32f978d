"""The services as containers run them: a process and a disk for each, and Kafka between them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from labs.installation import Company
from labs.kafka import KafkaLab
from labs.processes import AnjiProcess

__all__ = ["SERVICES", "has_begun", "installed"]

SERVICES = ("fxiaoke-source", "fxiaoke-writer", "k3cloud-source", "k3cloud-writer", "mapper")
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
