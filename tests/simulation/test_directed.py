"""Rules whose accidents chance rarely meets: a history for each brings its accident about."""

import pytest

from anji.simulation.controls import CONTROLS
from anji.simulation.directed import HISTORIES, play
from anji_mapper.mapping.folder import load_mappings

MAPPINGS = load_mappings()


@pytest.mark.slow
@pytest.mark.parametrize("rule", HISTORIES)
def test_with_all_rules_the_history_ends_well(rule: str) -> None:
    assert play(HISTORIES[rule], MAPPINGS)


@pytest.mark.slow
@pytest.mark.parametrize("rule", HISTORIES)
def test_without_its_rule_the_history_ends_badly(rule: str) -> None:
    assert not play(HISTORIES[rule], MAPPINGS, CONTROLS[rule].rules)
