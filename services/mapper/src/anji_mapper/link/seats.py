"""Who holds a link: claim and grant, adoption, pointers, endings (``protocol.md`` 1 to 3, 5).

A home that learns its partner's ref claims the partner's seat and is linked only after the
grant. Nobody decides by who came first to a topic. A home whose record is deleted lets its partner
go, and whoever was refused that partner may claim it.
"""

from collections.abc import Callable

from anji_common.events.changes import Change
from anji_common.events.commands import CommandNumber
from anji_common.events.crosswalk import RowState
from anji_common.events.inbox import Entry, EntryKind
from anji_common.events.notices import NoticeKind
from anji_common.events.observed import Observed
from anji_common.refs import Ref, System
from anji_mapper.link.observing import look_at, observe
from anji_mapper.link.state import (
    LineState,
    ProblemKind,
    Refusal,
    SideState,
    Stage,
    as_pointer,
    changed,
)
from anji_mapper.link.turn import Turn
from anji_mapper.link.waiting import ask_to_read

__all__ = [
    "adopt_out",
    "answer_claim",
    "answer_deferred",
    "begin_anew",
    "claim",
    "hear",
    "let_go",
    "seem_free",
    "told_copied",
    "try_again",
    "wake_claimants",
]


_SOMEBODYS = frozenset({Stage.POINTER, Stage.ORPHAN, Stage.REFUSED})


def hear(turn: Turn, entry: Entry) -> None:
    """Take in what another seat says. The caller has dropped what was heard before."""
    wants_us = entry.kind in (EntryKind.CLAIM, EntryKind.ADOPT)
    if wants_us and turn.rules.defers_claims(turn.seat):
        turn.put(deferred=(*turn.seat.deferred, entry))
        return
    heard = _HEARD.get(entry.kind)
    if heard is not None:
        heard(turn, entry)


def claim(turn: Turn, partner: Ref, found_for: int | None = None) -> None:
    """Ask the partner's seat to be our pointer.

    Args:
        turn: The step in hand.
        partner: Whom.
        found_for: The revision of our record that it was found for, if not for the newest.
    """
    side = turn.seat.side(turn.far)
    marker = None if side.seen is None else side.seen.marker
    newest = turn.seat.side(turn.own).revision
    turn.put_side(turn.far, changed(side, ref=partner, refusal=None))
    turn.put(
        stage=Stage.CLAIMING,
        partner=partner,
        claimed_on=newest if found_for is None else found_for,
    )
    turn.tell(partner, EntryKind.CLAIM, marker=marker)


def told_copied(turn: Turn) -> list[str]:
    """Return what to tell of a record that is marked for a home which is linked with another one.

    People copy records, and the marker goes with them: such a one would never begin a link (rule
    3), and nobody would know why. Where its side makes nothing nobody misses a counterpart; but
    one that our account saved last is no copy of anybody's: we have made it a second time. Base
    data of the ERP that we give to other organisations is such a copy too, and is meant to be.
    """
    own = turn.seat.side(turn.own)
    marker = None if own.seen is None else own.seen.marker
    is_once = turn.own is System.FXIAOKE or turn.link_type.erp.interest.is_bill
    is_ours = is_once and own.stamp is not None and own.stamp.by_anji
    if marker is None or not (is_ours or turn.own in turn.link_type.creates):
        return []
    row = turn.context.references.row(marker)
    if row is None or row.state is not RowState.LINKED or row.counterpart in {None, turn.seat.key}:
        return []
    words = f"the marker field names {marker}, which is linked with {row.counterpart}"
    if is_ours:
        return [f"{words}; this was made a second time: delete one of the two in its system"]
    return [f"{words}; if this is a copy of that one, empty the field"]


def begin_anew(turn: Turn) -> None:
    """A refused home was edited: it may match another record now, or none.

    What was agreed with the last partner says nothing about the next one.
    """
    turn.put(stage=Stage.NEW, partner=None, is_unsettled=False)
    turn.put(agreed={}, lines={}, renumbered={}, asked={}, decisions={})
    turn.put_side(turn.far, SideState(sent=turn.seat.side(turn.far).sent))


def answer_claim(turn: Turn, entry: Entry) -> None:
    """Grant or refuse a claim on this seat's record."""
    home = Ref.parse(entry.sender)
    is_granted = turn.rules.grants(turn.seat, entry)
    is_lost = turn.seat.stage in _SOMEBODYS or not is_granted
    if is_lost and turn.seat.side(turn.own).is_gone:
        turn.tell(home, EntryKind.GONE)
        ask_to_read(turn, turn.seat.key)  # whoever claims it may have just seen it
        return
    if not is_granted:
        claimants = dict.fromkeys((*turn.seat.claimants, home))
        turn.put(claimants=tuple(claimants))
        turn.tell(home, EntryKind.REFUSE, holder=turn.seat.partner)
        return
    newest, was_read = turn.seat.newest, turn.seat.side(turn.own).revision >= 0
    turn.seat = as_pointer(turn.seat, home)
    turn.tell(home, EntryKind.GRANT, change=newest)
    if newest is None and was_read:  # it was a pointer before, and does not know what it shows
        ask_to_read(turn, turn.seat.key, answers=f"granted/{turn.seat.said}")


def answer_deferred(turn: Turn) -> None:
    """Answer what had to wait for our own create's result."""
    waiting = turn.seat.deferred
    if not waiting:
        return
    turn.put(deferred=tuple(each for each in waiting if each.kind not in _HEARD))
    for entry in waiting:
        hear(turn, entry)


def let_go(turn: Turn) -> None:
    """Rule 5: our record is deleted; its partner is free, and stays what it is."""
    partner = turn.seat.partner
    if partner is None:
        return
    turn.put(stage=Stage.ENDED)
    turn.tell(partner, EntryKind.RELEASE)
    wake_claimants(turn)
    turn.notify(
        NoticeKind.LINK_ENDED,
        f"{turn.seat.key} was deleted; {partner} stays, and nothing is written to it any more",
        partner=str(partner),
    )


def seem_free(turn: Turn, before: SideState) -> None:
    """Wake those who were refused our record if it may be free for them now, or is gone.

    It is not their home's that it was marked for, or people have taken it away.

    Args:
        turn: The step in hand, with our own change taken in.
        before: Our own side as it was.
    """
    seat, own = turn.seat, turn.seat.side(turn.own)
    was, now = (None if each.seen is None else each.seen.marker for each in (before, own))
    is_news = was != now or before.is_gone != own.is_gone
    if seat.claimants and is_news and seat.stage in {Stage.NEW, Stage.REFUSED, Stage.ORPHAN}:
        wake_claimants(turn)


def wake_claimants(turn: Turn, *, but: str = "") -> None:
    """Tell those who were refused this seat's record that it is free, or gone.

    `but` goes on waiting: two that claim each other would refuse and wake each other for ever.
    """
    woken = [home for home in turn.seat.claimants if str(home) != but]
    turn.put(claimants=tuple(home for home in turn.seat.claimants if str(home) == but))
    for home in woken:
        turn.tell(home, EntryKind.WAKE)


def adopt_out(turn: Turn, partner: Ref, observed: Observed | None) -> None:
    """Rule 1: our CRM record stands; its seat takes the link over, and we point to it."""
    seat = turn.seat
    lines = {
        document_lines.erp: {
            state.erp_id: crm_id
            for crm_id, state in seat.lines.get(document_lines.name, {}).items()
        }
        for document_lines in turn.link_type.lines
    }
    turn.seat = as_pointer(turn.seat, partner)
    turn.tell(
        partner,
        EntryKind.ADOPT,
        change=seat.newest,
        observed=observed,
        agreed=dict(seat.agreed),
        lines=lines,
    )


def _adopt_in(turn: Turn, entry: Entry) -> None:
    founder = Ref.parse(entry.sender)
    seat = turn.seat
    if seat.stage in (Stage.LINKED, Stage.CLAIMING, Stage.POINTER) and seat.partner != founder:
        turn.put(claimants=tuple(dict.fromkeys((*seat.claimants, founder))))
        turn.tell(founder, EntryKind.REFUSE, holder=seat.partner)
        return
    if seat.stage is Stage.LINKED:
        return  # by our own claim already
    if entry.observed is not None and turn.seat.side(turn.own).seen is None:
        look_at(turn, turn.own, entry.observed)
    lines = {}
    for document_lines in turn.link_type.lines:
        made = entry.lines.get(document_lines.erp, {})
        lines[document_lines.name] = {crm: LineState(erp) for erp, crm in made.items()}
    turn.put(agreed=dict(entry.agreed), lines=lines)
    _link(turn, founder, entry.change)


def _granted(turn: Turn, entry: Entry) -> None:
    if turn.seat.stage is Stage.CLAIMING and str(turn.seat.partner) == entry.sender:
        _link(turn, Ref.parse(entry.sender), entry.change)


def _link(turn: Turn, partner: Ref, change: Change | None) -> None:
    side = turn.seat.side(turn.far)
    turn.put_side(turn.far, changed(side, ref=partner))
    turn.put(stage=Stage.LINKED, partner=partner, newest=None)
    if change is not None:
        observe(turn, turn.far, change)
    if turn.rules.is_known_pair(turn.seat):
        turn.put(is_unsettled=True)


def _refused(turn: Turn, entry: Entry) -> None:
    if str(turn.seat.partner) == entry.sender and turn.seat.stage is not Stage.LINKED:
        turn.put(stage=Stage.REFUSED)
        wake_claimants(turn, but=entry.sender)  # who was refused for this claim finds us free now
        if turn.is_home and turn.seat.side(turn.own).revision > turn.seat.claimed_on:
            begin_anew(turn)  # edited since: what was refused was found for what it was then


def _forwarded(turn: Turn, entry: Entry) -> None:
    is_partner = turn.seat.stage is Stage.LINKED and str(turn.seat.partner) == entry.sender
    if is_partner and entry.change is not None:
        observe(turn, turn.far, entry.change)


def _released(turn: Turn, entry: Entry) -> None:
    if turn.seat.stage is Stage.POINTER and str(turn.seat.partner) == entry.sender:
        turn.put(stage=Stage.ORPHAN, partner=None)
        wake_claimants(turn)


def _gone(turn: Turn, entry: Entry) -> None:
    """What we claimed is deleted: another one may fit, or one is made.

    Not for a record that is marked as made from that one: it would claim it again, for ever.
    """
    seat = turn.seat
    if seat.stage is not Stage.CLAIMING or str(seat.partner) != entry.sender:
        return
    own, far = seat.side(turn.own), seat.side(turn.far)
    if own.seen is None or own.seen.marker != entry.sender:
        begin_anew(turn)
        return
    words = f"the marker field names {entry.sender}, which was deleted; empty it, or delete this"
    number = CommandNumber(seat.generation, far.sent)
    turn.put(stage=Stage.REFUSED)
    turn.put_side(turn.far, changed(far, refusal=Refusal("", ProblemKind.GONE, words, number)))


def _woken(turn: Turn, _entry: Entry) -> None:
    try_again(turn)


def try_again(turn: Turn, *, is_edited: bool = False) -> None:
    """A refused seat tries once more.

    A home claims again, or looks for what fits the value that a person has just written. Another
    never claims: its record is read, and what it found is looked for anew, for it has been a
    pointer meanwhile and does not know what its record shows.
    """
    seat = turn.seat
    if seat.stage is not Stage.REFUSED or seat.partner is None:
        return
    if turn.is_home and is_edited:
        begin_anew(turn)
    elif turn.is_home:
        claim(turn, seat.partner)
    else:
        ask_to_read(turn, seat.key, answers=f"woken/{seat.said}")


_HEARD: dict[EntryKind, Callable[[Turn, Entry], None]] = {
    EntryKind.CLAIM: answer_claim,
    EntryKind.GRANT: _granted,
    EntryKind.REFUSE: _refused,
    EntryKind.FORWARD: _forwarded,
    EntryKind.ADOPT: _adopt_in,
    EntryKind.WAKE: _woken,
    EntryKind.RELEASE: _released,
    EntryKind.GONE: _gone,
}
