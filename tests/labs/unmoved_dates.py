"""What is done to a record as a whole moves no date of it."""

from anji_common.events.commands import Operation
from anji_mapper.link.rules import Rules
from labs.link_lab import CRM, ERP
from labs.state_lab import StateLab

__all__ = ["an_operation_that_moves_no_date"]


def an_operation_that_moves_no_date(rules: Rules) -> bool:
    """A read from before it is published after its result; then a person takes it back.

    Returns whether the first was no revert, its source was told to look, and the second was one.
    """
    lab = StateLab(rules=rules)
    lab.is_dateless = True
    lab.edit(CRM, "001", life_status="invalid")
    lab.read_what_is_new()
    before = lab.take(ERP, lab.erp_id)
    while lab.queues or lab.commands:
        if lab.queues:
            lab.deliver(next(iter(lab.queues)))
        else:
            lab.answer(lab.commands[0])
    is_told = any(signal.answers is not None for signal in lab.signals)
    lab.publish(before)
    lab.rest()
    stood = lab.done == [(ERP, Operation.FORBID)]
    lab.vendors[ERP].records[lab.erp_id]["FForbidStatus"] = "A"
    lab.read(ERP, lab.erp_id)
    lab.rest()
    return is_told and stood and lab.done[-1] == (CRM, Operation.UNVOID)
