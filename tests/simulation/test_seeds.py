"""The whole installation under virtual time: 1,000 seeds, each ending in agreement.

Every seed kills and freezes services at random points, lets others take over, loses answers before
and after the vendor did as told, lets calls take effect late, delivers again what was delivered,
loses and doubles callbacks, takes a vendor away; then both sides must agree, nothing may exist
twice, no last edit may be lost, and a replay from offset 0 must write nothing.
Replay one step by step: ``anji simulate --seed N --trace``.
"""

import subprocess
import sys

import pytest

from anji.simulation.controls import SHOWN_BY_SEEDS
from anji.simulation.habits import HABITS
from anji.simulation.many import outcomes
from anji.simulation.tally import ACCIDENTS, DEEDS, TOLD, Tally

_SIMULATE = "from anji.simulate_command import simulate_seeds; simulate_seeds(trace=True, seeds=3)"
_SEEDS = 1000
_SEEDS_PER_TEST = 500
_SEEDS_PER_CONTROL = 300


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("first", range(1, _SEEDS + 1, _SEEDS_PER_TEST))
def test_every_seed_ends_in_agreement_and_every_accident_happens(first: int) -> None:
    found = list(outcomes(range(first, first + _SEEDS_PER_TEST)))

    assert [(each.seed, each.words) for each in found if not each.is_well] == []
    tally = sum((each.tally for each in found), Tally())
    assert [name for name in (*ACCIDENTS, *DEEDS, *HABITS) if not tally[name]] == []
    assert set(tally) <= {*ACCIDENTS, *DEEDS, *HABITS, *TOLD}


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_the_same_seed_gives_the_same_trace_byte_for_byte_in_every_process() -> None:
    told = [
        subprocess.run(  # noqa: S603 - our own command
            ["/usr/bin/env", f"PYTHONHASHSEED={hash_seed}", sys.executable, "-c", _SIMULATE],
            capture_output=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "20")
    ]

    assert told[0].count(b"\n") > 100
    assert told[0] == told[1]


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("rule", sorted(SHOWN_BY_SEEDS))
def test_without_the_rule_a_seed_breaks(rule: str) -> None:
    found = outcomes(range(1, _SEEDS_PER_CONTROL + 1), control=rule)

    assert any(not outcome.is_well for outcome in found)
