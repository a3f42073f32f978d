"""What the figures were measured on."""

import os
import platform
import sqlite3
from datetime import datetime
from importlib.metadata import version

__all__ = ["machine_facts"]


def machine_facts(at: datetime, kafka: str) -> tuple[str, ...]:
    """Return one line a fact; `kafka` says which Kafka there was, or why none."""
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    libraries = ", ".join(f"{name} {version(name)}" for name in ("aiokafka", "orjson", "pydantic"))
    return (
        f"measured {at:%Y-%m-%d %H:%M} UTC, load of the machine {load} (1, 5, 15 minutes)",
        f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()} {platform.release()}",
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {libraries}",
        f"Kafka: {kafka}",
    )
