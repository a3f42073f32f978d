"""Which of two reads of one record was surely taken first (``protocol.md`` 8)."""

from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest

from anji_common.events.observed import Stamp

_Status = Literal["Z", "A", "B", "C", "D"]
AT = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
LATER = AT + timedelta(seconds=5)


def stamp(
    status: _Status | None = None, approved_at: datetime | None = None, at: datetime = AT
) -> Stamp:
    return Stamp(modified_at=at, approved_at=approved_at, status=status)


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (stamp(), stamp(at=LATER)),
        (stamp("Z"), stamp("A")),
        (stamp("A"), stamp("B")),
        (stamp("B"), stamp("C", LATER)),
        (stamp("C", AT), stamp("C", LATER)),  # un-audited and audited again
        (stamp("D", AT), stamp("C", LATER)),
        (stamp("C", LATER), stamp("A", at=LATER)),
    ],
)
def test_what_was_read_first_precedes(first: Stamp, then: Stamp) -> None:
    assert first.precedes(then)
    assert not then.precedes(first)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (stamp(), stamp()),
        (stamp("C", AT), stamp("D", AT)),  # an un-audit may have come between, or not yet
        (stamp(), stamp("C", AT)),
    ],
)
def test_what_cannot_be_told_precedes_neither_way(one: Stamp, other: Stamp) -> None:
    assert not one.precedes(other)
    assert not other.precedes(one)
