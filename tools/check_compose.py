"""The composed installation, as a person starts it: sandbox, Kafka, a process for each service."""

import argparse
import re
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from deploy_tools import CACHE, READY, ROOT, done, expect, say

__all__ = ["check_compose"]

_COMPOSE = ROOT / "deploy" / "compose"
_SERVICES = (
    "mapper", "fxiaoke-source", "fxiaoke-writer", "fxiaoke-callback", "k3cloud-source",
    "k3cloud-writer",
)  # fmt: skip
_PERSON = """
import json, urllib.request
known = json.load(open("sandbox.json"))["fxiaoke"]
def post(path, **body):
    request = urllib.request.Request(known["url"] + path, json.dumps(body).encode())
    answer = json.loads(urllib.request.urlopen(request).read())
    assert answer["errorCode"] == 0, answer
    return answer
names = {"appId": "app_id", "appSecret": "app_secret", "permanentCode": "permanent_code"}
token = post("/cgi/corpAccessToken/get/V2", **{name: known[key] for name, key in names.items()})
person = known["person_open_user_id"]
data = {"dataObjectApiName": "AccountObj", "name": "远山商贸", "owner": [person]}
post(
    "/cgi/crm/v2/data/create", corpAccessToken=token["corpAccessToken"], corpId=token["corpId"],
    currentOpenUserId=person, data={"object_data": data},
)
"""
"""A person makes a customer in the CRM."""
_LINKED = """
import subprocess, time
for _ in range(60):
    said = subprocess.run(["anji", "links"], capture_output=True, text=True).stdout
    if "k3cloud/BD_Customer" in said:
        break
    time.sleep(0.5)
print(said)
"""


def check_compose(given: argparse.Namespace, image: str) -> None:
    """Start everything, see a customer cross, and stop it all in order."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        kafka = given.kafka_image or _kafka(given, folder / "kafka")
        settings = folder / "settings"
        settings.mkdir()
        for system in ("fxiaoke", "k3cloud"):
            (settings / f"{system}.env").touch()
        (folder / "env").write_text(
            f"ANJI_IMAGE={image}\nKAFKA_IMAGE={kafka}\nANJI_SETTINGS={settings}\n"
        )
        try:
            _cross(folder, settings)
        finally:
            _compose(folder, "down", "--volumes", "--timeout", "40")


def _cross(folder: Path, settings: Path) -> None:
    _compose(folder, "up", "-d", "sandbox", "kafka")
    _compose(folder, "exec", "-T", "sandbox", "python", "-c", _FOUND)
    said = _compose(folder, "logs", "--no-log-prefix", "sandbox")
    for system in ("fxiaoke", "k3cloud"):
        lines = re.findall(rf"^export (ANJI_{system.upper()}_\S+)$", said, re.MULTILINE)
        expect(bool(lines), f"the sandbox told no settings of {system}:\n{said}")
        (settings / f"{system}.env").write_text("\n".join(lines) + "\n")
    _compose(folder, "up", "-d")
    for service in _SERVICES:
        _compose(folder, "exec", "-T", service, "python", "-c", READY)
    _compose(folder, "exec", "-T", "sandbox", "python", "-c", _PERSON)
    links = _compose(folder, "exec", "-T", "mapper", "python", "-c", _LINKED)
    expect("linked" in links, f"the customer did not cross:\n{links}")
    _compose(folder, "stop")
    for service in _SERVICES:
        container = _compose(folder, "ps", "-a", "-q", service).strip()
        code = done("docker", "inspect", "--format={{.State.ExitCode}}", container).strip()
        expect(code == "0", f"{service} ended with {code}, not with 0")
    say("a customer of the CRM is one of the ERP, and every service ended in order")


_FOUND = """
import os, time
while not os.path.exists("sandbox.json"):
    time.sleep(0.2)
"""


def _kafka(given: argparse.Namespace, context: Path) -> str:
    """Build a Kafka from its jars; needs Maven."""
    jars = CACHE / "kafka"
    if not any(jars.glob("kafka_2.13-*.jar")):
        plugin = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
        pom, scope = str(_COMPOSE / "kafka" / "pom.xml"), "-DincludeScope=runtime"
        done("mvn", "-q", "-B", "-ntp", "-f", pom, plugin, scope, f"-DoutputDirectory={jars}")
    shutil.copytree(_COMPOSE / "kafka", context)
    shutil.copytree(jars, context / "libs")
    base = [f"--build-arg=BASE_IMAGE={given.base_image}"] if given.base_image else []
    tag = "anji-kafka:check"
    done(
        "docker", "build", "-q", f"--network={given.network}", *base, f"--tag={tag}", str(context)
    )
    return tag


def _compose(folder: Path, *arguments: str) -> str:
    command = ("docker-compose",) if shutil.which("docker-compose") else ("docker", "compose")
    where = ("-p", "anji-check", "-f", str(_COMPOSE / "compose.yaml"))
    profiles = ("--profile", "sandbox", "--profile", "callback")
    return done(*command, *where, "--env-file", str(folder / "env"), *profiles, *arguments)
