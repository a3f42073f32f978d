"""What a bad network does to calls, on demand."""

from dataclasses import replace

import orjson
import pytest

from anji_sandbox.core import Answer, Request
from anji_sandbox.faults import Fault, Faults, FaultyCore, SparedCore
from anji_sandbox.leaving_out import Leaving, left_out
from anji_sandbox.store import Store

CREATE = Request("POST", "/cgi/crm/v2/data/create", {}, {}, b'{"of": "AccountObj"}')
QUERY = replace(CREATE, path="/cgi/crm/v2/data/query")


class Counter:
    """A vendor that counts what it did, and when."""

    name = "fxiaoke"

    def __init__(self) -> None:
        self.store = Store()
        self.done: list[float] = []

    def handle(self, _request: Request, now: float) -> Answer:
        self.done.append(now)
        return Answer(200, (), b"done")


@pytest.fixture
def vendor() -> Counter:
    return Counter()


def test_a_call_dropped_before_does_nothing(vendor: Counter) -> None:
    core = FaultyCore(vendor, Faults(Fault(kind="drop_before")))

    answer = core.handle(CREATE, 1.0)

    assert answer.dropped
    assert vendor.done == []


def test_a_call_dropped_after_is_done_without_an_answer(vendor: Counter) -> None:
    core = FaultyCore(vendor, Faults(Fault(kind="drop_after")))

    answer = core.handle(CREATE, 1.0)

    assert answer.dropped
    assert vendor.done == [1.0]


def test_a_late_commit_is_done_when_its_time_has_come(vendor: Counter) -> None:
    core = FaultyCore(vendor, Faults(Fault(kind="commit_late", delay_seconds=30)))

    answer = core.handle(CREATE, 1.0)
    core.settle(30.9)
    before = list(vendor.done)
    core.handle(QUERY, 40.0)

    assert answer.dropped
    assert before == []
    assert vendor.done == [31.0, 40.0]
    assert core.next_late_at() is None


def test_a_late_commit_comes_in_its_time_before_the_call_of_somebody_whom_no_rule_hits(
    vendor: Counter,
) -> None:
    faults = Faults(Fault(kind="commit_late", delay_seconds=30, calls=None))
    core = FaultyCore(vendor, faults)
    core.handle(CREATE, 1.0)

    answer = SparedCore(core).handle(CREATE, 40.0)

    assert answer.body == b"done"
    assert vendor.done == [31.0, 40.0]
    assert faults.hits_by_kind == {"commit_late": 1}


def test_a_delayed_call_is_done_at_once_and_answered_late(vendor: Counter) -> None:
    core = FaultyCore(vendor, Faults(Fault(kind="delay", delay_seconds=5)))

    answer = core.handle(CREATE, 1.0)

    assert answer == Answer(200, (), b"done", delay_seconds=5)
    assert vendor.done == [1.0]


@pytest.mark.parametrize(("kind", "status"), [("html", 200), ("bad_gateway", 502)])
def test_a_page_comes_in_place_of_an_answer(vendor: Counter, kind: str, status: int) -> None:
    faults = Faults()
    faults.add_json({"kind": kind})

    answer = FaultyCore(vendor, faults).handle(CREATE, 1.0)

    assert answer.status == status
    assert answer.body.startswith(b"<!DOCTYPE html>")
    assert vendor.done == []


def test_a_refusal_wears_the_envelope_of_the_crm(vendor: Counter) -> None:
    faults = Faults(Fault(kind="code", code=30004, words="too many"))

    answer = FaultyCore(vendor, faults).handle(CREATE, 1.0)

    assert orjson.loads(answer.body)["errorCode"] == 30004
    assert vendor.done == []


def test_a_kind_of_fault_that_only_the_erp_has_is_refused_for_the_crm(vendor: Counter) -> None:
    core = FaultyCore(vendor, Faults())

    with pytest.raises(ValueError, match="kind is one of"):
        core.faults.add_json({"kind": "waf"}, core.fault_kinds())

    core.faults.add(Fault(kind="waf"))
    with pytest.raises(ValueError, match="fxiaoke has no fault of the kind waf"):
        core.handle(CREATE, 1.0)


def test_a_rule_hits_the_next_calls_it_is_for_and_no_other(vendor: Counter) -> None:
    rule = Fault(kind="drop_before", endpoint="*/create", contains="AccountObj", calls=2)
    core = FaultyCore(vendor, Faults(rule))
    other = replace(CREATE, body=b"SalesOrderObj")

    dropped = [core.handle(call, 1.0).dropped for call in (QUERY, CREATE, other, CREATE, CREATE)]

    assert dropped == [False, True, False, True, False]
    assert core.faults.rules() == ()
    assert core.faults.hits == 2


def test_a_share_is_hit_and_the_same_seed_hits_the_same_calls() -> None:
    def hits(seed: str) -> list[bool]:
        faults = Faults(Fault(kind="drop_after", calls=None, share=0.3), seed=seed)
        core = FaultyCore(Counter(), faults)
        return [core.handle(CREATE, 1.0).dropped for _ in range(400)]

    assert 80 < sum(hits("one")) < 160
    assert hits("one") == hits("one")
    assert hits("one") != hits("two")


@pytest.mark.parametrize("rule", [{"kind": "explode"}, {"kind": "html", "colour": "red"}, "html"])
def test_a_rule_that_nobody_knows_is_refused(rule: object) -> None:
    faults = Faults()

    with pytest.raises(ValueError, match=r"is one of|is a map"):
        faults.add_json(rule)

    assert faults.rules() == ()


ROWS = [[1, "a"], [2, "b"], [3, "c"]]


@pytest.mark.parametrize(
    ("how", "left"), [("empty", []), ("cut", ROWS[:2]), ("shifted", [ROWS[0], ROWS[0], ROWS[2]])]
)
def test_an_answer_leaves_rows_out_and_says_yes(how: Leaving, left: list[list[object]]) -> None:
    page = {"errorCode": 0, "data": {"total": 3, "dataList": ROWS}}

    assert orjson.loads(left_out(orjson.dumps(ROWS), how)) == left
    assert orjson.loads(left_out(orjson.dumps(page), how))["data"]["dataList"] == left


@pytest.mark.parametrize("body", [b"no json", b"[]", b'[[{"Result": 1}]]', b'{"data": 1}', b"3"])
def test_what_is_no_answer_to_a_query_stays_as_it_is(body: bytes) -> None:
    assert left_out(body, "empty") == body


def test_a_page_that_is_not_found_is_one_of_html_and_nothing_is_done(vendor: Counter) -> None:
    answer = FaultyCore(vendor, Faults(Fault(kind="not_found"))).handle(CREATE, 1.0)

    assert answer.status == 404
    assert vendor.done == []
