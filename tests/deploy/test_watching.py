"""Alerts and dashboard ask for metrics that there are; ``make check-deploy`` runs promtool."""

import re
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from prometheus_client.metrics import MetricWrapperBase
from ruamel.yaml import YAML

import anji_common.metrics
from anji_common.events.results import Outcome
from labs.house import ROOT

ALERTS = ROOT / "deploy" / "alerts"
_YAML = YAML(typ="safe", pure=True)
RULES: list[dict[str, Any]] = _YAML.load((ALERTS / "anji.rules.yaml").read_text())["groups"][0][
    "rules"
]
TESTS = (ALERTS / "anji.rules.test.yaml").read_text()
DASHBOARD: dict[str, Any] = orjson.loads(
    (ROOT / "deploy" / "dashboards" / "anji.json").read_bytes()
)
PANELS: list[dict[str, Any]] = DASHBOARD["panels"]
EXPRESSIONS = {
    **{rule["alert"]: rule["expr"] for rule in RULES},
    **{
        f"{panel['title']} {target['refId']}": target["expr"]
        for panel in PANELS
        for target in panel["targets"]
    },
}


def _metrics() -> Iterator[tuple[str, frozenset[str]]]:
    """Yield each name that is scraped, with its labels."""
    for name in anji_common.metrics.__all__:
        metric = getattr(anji_common.metrics, name)
        assert isinstance(metric, MetricWrapperBase)
        (family,) = metric.describe()
        labels = frozenset(metric._labelnames)  # noqa: SLF001 - the library tells them nowhere else
        if family.type == "histogram":
            yield f"{family.name}_bucket", labels | {"le"}
        else:
            yield f"{family.name}_total" if family.type == "counter" else family.name, labels


METRICS = dict(_metrics())


@pytest.mark.parametrize("asked", EXPRESSIONS)
def test_what_is_asked_for_is_measured(asked: str) -> None:
    names = set(re.findall(r"\banji_\w+", EXPRESSIONS[asked]))

    assert names
    assert names <= set(METRICS)


@pytest.mark.parametrize("asked", EXPRESSIONS)
def test_what_is_asked_for_is_told_apart_by_labels_that_there_are(asked: str) -> None:
    expression = EXPRESSIONS[asked]
    found = {
        label.strip() for by in re.findall(r"by \((.*?)\)", expression) for label in by.split(",")
    } | set(re.findall(r"[{,]\s*(\w+)\s*(?:=~|!~|!=|=)", expression))
    known = frozenset().union(*(METRICS[name] for name in re.findall(r"\banji_\w+", expression)))

    assert found <= known | {"job"}


def test_every_metric_is_on_the_dashboard() -> None:
    shown = {
        name
        for panel in PANELS
        for target in panel["targets"]
        for name in re.findall(r"\banji_\w+", target["expr"])
    }

    assert shown == set(METRICS)


def test_every_alert_is_seen_to_fire_and_to_be_silent() -> None:
    names = {rule["alert"] for rule in RULES}

    assert set(re.findall(r"alertname: (\w+), eval_time: \w+, exp_alerts: \[\]", TESTS)) == names
    assert set(re.findall(r'alertname="(\w+)"', TESTS)) == names


def test_outcomes_that_are_asked_for_exist() -> None:
    asked = set(re.findall(r'results_total\{outcome="(\w+)"', " ".join(EXPRESSIONS.values())))

    assert asked == {"rejected"}
    assert asked <= set(Outcome)


def test_panels_lie_beside_each_other() -> None:
    places = [
        (x, y)
        for panel in PANELS
        for at in [panel["gridPos"]]
        for x in range(at["x"], at["x"] + at["w"])
        for y in range(at["y"], at["y"] + at["h"])
    ]

    assert len(places) == len(set(places))
    assert max(x for x, _ in places) < 24
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
