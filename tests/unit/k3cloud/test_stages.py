"""The way from saved to audited."""

import pytest

from anji_common.events.commands import Finish
from anji_k3cloud.stages import next_step


@pytest.mark.parametrize(
    ("status", "finish", "step"),
    [
        ("A", Finish.SAVED, None),
        ("A", Finish.SUBMITTED, "Submit"),
        ("Z", Finish.AUDITED, "Submit"),
        ("D", Finish.AUDITED, "Submit"),
        (None, Finish.AUDITED, "Submit"),
        ("B", Finish.SUBMITTED, None),
        ("B", Finish.AUDITED, "Audit"),
        ("C", Finish.AUDITED, None),
        ("C", Finish.SUBMITTED, None),
    ],
)
def test_the_next_step(status: str | None, finish: Finish, step: str | None) -> None:
    assert next_step(status, finish) == step
