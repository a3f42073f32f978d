"""A bench for links with lines: two vendors that hold whole documents of any mapped object.

As `labs.link_lab`, for any link types: records are in normal form, heads with lists of rows, as
both connectors publish them. How a vendor answers can be chosen: whether it tells the ids of new
lines, reads back, or gives its rows new ids with every save.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue

from anji_common.events.changes import Change, revision_of
from anji_common.events.commands import Action, Command, RowWish
from anji_common.events.observed import Observed, Stamp
from anji_common.events.results import Outcome, Result
from anji_common.interest import Interest
from anji_common.refs import Ref, System
from anji_mapper.link.context import Context
from anji_mapper.link.rules import RULES, Rules
from anji_mapper.link.state import Seat
from anji_mapper.mapping.model import LinkType, Mappings
from labs.link_lab import CRM, ERP, LinkLab

__all__ = ["DocumentLab", "DocumentVendor", "Row"]

Row = dict[str, JsonValue]


@dataclass
class DocumentVendor:
    """A vendor with documents of every object of an interest."""

    interest: Interest
    documents: dict[Ref, dict[str, JsonValue]] = field(default_factory=dict)
    stamps: dict[Ref, Stamp] = field(default_factory=dict)
    messages: list[tuple[tuple[str, ...], str]] = field(default_factory=list)
    creates: int = 0
    writes: int = 0
    refuses: str = ""
    doubts: str = ""
    tells_lines: bool = True
    renumbers: bool = False
    """Gives rows new ids with every save, as the ERP may."""
    reads_back: bool = True
    next_id: int = 100

    def lines(self, ref: Ref, path: str) -> list[Row]:
        """Return the rows of a document."""
        found = self.documents[ref].setdefault(path, [])
        assert isinstance(found, list)
        return found  # type: ignore[return-value]  # rows are all that is ever put there

    def new_id(self) -> str:
        self.next_id += 1
        return str(self.next_id)

    def make(self, object_name: str, head: Mapping[str, JsonValue]) -> Ref:
        interest = self.interest.of(object_name)
        ref = Ref(self.interest.system, object_name, self.new_id())
        paths = {*(each.path for each in interest.fields), interest.number_field}
        document: dict[str, JsonValue] = dict.fromkeys(sorted(paths))
        document |= {lines.path: [] for lines in interest.lines}
        self.documents[ref] = document | dict(head)
        if document.get(interest.number_field) is None:
            self.documents[ref].setdefault(interest.number_field, None)
        if self.documents[ref][interest.number_field] is None:
            self.documents[ref][interest.number_field] = f"{object_name}-{ref.record_id}"
        return ref

    def add_row(self, ref: Ref, path: str, values: Mapping[str, JsonValue]) -> str:
        lines = next(each for each in self.interest.of(ref.object_name).lines if each.path == path)
        row_id = self.new_id()
        blank: Row = dict.fromkeys(each.path for each in lines.fields)
        self.lines(ref, path).append({**blank, **values, lines.id_field: row_id})
        return row_id

    def row(self, ref: Ref, path: str, row_id: str) -> Row:
        found = self.find_row(ref, path, row_id)
        assert found is not None
        return found

    def find_row(self, ref: Ref, path: str, row_id: str) -> Row | None:
        id_field = self.id_field(ref, path)
        rows = (row for row in self.lines(ref, path) if row[id_field] == row_id)
        return next(rows, None)

    def drop_row(self, ref: Ref, path: str, row_id: str) -> None:
        """Remove a row, if it is there."""
        found = self.find_row(ref, path, row_id)
        if found is not None:
            self.lines(ref, path).remove(found)

    def id_field(self, ref: Ref, path: str) -> str:
        found = self.interest.of(ref.object_name).lines
        return next(each.id_field for each in found if each.path == path)

    def renumber(self, ref: Ref) -> None:
        for lines in self.interest.of(ref.object_name).lines:
            for row in self.lines(ref, lines.path):
                row[lines.id_field] = self.new_id()

    def observed(self, ref: Ref) -> Observed:
        document = {
            path: [dict(row) for row in value] if isinstance(value, list) else value  # type: ignore[arg-type]  # rows
            for path, value in self.documents[ref].items()
        }
        return Observed(ref=ref, stamp=self.stamps[ref], data=document)


class DocumentLab(LinkLab):
    """Everything around the reducer, for documents."""

    def __init__(self, *types: LinkType, rules: Rules = RULES) -> None:
        super().__init__(types[0], rules=rules)
        self.mappings = Mappings(types)
        self.crm = DocumentVendor(self.mappings.interest(CRM))
        self.erp = DocumentVendor(self.mappings.interest(ERP))

    def vendor(self, system: System) -> DocumentVendor:
        return self.crm if system is CRM else self.erp

    def deliver_all(self) -> None:
        """Deliver whatever is on its way to the reducer, and what comes of it."""
        while self.queues:
            self.deliver(next(iter(self.queues)))

    # --- people ------------------------------------------------------------------------------

    def touched(self, ref: Ref, *, by_anji: bool = False) -> None:
        self.vendor(ref.system).stamps[ref] = Stamp(modified_at=self.tick(), by_anji=by_anji)

    def make(
        self,
        system: System,
        object_name: str,
        head: Mapping[str, JsonValue],
        **lines: Sequence[Mapping[str, JsonValue]],
    ) -> Ref:
        """Make a document, with its rows by lines path."""
        vendor = self.vendor(system)
        ref = vendor.make(object_name, head)
        for path, rows in lines.items():
            for row in rows:
                vendor.add_row(ref, path, row)
        self.touched(ref)
        return ref

    def change(self, ref: Ref, head: Mapping[str, JsonValue]) -> None:
        """Edit a head."""
        self.vendor(ref.system).documents[ref].update(head)
        self.touched(ref)

    def change_row(
        self, ref: Ref, path: str, row_id: str, values: Mapping[str, JsonValue]
    ) -> None:
        """Edit a row."""
        self.vendor(ref.system).row(ref, path, row_id).update(values)
        self.touched(ref)

    def add_row(self, ref: Ref, path: str, values: Mapping[str, JsonValue]) -> str:
        """Add a row; return its id."""
        row_id = self.vendor(ref.system).add_row(ref, path, values)
        self.touched(ref)
        return row_id

    def remove_row(self, ref: Ref, path: str, row_id: str) -> None:
        """Remove a row."""
        self.vendor(ref.system).drop_row(ref, path, row_id)
        self.touched(ref)

    def delete(self, ref: Ref) -> Change:
        """Delete a document; return the tombstone, which is published."""
        vendor = self.vendor(ref.system)
        del vendor.documents[ref]
        del vendor.stamps[ref]
        at = self.tick()
        revision = max(revision_of(at, 0), self.published.get(str(ref), -1) + 1)
        gone = Change(ref=ref, revision=revision, stamp=Stamp(modified_at=at), data=None)
        self.publish(gone)
        return gone

    # --- sources -----------------------------------------------------------------------------

    def take_ref(self, ref: Ref) -> Change:
        """A source reads; the change is not published yet."""
        observed = self.vendor(ref.system).observed(ref)
        last = self.published.get(str(ref), -1)
        revision = max(revision_of(observed.stamp.modified_at, 0), last + 1)
        return Change(ref=ref, revision=revision, stamp=observed.stamp, data=observed.data)

    def read_ref(self, ref: Ref, *, answers: str | None = None) -> None:
        """A source reads and publishes."""
        self.publish(self.take_ref(ref).model_copy(update={"answers": answers}))

    def exists(self, ref: Ref) -> bool:
        return ref in self.vendor(ref.system).documents

    def read_what_is_new(self) -> bool:
        for vendor in (self.crm, self.erp):
            for ref, stamp in vendor.stamps.items():
                if revision_of(stamp.modified_at, 0) > self.published.get(str(ref), -1):
                    self.read_ref(ref)
                    return True
        return False

    # --- writers -----------------------------------------------------------------------------

    def executed(self, command: Command) -> Result:
        vendor = self.vendor(command.system)
        common: dict[str, object] = {
            "seat": command.seat,
            "number": command.number,
            "system": command.system,
            "answered_at": self.tick(),
        }
        if vendor.refuses or vendor.doubts:
            outcome = Outcome.REJECTED if vendor.refuses else Outcome.IN_DOUBT
            common |= {"outcome": outcome, "words": vendor.refuses or vendor.doubts}
        elif command.action is Action.MESSAGE:
            vendor.messages.append((command.to, command.text))
            common |= {"outcome": Outcome.SENT, "ref": command.target}
        elif command.action is Action.CREATE:
            common |= self._made(command, vendor)
        else:
            common |= self._updated(command, vendor)
        return Result.model_validate(common)

    def _made(self, command: Command, vendor: DocumentVendor) -> dict[str, object]:
        for look_up in command.look_ups:
            for ref, document in vendor.documents.items():
                matches = (
                    document.get(path) == value for path, value in look_up.conditions.items()
                )
                if ref.object_name == command.object_name and all(matches):
                    ours = look_up.by != "natural key"
                    outcome = Outcome.CREATED if ours else Outcome.MATCHED
                    return {"outcome": outcome, "ref": ref, "observed": vendor.observed(ref)}
        vendor.creates += 1
        ref = vendor.make(command.object_name, command.values)
        told = self._rows_written(vendor, ref, command.rows)
        self.touched(ref, by_anji=True)
        observed = vendor.observed(ref) if vendor.reads_back else None
        return {"outcome": Outcome.CREATED, "ref": ref, "observed": observed, "lines": told}

    def _updated(self, command: Command, vendor: DocumentVendor) -> dict[str, object]:
        ref = command.target
        assert ref is not None
        document = vendor.documents[ref]
        held = {"ref": ref, "observed": vendor.observed(ref)}
        rows = self._rows_standing(command, vendor, ref)
        wished = _holds(document, command.values) and all(wish for wish, _ in rows)
        based = _holds(document, command.base) and all(base for _, base in rows)
        if wished or not based:
            return {"outcome": Outcome.UPDATED if wished else Outcome.MOVED, **held}
        vendor.writes += 1
        document.update(command.values)
        told = self._rows_written(vendor, ref, command.rows)
        for path, removals in command.removes.items():
            for removal in removals:
                vendor.drop_row(ref, path, removal.target_id)
        if vendor.renumbers:
            vendor.renumber(ref)
        self.touched(ref, by_anji=True)
        read_back = None if command.system is CRM else vendor.observed(ref)
        return {"outcome": Outcome.UPDATED, "ref": ref, "observed": read_back, "lines": told}

    def _rows_standing(
        self, command: Command, vendor: DocumentVendor, ref: Ref
    ) -> list[tuple[bool, bool]]:
        """Return, for each row that a command is about, whether it is as wished, and as seen."""
        found = [(False, True) for rows in command.rows.values() for _ in rows]
        known = [
            (path, row) for path, rows in command.rows.items() for row in rows if row.target_id
        ]
        for place, (path, wish) in enumerate(known):
            stands = vendor.find_row(ref, path, wish.target_id or "")
            is_wished = stands is not None and _holds(stands, wish.values)
            found[place] = is_wished, stands is not None and _holds(stands, wish.base or {})
        for path, removals in command.removes.items():
            for removal in removals:
                stands = vendor.find_row(ref, path, removal.target_id)
                found.append((stands is None, stands is None or _holds(stands, removal.base)))
        return found

    def _rows_written(
        self, vendor: DocumentVendor, ref: Ref, rows: Mapping[str, Sequence[RowWish]]
    ) -> dict[str, dict[str, str]]:
        told: dict[str, dict[str, str]] = {}
        for path, wishes in rows.items():
            for wish in wishes:
                if wish.target_id is None:
                    row_id = vendor.add_row(ref, path, wish.values)
                    told.setdefault(path, {})[wish.source_id] = row_id
                else:
                    vendor.row(ref, path, wish.target_id).update(wish.values)
        return told if vendor.tells_lines else {}

    # --- the mapper --------------------------------------------------------------------------

    def type_of(self, key: Ref) -> LinkType:
        found = self.mappings.of(key.system, key.object_name)
        assert found is not None
        return found

    def context(self) -> Context:
        return Context(mappings=self.mappings, references=self, now=self.now)

    def of(self, ref: Ref) -> Seat:
        """Return the seat of a record."""
        return self.seats[str(ref)]

    def partner(self, ref: Ref) -> Ref:
        """Return the counterpart of a record, by the crosswalk."""
        found = self.rows[str(ref)].counterpart
        assert found is not None
        return found


def _holds(document: Mapping[str, JsonValue], values: Mapping[str, JsonValue]) -> bool:
    return all(document.get(path) == value for path, value in values.items())
