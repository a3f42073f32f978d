"""``anji problems decide``: the answer that a person types names a question that stands."""

import pytest

from anji.looking import decision
from anji_common.clock import SystemClock
from anji_common.errors import RejectedError
from anji_common.events.inbox import EntryKind
from anji_common.refs import Ref, System
from anji_mapper.link.questions import question_id
from anji_mapper.link.state import Seat, Stage

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
