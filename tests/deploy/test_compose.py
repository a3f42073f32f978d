"""What compose.yaml says is so in the code; ``make check-deploy`` starts it."""

import re
from typing import Any

from ruamel.yaml import YAML

from anji.installation import SETTINGS
from anji.services import SERVICE_NAMES
from anji_common.settings import InstallationSettings, typed_names
from labs.house import ROOT
from labs.kafka_jars import KAFKA_VERSION

COMPOSE = ROOT / "deploy" / "compose"
TEXT = (COMPOSE / "compose.yaml").read_text()
PLAN: dict[str, Any] = YAML(typ="safe", pure=True).load(TEXT)
SERVICES: dict[str, Any] = {name: PLAN["services"][name] for name in SERVICE_NAMES}


def test_every_service_is_run_with_a_home_and_a_port_of_its_own() -> None:
    assert set(PLAN["services"]) == {*SERVICE_NAMES, "kafka", "sandbox"}
    assert all(each["command"] == ["run", name] for name, each in SERVICES.items())
    assert len({each["environment"]["ANJI_HEALTH_PORT"] for each in SERVICES.values()}) == 6
    assert {each["volumes"][0] for each in SERVICES.values()} == {
        f"{name}:/var/lib/anji" for name in SERVICE_NAMES
    }
    assert {name for each in PLAN["services"].values() for name in each["volumes"]} == {
        f"{name}:/var/lib/{'kafka/data' if name == 'kafka' else 'anji'}"
        for name in PLAN["volumes"]
    }


def test_a_service_gets_its_own_vendor_s_settings_only() -> None:
    for name, each in SERVICES.items():
        files = [f"${{ANJI_SETTINGS:-.}}/{name.split('-', maxsplit=1)[0]}.env"]

        assert each.get("env_file", []) == ([] if name == "mapper" else files)


def test_whatever_is_set_is_a_setting() -> None:
    known = {name for kind in SETTINGS for name in typed_names(kind)}

    for each in SERVICES.values():
        assert set(each["environment"]) <= known


def test_an_end_is_given_more_time_than_the_grace() -> None:
    grace = InstallationSettings.model_fields["grace_seconds"].default

    assert all(int(each["stop_grace_period"][:-1]) > grace for each in SERVICES.values())


def test_kafka_is_the_one_that_the_tests_run_on() -> None:
    found = re.search(
        r"<version>(\d+\.\d+\.\d+)</version>", (COMPOSE / "kafka/pom.xml").read_text()
    )

    assert PLAN["services"]["kafka"]["image"] == f"${{KAFKA_IMAGE:-apache/kafka:{KAFKA_VERSION}}}"
    assert found is not None
    assert found[1] == KAFKA_VERSION
