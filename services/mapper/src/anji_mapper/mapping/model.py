"""The compiled mapping: what the reducer works with. All of it is frozen and pure.

`compile` makes these values from YAML files; nothing here reads a file. Paths are those of
`anji_common.events.observed.Document`; values are in normal form.
"""

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from pydantic import JsonValue

from anji_common.errors import UndecodableError
from anji_common.events.commands import Finish
from anji_common.events.observed import Document
from anji_common.interest import Interest, ObjectInterest
from anji_common.refs import System
from anji_common.values import frozen
from anji_mapper.mapping.documents import listed, read
from anji_mapper.mapping.making import Making
from anji_mapper.mapping.ports import Around, Condition, Lens, References, Row
from anji_mapper.mapping.removals import RowPolicy
from anji_mapper.mapping.states import DELETED, State, state_path
from anji_mapper.mapping.templates import MessageTemplate

__all__ = [
    "Around",
    "Condition",
    "Fill",
    "FirstRow",
    "Lens",
    "LinesPair",
    "LinkType",
    "Mappings",
    "MessageTemplate",
    "Pair",
    "Published",
    "References",
    "Row",
    "Seen",
    "Side",
    "Telling",
    "Variant",
]


@dataclass(frozen=True, slots=True)
class Pair:
    """One CRM field and the ERP field that means the same."""

    name: str
    """Key of its agreed pair: ``<crm path>~<erp path>``; unique in its head or lines."""
    crm: str
    erp: str
    lens: Lens
    owner: System
    """Wins when both sides changed, and on the first load of a matched record."""
    flows_to: frozenset[System]
    """The systems that it is written to. A side that it does not flow to may differ freely."""
    refers_to_erp: bool = False
    """The ERP value is a ref, written by its business number."""
    only_on_create: bool = False
    """Written when the record is made, and let be afterwards (an owner, a given number)."""
    asks: bool = False
    """A person decides when both sides changed."""
    approves: frozenset[System] = frozenset()
    """The systems where it changes only after a person has approved."""
    state: State | None = None
    """Where it is no field: a state of whole records, changed by operations."""
    is_number: bool = False
    """The ERP's business number: the CRM may change it, and not take it away."""
    personal: bool = False
    """Of a person, or like it: its values stand in no notice."""
    joint: str = ""
    """Names the text whose part it is: one side wins all its pairs, where both changed some."""

    def path(self, system: System) -> str:
        """Return the pair's path on one side."""
        return self.crm if system is System.FXIAOKE else self.erp


@dataclass(frozen=True, slots=True)
class LinesPair:
    """The lines of a CRM object and the entry rows that mean the same."""

    name: str
    """``<crm lines path>~<erp lines path>``."""
    crm: str
    """Lines path in the CRM document: ``SalesOrderProductObj``."""
    crm_id: str
    erp: str
    """Lines path in the ERP document: ``FSaleOrderEntry``."""
    erp_id: str
    pairs: tuple[Pair, ...]
    erp_marker: str | None = None
    """Entry field that keeps the CRM line's id."""
    crm_marker: str | None = None
    """Field of the CRM line that keeps the ERP's entry id."""
    on_removed: Mapping[System, RowPolicy] = field(default_factory=dict)
    """Side on which a line was removed → what becomes of the other side's; KEEP where absent."""

    def path(self, system: System) -> str:
        """Return the lines path on one side."""
        return self.crm if system is System.FXIAOKE else self.erp

    def id_field(self, system: System) -> str:
        """Return the rows' id field on one side."""
        return self.crm_id if system is System.FXIAOKE else self.erp_id

    def marker(self, system: System) -> str | None:
        """Return the rows' field that keeps the other side's line id, if there is one."""
        return self.crm_marker if system is System.FXIAOKE else self.erp_marker


@dataclass(frozen=True, slots=True)
class Fill:
    """A place of a create packet that is no mapped field, filled once from the other side."""

    place: tuple[str | int, ...]
    """The way into the packet: ``("FT_BD_CUSTCONTACT", 0, "FMOBILE")``."""
    paths: tuple[str, ...]
    """Head paths of the record that the create comes from; the first that is not empty counts."""


@dataclass(frozen=True, slots=True)
class FirstRow:
    """A head path that reads the document's first row: ``FEntity[0].FOrderNo``."""

    path: str
    lines: str
    """Lines path."""
    row_path: str


@dataclass(frozen=True, slots=True)
class Side:
    """One object or form of a link type."""

    interest: ObjectInterest
    natural_keys: tuple[tuple[str, ...], ...] = ()
    """Sets of head paths, each of which tells records of this side apart: match before create."""
    own_number: str | None = None
    """Head path of a number that is ours to choose and unique (``FBillNo``), or `None`."""
    packet: Mapping[str, JsonValue] = field(default_factory=dict)
    """The full create packet, settings filled in; see `Command.packet`. Send `filled`."""
    fills: tuple[Fill, ...] = ()
    first_rows: tuple[FirstRow, ...] = ()
    """Head paths that are no fields of the head; they can be read, never written."""
    finish: Finish = Finish.SAVED
    making: Making = field(default_factory=Making)
    shares: Mapping[str, str] = field(default_factory=dict)
    """Name → head path: what the crosswalk row of this side tells other links."""
    filter: Condition | None = None
    """Which records of this side may begin a link (``protocol.md`` 22: creation only)."""
    head_fields: tuple[str, ...] = field(init=False)
    """The paths of `interest`'s fields."""
    row_fields: Mapping[str, tuple[str, ...]] = field(init=False)
    """Lines path → the paths inside its rows that a link must remember."""

    def __post_init__(self) -> None:
        heads = tuple(each.path for each in self.interest.fields)
        object.__setattr__(self, "head_fields", heads)
        rows = {
            lines.path: tuple(each.path for each in lines.fields) for lines in self.interest.lines
        }
        object.__setattr__(self, "row_fields", rows)

    @property
    def object_name(self) -> str:
        """The vendor's name of the object."""
        return self.interest.object_name

    def filled(self, source: Row) -> dict[str, JsonValue]:
        """Return the create packet for a record that comes from the other side's `source` head."""
        packet = dict(self.packet)
        for fill in self.fills:
            found = (source.get(path) for path in fill.paths)
            value = next((each for each in found if each is not None), None)
            _put(packet, fill.place, "" if value is None else value)
        return packet


@frozen
class Seen:
    """What a link keeps of one side's record: the mapped values only."""

    head: Row
    rows: Mapping[str, Mapping[str, Row]] = field(default_factory=dict)
    """`LinesPair.name` → line id → values, in the order of the document."""
    number: str | None = None
    """The record's business number."""
    marker: str | None = None
    """The ref in its marker field: whose create made it."""


@dataclass(frozen=True, slots=True)
class Variant:
    """What holds for the records of one organisation, or of another kind."""

    name: str
    link_type: "LinkType"
    """The file with the variant's settings; the same fields as without them."""
    crm: Condition | None = None
    erp: Condition | None = None


@dataclass(frozen=True, slots=True)
class Telling:
    """What a link tells the CRM's record of itself, and in which of its fields."""

    status: Pair | None
    """ERP half: ``link:status``, one of the two words."""
    message: Pair | None
    """ERP half: ``link:message``, a problem's words."""
    synced: str
    problem: str
    limit: int
    """Longer messages are cut."""

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """Those that are told."""
        return tuple(each for each in (self.status, self.message) if each is not None)

    def says(self, words: str | None) -> dict[str, JsonValue]:
        """Return what a link with a problem of these words says, or one without, by ERP path."""
        cut = None if words is None else words[: self.limit]
        said = {"status": self.synced if words is None else self.problem, "message": cut}
        return {f"link:{what}": value for what, value in said.items()}

    def as_it_stands(self, crm: Row) -> dict[str, tuple[JsonValue, JsonValue]]:
        """Return what is agreed so that nothing is written: what the CRM shows may stand."""
        says = self.says(None)
        return {pair.name: (crm.get(pair.crm), says[pair.erp]) for pair in self.pairs}


@dataclass(frozen=True, slots=True)
class LinkType:
    """Everything that one mapping file declares."""

    name: str
    version: str
    """Content hash of the file and its settings."""
    crm: Side
    erp: Side
    creates: frozenset[System]
    """The sides whose new records begin a link."""
    pairs: tuple[Pair, ...]
    lines: tuple[LinesPair, ...] = ()
    messages: tuple[MessageTemplate, ...] = ()
    variants: tuple[Variant, ...] = ()
    telling: Telling | None = None
    """Its pairs are among `pairs`."""
    is_only_matched: bool = False
    """Records are looked for by natural keys, and neither made nor written."""
    states: tuple[State, ...] = field(init=False)
    """Those of `pairs`."""
    deletion: Pair | None = field(init=False)
    """The state of being deleted, where the mapping says what is done then; one of `pairs`."""

    def __post_init__(self) -> None:
        states = tuple(pair.state for pair in self.pairs if pair.state is not None)
        object.__setattr__(self, "states", states)
        path = state_path(DELETED)
        deletion = next((pair for pair in self.pairs if pair.crm == path), None)
        object.__setattr__(self, "deletion", deletion)

    def variant_of(self, crm: Seen | None, erp: Seen | None) -> Variant | None:
        """Return the variant that a link's records belong to, the CRM's record first.

        Args:
            crm: What is known of the CRM's record; `None` for nothing.
            erp: The same of the ERP's.
        """
        for variant in self.variants:
            if variant.crm is not None and crm is not None:
                if variant.crm.holds(crm.head):
                    return variant
            elif variant.erp is not None and erp is not None and variant.erp.holds(erp.head):
                return variant
        return None

    @property
    def home(self) -> System:
        """The side in whose seat the link lives (``protocol.md`` 1): the CRM where both create."""
        return System.FXIAOKE if System.FXIAOKE in self.creates else System.K3CLOUD

    def side(self, system: System) -> Side:
        """Return one side's half."""
        return self.crm if system is System.FXIAOKE else self.erp

    def seen(self, system: System, data: Document) -> Seen:
        """Return the part of a document that this link type knows.

        What the document does not have was not read, by a process that has an older mapping: it
        is left out, for it is no blank.

        Raises:
            UndecodableError: lines are no list of rows with ids.
        """
        side = self.side(system)
        head = read(data, side.head_fields)
        for first in side.first_rows:
            if first.lines in data:
                found = listed(data, first.lines)
                head[first.path] = found[0].get(first.row_path) if found else None
        head |= self.states_of(system, head)
        rows = {
            lines.name: _rows(lines, side, system, data)
            for lines in self.lines
            if lines.path(system) in data
        }
        marker_field = side.interest.marker_field
        return Seen(
            head=head,
            rows=rows,
            number=_text(data.get(side.interest.number_field)),
            marker=_text(data.get(marker_field)) if marker_field else None,
        )

    def states_of(self, system: System, head: Row) -> dict[str, JsonValue]:
        """Return the states that a record's head shows, by the path that they are seen under."""
        return {
            state.path: state.holds(system, head)
            for state in self.states
            if all(map(head.__contains__, state.paths.get(system, ())))
        }

    def head_paths(self, system: System) -> tuple[str, ...]:
        """Return every head path of one side that a link must remember, sorted."""
        side = self.side(system)
        read = (first.path for first in side.first_rows)
        return tuple(sorted({*side.head_fields, *read}))


def _rows(lines: LinesPair, side: Side, system: System, data: Document) -> dict[str, Row]:
    lines_path, id_field = lines.path(system), lines.id_field(system)
    paths = side.row_fields.get(lines_path, ())
    rows: dict[str, Row] = {}
    for row in listed(data, lines_path):
        line_id = _text(row.get(id_field))
        if line_id is None:
            msg = f"a row of {lines_path} without {id_field}"
            raise UndecodableError(msg)
        rows[line_id] = read(row, paths)
    return rows


def _put(packet: dict[str, JsonValue], place: tuple[str | int, ...], value: JsonValue) -> None:
    """Put a value into a packet; what is on the way is copied, the rest is the template's."""
    node: Any = packet  # the compiler made the way
    for step in place[:-1]:
        node[step] = copy(node[step])
        node = node[step]
    node[place[-1]] = value


def _text(value: JsonValue) -> str | None:
    return None if value is None else str(value)


@dataclass(frozen=True, slots=True)
class Published:
    """An object whose changes are read and published, and that no link type is of."""

    name: str
    system: System
    interest: ObjectInterest


@dataclass(frozen=True, slots=True)
class Mappings:
    """All link types of an installation, and what is published besides."""

    types: tuple[LinkType, ...]
    published: tuple[Published, ...] = ()

    def of(self, system: System, object_name: str) -> LinkType | None:
        """Return the link type that a record of that object takes part in."""
        for found in self.types:
            if found.side(system).object_name == object_name:
                return found
        return None

    def named(self, name: str) -> LinkType | None:
        """Return the link type of that name."""
        return next((found for found in self.types if found.name == name), None)

    def interest(self, system: System) -> Interest:
        """Return all that the connector of `system` must read."""
        linked = (found.side(system).interest for found in self.types)
        others = (each.interest for each in self.published if each.system is system)
        return Interest(system, (*linked, *others))
