"""What a plan would do, counted: by command, by field, by what stands in its way. Bounded."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from pydantic import JsonValue

from anji_common.events.changes import Change
from anji_common.events.commands import Action, Command
from anji_common.refs import SYSTEMS, System
from anji_mapper.link.effects import Effect
from anji_mapper.link.state import ProblemKind, Seat
from anji_mapper.mapping.model import LinkType

__all__ = ["FieldChange", "PlanTally"]

_SAMPLES = 3
_DISTINCT = 500
"""Reasons kept apart; words beyond are counted together."""
_OTHERS = "(other words)"
_AUDITED = frozenset({"B", "C"})


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of one record, as it is and as it would be."""

    key: str
    before: JsonValue
    after: JsonValue


@dataclass
class PlanTally:
    """Counts of one plan. Filled while it is made."""

    events: int = 0
    """Retained changes that were read."""
    records: int = 0
    looked_at: int = 0
    """Links of which a change is retained."""
    changed: int = 0
    in_flight: int = 0
    """Left out: what becomes of their command is not known."""
    undecodable: int = 0
    unread_objects: list[str] = field(default_factory=list)
    """Topics that the new mapping needs and nobody has published yet."""
    commands: Counter[tuple[str, System, str]] = field(default_factory=Counter)
    fields: Counter[tuple[str, System, str]] = field(default_factory=Counter)
    """(link type, target, path) → how many values are written."""
    samples: dict[tuple[str, System, str], list[FieldChange]] = field(
        default_factory=lambda: defaultdict(list)
    )
    unmapped: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(link type, words) → links with values that have no counterpart."""
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)
    """The same of what a vendor has refused, or is known to refuse."""
    waiting: Counter[tuple[str, str]] = field(default_factory=Counter)
    asked: Counter[tuple[str, str]] = field(default_factory=Counter)
    unknown: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(link type, path) → records that were read before the path was mapped."""
    standing: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(link type, words) of what keeps a link from moving already, and goes on to: it is none of
    the plan's doing, so it is counted here and not above."""
    gone_types: Counter[str] = field(default_factory=Counter)

    @property
    def writes(self) -> int:
        """How many commands the plan sends."""
        return sum(self.commands.values())

    def unknown_type(self, seat: Seat) -> None:
        """Count a link whose type the new mapping does not have."""
        self.gone_types[seat.link_type] += 1

    def add(
        self,
        before: Seat,
        after: Seat,
        link_type: LinkType,
        effects: Iterable[Effect],
        changes: Iterable[Change],
    ) -> None:
        """Count what becomes of one link."""
        name = after.link_type
        for effect in effects:
            if isinstance(effect, Command):
                self._command(before, effect, link_type)
        problem = after.problem
        stands = before.problem is not None and problem == before.problem
        if problem is not None and stands:
            _count(self.standing, name, problem.words)
        elif problem is not None and problem.kind is ProblemKind.UNMAPPED:
            _count(self.unmapped, name, problem.words)
        elif problem is not None and problem.kind in {ProblemKind.REFUSED, ProblemKind.IN_DOUBT}:
            _count(self.refused, name, problem.words)
        for key in after.asked:
            if not stands:
                _count(self.asked, name, key.rpartition("/")[2])
        if after.waits and not stands:
            _count(self.waiting, name, after.waits[0])
        for change in changes:
            self._unknown(name, change, link_type)

    def _command(self, before: Seat, command: Command, link_type: LinkType) -> None:
        name, system = command.link_type, command.system
        what = "look for" if command.only_matches else str(command.action)
        self.commands[name, system, what] += 1
        side = before.side(system)
        if (
            command.action is Action.UPDATE
            and link_type.side(system).interest.is_bill
            and side.stamp is not None
            and side.stamp.status in _AUDITED
            and not command.reopens
        ):
            _count(self.refused, name, "the ERP refuses to change a bill in approval or audited")
        if command.action is not Action.UPDATE:
            return
        for path, value in command.values.items():
            change = FieldChange(str(command.seat), command.base.get(path), value)
            self._field((name, system, path), change)
        for lines, rows in command.rows.items():
            for row in rows:
                base = row.base or {}
                for path, value in row.values.items():
                    change = FieldChange(str(command.seat), base.get(path), value)
                    self._field((name, system, f"{lines}.{path}"), change)
        for lines, removals in command.removes.items():
            for removal in removals:
                change = FieldChange(str(command.seat), removal.base, None)
                self._field((name, system, f"{lines}, a line removed"), change)

    def _field(self, key: tuple[str, System, str], change: FieldChange) -> None:
        self.fields[key] += 1
        samples = self.samples[key]
        if len(samples) < _SAMPLES:
            samples.append(change)

    def _unknown(self, name: str, change: Change, link_type: LinkType) -> None:
        if change.data is None or change.ref.system not in SYSTEMS:
            return
        for path in link_type.side(change.ref.system).head_fields:
            if path not in change.data:
                _count(self.unknown, name, f"{change.ref.system} {path}")


def _count(counter: Counter[tuple[str, str]], name: str, words: str) -> None:
    key = (name, words)
    counter[key if key in counter or len(counter) < _DISTINCT else (name, _OTHERS)] += 1
