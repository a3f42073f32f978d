"""Accidents of links whose state was lost (``protocol.md`` 16), for any rules."""

from anji_common.events.results import Outcome
from anji_mapper.link.rebuilt import Known, link_of
from anji_mapper.link.rules import Rules
from labs.link_lab import CRM, ERP, LinkLab

__all__ = ["a_pair_that_only_our_marker_tells", "the_state_of_a_pair_is_lost"]


def the_state_of_a_pair_is_lost(rules: Rules) -> bool:
    """Of two values that differ nobody knows which one is newer: neither is written."""
    lab = LinkLab(rules=rules)
    lab.linked()
    lab.edit(ERP, "001", FName="Bea")
    home, far = lab.take(CRM, "001"), lab.take(ERP, "001")
    lab.publish(home)
    lab.queues.clear()
    rebuilt = link_of(Known(home.ref, far.ref, {home.ref: home}, {}), lab.link_type, lab.context())
    lab.seats = {str(seat.key): seat for seat in (rebuilt.home.seat, rebuilt.pointer)}
    writes = lab.vendors[ERP].writes
    lab.publish(far)
    lab.rest()
    return lab.vendors[ERP].writes == writes


def a_pair_that_only_our_marker_tells(rules: Rules) -> bool:
    """A create of a home whose state was lost finds what its forgotten command had made."""
    lab = LinkLab(rules=rules)
    lab.linked()
    lab.edit(ERP, "001", FName="Bea")
    lab.seats.clear()
    lab.read(ERP, "001")
    lab.deliver(("changes", "k3cloud/BD_Customer/001"))
    lab.hand_over(lab.take(CRM, "001"))
    found = lab.executed(lab.commands.pop())
    lab.hand_over(found.model_copy(update={"outcome": Outcome.MATCHED}))
    lab.rest()
    return lab.vendors[ERP].records["001"]["FName"] == "Bea"
