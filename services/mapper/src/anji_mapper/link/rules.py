"""The rules of ``protocol.md`` that the reducer is built from, one named function each.

`Rules` is a table: a test that wants to see a rule's accident composes another table with
`dataclasses.replace`. Nothing asks whether it is being tested.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from anji_common.events.commands import Action
from anji_common.events.inbox import Entry
from anji_common.events.observed import Stamp
from anji_common.events.results import Outcome, Result
from anji_common.refs import System
from anji_mapper.link.line_rules import (
    FindRows,
    Rows,
    finds_by_content,
    finds_by_likeness,
    finds_by_marker,
    follows_rows,
)
from anji_mapper.link.state import (
    Flight,
    LineState,
    Returned,
    Seat,
    SideState,
    Stage,
    ValuePair,
)
from anji_mapper.mapping.model import LinesPair, LinkType, Row

__all__ = [
    "RULES",
    "FindRows",
    "Rows",
    "Rules",
    "agrees_as_sent",
    "are_in_order",
    "defers_claims",
    "edit_wins",
    "finds_by_content",
    "finds_by_likeness",
    "finds_by_marker",
    "follows_rows",
    "grants",
    "holds",
    "is_baselined",
    "is_believed",
    "is_busy",
    "is_endless",
    "is_heard",
    "is_home",
    "is_known_pair",
    "is_missed_twice",
    "is_ours",
    "is_past",
    "is_rechecked",
    "is_rewritten_again",
    "is_stale",
    "lets_go",
    "may_be_gone_unread",
    "may_be_half_done",
    "may_be_removed",
    "may_begin",
    "may_move_no_date",
    "took_effect",
    "yields",
]


def is_home(link_type: LinkType, system: System) -> bool:
    """Rule 1: the home is the side that creates; the CRM where both may. Never who came first."""
    return link_type.home is system


def defers_claims(seat: Seat) -> bool:
    """Rule 2: a seat whose own create is in flight answers claims after its result."""
    far = seat.side(seat.key.system.other)
    return seat.stage is Stage.NEW and far.flight is not None


def grants(seat: Seat, entry: Entry) -> bool:
    """Rules 2 and 3: the first claim wins; a record marked for another home is not given away.

    Unless it is an orphan (rule 5): the home that it is marked for is gone. A record that its
    own seat has not read yet is marked as the claimant saw it. One that was refused itself is
    nobody's: free for whom it fits.
    """
    if seat.stage is Stage.POINTER:
        return str(seat.partner) == entry.sender
    if seat.stage is Stage.ORPHAN:
        return True
    if seat.stage not in {Stage.NEW, Stage.REFUSED}:
        return False
    own = seat.side(seat.key.system)
    marker = entry.marker if own.seen is None else own.seen.marker
    return marker is None or marker == entry.sender


def may_begin(seat: Seat, link_type: LinkType) -> bool:
    """Rules 3 and 22: a marked record never begins a create, and a filter gates creation only."""
    own = seat.side(seat.key.system)
    side = link_type.side(seat.key.system)
    return (
        own.seen is not None
        and not own.is_gone
        and own.seen.marker is None
        and seat.key.system in link_type.creates
        and (side.filter is None or side.filter.holds(own.seen.head))
    )


def lets_go(seat: Seat) -> bool:
    """Rule 5: a home whose record is deleted lets go of its partner, after the last result."""
    own = seat.side(seat.key.system)
    is_over = seat.crm.flight is None and seat.erp.flight is None
    return seat.stage is Stage.LINKED and own.is_gone and is_over


def may_be_gone_unread(side: SideState, result: Result) -> bool:
    """Rule 5: a record that refuses a write, and was never read by its source, may be deleted.

    No patrol over what was read would find that out. Any refusal: a vendor's own words for a
    record that is no more are not known.
    """
    is_unread = side.revision < 0 and side.held is None
    return is_unread and result.outcome is Outcome.REJECTED


def is_stale(side: SideState, revision: int) -> bool:
    """Rules 6 and 15: what is not newer than the newest applied or held says nothing new."""
    newest = side.revision if side.held is None else max(side.revision, side.held.revision)
    return revision <= newest


def is_past(side: SideState, stamp: Stamp) -> bool:
    """Rule 8: what was read before our last write's read-back is the past.

    An operation may move no date: until the read that it asked for has come, what has the floor's
    time may be from before.
    """
    floor = side.floor
    if floor is None:
        return False
    return stamp.precedes(floor) or (side.owes_read != "" and not floor.precedes(stamp))


def holds(side: SideState) -> bool:
    """Rule 7: while a command to a side is in flight, that side's newest change is held."""
    return side.flight is not None and side.flight.action != "message"


def is_ours(flight: Flight, stamp: Stamp) -> bool:
    """Rule 8: our own write is a change by our account, *later* than the base's time.

    Not equal: the echo of our previous write has the base's time and a higher counter.
    """
    return stamp.by_anji and (flight.base_at is None or stamp.modified_at > flight.base_at)


def took_effect(flight: Flight, result: Result) -> bool:
    """Rules 8 and 12: an attempt took effect if our own write was seen, whatever stands there now.

    Only where one call writes all of it: of several a part may have been done.
    """
    rows = (*flight.rows.values(), *flight.removes.values())
    is_one_call = flight.action is Action.UPDATE and not any(rows)
    observed = result.observed
    is_seen = flight.ours_seen or (observed is not None and is_ours(flight, observed.stamp))
    return is_one_call and result.calls > 0 and is_seen


def may_be_half_done(flight: Flight, result: Result) -> bool:
    """Rules 8 and 18: of an update in several calls some may have been done, the rest refused.

    The CRM takes each line by a call of its own; the ERP takes a document whole, or not at all.
    """
    rows = [*flight.rows.values(), *flight.removes.values()]
    parts = len(flight.pairs) + sum(len(each) for each in rows)
    is_in_calls = result.system is System.FXIAOKE and flight.action is Action.UPDATE
    return is_in_calls and result.calls > 0 and parts > 1


def is_heard(seat: Seat, entry: Entry) -> bool:
    """Rule 9: an entry that was heard before is dropped."""
    return entry.sequence <= seat.heard.get(entry.sender, -1)


def is_rechecked(seat: Seat) -> bool:
    """Rule 10: a task looks at all its waiting links when it starts.

    The row that releases one may have been seen just before a crash.
    """
    return bool(seat.waits)


def agrees_as_sent(stamp: Stamp | None) -> bool:
    """Rules 8 and 13: what came back is the rendition of what we sent if we wrote it last.

    Else somebody edited it since: what was sent is agreed, and what stands there is an edit.
    """
    return stamp is None or not stamp.by_anji


def is_rewritten_again(before: Returned | None, returned: Returned) -> bool:
    """Rule 13: the same (sent, came back) seen twice is a rendition, whoever wrote it."""
    return before == returned


_MOST_REWRITES = 6
"""Two people who answer each other's every edit within seconds come to two or three."""


def is_endless(times: int) -> bool:
    """Rule 13: so many writes of a value in a row came back with another hand's value.

    Two systems whose workflows add something to every value never send the same twice.
    """
    return times >= _MOST_REWRITES


def yields(before: Returned | None, changed: Returned) -> bool:
    """Rule 13: where the other side holds a newer edit, that proven edit wins.

    `changed` is (what was agreed, what stands there): what another hand made of our write has
    changed nothing that anybody is known to have wished.
    """
    return before is not None and before == changed


def is_busy(side: SideState) -> bool:
    """Rule 14: at most one command in flight per side."""
    return side.flight is not None


def is_known_pair(seat: Seat) -> bool:
    """Rule 16: a pair that our own marker tells was a link before.

    So its fields are settled by what stands, never by the rule of the first load: of two values
    that differ nobody knows any more which one is newer.
    """
    own, far = seat.side(seat.key.system).seen, seat.side(seat.key.system.other).seen
    marks = (
        own is not None and own.marker is not None and own.marker == str(seat.partner),
        far is not None and far.marker == str(seat.key),
    )
    return not seat.agreed and any(marks)


def is_baselined(seat: Seat) -> bool:
    """Rule 16: what stands on both sides of a pair that lost its state is agreed."""
    return seat.is_unsettled


def are_in_order(stamp: Stamp | None) -> bool:
    """Rule 18: after our own save rows stand in the order sent; their ids may be new."""
    return stamp is not None and stamp.by_anji


def may_move_no_date(flight: Flight) -> bool:
    """Rules 8 and 20: what is done to a record as a whole may move no date of it.

    Its source published it as it was before. If people take it back, it is so again, and the
    source would say nothing: so it is told to read what our operation has made of the record. And
    what it had read before has the same dates: it would look like a person's revert.
    """
    return flight.action == "operate"


def may_be_removed(state: LineState) -> bool:
    """Rule 18: only a line that both sides were known to have is gone where one lacks it.

    What one side had alone, when the state was lost or people were told so, stays there.
    """
    return not state.is_lost


def is_missed_twice(missed_at: int, side: SideState) -> bool:
    """Rule 18: a line is gone only if a second read of its side does not show it either.

    An answer may leave rows out, or come from an index that lags. `missed_at` is the revision of
    this side's first change that did not show it, never of the other's; below 0 there is none.
    """
    return 0 <= missed_at < side.revision


def is_believed(left: Rows) -> bool:
    """Rule 18: a side that shows no line at all any more is asked about, not believed.

    So it looks as well where an account may not read lines any more.
    """
    return bool(left)


def edit_wins(lines: LinesPair, system: System, row: Row, agreed: Mapping[str, ValuePair]) -> bool:
    """Rule 18: removed on one side, edited on the other: the edit wins.

    An edit is what would flow to the side that lacks the line. `row` is what `system` still has.
    """
    half = 0 if system is System.FXIAOKE else 1
    return any(
        row[path] != agreed[pair.name][half]
        for pair in lines.pairs
        if system.other in pair.flows_to
        and not pair.only_on_create
        and pair.name in agreed
        and (path := pair.path(system)) in row
    )


@dataclass(frozen=True, slots=True)
class Rules:
    """The reducer's rules."""

    is_home: Callable[[LinkType, System], bool] = is_home
    defers_claims: Callable[[Seat], bool] = defers_claims
    grants: Callable[[Seat, Entry], bool] = grants
    may_begin: Callable[[Seat, LinkType], bool] = may_begin
    lets_go: Callable[[Seat], bool] = lets_go
    may_be_gone_unread: Callable[[SideState, Result], bool] = may_be_gone_unread
    is_stale: Callable[[SideState, int], bool] = is_stale
    is_past: Callable[[SideState, Stamp], bool] = is_past
    holds: Callable[[SideState], bool] = holds
    is_ours: Callable[[Flight, Stamp], bool] = is_ours
    took_effect: Callable[[Flight, Result], bool] = took_effect
    may_be_half_done: Callable[[Flight, Result], bool] = may_be_half_done
    is_heard: Callable[[Seat, Entry], bool] = is_heard
    is_rechecked: Callable[[Seat], bool] = is_rechecked
    agrees_as_sent: Callable[[Stamp | None], bool] = agrees_as_sent
    is_rewritten_again: Callable[[Returned | None, Returned], bool] = is_rewritten_again
    is_endless: Callable[[int], bool] = is_endless
    yields: Callable[[Returned | None, Returned], bool] = yields
    is_busy: Callable[[SideState], bool] = is_busy
    is_known_pair: Callable[[Seat], bool] = is_known_pair
    is_baselined: Callable[[Seat], bool] = is_baselined
    finds_by_marker: FindRows = finds_by_marker
    finds_by_content: FindRows = finds_by_content
    finds_by_likeness: Callable[
        [LinesPair, Mapping[str, LineState], Rows], Iterator[tuple[str, str]]
    ] = finds_by_likeness
    follows_rows: Callable[[str | None, Rows, Rows], dict[str, str]] = follows_rows
    are_in_order: Callable[[Stamp | None], bool] = are_in_order
    may_move_no_date: Callable[[Flight], bool] = may_move_no_date
    may_be_removed: Callable[[LineState], bool] = may_be_removed
    is_missed_twice: Callable[[int, SideState], bool] = is_missed_twice
    is_believed: Callable[[Rows], bool] = is_believed
    edit_wins: Callable[[LinesPair, System, Row, Mapping[str, ValuePair]], bool] = edit_wins


RULES = Rules()
