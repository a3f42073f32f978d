"""From what a record is pushed: the ERP's counterpart of the record that it names, and its lines.

What is not linked yet is waited for; a record that names nothing is a problem, for a push of
something else cannot be taken back.
"""

from dataclasses import dataclass, field

from pydantic import JsonValue

from anji_common.errors import AwaitedError, UndecodableError
from anji_common.events.commands import Push
from anji_common.events.crosswalk import CrosswalkRow, RowState
from anji_common.refs import Ref
from anji_mapper.link.converting import number_of
from anji_mapper.mapping.making import PushRule
from anji_mapper.mapping.model import References, Seen

__all__ = ["Pushed", "pushed"]


@dataclass(slots=True)
class Pushed:
    """What a record is to be pushed from, or why that cannot be told."""

    push: Push | None = None
    awaited: set[str] = field(default_factory=set)
    """Tokens of what must be linked first."""
    unmapped: list[str] = field(default_factory=list)
    """What the record does not say."""


def pushed(rule: PushRule, source: Seen, references: References) -> Pushed:
    """Return from what the CRM record `source` is pushed; without a push it says why."""
    found = Pushed()
    crm_ref = source.head.get(rule.record)
    if crm_ref is None:
        found.unmapped.append(f"{rule.record} is empty: nothing says what is to be pushed")
        return found
    if not _is_ref(crm_ref):
        found.unmapped.append(f"{rule.record} says {crm_ref!r:.60}, which names no record")
        return found
    row = references.row(str(crm_ref))
    if row is None or row.counterpart is None or row.state is not RowState.LINKED:
        found.awaited.add(f"ref:{crm_ref}")
        return found
    try:
        number = number_of(str(row.counterpart), references)
    except AwaitedError as error:
        found.awaited.add(error.token)
        return found
    entries = _entries(found, rule, row, source)
    found.push = Push(
        source=row.counterpart, source_number=number, rule_id=rule.rule_id, entries=entries
    )
    return found


def _is_ref(value: JsonValue) -> bool:
    """Whether a value names a record: a mapping may read a text by mistake."""
    try:
        Ref.parse(str(value))
    except UndecodableError:
        return False
    return True


def _entries(found: Pushed, rule: PushRule, row: CrosswalkRow, source: Seen) -> tuple[str, ...]:
    """Return the entry ids of the lines to be pushed; none where all of them are."""
    if rule.line is None:
        return ()
    name, path = rule.line
    entries: list[str] = []
    for line_id, line in source.rows.get(name, {}).items():
        named = line.get(path)
        if named is None:
            found.unmapped.append(f"{path} of line {line_id} is empty: which line is pushed?")
            continue
        if not _is_ref(named):
            found.unmapped.append(f"{path} of line {line_id} says {named!r:.60}: no record's name")
            continue
        entry = row.lines.get(Ref.parse(str(named)).record_id)
        if entry is None:
            found.awaited.add(f"ref:{row.ref}")
        else:
            entries.append(entry)
    if not (entries or found.awaited or found.unmapped):
        found.unmapped.append("it has no lines: nothing says which lines are to be pushed")
    return tuple(dict.fromkeys(entries))
