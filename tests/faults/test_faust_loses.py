"""ADR 4's claim, measured on a real Kafka: Faust loses events that a task of ours keeps."""

import pytest

from faust_loss import killed, raised
from labs.kafka import KafkaLab

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.faults,
    pytest.mark.slow,
    pytest.mark.timeout(300),
]


@pytest.fixture
def lab(kafka_lab: KafkaLab) -> KafkaLab:
    kafka_lab.partitions = 1
    return kafka_lab


async def test_faust_acknowledges_an_event_whose_handler_raised(lab: KafkaLab) -> None:
    outcome = await raised(lab, "Faust")

    assert outcome.lost == [5, 10, 15]


async def test_a_task_of_ours_delivers_again_what_its_work_raised_on(lab: KafkaLab) -> None:
    outcome = await raised(lab, "Anji")

    assert (outcome.lost, outcome.doubled) == ([], 0)


async def test_faust_commits_over_an_event_in_flight(lab: KafkaLab) -> None:
    outcome = await killed(lab, "Faust")

    assert outcome.lost == [0, 20, 40]


async def test_a_killed_task_of_ours_loses_and_doubles_nothing(lab: KafkaLab) -> None:
    outcome = await killed(lab, "Anji")

    assert (outcome.lost, outcome.doubled) == ([], 0)
