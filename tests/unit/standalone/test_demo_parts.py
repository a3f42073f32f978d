"""What the demo counts and how it shows it."""

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anji.demo import Report
from anji.demo_hands import HandTransport
from anji.demo_measures import latencies, percentile
from anji.demo_people import Plan
from anji.demo_report import report_json
from anji.oracle import Verdict
from anji_common.broker.embedded_broker import EmbeddedBroker
from anji_common.clock import SystemClock
from anji_common.events.changes import Change, revision_of
from anji_common.events.commands import CommandNumber
from anji_common.events.crosswalk import CrosswalkRow
from anji_common.events.observed import Stamp
from anji_common.events.results import Outcome, Result
from anji_common.refs import Ref, System
from anji_common.testing.virtual_time import EPOCH
from anji_common.topics import declared_topics
from anji_common.transport import Answer, Call

OBJECTS: dict[System, tuple[str, ...]] = {
    System.FXIAOKE: ("AccountObj",),
    System.K3CLOUD: ("BD_Customer",),
}
CRM = Ref(System.FXIAOKE, "AccountObj", "1")
ERP = Ref(System.K3CLOUD, "BD_Customer", "9")


@given(values=st.lists(st.floats(0, 100), min_size=1))
def test_half_of_all_values_are_at_or_below_the_middle(values: list[float]) -> None:
    middle = percentile(values, 0.5)

    assert middle in values
    assert sum(value <= middle for value in values) * 2 >= len(values)


def test_no_values_have_the_percentile_zero() -> None:
    assert percentile([], 0.95) == 0


def change(ref: Ref, after_seconds: float, *, by_anji: bool = False) -> Change:
    at = EPOCH + timedelta(seconds=after_seconds)
    stamp = Stamp(modified_at=at, by_anji=by_anji)
    return Change(ref=ref, revision=revision_of(at, 0), stamp=stamp, data={})


def result(system: System, after_seconds: float, n: int) -> Result:
    return Result(
        seat=CRM,
        number=CommandNumber(1, n),
        system=system,
        outcome=Outcome.UPDATED,
        answered_at=EPOCH + timedelta(seconds=after_seconds),
    )


async def test_latency_is_from_the_last_edit_of_the_other_side_to_the_answer() -> None:
    broker = EmbeddedBroker(None, clock=SystemClock())
    topics = declared_topics(OBJECTS)
    await broker.declare(topics)
    row = CrosswalkRow(ref=CRM, counterpart=ERP, link_type="customer", updated_at=EPOCH)
    events = (
        change(CRM, 10),
        change(CRM, 20),
        change(CRM, 21, by_anji=True),
        change(ERP, 30),
        result(System.K3CLOUD, 22.5, 1),
        result(System.FXIAOKE, 34, 1),
        row,
    )
    await broker.publish([event.to_message() for event in events])

    found = await latencies(broker, topics)

    assert sorted(found) == [2.5, 4.0]
    await broker.close()


class Limited:
    """A CRM that refuses the first calls for its rate limit."""

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals

    async def send(self, _call: Call) -> Answer:
        self.refusals -= 1
        body = b'{"errorCode":30004}' if self.refusals >= 0 else b'{"errorCode":0}'
        return Answer(200, {}, body)

    async def close(self) -> None:
        return None


class Impatient(SystemClock):
    async def sleep(self, seconds: float) -> None:
        await super().sleep(min(seconds, 0.0))


async def test_a_person_who_is_refused_for_the_rate_limit_asks_again() -> None:
    hand = HandTransport(Limited(3), Impatient())

    answer = await hand.send(Call("cgi/crm/v2/data/create", b"{}"))

    assert answer.body == b'{"errorCode":0}'
    assert hand.writes == 1


@pytest.mark.parametrize(("orders", "old"), [(0, 0), (3, 3), (200, 5)])
def test_every_old_record_is_named_by_an_order(orders: int, old: int) -> None:
    plan = Plan(orders=orders)

    assert (plan.old_customers, plan.old_products) == (old, old)


def test_the_json_has_exactly_the_keys_that_were_promised() -> None:
    verdict = Verdict(made=2, linked=2, matched=2)
    report = Report(
        links={"customer": verdict},
        wrong=[],
        writes={"fxiaoke": 1, "k3cloud": 2},
        calls={"fxiaoke": 4, "k3cloud": 3},
        latency_p50_seconds=0.5,
        latency_p95_seconds=1.25,
        seconds=9.04,
    )

    assert json.loads(report_json(report)) == {
        "agree": True,
        "links": {
            "customer": {
                "made": 2,
                "linked": 2,
                "matched": 2,
                "differing": 0,
                "missing": 0,
                "doubled": 0,
            }
        },
        "writes": {"fxiaoke": 1, "k3cloud": 2},
        "calls_per_record": {"fxiaoke": 2.0, "k3cloud": 1.5},
        "latency_seconds": {"p50": 0.5, "p95": 1.25},
        "seconds": 9.0,
    }


def test_a_lost_edit_is_no_agreement() -> None:
    report = Report({}, ["tel was last typed as 1"], {}, {}, 0, 0, 0)

    assert not report.agrees
