"""A link lab whose vendors can void and forbid: records have states."""

from collections.abc import Mapping

from pydantic import JsonValue

from anji_common.events.commands import Action, Command, Operation
from anji_common.events.inbox import EntryKind
from anji_common.events.results import Outcome, Result
from anji_common.refs import System
from anji_mapper.link.questions import question_id
from anji_mapper.link.rules import RULES, Rules
from labs.link_lab import CRM, ERP, LinkLab
from labs.mapping_files import GOOD, compiled

__all__ = ["STATES", "StateLab"]

STATES = """\
states:
  - name: void
    crm: {when: {field: life_status, is: invalid}, enter: void, leave: unvoid}
    erp: {when: {field: FForbidStatus, is: B}, enter: forbid, leave: enable}
"""
_SETS: Mapping[Operation, tuple[str, JsonValue]] = {
    Operation.VOID: ("life_status", "invalid"),
    Operation.UNVOID: ("life_status", "normal"),
    Operation.FORBID: ("FForbidStatus", "B"),
    Operation.ENABLE: ("FForbidStatus", "A"),
}


class StateLab(LinkLab):
    """Both sides of a linked customer, and what was done to them as a whole."""

    def __init__(
        self,
        more: str = STATES,
        *,
        rules: Rules = RULES,
        text: str = GOOD,
        company: str = "",
    ) -> None:
        super().__init__(compiled(text + more), rules=rules)
        self.done: list[tuple[System, Operation]] = []
        self.is_dateless = False
        """Whether what is done to an ERP record as a whole moves no date of it."""
        self.is_taken_back = False
        """Whether a person takes it back there before the writer looks."""
        self.erp_id = self.linked(life_status="normal", company=company)

    def executed(self, command: Command) -> Result:
        operation = command.operation
        if command.action is not Action.OPERATE or operation is None:
            return super().executed(command)
        vendor, target = self.vendors[command.system], command.target
        assert target is not None
        common = {
            "seat": command.seat,
            "number": command.number,
            "system": command.system,
            "answered_at": self.tick(),
            "ref": target,
        }
        if vendor.refuses:
            return Result(outcome=Outcome.REJECTED, words=vendor.refuses, **common)
        stands = vendor.records[target.record_id]
        if any(stands.get(path) != value for path, value in command.base.items()):
            seen = vendor.observed(target.record_id)
            return Result(outcome=Outcome.MOVED, observed=seen, **common)
        self.done.append((command.system, operation))
        path, value = _SETS[operation]
        if self.is_dateless and command.system is ERP:
            stands[path] = value
        else:
            vendor.write({path: value}, at=self.tick(), record_id=target.record_id, by_anji=True)
        if self.is_taken_back and command.system is ERP:
            stands[path] = "A"  # a person, whom no date tells
        read_back = vendor.observed(target.record_id) if command.system is ERP else None
        return Result(outcome=Outcome.UPDATED, observed=read_back, **common)

    @property
    def states(self) -> tuple[object, object]:
        """(the CRM's life status, the ERP's forbid status)."""
        return (
            self.vendors[CRM].records["001"]["life_status"],
            self.vendors[ERP].records[self.erp_id].get("FForbidStatus"),
        )

    def void(self, status: str = "invalid") -> None:
        """A person voids the CRM's record, or recovers it."""
        self.edit(CRM, "001", life_status=status)
        self.rest()

    def forbid(self, status: str = "B") -> None:
        """A person forbids the ERP's record, or enables it."""
        self.edit(ERP, self.erp_id, FForbidStatus=status)
        self.rest()

    def decide(self, winner: System) -> None:
        """A person answers the one question that stands."""
        seat = self.seat(CRM, "001")
        ((key, values),) = seat.asked.items()
        problem = question_id(key, values)
        self.say(seat, EntryKind.DECIDE, "person/wang", problem=problem, winner=winner)
        self.rest()
