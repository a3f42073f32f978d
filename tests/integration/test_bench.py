"""Every bench runs, small, and yields its figures; how fast this machine is, is not judged."""

import pytest

from bench.broker_rates import BrokerSizes, measure_broker
from bench.callbacks import CallbackSizes, measure_callbacks
from bench.figures import Family
from bench.latency import LatencySizes, measure_latency
from bench.mapper_rates import MapperSizes, measure_mapper
from bench.match_rates import MatchSizes, measure_match
from bench.memory import MemorySizes, measure_memory
from bench.plan_rates import PlanSizes, measure_plan
from bench.stands import Stand, embedded_stand, kafka_stand


@pytest.fixture(params=["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
def stand(request: pytest.FixtureRequest) -> Stand:
    if request.param == "embedded":
        return embedded_stand()
    return kafka_stand(request.getfixturevalue("kafka_bootstrap"))


def value(family: Family, what: str) -> float:
    (found,) = [each.value for each in family.figures if each.what == what]
    return found


async def test_the_brokers_figures_are_measured(stand: Stand) -> None:
    sizes = BrokerSizes(records=100, transactions=(1, 50), transactions_each=20)

    family = await measure_broker(stand, sizes)

    assert value(family, "published") > 0
    assert value(family, "read") > 0
    assert value(family, "passed on, 1 a transaction") > 0
    assert value(family, "passed on, 50 a transaction, processor time") > 0


async def test_the_mappers_figures_are_measured() -> None:
    sizes = MapperSizes(products=2, customers=2, orders=2, edits=1)

    family = await measure_mapper(embedded_stand(), sizes)

    assert value(family, "events through the mapper") > 0
    assert value(family, "passed through") > 0
    assert value(family, "of these, orders edited in the CRM") > 0
    assert value(family, "a replay of it all") > 0


async def test_every_change_of_the_latency_bench_has_its_command(stand: Stand) -> None:
    family = await measure_latency(stand, LatencySizes(5, per_second=100.0), at_most_ms=30)

    assert 0 < value(family, "change to command, p50") <= value(family, "change to command, p95")


@pytest.mark.parametrize("with_source", [False, True])
async def test_every_callback_of_the_bench_is_accepted(stand: Stand, *, with_source: bool) -> None:
    sizes = CallbackSizes(callbacks=20, warm_up=5)

    family = await measure_callbacks(stand, sizes, with_source=with_source)

    assert 0 < value(family, "answered, p50") <= value(family, "answered, p99")
    assert value(family, "processor time of that process") > 0


async def test_a_mapper_is_weighed_in_a_process_of_its_own() -> None:
    family = await measure_memory(MemorySizes(links=50, history=20))

    assert value(family, "before the mapper starts") > 10
    assert value(family, "with all links") > value(family, "before the mapper starts")
    assert value(family, "after twice the history") > 0


async def test_the_plan_of_the_bench_changes_every_link_and_publishes_nothing() -> None:
    family = await measure_plan(PlanSizes(links=20, versions=3))

    assert value(family, "by the clock on the wall") > 0
    assert value(family, "events") > 0
    assert value(family, "records published, so commands to a vendor") == 0


async def test_the_match_of_the_bench_pairs_every_customer_and_publishes_nothing() -> None:
    family = await measure_match(MatchSizes(customers=20))

    assert value(family, "by the clock on the wall") > 0
    assert value(family, "records published, so commands to a vendor") == 0
