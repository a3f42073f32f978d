"""`anji demo` as it is typed: what it prints, its JSON, and its exit code."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from labs.house import ROOT
from labs.kafka import KafkaLab

pytestmark = [pytest.mark.slow, pytest.mark.timeout(420)]

ANJI = str(Path(sys.executable).with_name("anji"))
TYPES = {"customer": 6, "product": 4, "sales_order": 8, "shipment": 4}
SMALL = ("--customers", "6", "--products", "4", "--orders", "8", "--shipments", "4")
ROW = re.compile(r"^(\w+) +(\d+) +(\d+) +(\d+) +(\d+) +(\d+) +(\d+) *$", re.MULTILINE)


def _environment() -> dict[str, str]:
    """What a person's terminal has: nothing of the `make` that may run these tests."""
    return {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}  # noqa: TID251 - what a child process inherits


def ended(
    words: Sequence[str], settings: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, where a person would type it."""
    return subprocess.run(  # noqa: S603 - our own commands
        words,
        env={**_environment(), **(settings or {})},
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )


def told(*options: str, settings: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return the JSON of a small demo that must end well."""
    demo = ended([ANJI, "demo", "--json", *SMALL, *options], settings)
    assert demo.returncode == 0, demo.stderr[-3000:]
    found: dict[str, Any] = json.loads(demo.stdout)
    return found


def check(found: Mapping[str, Any]) -> None:
    """See that every key is there and says that all went well."""
    assert found["agree"] is True
    assert set(found) == {
        *("agree", "links", "writes", "calls_per_record", "latency_seconds", "seconds")
    }
    for name, count in TYPES.items():
        assert found["links"][name] == {
            **dict.fromkeys(("made", "linked", "matched"), count),
            **dict.fromkeys(("differing", "missing", "doubled"), 0),
        }
    for per_system in ("writes", "calls_per_record"):
        assert set(found[per_system]) == {"fxiaoke", "k3cloud"}
        assert min(found[per_system].values()) > 0
    assert 0 < found["latency_seconds"]["p50"] <= found["latency_seconds"]["p95"]
    assert found["latency_seconds"]["p95"] < found["seconds"]


def test_the_json_of_a_demo_on_the_embedded_broker_has_every_figure() -> None:
    check(told())


@pytest.mark.kafka
def test_the_same_demo_agrees_on_kafka_by_one_option(kafka_lab: KafkaLab) -> None:
    check(told("--broker", "kafka", settings=kafka_lab.environment))


def test_the_demo_as_typed_in_the_readme_prints_the_table_that_the_readme_shows() -> None:
    readme = (ROOT / "README.md").read_text()
    command = re.search(r"^\$ (make demo)$", readme, re.MULTILINE)
    assert command is not None

    demo = ended(command[1].split())

    assert demo.returncode == 0, demo.stdout[-3000:]
    assert ROW.findall(demo.stdout) == ROW.findall(readme) != []
    assert demo.stdout.endswith("both sides agree: yes\n")
