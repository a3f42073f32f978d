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

__all__ = [
    "CONTROLS",
    "RULE_BOOK",
    "SHOWN_BY_SEEDS",
    "SHOWN_BY_THE_REDUCER",
    "Control",
    "RuleBook",
]


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


def _begins_though_filtered(seat: Seat, link_type: LinkType) -> bool:
    """Rule 22, switched off: the filter is not looked at."""
    crm, erp = replace(link_type.crm, filter=None), replace(link_type.erp, filter=None)
    return may_begin(seat, replace(link_type, crm=crm, erp=erp))


CONTROLS: Mapping[str, Control] = {
    "home": Control(
        "1",
        "either side's seat is the home",
        _without_reducers(is_home=lambda _type, _system: True),
    ),
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
    "ending": Control(
        "5",
        "a home whose record is deleted keeps its partner",
        _without_reducers(lets_go=lambda _seat: False),
    ),
    "unread": Control(
        "5",
        "nobody looks for a record that refuses a write and was never read",
        _without_reducers(may_be_gone_unread=lambda _side, _result: False),
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
    "effect": Control(
        "8, 12",
        "an attempt in doubt is judged by the values alone",
        _without_reducers(took_effect=lambda _flight, _result: False),
    ),
    "unmoved": Control(
        "8, 20",
        "an operation that moves no date of the record is not read back by itself",
        _without_reducers(may_move_no_date=lambda _flight: False),
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
    "rewritten": Control(
        "13",
        "what came back twice of what was sent is an edit again, if another hand wrote it",
        _without_reducers(is_rewritten_again=lambda _before, _returned: False),
    ),
    "endless": Control(
        "13",
        "two systems that change each other's values are written for ever",
        _without_reducers(is_endless=lambda _times: False),
    ),
    "yields": Control(
        "13",
        "what another hand made of our write wins over an edit of the other side",
        _without_reducers(yields=lambda _before, _changed: False),
    ),
    "one in flight": Control(
        "14",
        "a side gets a second command while one is in flight",
        _without_reducers(is_busy=lambda _side: False),
    ),
    "pair": Control(
        "16",
        "a pair that our marker tells is settled like one of the first load",
        _without_reducers(is_known_pair=lambda _seat: False),
    ),
    "baseline": Control(
        "16",
        "what stands on both sides after a rebuild is not agreed",
        _without_reducers(is_baselined=lambda _seat: False),
    ),
    "line marker": Control(
        "18",
        "the other side's id that a line keeps is not looked at",
        _without_reducers(finds_by_marker=lambda *_: iter(())),
    ),
    "line content": Control(
        "18",
        "a line is never known again by what it says",
        _without_reducers(finds_by_content=lambda *_: iter(())),
    ),
    "line likeness": Control(
        "18",
        "a row that one save numbers anew and edits is another row, where nothing marks it",
        _without_reducers(finds_by_likeness=lambda *_: iter(())),
    ),
    "line order": Control(
        "18",
        "rows that our save numbered anew are not paired in the order sent",
        _without_reducers(are_in_order=lambda _stamp: False),
    ),
    "line number": Control(
        "18",
        "a row that gets another id while its line is made is a new row",
        _without_reducers(follows_rows=lambda *_: {}),
    ),
    "line half made": Control(
        "8, 18",
        "what a refused command had done before is taken for people's, or is not known",
        _without_reducers(may_be_half_done=lambda _flight, _result: False),
    ),
    "line removal": Control(
        "18",
        "any line that one side has no more may be removed from the other",
        _without_reducers(may_be_removed=lambda _state: True),
    ),
    "line missed": Control(
        "18",
        "a line that one read does not show is gone",
        _without_reducers(is_missed_twice=lambda _missed_at, _side: True),
    ),
    "line absence": Control(
        "18",
        "a document without any line is believed",
        _without_reducers(is_believed=lambda _left: True),
    ),
    "line edit": Control(
        "18",
        "a line that was edited on the other side is removed all the same",
        _without_reducers(edit_wins=lambda *_: False),
    ),
    "message": Control(
        "21",
        "a message in doubt is sent again",
        _without_writers(is_sent_once=lambda _job: False),
    ),
    "filter": Control(
        "22",
        "records that the filter leaves out begin as well",
        _without_reducers(may_begin=_begins_though_filtered),
    ),
}
"""By name, in the order of the protocol."""

SHOWN_BY_SEEDS = frozenset({"home", "grant", "look-up", "stale", "hold", "finished", "quarantine"})
"""Controls that break some of the first seeds; most others have a directed history."""
SHOWN_BY_THE_REDUCER = frozenset(
    {
        *("inbox", "endless", "yields", "one in flight", "pair", "baseline"),
        *("line marker", "line content", "line order", "line number"),
        "line likeness",
        *("line removal", "line missed", "line absence"),
    }
)
"""Controls whose accident no history here meets: the reducer alone shows what they prevent, in
``tests/unit/mapper/test_rules.py``."""
