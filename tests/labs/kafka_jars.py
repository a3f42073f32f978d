"""Kafka's jars from Maven Central: 46 files, 45 MB, once per version.

Java 17 or newer and ``mvn`` are all that is needed; the proxy or mirror is Maven's own setting.
"""

import fcntl
import re
import shutil
import subprocess
from pathlib import Path

__all__ = ["KAFKA_VERSION", "JavaMissingError", "fetch_jars"]

KAFKA_VERSION = "4.1.2"
_OLDEST_JAVA = 17  # Kafka 4 is compiled for it
_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
_LOGGING = ("log4j-slf4j-impl", "log4j-core", "log4j-1.2-api")


class JavaMissingError(Exception):
    """There is no Java >= 17, or no Maven and no jars kept from before."""


def fetch_jars(cache: Path) -> Path:
    """Return the folder with all jars, fetched if it is not there yet.

    Raises:
        JavaMissingError: see its message.
    """
    _check_java()
    jars = cache / f"libs-{KAFKA_VERSION}"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "fetch.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several test processes may start at once
        if not any(jars.glob("kafka_2.13-*.jar")):
            _copy(cache, jars)
    return jars


def _check_java() -> None:
    java = shutil.which("java")
    if java is None:
        msg = "there is no `java` in PATH"
        raise JavaMissingError(msg)
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr  # noqa: S603 - the machine's own Java
    found = re.search(r'version "(\d+)', said)
    if found is None or int(found[1]) < _OLDEST_JAVA:
        msg = f"Java {_OLDEST_JAVA} or newer is needed, found: {said.splitlines()[:1]}"
        raise JavaMissingError(msg)


def _copy(cache: Path, jars: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        msg = f"there is no `mvn` in PATH to fetch Kafka {KAFKA_VERSION}"
        raise JavaMissingError(msg)
    project = cache / "pom.xml"
    project.write_text(_project())
    partial = jars.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    command = [
        *(maven, "-q", "-B", "-ntp", "-f", str(project), _PLUGIN),
        *("-DincludeScope=runtime", f"-DoutputDirectory={partial}"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - the command is built above
    if done.returncode != 0:
        msg = f"Maven could not fetch Kafka {KAFKA_VERSION}: {(done.stdout + done.stderr)[-600:]}"
        raise JavaMissingError(msg)
    partial.rename(jars)


def _project() -> str:
    artifacts = [
        ("org.apache.kafka", "kafka_2.13", KAFKA_VERSION),
        *(("org.apache.logging.log4j", name, "2.24.3") for name in _LOGGING),
    ]
    dependencies = "".join(
        f"<dependency><groupId>{group}</groupId><artifactId>{name}</artifactId>"
        f"<version>{version}</version></dependency>"
        for group, name, version in artifacts
    )
    return (
        '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
        "<groupId>lab</groupId><artifactId>kafka</artifactId><version>1</version>"
        f"<packaging>pom</packaging><dependencies>{dependencies}</dependencies></project>"
    )
