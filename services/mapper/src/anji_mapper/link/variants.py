"""Which variant of its mapping a link is under (one file for several organisations)."""

from anji_common.events.notices import NoticeKind
from anji_mapper.link.state import Stage
from anji_mapper.link.turn import Turn
from anji_mapper.mapping.model import LinkType

__all__ = ["choose_variant", "tell_reassigned"]


def choose_variant(turn: Turn, link_type: LinkType) -> None:
    """Let the settings of the records' own variant hold."""
    if not link_type.variants:
        return
    found = link_type.variant_of(turn.seat.crm.seen, turn.seat.erp.seen)
    turn.link_type = link_type if found is None else found.link_type


def tell_reassigned(turn: Turn, link_type: LinkType) -> None:
    """A linked record moved to another variant: what it is made of stays where it was made."""
    if turn.seat.stage is not Stage.LINKED or turn.seat.version == turn.link_type.version:
        return
    names = {each.link_type.version: each.name for each in link_type.variants}
    names[link_type.version] = "no variant"
    before, now = names.get(turn.seat.version), names[turn.link_type.version]
    if before is not None:
        turn.notify(
            NoticeKind.REASSIGNED,
            f"was of {before}, is of {now} now: values follow; what it was made with, such as its "
            "organisation in the ERP, stays until somebody moves it there",
            before=before,
            now=now,
        )
