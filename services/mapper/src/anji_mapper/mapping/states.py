"""States of whole records: void, forbidden, closed, deleted; and what is done about them.

A state is compared like a field: it holds on a side or it does not, both sides agree on that, and
what changed on the one is done on the other. Only that nothing is written there: the record is
taken into the state, or out of it, by operations.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from anji_common.events.commands import Operation
from anji_common.refs import System
from anji_mapper.mapping.ports import Condition, Row

__all__ = ["CRM_OPERATIONS", "DELETED", "Doing", "State", "state_path"]

CRM_OPERATIONS = frozenset({Operation.VOID, Operation.UNVOID, Operation.DELETE})
"""What the CRM can do. Source: reference "fxiaoke-open-api.md", sections 2.1 and 2.6."""

DELETED = "deleted"
"""The state of a record that is not there any more."""


def state_path(name: str) -> str:
    """Return the head path under which a state is seen: ``is:void``."""
    return f"is:{name}"


@dataclass(frozen=True, slots=True)
class Doing:
    """What brings one side's record into a state, and out of it; empty where that is let be.

    Of several operations the next one is the first that the record's document status calls for.
    """

    enter: tuple[Operation, ...] = ()
    leave: tuple[Operation, ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    """One state of the records of a link type."""

    name: str
    holds_if: Mapping[System, Condition]
    """How it is seen on each side. Empty for DELETED, which no record can show."""
    does: Mapping[System, Doing]
    paths: Mapping[System, tuple[str, ...]]
    """The head paths that it is seen by: what an operation must not overlook a change of."""
    resting: frozenset[System] = frozenset(System)
    """Sides whose records in this state get no values written."""
    path: str = field(init=False)
    """The head path under which it is seen."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", state_path(self.name))

    def holds(self, system: System, head: Row) -> bool:
        """Return whether a record of that side is in this state."""
        condition = self.holds_if.get(system)
        return condition is not None and condition.holds(head)

    def next_operation(
        self, system: System, *, enters: bool, status: str | None
    ) -> tuple[Operation, bool] | None:
        """Return what is to be done next, and whether that is the last of it; `None` for nothing.

        Args:
            system: Whose record.
            enters: Whether it is to come into the state, or out of it.
            status: Its document status, where it has one.
        """
        doing = self.does.get(system, Doing())
        operations = doing.enter if enters else doing.leave
        if not operations:
            return None
        *before, last = operations
        for each in before:
            if status is None or status in _FROM.get(each, status):
                return each, False
        return last, True


_FROM = {
    Operation.SUBMIT: "ZAD",
    Operation.WITHDRAW: "B",
    Operation.AUDIT: "B",
    Operation.UNAUDIT: "C",
}
"""Document statuses in which an operation has something to do.

Source: reference "k3cloud-webapi.md", sections 0 and 2.2.
"""
