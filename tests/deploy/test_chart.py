"""What the chart says is so in the code; ``make check-deploy`` renders and validates it."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
import pytest
import typer.main
from ruamel.yaml import YAML

from anji.cli import app
from anji.installation import SETTINGS
from anji.services import SERVICE_NAMES
from anji_common.refs import System
from anji_common.settings import InstallationSettings, typed_names
from anji_common.writing.engine import writer_group
from anji_fxiaoke.callback import CALLBACK_PATH
from anji_mapper.service import GROUP
from labs.house import ROOT

HELM = ROOT / "deploy" / "helm"
CHART = HELM / "anji"
VALUES: dict[str, Any] = YAML(typ="safe", pure=True).load((CHART / "values.yaml").read_text())
SCHEMA: dict[str, Any] = orjson.loads((CHART / "values.schema.json").read_bytes())
TEMPLATES = {path.name: path.read_text() for path in (CHART / "templates").iterdir()}
ALL = "\n".join(TEMPLATES.values())
DOCKERFILE = (ROOT / "deploy" / "image" / "Dockerfile").read_text()


def _names_by(secret: bool) -> Iterator[str]:  # noqa: FBT001 - which half of the settings
    for kind in SETTINGS:
        for name, field in typed_names(kind).items():
            if ("SecretStr" in str(kind.model_fields[field].annotation)) == secret:
                yield name


def _taken(name: str) -> bool:
    """Return whether the schema takes a setting of that name in `settings`."""
    names = SCHEMA["properties"]["settings"]["propertyNames"]
    return bool(re.search(names["pattern"], name)) and not re.search(names["not"]["pattern"], name)


def _agree(values: Mapping[str, Any], schema: Mapping[str, Any], at: str = "") -> Iterator[str]:
    """Yield where values and their schema have not the same names."""
    properties = schema.get("properties")
    if properties is None:
        return
    assert schema["additionalProperties"] is False, f"{at} takes any name"
    if odd := set(values) ^ (set(properties) - {"global"}):
        yield f"{at}: {', '.join(sorted(odd))}"
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _agree(value, properties[name], f"{at}.{name}")


def test_every_service_is_in_the_chart() -> None:
    assert set(VALUES["services"]) == set(SERVICE_NAMES)


def test_values_and_their_schema_have_the_same_names() -> None:
    assert list(_agree(VALUES, SCHEMA)) == []


def test_every_value_is_used() -> None:
    named = set(re.findall(r"\.Values\.(\w+)", ALL))

    assert named <= set(VALUES) <= set(re.findall(r"\.(\w+)", ALL))


def test_whatever_a_template_sets_is_a_setting() -> None:
    known = {*_names_by(secret=True), *_names_by(secret=False), "ANJI_CONFIG"}
    found = set(re.findall(r"name: (ANJI_[A-Z0-9_]+)", ALL))

    assert "ANJI_KAFKA_BOOTSTRAP_SERVERS" in found
    assert found <= known


@pytest.mark.parametrize("name", sorted(_names_by(secret=True)))
def test_a_secret_is_refused_by_its_value(name: str) -> None:
    assert not _taken(name)


def test_every_other_setting_is_set_by_the_chart_or_taken() -> None:
    by_the_chart = {*re.findall(r"name: (ANJI_[A-Z0-9_]+)", ALL), "ANJI_HOME"}
    refused = {name for name in _names_by(secret=False) if not _taken(name)}

    assert refused <= by_the_chart
    assert not {name for name in by_the_chart if _taken(name)}


def test_the_commands_that_pods_run_exist() -> None:
    found = {tuple(line.split(", ")) for line in re.findall(r"args: \[(.+)\]", ALL)}
    group = typer.main.get_group(app)

    assert found == {("run", "{{ $name }}"), ("topics", "create")}
    assert "run" in group.commands
    assert "create" in group.commands["topics"].commands  # type: ignore[attr-defined]  # topics is a group


def test_health_grace_and_home_are_those_of_code_and_image() -> None:
    fields = InstallationSettings.model_fields
    health = (ROOT / "libs/common/src/anji_common/health.py").read_text()
    probes = set(
        re.findall(r"path: (/\w+)", TEMPLATES["services.yaml"] + TEMPLATES["monitoring.yaml"])
    )

    assert VALUES["healthPort"] == fields["health_port"].default
    assert VALUES["graceSeconds"] == fields["grace_seconds"].default
    assert VALUES["endSeconds"] >= 5
    assert probes == {"/livez", "/readyz", "/metrics"}
    assert all(f'"{path}"' in health for path in probes)
    assert "mountPath: /var/lib/anji" in ALL
    assert "ANJI_HOME=/var/lib/anji" in DOCKERFILE


def test_pods_are_nobody_as_the_image_says() -> None:
    found = re.findall(r"(?:runAsUser|runAsGroup|fsGroup): (\d+)", ALL)

    assert f"USER {found[0]}:{found[0]}\n" in DOCKERFILE
    assert len(set(found)) == 1


def test_no_service_of_kubernetes_sets_a_setting() -> None:
    assert "enableServiceLinks: false" in ALL


def test_the_way_in_is_the_callback_s() -> None:
    assert f"path: {CALLBACK_PATH}\n" in TEMPLATES["callback.yaml"]


def test_scaling_looks_at_the_groups_that_services_form() -> None:
    groups = {GROUP, *(writer_group(system) for system in System)}

    assert set(VALUES["scaling"]["services"]) == groups
    assert groups <= set(SERVICE_NAMES)
    assert VALUES["scaling"]["minReplicas"] >= 1
    assert VALUES["scaling"]["maxReplicas"] <= VALUES["kafka"]["partitions"]


def test_partitions_are_as_many_as_in_the_code() -> None:
    assert VALUES["kafka"]["partitions"] == InstallationSettings.model_fields["partitions"].default
