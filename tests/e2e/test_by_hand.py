"""README's second way, as typed: a sandbox in one terminal, `anji up` in another, a person.

The person uses nothing of ours but what `anji sandbox` prints and writes.
"""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from anji.people import CrmUser, ErpUser
from anji_common.clock import SystemClock
from anji_common.http_transport import HttpTransport
from labs.brokers import BrokerLab
from labs.installation import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

ANJI = str(Path(sys.executable).with_name("anji"))
EXPORT = re.compile(r"^export (ANJI_\w+)=(.*)$", re.MULTILINE)


@contextmanager
def running(folder: Path, *words: str, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run `anji` in a terminal of its own, whose screen is a file named after the command."""
    with (folder / f"{words[0]}.log").open("wb") as screen:
        process = subprocess.Popen(  # noqa: S603 - our own command
            [ANJI, *words],
            env={**os.environ, **settings},  # noqa: TID251 - what a child process inherits
            stdout=screen,
            stderr=screen,
            cwd=folder,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def asked(settings: Mapping[str, str], *words: str) -> str:
    """Return what an `anji` command prints; it must end well."""
    ended = subprocess.run(  # noqa: S603 - our own command
        [ANJI, *words],
        env={**os.environ, **settings},  # noqa: TID251 - what a child process inherits
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def pasted(screen: str, home: Path) -> dict[str, str]:
    """Return the settings that the lines to paste set, with a home of the test's own."""
    found = {name: shlex.split(value)[0] for name, value in EXPORT.findall(screen)}
    return {**found, "ANJI_HOME": str(home), "ANJI_HEALTH_PORT": "0"}


@dataclass(frozen=True, slots=True)
class Desk:
    """What the person sits at: both systems, and a terminal with Anji's settings."""

    crm: CrmUser
    erp: ErpUser
    settings: Mapping[str, str]
    credentials: Mapping[str, Any]
    up: subprocess.Popen[bytes]

    def asks(self, *words: str) -> str:
        """Return what an `anji` command prints."""
        return asked(self.settings, *words)

    async def numbers(self) -> dict[str, str]:
        """Return the ERP's customers: name → number."""
        rows = await self.erp.every("BD_Customer", ["FName", "FNumber"])
        return {row["FName"]: row["FNumber"] for row in rows}

    async def until_there(self, name: str) -> str:
        """Wait until the ERP lists a customer; return its number."""

        async def is_there() -> bool:
            return name in await self.numbers()

        await until(is_there, f"{name} is in the ERP's list")
        return (await self.numbers())[name]


@asynccontextmanager
async def two_terminals(folder: Path, lab: BrokerLab) -> AsyncIterator[Desk]:
    """Yield a desk before a sandbox and an Anji, on that lab's broker, that have begun."""
    screen, log = folder / "sandbox.log", folder / "up.log"
    with running(folder, "sandbox") as sandbox:
        await until(lambda: "then: anji up" in screen.read_text(), "the sandbox stands")
        settings = {**pasted(screen.read_text(), folder / "home"), **lab.environment}
        credentials = json.loads((folder / "sandbox.json").read_text())
        doors = {
            system: HttpTransport(known["url"], system="people", clock=SystemClock())
            for system, known in credentials.items()
        }
        crm = CrmUser(doors["fxiaoke"], credentials["fxiaoke"])
        erp = ErpUser(doors["k3cloud"], credentials["k3cloud"])
        with running(folder, "up", **settings) as up:
            await until(lambda: log.read_bytes().count(b"source.begun") >= 8, "sources began")
            yield Desk(crm, erp, settings, credentials, up)
        sandbox.send_signal(signal.SIGINT)
        assert sandbox.wait(timeout=60) == 0
        for door in doors.values():
            await door.close()


async def test_a_person_makes_a_customer_and_watches_it_cross(
    tmp_path: Path, lab: BrokerLab
) -> None:
    async with two_terminals(tmp_path, lab) as desk:
        ann = await desk.crm.create("AccountObj", {"name": "安济 Ann", "tel": "1"})
        taken = await desk.until_there("安济 Ann")
        await until(lambda: "linked" in desk.asks("links"), "the link stands")
        links, one = desk.asks("links"), desk.asks("links", f"fxiaoke/AccountObj/{ann}")

        bob = await desk.crm.create("AccountObj", {"name": "Bob", "erp_number__c": taken})
        await until(
            lambda: f"AccountObj/{bob}" in desk.asks("problems", "list"),
            "a second customer of one number is a problem",
        )
        problems, retried = (
            desk.asks("problems", "list"),
            desk.asks("problems", "retry", "--all", "--apply"),
        )
        await desk.crm.update("AccountObj", bob, erp_number__c=None)
        await desk.until_there("Bob")
        await until(lambda: "no link has a problem" in desk.asks("problems", "list"), "it is over")

        topics, lag = desk.asks("topics", "list"), desk.asks("topics", "lag")
        desk.up.send_signal(signal.SIGINT)
        ended = desk.up.wait(timeout=60)

    assert ended == 0
    assert f"fxiaoke/AccountObj/{ann}" in links
    assert "(personal)" in one
    assert "安济 Ann" not in links + one
    assert "is linked with another record" in problems
    assert retried.splitlines() == [
        f"fxiaoke/AccountObj/{bob}",
        "1 of 1 links with a problem are tried again",
    ]
    assert "fxiaoke.AccountObj.changes.v1" in topics
    assert "mapper" in lag
    log = (tmp_path / "up.log").read_text()
    assert "Traceback" not in log + (tmp_path / "sandbox.log").read_text()
    for secret in ("app_secret", "permanent_code"):
        assert desk.credentials["fxiaoke"][secret] not in log
