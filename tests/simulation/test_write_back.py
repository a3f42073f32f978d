"""The simulation with links that tell their status: it ends as well as without, and is told."""

import pytest

from anji.simulation.run import simulate
from anji_mapper.mapping.folder import load_mappings

_TELLS = {"sync_status": "sync_status__c", "sync_message": "sync_message__c"}
_TYPES = ("customer", "product", "sales_order")


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("first", [1, 7])
def test_seeds_end_in_agreement_where_links_tell_the_crm_how_they_stand(first: int) -> None:
    mappings = load_mappings(settings=dict.fromkeys(_TYPES, _TELLS))

    found = [simulate(seed, mappings) for seed in range(first, first + 6)]

    assert [(each.seed, each.words) for each in found if not each.is_well] == []
