"""What the Dockerfile says is so in the code; ``make check-deploy`` builds and runs it."""

import re
from importlib.metadata import distributions, requires
from pathlib import Path

from anji.installation import SETTINGS
from anji_common.settings import InstallationSettings, typed_names
from labs.house import ROOT
from locked import locked_versions

DOCKERFILE = (ROOT / "deploy" / "image" / "Dockerfile").read_text()
LOCK = ROOT / "requirements.lock"
PARTS = (ROOT / "deploy" / "image" / "requirements.lock", ROOT / "deploy" / "image" / "build.lock")


def _pins(lock: Path) -> set[str]:
    """Return each package with its version, marker and hashes, without what asks for it."""
    text = re.sub(r"\n +#.*", "", lock.read_text())
    return {re.sub(r"[ \\\n]+", " ", pin).strip() for pin in re.split(r"\n(?=\S)", text)}


def test_the_image_is_made_of_what_is_locked_with_the_same_hashes() -> None:
    for part in PARTS:
        assert _pins(part) <= _pins(LOCK), part.name


def test_the_image_holds_what_the_members_ask_for_and_no_tool_of_ours() -> None:
    held = {name for name, _ in locked_versions(PARTS[0].read_text())}
    members = {each.name for each in distributions() if each.name.startswith("anji-")}
    asked = {
        re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0]
        for member in members
        for line in requires(member) or []
    }

    assert asked - members <= held
    assert not held & {"pytest", "mypy", "ruff", "hatchling", "faust-streaming"}


def test_whatever_the_image_sets_is_a_setting() -> None:
    known = {name for kind in SETTINGS for name in typed_names(kind)}
    found = set(re.findall(r"\b(ANJI_[A-Z_]+)=", DOCKERFILE))

    assert {"ANJI_HOME", "ANJI_HEALTH_HOST"} <= found <= known


def test_the_image_runs_as_nobody_keeps_its_home_and_shows_its_health() -> None:
    port = InstallationSettings.model_fields["health_port"].default

    assert re.search(r"^USER [1-9]\d*:[1-9]\d*$", DOCKERFILE, re.MULTILINE)
    assert "\nVOLUME /var/lib/anji\n" in DOCKERFILE
    assert f"\nEXPOSE {port}\n" in DOCKERFILE
    assert "\nSTOPSIGNAL SIGTERM\n" in DOCKERFILE
    assert '\nENTRYPOINT ["anji"]\n' in DOCKERFILE


def test_only_what_is_named_reaches_the_builder() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    allowed = {line.removeprefix("!") for line in lines if line.startswith("!")}

    assert next(line for line in lines if not line.startswith("#")) == "*"
    assert {part for line in copied for part in line.split()} <= allowed | {
        "deploy/image/build.lock",
        "deploy/image/requirements.lock",
    }
