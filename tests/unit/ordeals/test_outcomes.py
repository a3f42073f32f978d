"""When an ordeal has gone well: each sort of fault is counted, and what is promised is kept."""

from dataclasses import replace

import pytest

from ordeals.__main__ import again
from ordeals.catalogue import ORDEALS
from ordeals.oracle import Fate, Finding
from ordeals.ordeal import Outcome
from ordeals.stage import Bound

_FINDING = Finding("lost", "AccountObj a1", "stands 0 times in the ERP")
_GOOD = Outcome(
    ORDEALS["callbacks"],
    "up",
    1,
    None,
    {"callback lost": 3, "callback late": 1},
    Fate(records=3, edits=2, crossed=3),
    5,
    5,
    0,
    1.0,
)


def bound(value: float, *, is_judged: bool = True) -> Bound:
    return Bound(words="of the backlog's own time", value=value, at_most=2.0, is_judged=is_judged)


def test_an_ordeal_in_which_all_was_broken_and_nothing_harmed_is_good() -> None:
    assert _GOOD.is_good
    assert replace(_GOOD, bounds=[bound(2.0)]).is_good
    assert replace(_GOOD, bounds=[bound(2.1, is_judged=False)]).is_good


@pytest.mark.parametrize(
    "change",
    [
        {"broken": {}},
        {"broken": {"callback lost": 3, "callback late": 0}},
        {"fate": Fate(records=3, crossed=2, findings=[_FINDING])},
        {"fate": Fate(records=3, crossed=2)},
        {"late_writes": 1},
        {"writes": 16},
        {"bounds": [bound(2.1)]},
        {"bounds": [Bound(words="rate", value=0.7, at_least=0.8, is_judged=True)]},
    ],
    ids=[
        "nothing broken", "one sort never broken", "a record lost", "a record not counted",
        "late writes", "many writes a value", "too slow", "too low a rate",
    ],
)  # fmt: skip
def test_an_ordeal_is_not_good_with(change: dict[str, object]) -> None:
    assert not replace(_GOOD, **change).is_good  # type: ignore[arg-type]  # attributes of an outcome


def test_the_command_that_is_printed_runs_the_same_once_more() -> None:
    control = replace(_GOOD, control=_GOOD.ordeal.control, seed=7)

    assert again(_GOOD, short=True, scale=1.0) == (
        "--scenario callbacks --form up --seed 1 --short --no-controls"
    )
    assert again(control, short=False, scale=0.2) == (
        "--scenario callbacks --form up --seed 7 --scale 0.2 --only-controls"
    )


def test_a_control_is_good_if_it_did_the_harm_that_it_names_and_something_was_broken() -> None:
    control = ORDEALS["callbacks"].control
    harmed = replace(_GOOD, control=control, fate=Fate(records=3, findings=[_FINDING]))

    assert harmed.is_good
    assert not replace(_GOOD, control=control).is_good
    assert not replace(harmed, broken={"callback lost": 0}).is_good
