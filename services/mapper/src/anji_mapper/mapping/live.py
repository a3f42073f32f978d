"""Compares mapping files with what the vendors say of their own objects: names, kinds, options.

Pure: whoever calls this has asked the vendors (`Facts`). Every field that a file names anywhere is
looked for, in pairs, conditions, keys, messages and packets, at the place where it is named.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from pydantic import JsonValue

from anji_common.interest import FieldKind
from anji_common.refs import System
from anji_mapper.mapping.findings import Finding, near
from anji_mapper.mapping.publish_forms import PublishForm
from anji_mapper.mapping.reading import Loc, NamedField, Page
from anji_mapper.mapping.schema import FieldForm, FileForm, LinesSideForm, SideForm

__all__ = [
    "FieldFacts",
    "Fields",
    "ObjectFacts",
    "SystemFacts",
    "compare",
    "compare_published",
]

_SIDES = {"crm": System.FXIAOKE, "erp": System.K3CLOUD}


@dataclass(frozen=True, slots=True)
class FieldFacts:
    """What a vendor says of one field."""

    label: str = ""
    kinds: frozenset[FieldKind] | None = None
    """As which its values can be read; `None` where nothing is said."""
    is_required: bool = False
    """A record cannot be made without it, and the vendor fills nothing in."""
    options: Mapping[str, str] = field(default_factory=dict)
    """Value → label, of a choice."""


Fields = Mapping[str, FieldFacts]


@dataclass(frozen=True, slots=True)
class ObjectFacts:
    """What a vendor says of one object, or why it says nothing."""

    head: Fields = field(default_factory=dict)
    """With the fields of sub-heads, by their own names."""
    lines: Mapping[str, Fields] = field(default_factory=dict)
    """Lines path → their fields."""
    groups: Mapping[str, Fields] = field(default_factory=dict)
    """ERP: sub-head → its fields."""
    id_field: str = ""
    """The field of the internal id; empty where the vendor does not tell."""
    row_id: str = ""
    """The same of every line."""
    refusal: str = ""
    """It is there and cannot be described, in the vendor's words."""
    confirmed: frozenset[str] = frozenset()
    """Paths that are there though the description lacks them; of lines with their path before."""


@dataclass(frozen=True, slots=True)
class SystemFacts:
    """What one vendor says."""

    objects: Mapping[str, ObjectFacts]
    """Those that the mappings name and the vendor has."""
    names: Sequence[str] = ()
    """Objects that the vendor has, as far as is known: for the nearest right name."""
    ignores_case: bool = False


def compare(
    page: Page,
    form: FileForm,
    named: Sequence[NamedField],
    facts: Mapping[System, SystemFacts],
) -> Iterator[Finding]:
    """Yield what a file says and a vendor does not; a system without facts is not looked at."""
    for name, system in _SIDES.items():
        known = facts.get(system)
        if known is None:
            continue
        side: SideForm = getattr(form, name)
        place: Loc = (name, "object")
        found = known.objects.get(side.object)
        if found is None:
            hint = near(side.object, [*known.names, *known.objects])
            yield _finding(page, place, f"{_VENDOR[system]} has no {side.object}{hint}")
            continue
        if found.refusal:
            yield _finding(page, place, f"{side.object}: {found.refusal}")
            continue
        looking = _Looking(
            page, system, found, known.names, _LINES[name], ignores_case=known.ignores_case
        )
        yield from looking.at_ids(name, form)
        yield from looking.at_names(each for each in named if each.system is system)
        is_made = form.creates not in {name, "neither"}
        yield from looking.at_packet((name, "packet"), side, is_made=is_made)
        yield from looking.at_options(form)


def compare_published(
    page: Page,
    form: PublishForm,
    named: Sequence[NamedField],
    facts: Mapping[System, SystemFacts],
) -> Iterator[Finding]:
    """Yield what the file of a published object says and its vendor does not."""
    system = _SIDES[form.system]
    known = facts.get(system)
    if known is None:
        return
    found = known.objects.get(form.object)
    if found is None or found.refusal:
        hint = near(form.object, [*known.names, *known.objects])
        lacks = f"{_VENDOR[system]} has no {form.object}{hint}"
        words = lacks if found is None else f"{form.object}: {found.refusal}"
        yield _finding(page, ("object",), words)
        return
    looking = _Looking(
        page, system, found, known.names, _published_lines, ignores_case=known.ignores_case
    )
    yield from looking.at_id(("id",), form.id, found.id_field)
    yield from looking.at_names(iter(named))


def _lines_place(name: str, each: NamedField) -> Loc:
    """Return where a side of a link type names the lines of a field."""
    if each.loc[0] == "lines":
        return (*each.loc[:2], name, "path")
    return (name, "reads", str(each.lines))


def _published_lines(each: NamedField) -> Loc:
    return (*each.loc[:2], "path")


_LINES = {name: partial(_lines_place, name) for name in _SIDES}
_VENDOR = {System.FXIAOKE: "the CRM", System.K3CLOUD: "the ERP"}


@dataclass(frozen=True, slots=True)
class _Looking:
    page: Page
    system: System
    facts: ObjectFacts
    names: Sequence[str]
    """Every object of the vendor."""
    lines_place: Callable[[NamedField], Loc]
    ignores_case: bool

    def at_ids(self, name: str, form: FileForm) -> Iterator[Finding]:
        """Look for the fields of internal ids, which no description lists as a field."""
        side: SideForm = getattr(form, name)
        yield from self.at_id((name, "id"), side.id, self.facts.id_field)
        for path, reads in side.reads.items():
            yield from self.at_id((name, "reads", path, "id"), reads.id, self.facts.row_id)
        for place, lines in enumerate(form.lines):
            if lines.used:
                row: LinesSideForm = getattr(lines, name)
                at: Loc = ("lines", place, name)
                yield from self.at_id((*at, "id"), row.id, self.facts.row_id)
                fields = self.facts.lines.get(row.path)
                if row.head and fields is not None and self._find(fields, row.head) is None:
                    yield self._missing((*at, "head"), row.head, fields)

    def at_id(self, loc: Loc, given: str, right: str) -> Iterator[Finding]:
        """Compare the name of an internal id with the right one, where the vendor tells it."""
        if right and self._as_compared(given) != self._as_compared(right):
            words = f"the id is not {given}; did you mean {right!r}?"
            yield _finding(self.page, loc, words)

    def at_names(self, named: Iterator[NamedField]) -> Iterator[Finding]:
        """Look for every field that is named outside of packets."""
        for each in named:
            fields = self.facts.head if each.lines is None else self.facts.lines.get(each.lines)
            where = "" if each.lines is None else f"{each.lines}."
            if fields is None:
                known = [*self.facts.lines, *self.facts.groups, *self.names]
                hint = near(str(each.lines), known)
                words = f"{_VENDOR[self.system]} has no lines {each.lines} there{hint}"
                place = self.lines_place(each)
                yield _finding(self.page, place, words, at_key="reads" in place)
                continue
            if f"{where}{each.path}" in self.facts.confirmed:
                continue
            found = self._find(fields, each.path)
            if found is None:
                yield self._missing(each.loc, each.path, fields)
            elif each.kind and found.kinds is not None and each.kind not in found.kinds:
                kinds = ", ".join(sorted(found.kinds))
                words = f"{each.path} ({found.label}) is {kinds}, and is read as {each.kind} here"
                yield _finding(self.page, each.loc, words)

    def at_packet(self, loc: Loc, side: SideForm, *, is_made: bool) -> Iterator[Finding]:
        """Look for every key of a packet, and in it for every required field."""
        lines = {path: side.packet[path] for path in self.facts.lines if path in side.packet}
        yield from self._keys(loc, side, side.packet, self.facts.head)
        if not is_made:
            return
        yield from self._required(loc, side.packet, self.facts.head)
        for path, rows in lines.items():
            row = rows[0] if isinstance(rows, list) and rows else {}
            if isinstance(row, dict):
                yield from self._required((*loc, path), row, self.facts.lines[path])

    def at_options(self, form: FileForm) -> Iterator[Finding]:
        """Look for every option of the CRM that a value map names, and for those it does not."""
        if self.system is not System.FXIAOKE:
            return
        for loc, each, fields in self._fields(form):
            table = each.lens.value_map
            facts = self._find(fields, each.crm.path)
            if table is None or facts is None or not facts.options or not each.used:
                continue
            at: Loc = (*loc, "lens", "value_map", "values")
            for value in table.values:
                if value not in facts.options:
                    hint = near(value, facts.options)
                    words = f"{each.crm.path} has no option {value!r}{hint}"
                    yield _finding(self.page, (*at, value), words)
            if table.erp_default is None and each.direction != "to_crm":
                for value in sorted(facts.options.keys() - table.values.keys()):
                    words = (
                        f"option {value!r} ({facts.options[value]}) of {each.crm.path} is unmapped"
                    )
                    yield _finding(self.page, at, words)

    def _fields(self, form: FileForm) -> Iterator[tuple[Loc, FieldForm, Fields]]:
        """Give every field of head and lines with what the CRM says of its object."""
        for place, each in enumerate(form.fields):
            yield ("fields", place), each, self.facts.head
        for number, lines in enumerate(form.lines):
            for place, each in enumerate(lines.fields if lines.used else ()):
                loc = ("lines", number, "fields", place)
                yield loc, each, self.facts.lines.get(lines.crm.path, {})

    def _keys(
        self, loc: Loc, side: SideForm, packet: Mapping[str, JsonValue], fields: Fields
    ) -> Iterator[Finding]:
        for key, value in packet.items():
            if self.system is System.FXIAOKE and value in ("", None, []):
                continue  # its writer leaves out what is blank
            group = self._group(key)
            inner = value[0] if isinstance(value, list) and value else value
            if group is not None and isinstance(inner, dict):
                at: Loc = (*loc, key, 0) if isinstance(value, list) else (*loc, key)
                yield from self._keys(at, side, inner, group)
            elif not self._is_key(key, side) and self._find(fields, key) is None:
                yield self._missing((*loc, key), key, fields, at_key=True)

    def _required(
        self, loc: Loc, packet: Mapping[str, JsonValue], fields: Fields
    ) -> Iterator[Finding]:
        given = set(self._spelled(packet))
        for value in packet.values():
            if isinstance(value, dict):
                given |= set(self._spelled(value))
        for path, each in fields.items():
            if each.is_required and not {*self._spelled([path])} & given:
                words = f"{path} ({each.label}) is required and has no place in the packet"
                yield _finding(self.page, loc, words)

    def _group(self, key: str) -> Fields | None:
        both = {**self.facts.groups, **self.facts.lines}
        spelled = {self._as_compared(name): fields for name, fields in both.items()}
        return spelled.get(self._as_compared(key))

    def _is_key(self, key: str, side: SideForm) -> bool:
        """Whether it is the id of the record or of a row, which no description lists."""
        lower = key.lower()
        return lower in (side.id.lower(), "record_type") or lower.endswith("entryid")

    def _missing(self, loc: Loc, path: str, fields: Fields, *, at_key: bool = False) -> Finding:
        words = (
            f"{_VENDOR[self.system]} has no field {path}{near(path.rpartition('.')[2], fields)}"
        )
        return _finding(self.page, loc, words, at_key=at_key)

    def _find(self, fields: Fields, path: str) -> FieldFacts | None:
        name = path.rpartition(".")[2]
        if not self.ignores_case:
            return fields.get(name)
        by_lower = {key.lower(): each for key, each in fields.items()}
        return by_lower.get(name.lower())

    def _spelled(self, names: Mapping[str, object] | Sequence[str]) -> Iterator[str]:
        yield from (self._as_compared(each) for each in names)

    def _as_compared(self, name: str) -> str:
        return name.lower() if self.ignores_case else name


def _finding(page: Page, loc: Loc, words: str, *, at_key: bool = False) -> Finding:
    before = len(page.findings)
    page.find(loc, words, at_key=at_key)
    return page.findings[before]
