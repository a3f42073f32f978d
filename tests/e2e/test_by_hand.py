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
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from anji.people import CrmUser, ErpUser
from anji_common.clock import SystemClock
from anji_common.http_transport import HttpTransport
from labs.installation import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

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


def _door(credentials: Mapping[str, Any], system: str) -> HttpTransport:
    return HttpTransport(credentials[system]["url"], system="people", clock=SystemClock())


async def test_a_person_makes_a_customer_and_watches_it_cross(tmp_path: Path) -> None:
    screen, log = tmp_path / "sandbox.log", tmp_path / "up.log"
    with running(tmp_path, "sandbox") as sandbox:
        await until(lambda: "then: anji up" in screen.read_text(), "the sandbox stands")
        settings = pasted(screen.read_text(), tmp_path / "home")
        credentials = json.loads((tmp_path / "sandbox.json").read_text())
        crm_door, erp_door = _door(credentials, "fxiaoke"), _door(credentials, "k3cloud")
        crm = CrmUser(crm_door, credentials["fxiaoke"])
        erp = ErpUser(erp_door, credentials["k3cloud"])

        async def numbers() -> dict[str, str]:
            rows = await erp.every("BD_Customer", ["FName", "FNumber"])
            return {row["FName"]: row["FNumber"] for row in rows}

        with running(tmp_path, "up", **settings) as up:
            await until(lambda: log.read_bytes().count(b"source.begun") >= 8, "sources began")
            ann = await crm.create("AccountObj", {"name": "安济 Ann", "tel": "1"})

            async def ann_is_there() -> bool:
                return "安济 Ann" in await numbers()

            await until(ann_is_there, "the customer is in the ERP's list")
            await until(lambda: "linked" in asked(settings, "links"), "the link stands")
            taken = (await numbers())["安济 Ann"]
            bob = await crm.create("AccountObj", {"name": "Bob", "erp_number__c": taken})
            await until(
                lambda: f"AccountObj/{bob}" in asked(settings, "problems", "list"),
                "a second customer of one number is a problem",
            )
            links = asked(settings, "links")
            one = asked(settings, "links", f"fxiaoke/AccountObj/{ann}")
            problems = asked(settings, "problems", "list")
            retried = asked(settings, "problems", "retry", "--all")
            await crm.update("AccountObj", bob, erp_number__c=None)

            async def bob_is_there() -> bool:
                return "Bob" in await numbers()

            await until(bob_is_there, "the customer whose fault was mended is there too")
            await until(
                lambda: "no link has a problem" in asked(settings, "problems", "list"),
                "the problem is over",
            )
            topics, lag = asked(settings, "topics", "list"), asked(settings, "topics", "lag")
            up.send_signal(signal.SIGINT)
            ended = up.wait(timeout=60)
        sandbox.send_signal(signal.SIGINT)
        sandbox_ended = sandbox.wait(timeout=60)
        await crm_door.close()
        await erp_door.close()

    assert (ended, sandbox_ended) == (0, 0)
    assert f"fxiaoke/AccountObj/{ann}" in links
    assert "安济 Ann" in one
    assert "is linked with another record" in problems
    assert retried == "1 of 1 links with a problem are tried again\n"
    assert "fxiaoke.AccountObj.changes.v1" in topics
    assert "mapper" in lag
    words = screen.read_text() + log.read_text()
    assert "Traceback" not in words
    for secret in ("app_secret", "permanent_code"):
        assert credentials["fxiaoke"][secret] not in log.read_text()
