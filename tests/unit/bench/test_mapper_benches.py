"""The benches of the mapper yield their figures, small."""

from anji_mapper.mapping.folder import load_mappings
from bench.link_counts import LinkCountSizes, measure_link_counts
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


async def test_few_links_and_some_more_are_started_with_and_without_their_files() -> None:
    family = await measure_link_counts(LinkCountSizes(few=20, many=40, edits=5))

    values = {figure.what: figure.value for figure in family.figures}
    for what in ("state on disk", "start without it", "start with it", "resident at most"):
        assert values[what] > 0
    assert "40 linked" in family.words.replace("\n", " ")
