"""The way from saved to audited."""

from typing import Any

import pytest
from pydantic import JsonValue

from anji_common.events.commands import Finish, Operation
from anji_common.events.observed import Observed, Stamp
from anji_common.refs import Ref, System
from anji_common.testing.virtual_time import EPOCH
from anji_k3cloud.stages import has_come_to, next_step, step_back


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


@pytest.mark.parametrize(
    ("status", "step"),
    [("Z", None), ("A", None), ("B", "CancelAssign"), ("C", "UnAudit"), ("D", None), (None, None)],
)
def test_the_step_that_makes_a_record_editable(status: str | None, step: str | None) -> None:
    assert step_back(status) == step


def record(status: Any = "A", **data: JsonValue) -> Observed:  # noqa: ANN401 - one of the statuses
    ref = Ref(System.K3CLOUD, "X", "1")
    return Observed(ref=ref, stamp=Stamp(modified_at=EPOCH, status=status), data=data)


@pytest.mark.parametrize(
    ("operation", "observed", "is_done"),
    [
        (Operation.DELETE, None, True),
        (Operation.DELETE, record(), False),
        (Operation.AUDIT, None, False),
        (Operation.AUDIT, record("C"), True),
        (Operation.AUDIT, record("B"), False),
        (Operation.SUBMIT, record("C"), True),
        (Operation.UNAUDIT, record("D"), True),
        (Operation.UNAUDIT, record("C"), False),
        (Operation.WITHDRAW, record("D"), True),
        (Operation.VOID, record(FCancelStatus="B"), True),
        (Operation.VOID, record(FCancelStatus="A"), False),
        (Operation.VOID, record(), False),
        (Operation.FORBID, record(FForbidStatus="B"), True),
        (Operation.ENABLE, record(FForbidStatus="A"), True),
        (Operation.CLOSE, record(FCloseStatus="B"), True),
        (Operation.UNCLOSE, record(FCloseStatus="B"), False),
        (Operation.ALLOCATE, record(), False),
    ],
)
def test_where_an_operation_has_nothing_left_to_do(
    operation: Operation,
    observed: Observed | None,
    is_done: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert has_come_to(operation, observed) is is_done
