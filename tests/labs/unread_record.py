"""A record that we made and people delete before its source has read it once (rule 5)."""

from anji_common.events.changes import Change, revision_of
from anji_common.events.observed import Stamp
from anji_common.events.signals import SignalKind
from anji_mapper.link.rules import Rules
from anji_mapper.link.state import ProblemKind, Stage
from labs.link_lab import CRM, ERP, LinkLab

__all__ = ["nobody_has_read_what_is_deleted", "with_an_unread_counterpart"]


def with_an_unread_counterpart(rules: Rules) -> LinkLab:
    """Let a customer cross whose counterpart no source reads."""
    lab = LinkLab(rules=rules)
    lab.edit(CRM, name="Ann")
    lab.read(CRM, "001")
    _work(lab)
    lab.read(CRM, "001")  # settles the number that was written back
    _work(lab)
    assert lab.seat(CRM, "001").stage is Stage.LINKED
    return lab


def nobody_has_read_what_is_deleted(rules: Rules) -> bool:
    """Its next edit is refused, the patrol looks for it, and the link is told to be over."""
    lab = with_an_unread_counterpart(rules)
    vendor, made = lab.vendors[ERP], lab.seat(CRM, "001").partner
    assert made is not None
    del vendor.records[made.record_id], vendor.stamps[made.record_id]
    vendor.refuses = "the record is gone"
    lab.edit(CRM, "001", name="Bea")
    lab.read(CRM, "001")
    _work(lab)
    for signal in lab.signals:  # as a source: after a confirmation of its own
        at = lab.tick()
        if signal.kind is SignalKind.SEEK and signal.ref is not None:
            gone = Stamp(modified_at=at)
            lab.publish(Change(ref=signal.ref, revision=revision_of(at, 0), stamp=gone, data=None))
    _work(lab)
    problem = lab.seat(CRM, "001").problem
    return problem is not None and problem.kind is ProblemKind.GONE


def _work(lab: LinkLab) -> None:
    """Do all that is on its way; only writers look at the ERP."""
    while lab.queues or lab.commands:
        while lab.queues:
            lab.deliver(next(iter(lab.queues)))
        for command in [*lab.commands]:
            lab.answer(command)
