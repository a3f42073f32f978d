"""The report of `make faults`: a row for each run, also from runs of parts."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from ordeals.catalogue import ORDEALS
from ordeals.oracle import Fate, Finding
from ordeals.ordeal import Outcome
from ordeals.report import Plan, Report
from ordeals.stage import Bound


def plan(name: str, *, seed: int = 1, is_control: bool = False) -> Plan:
    ordeal = ORDEALS[name]
    control = ordeal.control if is_control else None
    return Plan(ordeal=ordeal, form="up", seed=seed, work=ordeal.short, control=control)


def outcome(of: Plan, fate: Fate) -> Outcome:
    return Outcome(of.ordeal, of.form, of.seed, of.control, {"kill": 1}, fate, 5, 9, 0, 1.0)


def read(report: Report) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(report.path.read_text())
    return found


def add(report: Report, of: Plan, *findings: Finding) -> None:
    fate = Fate(records=3, edits=2, crossed=3 - len(findings), findings=[*findings])
    report.add(of, outcome(of, fate))


def test_parts_of_a_long_form_stand_in_one_report_in_the_catalogues_order(tmp_path: Path) -> None:
    report = Report(tmp_path / "reports" / "faults.json")
    report.begin(keeps=False)
    add(report, plan("killed"))
    report.begin(keeps=True)
    add(report, plan("answers", is_control=True))
    add(report, plan("answers"))

    rows = read(report)["ran"]

    assert [(row["ordeal"], row["control"] is not None) for row in rows] == [
        ("answers", False),
        ("answers", True),
        ("killed", False),
    ]


def test_a_run_takes_the_place_of_an_earlier_one_of_the_same(tmp_path: Path) -> None:
    report = Report(tmp_path / "faults.json")
    add(report, plan("killed", seed=1), Finding("lost", "AccountObj a1", "stands 0 times"))
    add(report, plan("killed", seed=2))

    (row,) = read(report)["ran"]

    assert (row["seed"], row["good"], row["findings"]) == (2, True, [])
    assert row["work"] == {"seconds": 8.0, "deeds": 40, "accidents": 2}


def test_a_report_begun_anew_keeps_nothing(tmp_path: Path) -> None:
    report = Report(tmp_path / "faults.json")
    add(report, plan("killed"))
    report.begin(keeps=False)
    add(report, plan("answers"))

    assert [row["ordeal"] for row in read(report)["ran"]] == ["answers"]


def test_a_report_names_what_was_not_run(tmp_path: Path) -> None:
    report = Report(tmp_path / "faults.json")
    add(report, plan("killed"))
    add(report, plan("answers", is_control=True))

    missing = read(report)["not_run"]

    assert "killed up" not in missing
    assert {"killed services", "answers up", "rolling up"} <= {*missing}
    assert not [each for each in missing if each.startswith("answers, control")]
    assert [each for each in missing if each.startswith("killed, control")]


def test_a_run_that_was_broken_off_stands_in_the_report_and_is_not_good(tmp_path: Path) -> None:
    report = Report(tmp_path / "faults.json")
    report.add(plan("killed"), None, "after 90 s still not: a save is under way")

    (row,) = read(report)["ran"]

    assert row["good"] is False
    assert row["broken off"] == "after 90 s still not: a save is under way"


def test_a_row_tells_what_is_promised_and_whether_it_was_kept(tmp_path: Path) -> None:
    report, of = Report(tmp_path / "faults.json"), plan("backlog")
    told = outcome(of, Fate(records=3, edits=2, crossed=3))
    bounds = [
        Bound(words="of the backlog's own time", value=2.5, at_most=2.0, is_judged=True),
        Bound(words="rate with poison", value=0.9, at_least=0.8),
    ]
    report.add(of, replace(told, bounds=bounds))

    (row,) = read(report)["ran"]

    assert row["good"] is False
    assert [(each["kept"], each["judged"]) for each in row["bounds"]] == [
        (False, True),
        (True, False),
    ]
    assert row["bounds"][0]["at_most"] == 2.0
    assert "at_most" not in row["bounds"][1]
