"""Which rules an installation is built from, and what each of them is good for.

A *control* is an installation without one rule of ``protocol.md``. Seeds that end well with all
rules must end badly without it: else the simulation would not notice if the rule were lost.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from anji_common.events.commands import Action
from anji_common.refs import System
from anji_common.writing.attempts import Delivery
from anji_common.writing.rules import WRITER_RULES, WriterRules
from anji_common.writing.verdicts import Job
from anji_mapper.link.rules import RULES, Rules, may_begin
from anji_mapper.link.state import Seat
from anji_mapper.mapping.model import LinkType

__all__ = ["CONTROLS", "RULE_BOOK", "Control", "RuleBook"]


@dataclass(frozen=True, slots=True)
class RuleBook:
    """The rules that an installation is composed of."""

    reducer: Rules = RULES
    writer: WriterRules = WRITER_RULES


RULE_BOOK = RuleBook()


@dataclass(frozen=True, slots=True)
class Control:
    """An installation without one rule."""

    rule: str
    """Its number in ``protocol.md``."""
    words: str
    """What is done instead."""
    rules: RuleBook


def _without_reducers(**rules: object) -> RuleBook:
    return RuleBook(reducer=replace(RULES, **rules))  # type: ignore[arg-type]  # names and types are Rules' own


def _without_writers(**rules: object) -> RuleBook:
    return RuleBook(writer=replace(WRITER_RULES, **rules))  # type: ignore[arg-type]  # names and types are WriterRules' own


def _begins_though_marked(seat: Seat, link_type: LinkType) -> bool:
    """Rule 3, switched off: the marker is not looked at."""
    own = seat.side(seat.key.system)
    if own.seen is None:
        return False
    blind = replace(own, seen=replace(own.seen, marker=None))
    is_crm = seat.key.system is System.FXIAOKE
    return may_begin(replace(seat, crm=blind) if is_crm else replace(seat, erp=blind), link_type)


def _is_doubted_create(job: Job) -> bool:
    return job.command.action is Action.CREATE and job.attempt.in_doubt


CONTROLS: Mapping[str, Control] = {
    "grant": Control(
        "2",
        "a record is given to whoever claims it, at once",
        _without_reducers(grants=lambda _seat, _entry: True, defers_claims=lambda _seat: False),
    ),
    "marker": Control(
        "3",
        "a record that we made begins a create of its own",
        _without_reducers(may_begin=_begins_though_marked),
    ),
    "look-up": Control(
        "4",
        "a create is sent without a look-up, unless it is in doubt",
        _without_writers(is_looked_up=_is_doubted_create),
    ),
    "stale": Control(
        "6, 15",
        "every change is taken in, however old",
        _without_reducers(is_stale=lambda _side, _revision: False),
    ),
    "hold": Control(
        "7",
        "changes are merged while a command is in flight",
        _without_reducers(holds=lambda _side: False),
    ),
    "floor": Control(
        "8",
        "what was read before our write and published after it is taken for news",
        _without_reducers(is_past=lambda _side, _stamp: False),
    ),
    "read back": Control(
        "8",
        "nothing is read back after a write",
        _without_writers(is_read_back=lambda _job, **_: False),
    ),
    "ours": Control(
        "8",
        "any newer change settles an update in the CRM",
        _without_reducers(is_ours=lambda _flight, _stamp: True),
    ),
    "inbox": Control(
        "9",
        "entries are heard again",
        _without_reducers(is_heard=lambda _seat, _entry: False),
    ),
    "waiting": Control(
        "10",
        "a task that starts does not look at what waits",
        _without_reducers(is_rechecked=lambda _seat: False),
    ),
    "base": Control(
        "11",
        "an update is saved over whatever stands there",
        _without_writers(is_compared=lambda *_, **__: False),
    ),
    "attempts": Control(
        "12",
        "no attempt is noted before its call",
        _without_writers(is_noted=lambda _job: False),
    ),
    "finished": Control(
        "12",
        "a command that was finished is carried out again when it is delivered again",
        _without_writers(delivery=lambda _row, _number: Delivery.RUN),
    ),
    "age": Control(
        "12, A",
        "an old attempt is sent like a young one",
        _without_writers(is_outdated=lambda _age, _settings: False),
    ),
    "quarantine": Control(
        "12, Q",
        "a doubt whose effect is not seen is written again at once",
        _without_writers(is_quarantined=lambda _timer, _now: False),
    ),
    "rendition": Control(
        "13",
        "what came back is never agreed as the target's way to write it",
        _without_reducers(agrees_as_sent=lambda _stamp: True),
    ),
    "one in flight": Control(
        "14",
        "a side gets a second command while one is in flight",
        _without_reducers(is_busy=lambda _side: False),
    ),
}
"""By name, in the order of the protocol."""
