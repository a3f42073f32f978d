"""Fields about which people decide: asked once, answered by name, carried out (``conflict: ask``).

While one field is asked about, the others flow. An answer names its question, and a question is of
two values: an answer to other values is let be, so that a replay decides nothing anew.
"""

import hashlib

import orjson

from anji_common.events.inbox import Entry
from anji_common.events.notices import NoticeKind
from anji_mapper.link.merge import Comparison, Ruling
from anji_mapper.link.renditions import row_key, suspected
from anji_mapper.link.state import Decision, ValuePair
from anji_mapper.link.turn import Turn

__all__ = [
    "ORGANISATION",
    "ask",
    "decided",
    "question_id",
    "question_words",
    "removal_key",
    "ruling_of",
]

ORGANISATION = "organisation"
"""Under which name it is asked what becomes of a counterpart whose record moved elsewhere."""
_REMOVED = "removed"


def question_id(key: str, values: ValuePair) -> str:
    """Return the name of a question: the field, and what stands on both sides."""
    digest = hashlib.sha256(orjson.dumps(values)).hexdigest()[:8]
    return f"{key}@{digest}"


def question_words(key: str, values: ValuePair) -> str:
    """Return what a question is about: a field that both sides changed, or a state of one."""
    crm, erp = values
    if key == ORGANISATION:
        return f"the record is of {crm} now, the one in the ERP was made under {erp}"
    if key.endswith(f"/{_REMOVED}"):
        line = key.removesuffix(f"/{_REMOVED}")
        return f"one side has no more the line {line}: CRM {crm!r}, ERP {erp!r}"
    path = key.partition("~")[0]
    state = path.removeprefix("is:")
    if state == path:
        return f"both sides changed {key}: CRM {crm!r}, ERP {erp!r}"
    here, there = ("CRM", "ERP") if crm is True else ("ERP", "CRM")
    return f"the record in the {here} is {state}, the one in the {there} is not ({path})"


def removal_key(lines: str, crm_id: str) -> str:
    """Return under which name it is asked what becomes of a line that one side has no more."""
    return row_key(lines, crm_id, _REMOVED)


def ruling_of(turn: Turn, key: str, agreed: ValuePair | None, now: ValuePair) -> Ruling | None:
    """Return who wins a field that both sides changed, if it is not simply its owner."""
    decision = turn.seat.decisions.get(key)
    if decision is not None and decision.values == now:
        return Ruling(decision.winner, f"{decision.person} decided so", is_decision=True)
    if agreed is None:
        return None
    suspect = suspected(turn.rules, turn.seat, key, agreed, now)
    if suspect is None:
        return None
    return Ruling(suspect.other, "an edit wins over what was made of our write")


def decided(turn: Turn, entry: Entry) -> None:
    """Take in a person's answer, if its question still stands."""
    for key, values in turn.seat.asked.items():
        if entry.winner is not None and entry.problem == question_id(key, values):
            person = entry.sender.removeprefix("person/")
            decision = Decision(entry.winner, values, person)
            turn.put(decisions={**turn.seat.decisions, key: decision})


def ask(turn: Turn, found: Comparison) -> None:
    """Keep what is to be asked, tell what is asked anew, forget answers that were carried out."""
    before = turn.seat.asked
    if ORGANISATION in before:  # of the link itself: it stands until it is answered
        found.asked[ORGANISATION] = before[ORGANISATION]
    for key, values in found.asked.items():
        if before.get(key) != values:
            turn.notify(
                NoticeKind.CONFLICT_ASKED,
                f"{question_words(key, values)}; a person decides",
                field=key,
                crm=values[0],
                erp=values[1],
                question=question_id(key, values),
            )
    standing = {key: each for key, each in turn.seat.decisions.items() if key in found.contested}
    if found.asked != before or standing != turn.seat.decisions:
        turn.put(asked=found.asked, decisions=standing)
