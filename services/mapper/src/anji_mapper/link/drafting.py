"""A command in the making, and what will be agreed if it succeeds."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson
from pydantic import JsonValue

from anji_common.errors import AwaitedError, MappingError
from anji_common.events.commands import (
    Action,
    Command,
    CommandNumber,
    Finish,
    Operation,
    RowRemoval,
    RowWish,
)
from anji_common.refs import System
from anji_mapper.link.converting import convert, number_of
from anji_mapper.link.merge import Wish
from anji_mapper.link.state import Flight, RowAgreement, SideState, ValuePair, changed
from anji_mapper.link.turn import Turn
from anji_mapper.mapping.model import LinesPair, Pair, References, Row, Seen

__all__ = ["Draft"]


class Draft:
    """A command in the making, and what will be agreed if it succeeds."""

    def __init__(self, turn: Turn, system: System) -> None:
        self._turn = turn
        self.system = system
        self._references: References = turn.context.references
        self.operation: Operation | None = None
        self.values: dict[str, JsonValue] = {}
        self._base: dict[str, JsonValue] = {}
        self.rows: dict[str, list[RowWish]] = {}
        self.removes: dict[str, list[RowRemoval]] = {}
        self._numbers: dict[str, str] = {}
        self._pairs: dict[str, ValuePair] = {}
        self._row_agreements: dict[str, list[RowAgreement]] = {}
        self._removed: dict[str, list[str]] = {}
        self.awaited: set[str] = set()
        self.unmapped: list[str] = []
        self._is_whole = True

    def add_head(self, pair: Pair, source: Seen) -> None:
        """Take a head value for a record to be made."""
        found = self._converted(pair, source, None)
        if found is None:
            return
        values, wished = found
        if wished is None and pair.owner is self.system:
            return  # the target fills it by itself, and what it fills flows back
        self._pairs[pair.name] = values
        if wished is not None:
            self.values[pair.path(self.system)] = wished

    def see(self, base: Mapping[str, JsonValue]) -> None:
        """Take what an operation is decided on."""
        self._base.update(base)

    def agree(self, wish: Wish) -> None:
        """Take what will be agreed, and write no value for it."""
        self._pairs[wish.pair.name] = wish.values

    def expect(self, pair: Pair, source: Seen) -> None:
        """Take it that a record is made in no state: the one that its source is in is news."""
        if source.head.get(pair.path(self.system.other)) is not None:
            self._pairs[pair.name] = (False, False)

    def take(self, wish: Wish, target: Row) -> None:
        """Take a head value for a record that stands."""
        path = wish.pair.path(self.system)
        self.values[path] = wish.value
        self._base[path] = target.get(path)
        self._pairs[wish.pair.name] = wish.values
        self._number(wish.pair, wish.value)

    def add_row(
        self, lines: LinesPair, ids: tuple[str, str], wishes: Sequence[Wish], target: Seen
    ) -> None:
        """Take values of a line that both sides have. `ids`: (CRM line id, ERP line id)."""
        to_erp = self.system is System.K3CLOUD
        source_id, target_id = ids if to_erp else (ids[1], ids[0])
        stands = target.rows[lines.name][target_id]
        paths = [wish.pair.path(self.system) for wish in wishes]
        self.rows.setdefault(lines.path(self.system), []).append(
            RowWish.model_construct(
                source_id=source_id,
                target_id=target_id,
                values=dict(zip(paths, (wish.value for wish in wishes), strict=True)),
                base={path: stands.get(path) for path in paths},
            )
        )
        self._row_agreements.setdefault(lines.name, []).append(
            RowAgreement(ids[0], ids[1], {wish.pair.name: wish.values for wish in wishes})
        )
        for wish in wishes:
            self._number(wish.pair, wish.value)

    def add_new_row(self, lines: LinesPair, line_id: str, row: Row, source: Seen) -> None:
        """Take a line that only the source side has, unless a value of it must be waited for."""
        values: dict[str, JsonValue] = {}
        pairs: dict[str, ValuePair] = {}
        self._is_whole = True
        for pair in lines.pairs:
            found = self._converted(pair, source, row)
            if found is None:
                continue
            pairs[pair.name] = found[0]
            if found[1] is not None:
                values[pair.path(self.system)] = found[1]
        if not self._is_whole:
            return  # a line is sent whole or not yet
        to_erp = self.system is System.K3CLOUD
        if marker := lines.marker(self.system):
            values[marker] = line_id
        self.rows.setdefault(lines.path(self.system), []).append(
            RowWish.model_construct(source_id=line_id, values=values)
        )
        agreement = RowAgreement(
            crm_id=line_id if to_erp else None, erp_id=None if to_erp else line_id, pairs=pairs
        )
        self._row_agreements.setdefault(lines.name, []).append(agreement)

    def add_removal(self, lines: LinesPair, ids: tuple[str, str]) -> None:
        """Take out a line that the other side has no more. `ids`: (CRM line id, ERP line id).

        All that was seen of it is its base; what could not be read is nobody's to compare.
        """
        to_erp, side = self.system is System.K3CLOUD, self._turn.seat.side(self.system)
        source_id, target_id = ids if to_erp else (ids[1], ids[0])
        stands = (side.seen or Seen({})).rows[lines.name][target_id]
        path = lines.path(self.system)
        unread = () if side.stamp is None else side.stamp.unread
        self.removes.setdefault(path, []).append(
            RowRemoval.model_construct(
                source_id=source_id,
                target_id=target_id,
                base={key: each for key, each in stands.items() if f"{path}.{key}" not in unread},
            )
        )
        self._removed.setdefault(lines.name, []).append(ids[0])

    def digest(self) -> str:
        """Return a short name of what is wished: the same wish has the same."""
        wished: dict[str, Any] = {
            "values": self.values,
            "rows": {
                path: [(row.source_id, row.target_id, row.values) for row in rows]
                for path, rows in self.rows.items()
            },
        }
        if self.removes:
            wished["removes"] = {
                path: [each.target_id for each in rows] for path, rows in self.removes.items()
            }
        if self.operation is not None:
            wished["operation"] = [self.operation, self._base]
        return hashlib.sha256(orjson.dumps(wished, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]

    def send(self, action: Action, **content: Any) -> None:  # noqa: ANN401 - fields of Command
        """Issue the command; the side has it in flight."""
        turn, seat = self._turn, self._turn.seat
        side = seat.side(self.system)
        number = CommandNumber(seat.generation, side.sent + 1)
        # Not validated: all of it is ours, and a packet is long.
        command = Command.model_construct(
            seat=seat.key,
            number=number,
            system=self.system,
            object_name=turn.link_type.side(self.system).object_name,
            action=action,
            link_type=seat.link_type,
            mapping_version=turn.link_type.version,
            issued_at=turn.context.now,
            values=self.values,
            base=self._base,
            base_modified_at=None if side.stamp is None else side.stamp.modified_at,
            rows={path: tuple(rows) for path, rows in self.rows.items()},
            removes={path: tuple(rows) for path, rows in self.removes.items()},
            numbers=self._numbers,
            **content,
        )
        flight = Flight(
            number=number,
            action=action,
            digest=self.digest(),
            pairs=self._pairs,
            rows={name: tuple(rows) for name, rows in self._row_agreements.items()},
            removes={name: tuple(ids) for name, ids in self._removed.items()},
            decided_on=seat.side(self.system.other).revision,
            base_at=command.base_modified_at,
            finish=content.get("finish", Finish.SAVED),
        )
        turn.put_side(self.system, _started(side, flight))
        turn.effects.append(command)

    def _converted(
        self, pair: Pair, source: Seen, row: Row | None
    ) -> tuple[ValuePair, JsonValue] | None:
        """Return ((CRM value, ERP value), wished value); `None` if it is not for this side."""
        if self.system not in pair.flows_to:
            return None
        edit = (self.system, pair.name)
        try:
            if row is None and edit in self._turn.edits:
                wished = self._turn.edits[edit]
            else:
                wished = convert(pair, self.system, source, row, self._turn.context)
        except AwaitedError as error:
            self.awaited.add(error.token)
            self._is_whole = False
            return None
        except MappingError as error:
            self.unmapped.append(str(error))
            self._is_whole = False
            return None
        self._number(pair, wished)
        values = source.head if row is None else row
        if self.system is System.K3CLOUD:
            return (values.get(pair.crm), wished), wished
        return (wished, values.get(pair.erp)), wished

    def _number(self, pair: Pair, value: JsonValue) -> None:
        if self.system is System.K3CLOUD and pair.refers_to_erp and value is not None:
            self._numbers[str(value)] = number_of(str(value), self._references)


def _started(side: SideState, flight: Flight) -> SideState:
    """Return the side with a command in flight."""
    left = side.unfinished
    if left is not None and left.is_retried and flight.action is not Action.OPERATE:
        left = replace(left, is_retried=False)
    return changed(side, flight=flight, sent=flight.number.n, refusal=None, unfinished=left)
