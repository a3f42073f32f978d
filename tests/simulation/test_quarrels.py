"""Both sides edited at once, under clocks that are hours apart and jump."""

import pytest

from anji.simulation.controls import CONTROLS
from anji.simulation.quarrels import quarrel
from anji_mapper.mapping.folder import load_mappings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

MAPPINGS = load_mappings()


@pytest.mark.parametrize("seed", [1, 2])
def test_no_edit_that_nobody_contradicts_is_lost_and_owners_have_their_way(seed: int) -> None:
    found = quarrel(40, seed, MAPPINGS)

    assert (found.lost, found.wrong) == ([], [])
    assert found.jumps > 0
    assert found.unheard == 0


def test_without_holding_changes_while_a_command_is_in_flight_edits_are_lost() -> None:
    assert not quarrel(40, 1, MAPPINGS, CONTROLS["hold"].rules).is_well
