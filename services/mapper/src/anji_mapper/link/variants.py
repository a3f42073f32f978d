"""Which variant of its mapping a link is under (one file for several organisations).

A linked record that moves to another variant keeps its counterpart: the ERP moves no record to
another organisation. What is done about that the mapping says (`on_organisation_changed`): people
are told, or a person is asked, or base data is given to the new organisation, too. Never is a
second record made.
"""

from anji_common.events.inbox import Entry
from anji_common.events.notices import NoticeKind
from anji_common.refs import System
from anji_mapper.link.finishing import give_to_organisations
from anji_mapper.link.questions import ORGANISATION, question_id, question_words
from anji_mapper.link.state import Seat, Stage
from anji_mapper.link.turn import Turn
from anji_mapper.mapping.model import LinkType

__all__ = ["answer_organisation", "choose_variant", "tell_reassigned"]


def choose_variant(turn: Turn, link_type: LinkType) -> None:
    """Let the settings of the records' own variant hold."""
    if not link_type.variants:
        return
    found = link_type.variant_of(turn.seat.crm.seen, turn.seat.erp.seen)
    turn.link_type = link_type if found is None else found.link_type


def tell_reassigned(turn: Turn, link_type: LinkType, was: Seat) -> None:
    """A linked record moved to another variant: do what the mapping says, and tell of it.

    Args:
        turn: The step in hand.
        link_type: With all its variants.
        was: The seat before the step.
    """
    if turn.seat.stage is not Stage.LINKED or turn.seat.version == turn.link_type.version:
        return
    names = {each.link_type.version: each.name for each in link_type.variants}
    names[link_type.version] = "no variant"
    before, now = names.get(was.version), names[turn.link_type.version]
    if before is None and _shows_no_less(was, turn.seat):  # it was under another file
        found = link_type.variant_of(was.crm.seen, was.erp.seen)
        before = names[(link_type if found is None else found.link_type).version]
    if before is None or before == now:
        return
    turn.notify(
        NoticeKind.REASSIGNED,
        f"was of {before}, is of {now} now: values follow; what it was made with, such as its "
        "organisation in the ERP, stays until somebody moves it there",
        before=before,
        now=now,
    )
    making = turn.link_type.erp.making
    match making.on_organisation_changed:
        case "allocate" if making.organisations:
            give_to_organisations(turn)
        case "ask":
            _ask(turn, before, now)
        case _:
            pass


def _shows_no_less(was: Seat, seat: Seat) -> bool:
    """Whether a link's records were seen with all that is seen of them now.

    Else the file has changed what is read: which variant they were of before cannot be told.
    """
    pairs = ((was.crm.seen, seat.crm.seen), (was.erp.seen, seat.erp.seen))
    return was.stage is Stage.LINKED and all(
        now is None or (old is not None and now.head.keys() <= old.head.keys())
        for old, now in pairs
    )


def answer_organisation(turn: Turn, entry: Entry) -> bool:
    """Carry out what a person says of a record that moved; say whether that was answered.

    `erp`: its counterpart stays as it was made. `crm`: base data is given to the organisations of
    the record's own variant. A bill stays in its organisation whatever anybody wishes.
    """
    values = turn.seat.asked.get(ORGANISATION)
    if values is None or entry.problem != question_id(ORGANISATION, values):
        return False
    if entry.winner is System.FXIAOKE:
        if not turn.link_type.erp.making.organisations:
            turn.notify(
                NoticeKind.CONFLICT_ASKED, f"{question_words(ORGANISATION, values)}. {_NO}"
            )
            return True
        give_to_organisations(turn)
    rest = {key: each for key, each in turn.seat.asked.items() if key != ORGANISATION}
    turn.put(asked=rest)
    return True


_NO = (
    "The mapping names no organisation to give it to (allocate), and a bill stays where it was "
    "made: say erp to leave it there; or void the record in the CRM and enter it anew"
)


def _ask(turn: Turn, before: str, now: str) -> None:
    """Ask once; it is of the variant that the counterpart was made under, and of the newest."""
    asked = dict(turn.seat.asked)
    _, made = asked.pop(ORGANISATION, (now, before))
    if made != now:
        values = asked[ORGANISATION] = (now, made)
        turn.notify(
            NoticeKind.CONFLICT_ASKED,
            f"{question_words(ORGANISATION, values)}; a person decides",
            field=ORGANISATION,
            crm=now,
            erp=made,
            question=question_id(ORGANISATION, values),
        )
    turn.put(asked=asked)
