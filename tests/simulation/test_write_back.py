"""The simulation with links that tell their status: it ends as well as without, and is told."""

import pytest

from anji.simulation.run import simulate
from anji.simulation.variants import COMPANY
from anji_mapper.mapping.folder import load_mappings

_TELLS = {"sync_status": "sync_status__c", "sync_message": "sync_message__c"}
_SETTINGS = {
    name: {**COMPANY.get(name, {}), **_TELLS} for name in ("customer", "product", "sales_order")
}
"""People of the simulated company change audited orders; without its own settings those are
refused, and stand as problems."""


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("first", [1, 7])
def test_seeds_end_in_agreement_where_links_tell_the_crm_how_they_stand(first: int) -> None:
    mappings = load_mappings(settings=_SETTINGS)

    found = [simulate(seed, mappings) for seed in range(first, first + 6)]

    assert [(each.seed, each.words) for each in found if not each.is_well] == []
