"""What all tests share: what is required, and how Hypothesis runs."""

from collections.abc import Iterator

import pytest
from hypothesis import settings

from labs.brokers import lab
from labs.embedded import embedded_lab
from labs.kafka import kafka_bootstrap, kafka_lab, private_kafka
from labs.processes import discard_all

__all__ = ["embedded_lab", "kafka_bootstrap", "kafka_lab", "lab", "private_kafka"]

# A shared machine may pause us at any moment; what a test takes is said by its own bounds.
# Fifty examples a run keep the unit suite within its ten seconds; the runs add up.
settings.register_profile("anji", parent=settings.default, deadline=None, max_examples=50)
settings.load_profile("anji")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--require",
        default="",
        help="comma-separated needs (kafka, browser) whose absence is a failure, not a skip",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of the one Kafka in one process, where tests run in several."""
    for item in items:
        if item.get_closest_marker("kafka") is not None:
            item.add_marker(pytest.mark.xdist_group("kafka"))


@pytest.fixture(autouse=True)
def _no_process_outlives_its_test() -> Iterator[None]:
    """However a test ends, what it has started and not ended is killed."""
    yield
    discard_all()
