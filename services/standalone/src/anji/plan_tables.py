"""A plan's counts as tables for people."""

from collections import Counter
from collections.abc import Iterator

from rich.table import Table

from anji.tables import make_table
from anji_mapper.tallying import FieldChange, PlanTally

__all__ = ["plan_tables"]

_SHOWN = 20


def plan_tables(tally: PlanTally) -> Iterator[Table]:
    """Yield what a plan found: counts, fields, and what stands in its way."""
    yield _counts(tally)
    if tally.commands:
        table = make_table("commands", "type", "to", "what")
        for (name, system, action), count in sorted(tally.commands.items()):
            table.add_row(str(count), name, str(system), action)
        yield table
    if tally.fields:
        yield _fields(tally)
    for words, counter in (
        ("links with values that have no counterpart", tally.unmapped),
        ("links that a vendor refuses", tally.refused),
        ("links that wait", tally.waiting),
        ("fields that people are asked about", tally.asked),
        ("links that do not move now, nor by this plan (anji problems list)", tally.standing),
        ("records read before this field was mapped: take a snapshot", tally.unknown),
    ):
        if counter:
            yield _reasons(words, counter)


def _counts(tally: PlanTally) -> Table:
    table = make_table("", "count")
    for words, count in (
        ("changes read", tally.events),
        ("records", tally.records),
        ("links looked at", tally.looked_at),
        ("links that change", tally.changed),
        ("commands", tally.writes),
        ("left out: a command is in flight", tally.in_flight),
        ("records that nobody can read", tally.undecodable),
    ):
        table.add_row(words, str(count))
    for name, count in tally.gone_types.items():
        table.add_row(f"links of {name}, which the new mapping does not have", str(count))
    for topic in tally.unread_objects:
        table.add_row(f"{topic} is new: nothing is retained, its source must read first", "")
    return table


def _fields(tally: PlanTally) -> Table:
    table = make_table("values", "type", "to", "field", "such as")
    for key, count in sorted(tally.fields.items(), key=lambda each: (-each[1], each[0])):
        name, system, path = key
        such_as = "\n".join(_diff(sample) for sample in tally.samples[key])
        table.add_row(str(count), name, str(system), path, such_as)
    return table


def _diff(sample: FieldChange) -> str:
    return f"{sample.key}: {sample.before!r} → {sample.after!r}"


def _reasons(words: str, counter: Counter[tuple[str, str]]) -> Table:
    table = make_table(words, "type", "why")
    for (name, why), count in counter.most_common(_SHOWN):
        table.add_row(str(count), name, why)
    if len(counter) > _SHOWN:
        table.add_row("", "", f"and {len(counter) - _SHOWN} more")
    return table
