"""How far a record has come, and the next step to where it should be. Pure.

    Z draft ── A created ──Submit──> B in approval ──Audit──> C audited
    D to be audited again ──Submit──> B
    C ──UnAudit──> D        B ──CancelAssign──> D

Source: reference "k3cloud-webapi.md", sections 0, 2.2 and 3.6.
"""

from typing import Literal

from anji_common.events.commands import Finish, Operation
from anji_common.events.observed import Observed
from anji_common.writing.comparing import same
from anji_k3cloud.objects import CANCEL_STATUS, CLOSE_STATUS, FORBID_STATUS

__all__ = ["Step", "StepBack", "at_least", "has_come_to", "next_step", "step_back"]

Step = Literal["Submit", "Audit"]
StepBack = Literal["CancelAssign", "UnAudit"]

_REACHED = {
    Operation.SUBMIT: ("B", "C"),
    Operation.WITHDRAW: ("D", "A", "Z"),
    Operation.AUDIT: ("C",),
    Operation.UNAUDIT: ("D", "A", "Z"),
}
"""Operation → document statuses in which it has nothing left to do."""

_SETS = {
    Operation.FORBID: (FORBID_STATUS, "B"),
    Operation.ENABLE: (FORBID_STATUS, "A"),
    Operation.VOID: (CANCEL_STATUS, "B"),
    Operation.UNVOID: (CANCEL_STATUS, "A"),
    Operation.CLOSE: (CLOSE_STATUS, "B"),
    Operation.UNCLOSE: (CLOSE_STATUS, "A"),
}
"""Operation → the field that it sets, and to what."""


def next_step(status: str | None, finish: Finish) -> Step | None:
    """Return what brings a record in `status` nearer to `finish`; `None` if it is there."""
    if finish in (Finish.DRAFT, Finish.SAVED) or status == "C":
        return None
    if status != "B":
        return "Submit"
    return "Audit" if finish is Finish.AUDITED else None


def at_least(status: str | None, finish: Finish) -> Finish:
    """Return how far a record that is taken back goes again: no less than where it stood.

    Somebody may have audited it since the link saw it.
    """
    if status == "C":
        return Finish.AUDITED
    return Finish.SUBMITTED if status == "B" and finish is not Finish.AUDITED else finish


def step_back(status: str | None) -> StepBack | None:
    """Return what makes a record in `status` editable; `None` if it is."""
    match status:
        case "B":
            return "CancelAssign"
        case "C":
            return "UnAudit"
        case _:
            return None


def has_come_to(operation: Operation, observed: Observed | None) -> bool:
    """Whether a record, as it was read, is where an operation would bring it.

    What cannot be seen (an allocation, a status field that the form lacks) is not there yet.
    """
    if observed is None:
        return operation is Operation.DELETE
    if operation in _REACHED:
        return observed.stamp.status in _REACHED[operation]
    if operation in _SETS:
        path, value = _SETS[operation]
        return same(observed.data.get(path), value)
    return False
