"""The chart, rendered by Helm itself and held against Kubernetes' own schemas."""

import re
import shutil
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
from ruamel.yaml import YAML

from deploy_tools import CACHE, ROOT, done, expect, refused, say

__all__ = ["check_chart"]

_HELM = ROOT / "deploy" / "helm"
_KUBERNETES = ("1.27", "1.32", "1.37")
"""The oldest that the chart takes, and newer ones."""
_REFUSED = {
    "no Kafka": ("kafka: {}", "kafka.bootstrapServers is required"),
    "a misspelt value": ("kafka: {bootstrapServer: x}", "bootstrapServer"),
    "a secret by its value": (
        "kafka: {bootstrapServers: x}\nsettings: {ANJI_K3CLOUD_PASSWORD: x}",
        "ANJI_K3CLOUD_PASSWORD",
    ),
    "more replicas than partitions": (
        "kafka: {bootstrapServers: x, partitions: 2}\nscaling: {enabled: true}",
        "more than kafka.partitions",
    ),
}
"""What the chart must not take: values → the word that must be said."""


def check_chart() -> None:
    """Lint the chart, render it, and validate every manifest; needs Java 17 and Maven."""
    jars, validator = _jars(), _validator()
    with TemporaryDirectory() as name:
        folder = Path(name)
        chart = _without_hooks(folder)
        for values in sorted((_HELM / "examples").glob("*.yaml")):
            kinds = _validated(_rendered(jars, chart, values), validator, folder)
            say(f"{values.name}: {', '.join(f'{n} {kind}' for kind, n in sorted(kinds.items()))}")
        for what, (text, word) in _REFUSED.items():
            bad = folder / "bad.yaml"
            bad.write_text(text)
            said = refused("java", *_command(jars, chart, bad))
            expect(word in said, f"{what} was refused without saying {word}:\n{said}")
    say(f"refused: {', '.join(_REFUSED)}")


def _jars() -> Path:
    jars = CACHE / "helm-java"
    if not any(jars.glob("linux-amd64-*.jar")):
        plugin = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
        pom = _HELM / "render" / "pom.xml"
        done("mvn", "-q", "-B", "-ntp", "-f", str(pom), plugin, f"-DoutputDirectory={jars}")
    return jars


def _validator() -> str:
    """Return the command of kubernetes-validate, in an environment of its own."""
    place = CACHE / "manifests"
    command = place / "bin" / "kubernetes-validate"
    if not command.exists():
        done(sys.executable, "-m", "venv", str(place))
        uv = str(Path(sys.executable).parent / "uv")
        lock = str(_HELM / "manifests.lock")
        python = str(place / "bin" / "python")
        done(uv, "pip", "install", "--quiet", "--python", python, "--require-hashes", "-r", lock)
    return str(command)


def _without_hooks(folder: Path) -> Path:
    """Return a copy of the chart whose hooks are plain resources: the library shows no others."""
    chart = folder / "anji"
    shutil.copytree(_HELM / "anji", chart)
    for template in (chart / "templates").glob("*.yaml"):
        template.write_text(template.read_text().replace("helm.sh/hook", "helm.sh/was-hook"))
    return chart


def _command(jars: Path, chart: Path, values: Path) -> tuple[str, ...]:
    program = _HELM / "render" / "RenderChart.java"
    oldest = f"{_KUBERNETES[0]}.0"
    return ("-cp", f"{jars}/*", str(program), str(chart), str(values), oldest)


def _rendered(jars: Path, chart: Path, values: Path) -> list[dict[str, Any]]:
    said = done("java", *_command(jars, chart, values))
    text = said[said.index("\n---\n") if not said.startswith("---\n") else 0 :]
    return [each for each in YAML(typ="safe", pure=True).load_all(text) if each is not None]


def _validated(found: list[dict[str, Any]], validator: str, folder: Path) -> Counter[str]:
    """Validate what Kubernetes itself knows; return how many of each kind there are.

    What belongs to Strimzi, KEDA and Prometheus' operator has no schema here.
    """
    core = [
        each for each in found if re.fullmatch(r"v1|\w+/v\d|.+\.k8s\.io/v1", each["apiVersion"])
    ]
    file = folder / "core.yaml"
    # As JSON, for what is `off` here would be false to the older YAML that reads it there.
    file.write_bytes(b"\n---\n".join(orjson.dumps(each) for each in core))
    for version in _KUBERNETES:
        done(validator, "--kubernetes-version", version, "--strict", str(file))
    expect(len(core) > 1, "next to nothing was rendered")
    return Counter(each["kind"] for each in found)
