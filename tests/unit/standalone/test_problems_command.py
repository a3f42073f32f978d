"""``anji problems decide``: the answer that a person types names a question that stands."""

import pytest

from anji.looking import decision, retries
from anji_common.clock import SystemClock
from anji_common.errors import RejectedError
from anji_common.events.inbox import EntryKind
from anji_common.refs import Ref, System
from anji_mapper.link.questions import question_id
from anji_mapper.link.state import Problem, ProblemKind, Seat, Stage, changed

KEY = Ref(System.FXIAOKE, "AccountObj", "1")
SEAT = Seat(
    key=KEY,
    link_type="customer",
    generation=1,
    stage=Stage.LINKED,
    asked={"tel~FTEL": ("1", "2"), "L~E/7/qty~FQty": ("3", "4")},
)


@pytest.mark.parametrize(
    ("field", "key"),
    [
        ("tel", "tel~FTEL"),
        ("FTEL", "tel~FTEL"),
        ("tel~FTEL", "tel~FTEL"),
        ("FQty", "L~E/7/qty~FQty"),
        ("L~E/7/qty~FQty", "L~E/7/qty~FQty"),
    ],
)
def test_a_field_is_named_by_either_path_or_whole(field: str, key: str) -> None:
    clock = SystemClock()

    entry = decision(SEAT, field, System.K3CLOUD, "wang", clock)

    assert (entry.to, entry.kind, entry.winner) == (KEY, EntryKind.DECIDE, System.K3CLOUD)
    assert entry.problem == question_id(key, SEAT.asked[key])
    assert entry.sender == "person/wang"


def test_a_field_that_nobody_asks_about_is_refused_with_those_that_are() -> None:
    with pytest.raises(RejectedError, match=r"asked about: L~E/7/qty~FQty, tel~FTEL"):
        decision(SEAT, "name", System.FXIAOKE, "wang", SystemClock())


def test_what_many_links_are_told_at_once_hides_nothing_that_is_said_right_after() -> None:
    """A seat drops what is not newer than the last that it heard of the same person."""
    clock = SystemClock()
    problem = Problem("refused:1", ProblemKind.REFUSED, "no", clock.now())
    seats = [changed(SEAT, problem=problem)] * 500

    last = retries(seats, "wang", clock)[-1]

    said_at = int(clock.now().timestamp() * 1000)
    assert last.sequence <= said_at


def test_what_is_said_where_the_clock_is_behind_is_no_replay() -> None:
    clock = SystemClock()
    heard = int(clock.now().timestamp() * 1000) + 60_000
    seat = changed(SEAT, heard={"person/wang": heard, "person/li": 1})

    said = [decision(seat, "tel", System.K3CLOUD, name, clock) for name in ("wang", "li")]

    assert said[0].sequence == heard + 1
    assert said[1].sequence < heard
