"""The benches of the mapper yield their figures, small."""

from anji_mapper.mapping.folder import load_mappings
from bench.mapper_rates import MapperSizes
from bench.stands import embedded_stand
from bench.steps import measure_steps
from bench.waiting import WaitingSizes, measure_waiting


def test_every_input_of_a_small_company_is_stepped_without_a_broker() -> None:
    family = measure_steps(load_mappings(), MapperSizes(2, 3, 3, 4))

    made, edited = 5 * 2 + 7 * 3 + 5 * 3, 4 * 3 * 4  # of a customer a number flows back as well
    assert f"{made + edited} inputs" in family.words
    assert all(figure.value > 0 for figure in family.figures)


async def test_a_small_crowd_of_waiting_orders_is_released() -> None:
    family = await measure_waiting(embedded_stand(), WaitingSizes(orders=60, per_second=100))

    assert [figure.unit for figure in family.figures] == ["s"] * 4
    assert all(figure.value > 0 for figure in family.figures)
