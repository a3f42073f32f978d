"""Applying a plan to one link: the state that was planned on becomes the one that was planned.

It is a comparison and an exchange: what a plan says holds for just one state of a link. Whatever
has happened to the link since gives it another, and then nothing of the plan is done. So a command
of a plan has a number that no other command has or gets, and a plan that is applied twice does
nothing the second time (rule 9: the entry was heard).
"""

import hashlib

import orjson

from anji_common.events.inbox import Entry
from anji_common.events.notices import NoticeKind
from anji_mapper.link.codec import decode_seat, encode_seat
from anji_mapper.link.state import Seat, changed
from anji_mapper.link.turn import Turn

__all__ = ["apply_planned", "refused_by", "state_name"]


def refused_by(sender: str) -> str:
    """Return under what a seat remembers that it did nothing of what the plan `sender` says."""
    return f"{sender}/refused"


def state_name(seat: Seat) -> str:
    """Return a short name of a link's state: the same state has the same, "" for a new seat.

    What was heard and which mapping looked at it last are not part of it: they decide nothing.
    """
    compared = changed(seat, version="", heard={})
    if changed(compared, generation=0) == Seat(
        key=seat.key, link_type=seat.link_type, generation=0
    ):
        return ""
    return hashlib.sha256(encode_seat(compared)).hexdigest()[:16]


def apply_planned(turn: Turn, entry: Entry) -> None:
    """Do what a plan says about this link, whole or not at all.

    Raises:
        UndecodableError: the entry holds no state.
    """
    seat = turn.seat
    heard = {**seat.heard, entry.sender: entry.sequence}
    turn.put(heard=heard)
    running = turn.context.mappings.named(seat.link_type)
    if running is None or entry.mapping_version != running.version:
        _refuse(turn, entry, "the plan was made with another mapping than the one that runs")
    elif state_name(seat) != entry.before:
        _refuse(turn, entry, "the link has moved since the plan was made; plan again")
    else:
        after = decode_seat(orjson.dumps(entry.after))
        turn.seat = changed(after, heard=heard)
        turn.effects.extend(entry.sends)


def _refuse(turn: Turn, entry: Entry, words: str) -> None:
    turn.put(heard={**turn.seat.heard, refused_by(entry.sender): entry.sequence})
    turn.notify(NoticeKind.PLAN_REFUSED, words, plan=entry.sender, place=entry.sequence)
