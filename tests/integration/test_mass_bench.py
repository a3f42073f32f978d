"""The bench of a mass change yields its figures, small: `anji up` between the sandboxes."""

import pytest

from bench.mass import MassSizes, measure_mass, with_the_salesman
from bench.stands import embedded_stand


async def test_few_customers_change_owner_while_orders_are_made() -> None:
    family = await measure_mass(embedded_stand(), MassSizes(records=60, a_call=20, orders=3))

    assert "60 customers" in family.words
    assert "3 alone" in family.words
    units = {figure.unit for figure in family.figures}
    assert units == {"s"}
    waits = [each.value for each in family.figures if each.what.startswith("order audited")]
    assert len(waits) == 6
    assert min(waits) > 0


def test_a_mapping_in_which_the_salesman_finds_no_place_is_refused() -> None:
    with pytest.raises(ValueError, match="FDescription"):
        with_the_salesman("link: customer\n", ["1", "2"])
