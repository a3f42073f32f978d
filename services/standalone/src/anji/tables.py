"""Tables for people: links, problems, topics, lag. Values in, rich tables out."""

from collections.abc import Iterable, Mapping, Sequence

from rich.table import Table

from anji.looking import Cause
from anji.revealing import Shown
from anji_common.broker.port import Lag
from anji_common.refs import System
from anji_common.topics import Topic
from anji_mapper.link.discreet import HIDDEN
from anji_mapper.link.state import Seat, SideState
from anji_mapper.replay import TypeReport

__all__ = [
    "lag_table",
    "link_table",
    "links_table",
    "make_table",
    "problems_table",
    "rebuild_table",
    "revealed_table",
    "topics_table",
]

_SHOWN_KEYS = 3
_DAY_SECONDS = 86_400


def links_table(seats: Iterable[Seat]) -> Table:
    """Return one row a link."""
    table = make_table("type", "CRM record", "ERP record", "stage", "problem")
    for seat in seats:
        waits = f"waits for {', '.join(seat.waits[:_SHOWN_KEYS])}" if seat.waits else ""
        problem = waits if seat.problem is None else f"{seat.problem.kind}: {seat.problem.words}"
        table.add_row(
            seat.link_type, _record(seat.crm), _record(seat.erp), str(seat.stage), problem
        )
    return table


def link_table(seat: Seat) -> Table:
    """Return all that one link knows: a row a fact, then a row an agreed pair."""
    table = make_table("", "CRM", "ERP")
    for words, crm, erp in (
        ("record", _record(seat.crm), _record(seat.erp)),
        ("last change", _modified(seat.crm), _modified(seat.erp)),
        ("command in flight", _flight(seat.crm), _flight(seat.erp)),
        ("last refusal", _refusal(seat.crm), _refusal(seat.erp)),
    ):
        table.add_row(words, crm, erp)
    for name, (crm_value, erp_value) in sorted(seat.agreed.items()):
        table.add_row(f"agreed {name}", _text(crm_value), _text(erp_value))
    for lines, pairs in seat.lines.items():
        for crm_id, line in pairs.items():
            table.add_row(f"line {lines}", crm_id, line.erp_id)
    table.title = f"{seat.link_type} {seat.key}: {seat.stage}"
    problem = "none" if seat.problem is None else f"{seat.problem.kind}: {seat.problem.words}"
    waits = f"\nwaits for: {', '.join(seat.waits)}" if seat.waits else ""
    hidden = ""
    if HIDDEN in problem or any(HIDDEN in pair for pair in seat.agreed.values()):
        hidden = f"\n{HIDDEN}: anji problems show {seat.key} --reveal"
    table.caption = f"problem: {problem}{waits}{hidden}"
    return table


def revealed_table(found: Sequence[Shown]) -> Table:
    """Return one row a value of a personal field: where it stood, since when, by whom."""
    table = make_table("personal field", "side", "value", "since", "changed by")
    for each in found:
        side = "CRM" if each.system is System.FXIAOKE else "ERP"
        since = each.since.isoformat(timespec="seconds")
        table.add_row(each.field, side, _text(each.value), since, each.by)
    return table


def rebuild_table(reports: Sequence[TypeReport]) -> Table:
    """Return one row a link type: how its pairs were told, and what is doubtful or alone."""
    ways = ("row", "marker", "natural key")
    table = make_table(
        "type",
        *(f"by {way}" for way in ways),
        "differing",
        "one side gone",
        "not seen yet",
        "doubtful",
        "unmatched",
    )
    for report in reports:
        alone = ", ".join(f"{count} {name}" for name, count in report.unmatched.items() if count)
        table.add_row(
            report.name,
            *(str(report.found.by[way]) for way in ways),
            str(report.unsettled),
            str(report.ended),
            str(report.unseen),
            str(len(report.found.doubts)),
            alone or "0",
        )
    return table


def problems_table(causes: Sequence[Cause]) -> Table:
    """Return one row a cause, with the first few links that it stops."""
    table = make_table("links", "type", "kind", "words", "such as")
    for cause in causes:
        keys = [str(seat.key) for seat in cause.seats[:_SHOWN_KEYS]]
        more = len(cause.seats) - len(keys)
        such_as = "\n".join([*keys, *([f"and {more} more"] if more else [])])
        table.add_row(str(len(cause.seats)), cause.link_type, cause.kind, cause.words, such_as)
    return table


def topics_table(topics: Sequence[Topic], sizes: Mapping[str, int | None], prefix: str) -> Table:
    """Return one row a topic; a size of `None` means that it does not exist."""
    table = make_table("topic", "kept", "records")
    for topic in topics:
        size = sizes.get(topic.name)
        table.add_row(
            prefix + topic.name, _kept(topic), "not created" if size is None else str(size)
        )
    return table


def lag_table(lags: Mapping[str, Sequence[Lag]]) -> Table:
    """Return one row a group and topic."""
    table = make_table("group", "topic", "records behind", "seconds behind")
    for group, found in lags.items():
        for topic in sorted({lag.topic for lag in found}):
            of_topic = [lag for lag in found if lag.topic == topic]
            records = sum(lag.records for lag in of_topic)
            seconds = max(lag.seconds for lag in of_topic)
            table.add_row(group, topic, str(records), f"{seconds:.1f}")
    return table


def make_table(*columns: str) -> Table:
    """Return an empty table in the one form that all have."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _record(side: SideState) -> str:
    if side.ref is None:
        return "-"
    number = None if side.seen is None else side.seen.number
    return f"{side.ref}" if number is None else f"{side.ref}\n{number}"


def _modified(side: SideState) -> str:
    return "-" if side.stamp is None else side.stamp.modified_at.isoformat(timespec="seconds")


def _flight(side: SideState) -> str:
    if side.flight is None:
        return "-"
    state = "not answered" if side.flight.answered_at is None else "answered, not read yet"
    return f"{side.flight.action} {side.flight.number}, {state}"


def _refusal(side: SideState) -> str:
    return "-" if side.refusal is None else side.refusal.words


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _kept(topic: Topic) -> str:
    if topic.is_compacted:
        return "newest of each key"
    return f"{(topic.retention_seconds or 0) // _DAY_SECONDS} days"
