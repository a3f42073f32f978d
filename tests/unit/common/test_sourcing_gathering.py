"""When wishes are due: times that the engine's own tests do not reach."""

import pytest

from anji_common.sourcing.checkpoints import Wish
from anji_common.sourcing.gathering import Gathering
from anji_common.sourcing.settings import SourceSettings

_SETTINGS = SourceSettings(
    poll_seconds=5.0,
    most_poll_seconds=60.0,
    overlap_seconds=30.0,
    document_gather_seconds=1.0,
)


@pytest.mark.parametrize(("has_lines", "due"), [(True, 11.0), (False, 10.0)])
def test_after_a_start_a_command_still_waits_for_the_lines_that_it_wrote(
    has_lines: object, due: float
) -> None:
    gathering, wishes = Gathering(_SETTINGS, has_lines=bool(has_lines)), {"1": Wish(answers="1-2")}

    gathering.begin(wishes, 10.0)

    assert gathering.begin_read(wishes, due - 0.1) == []
    assert gathering.begin_read(wishes, due) == ["1"]


def test_what_was_wished_for_before_is_read_no_sooner_than_a_command_allows() -> None:
    gathering, wishes = Gathering(_SETTINGS, has_lines=True), {"1": Wish(answers="1-2")}

    gathering.wished("1", 10.0, answers=None)
    gathering.wished("1", 10.5, answers="1-2")
    gathering.wished("1", 10.6, answers=None)

    assert gathering.next_at(wishes) == 11.5
