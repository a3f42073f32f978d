"""One step's work in hand: the seat as it becomes, and the effects so far.

Lives only inside `Reducer.step`; what leaves it is the frozen seat and a tuple of effects.
"""

from dataclasses import dataclass, field
from typing import Any

from pydantic import JsonValue

from anji_common.events.inbox import Entry, EntryKind
from anji_common.events.notices import Notice, NoticeKind
from anji_common.refs import Ref, System
from anji_mapper.link.context import Context
from anji_mapper.link.discreet import HIDDEN, discreet
from anji_mapper.link.effects import Effect
from anji_mapper.link.rules import Rules
from anji_mapper.link.state import Seat, SideState, changed
from anji_mapper.mapping.model import LinkType

__all__ = ["Turn"]


@dataclass(slots=True)
class Turn:
    """The seat in hand."""

    seat: Seat
    link_type: LinkType
    context: Context
    rules: Rules
    effects: list[Effect] = field(default_factory=list)
    edits: dict[tuple[System, str], JsonValue] = field(default_factory=dict)
    """(target, `Pair.name`) → the value that a person wants there in this very step."""

    @property
    def own(self) -> System:
        """The system of the seat's own record."""
        return self.seat.key.system

    @property
    def far(self) -> System:
        """The other system."""
        return self.seat.key.system.other

    @property
    def is_home(self) -> bool:
        """Whether the seat is on the side where links of this type live."""
        return self.rules.is_home(self.link_type, self.own)

    def put(self, **changes: Any) -> None:  # noqa: ANN401 - fields of Seat, checked by `changed`
        """Change fields of the seat."""
        held = self.seat.__dict__
        for name, value in changes.items():
            if held.get(name, changes) is not value:
                self.seat = changed(self.seat, **changes)
                return

    def put_side(self, system: System, side: SideState) -> None:
        """Change one side of the seat."""
        seat = self.seat
        if system is System.FXIAOKE:
            self.seat = seat if side is seat.crm else changed(seat, crm=side)
        else:
            self.seat = seat if side is seat.erp else changed(seat, erp=side)

    def tell(self, to: Ref, kind: EntryKind, **content: Any) -> None:  # noqa: ANN401 - fields of Entry
        """Tell another seat something, under the next sequence."""
        sequence = self.seat.said + 1
        self.put(said=sequence)
        self.effects.append(
            Entry.model_construct(
                to=to,
                sender=str(self.seat.key),
                sequence=sequence,
                kind=kind,
                at=self.context.now,
                link_type=self.link_type.name,
                **content,
            )
        )

    def notify(self, kind: NoticeKind, words: str, **details: Any) -> None:  # noqa: ANN401 - JSON
        """Let people know; what is personal is left out, and where it can be seen is said."""
        words, details = discreet(self.seat, self.link_type, words, details)
        if HIDDEN in words or HIDDEN in details.values():
            words = f"{words}; the values: anji problems show {self.seat.key} --reveal"
        self.effects.append(
            Notice.model_construct(
                link=self.seat.key,
                link_type=self.link_type.name,
                kind=kind,
                at=self.context.now,
                words=words,
                details=details,
            )
        )

    def is_out_of_use(self, system: System) -> bool:
        """Whether a side's record was seen in a state (void, say) in which it takes no values."""
        seen = self.seat.side(system).seen
        return seen is not None and any(
            system in each.resting and seen.head.get(each.path) is True
            for each in self.link_type.states
        )
