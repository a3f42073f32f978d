"""The whole installation under virtual time: 200 seeds, each ending in agreement.

Every seed kills services at random points, loses answers before and after the vendor did as told,
lets calls take effect late, loses and doubles callbacks, takes a vendor away; then both sides
must agree, nothing may exist twice, no last edit may be lost, and a replay from offset 0 must
write nothing. Replay one step by step: ``anji simulate --seed N --trace``.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest

from anji.simulation.run import simulate
from anji_mapper.link.rules import RULES
from anji_mapper.link.step import Reducer
from anji_mapper.mapping.folder import load_mappings
from anji_mapper.mapping.model import Mappings

_SEEDS = 200
_SEEDS_PER_TEST = 10


@pytest.fixture(scope="module")
def mappings() -> Mappings:
    return load_mappings()


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("first", range(1, _SEEDS + 1, _SEEDS_PER_TEST))
def test_every_seed_ends_in_agreement(first: int, mappings: Mappings) -> None:
    outcomes = [simulate(seed, mappings) for seed in range(first, first + _SEEDS_PER_TEST)]

    assert [(each.seed, each.words) for each in outcomes if not each.is_well] == []
    assert sum(each.kills for each in outcomes) > 0
    assert sum(each.spoilt_calls for each in outcomes) > 0


@pytest.mark.slow
def test_the_same_seed_gives_the_same_history(mappings: Mappings) -> None:
    once, again = (simulate(7, mappings) for _ in range(2))

    assert [str(line) for line in once.journal] == [str(line) for line in again.journal]


@pytest.mark.slow
@pytest.mark.parametrize(
    "rule",
    [
        pytest.param({"is_stale": lambda _side, _revision: False}, id="6 and 15 stale"),
        pytest.param({"holds": lambda _side: False}, id="7 hold"),
    ],
)
def test_without_the_rule_a_seed_breaks(
    rule: dict[str, Callable[..., bool]], mappings: Mappings
) -> None:
    reducer = Reducer(replace(RULES, **rule))

    outcomes = (simulate(seed, mappings, reducer=reducer) for seed in range(1, 9))

    assert any(not outcome.is_well for outcome in outcomes)
