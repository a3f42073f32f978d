"""Builds one link type from its form; what does not fit together is noted in its page."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from anji_common.errors import ConfigurationError
from anji_common.interest import FieldKind
from anji_common.refs import System
from anji_mapper.mapping.asking import build_condition, condition_places
from anji_mapper.mapping.building import BuiltLens, Known
from anji_mapper.mapping.expanding import build_fields
from anji_mapper.mapping.fields import Named, SideFields
from anji_mapper.mapping.making import Making
from anji_mapper.mapping.making_rules import MakingRules
from anji_mapper.mapping.model import (
    LinesPair,
    LinkType,
    MessageTemplate,
    Pair,
    Side,
)
from anji_mapper.mapping.placing import PlacedPacket, Placing
from anji_mapper.mapping.reading import Loc, Page
from anji_mapper.mapping.removals import RowPolicy
from anji_mapper.mapping.schema import FieldForm, FileForm, LinesForm, LinesSideForm, SideForm
from anji_mapper.mapping.stating import build_states
from anji_mapper.mapping.telling import build_telling

__all__ = ["build_link_type"]

_SYSTEMS = {"crm": System.FXIAOKE, "erp": System.K3CLOUD}
_CREATES = {
    "crm": frozenset({System.FXIAOKE}),
    "erp": frozenset({System.K3CLOUD}),
    "both": frozenset(System),
    "neither": frozenset(System),  # whose new records are looked for
}
_FLOWS = {
    "both": frozenset(System),
    "to_crm": frozenset({System.FXIAOKE}),
    "to_erp": frozenset({System.K3CLOUD}),
}


def build_link_type(page: Page, form: FileForm, known: Known, version: str) -> LinkType:
    """Return the link type, without variants; it may only be used if the page has no findings."""
    return _Building(page, form, known).link_type(version)


@dataclass(slots=True)
class _Building:
    page: Page
    form: FileForm
    known: Known
    fields: dict[System, SideFields] = field(init=False)

    def __post_init__(self) -> None:
        lines = [each for each in self.form.lines if each.used]
        self.fields = {
            System.FXIAOKE: SideFields(
                self.page,
                System.FXIAOKE,
                self.form.crm,
                {each.crm.path: each.crm for each in lines} | self._read_only(self.form.crm),
            ),
            System.K3CLOUD: SideFields(
                self.page,
                System.K3CLOUD,
                self.form.erp,
                {each.erp.path: each.erp for each in lines} | self._read_only(self.form.erp),
            ),
        }

    def _read_only(self, side: SideForm) -> dict[str, LinesSideForm]:
        """Return lines of which only the first row is read."""
        for path, each in side.reads.items():
            if (each.head is None) is (side is self.form.crm):
                name = "crm" if side is self.form.crm else "erp"
                words = "lines of the CRM have a head, and the ERP's have none"
                self.page.find((name, "reads", path), words)
        return {
            path: LinesSideForm(path=path, id=each.id, head=each.head)
            for path, each in side.reads.items()
        }

    def link_type(self, version: str) -> LinkType:
        form, creates = self.form, _CREATES[self.form.creates]
        pairs = tuple(self._pairs(("fields",), form.fields))
        lines = tuple(
            self._lines(("lines", place), each)
            for place, each in enumerate(form.lines)
            if each.used
        )
        messages = tuple(MessageTemplate(each.to, each.text) for each in form.messages)
        self._add_messages(messages)
        self._add_variants()
        home = System.FXIAOKE if System.FXIAOKE in creates else System.K3CLOUD
        states = build_states(self.page, form, self.fields, home)
        telling = build_telling(self.page, form, self.fields[System.FXIAOKE])
        packets = {
            system: self._packet(name, system, pairs, lines, is_created=system.other in creates)
            for name, system in _SYSTEMS.items()
        }
        rules = MakingRules(
            self.page,
            form.crm,
            form.erp,
            self.known.links,
            self.fields[System.FXIAOKE],
            form.lines,
        )
        making = rules.built(is_created=System.FXIAOKE in creates)
        sides = {
            System.FXIAOKE: self._side("crm", System.FXIAOKE, packets[System.FXIAOKE], Making()),
            System.K3CLOUD: self._side("erp", System.K3CLOUD, packets[System.K3CLOUD], making),
        }
        return LinkType(
            form.link,
            version,
            sides[System.FXIAOKE],
            sides[System.K3CLOUD],
            creates,
            (*pairs, *states, *(telling.pairs if telling else ())),
            lines,
            messages,
            telling=telling,
            is_only_matched=form.creates == "neither",
        )

    def _pairs(
        self, loc: Loc, forms: tuple[FieldForm, ...], lines: LinesForm | None = None
    ) -> Iterator[Pair]:
        names: set[str] = set()
        for place, form in enumerate(forms):
            try:
                fields = build_fields(form, self.known)
            except ConfigurationError as error:
                self.page.find((*loc, place, "lens"), str(error))
                continue
            for each, built in fields if form.used else ():
                pair = self._pair((*loc, place), each, built, is_head=lines is None)
                if pair.name in names:
                    self.page.find((*loc, place), f"{pair.name} is here twice")
                names.add(pair.name)
                self._add_pair((*loc, place), each, built, lines)
                yield pair

    def _pair(self, loc: Loc, form: FieldForm, built: BuiltLens, *, is_head: bool) -> Pair:
        flows = _FLOWS[form.direction]
        if built.only_to is not None and flows != {built.only_to}:
            way = "to_crm" if built.only_to is System.FXIAOKE else "to_erp"
            self.page.find(loc, f"lens {form.lens.name} runs one way: say direction: {way}")
        default = "erp" if self.form.creates == "erp" else "crm"
        if form.direction != "both":
            default = "crm" if form.direction == "to_erp" else "erp"
            if form.owner not in (None, default):
                words = f"a field that flows {form.direction} is owned by the {default}"
                self.page.find((*loc, "owner"), words)
        if form.conflict == "ask" and (form.direction != "both" or form.only_on_create):
            self.page.find((*loc, "conflict"), "only a field that flows both ways has conflicts")
        erp_kind = form.erp.kind or built.erp.kind
        return Pair(
            name=f"{form.crm.path}~{form.erp.path}",
            crm=form.crm.path,
            erp=form.erp.path,
            lens=built.lens,
            owner=_SYSTEMS[form.owner or default],
            flows_to=flows,
            refers_to_erp=erp_kind is FieldKind.REFERENCE,
            only_on_create=form.only_on_create or self.form.creates == "neither",
            asks=form.conflict == "ask",
            joint=built.joint,
            is_number=is_head and form.erp.path == self.form.erp.number,
            personal=form.personal,
        )

    def _add_pair(
        self, loc: Loc, form: FieldForm, built: BuiltLens, lines: LinesForm | None
    ) -> None:
        for name, place, named, inputs in (
            ("crm", form.crm, built.crm, built.crm_inputs),
            ("erp", form.erp, built.erp, built.erp_inputs),
        ):
            fields = self.fields[_SYSTEMS[name]]
            path = None if lines is None else getattr(lines, name).path
            said = named if place.kind is None else Named(place.kind, named.refers_to)
            fields.add((*loc, name), place.path, said, lines=path)
            if place.path in fields.first_rows and _SYSTEMS[name] in _FLOWS[form.direction]:
                self.page.find((*loc, name), "the first row can be read here, not written")
            for each in inputs:
                fields.add((*loc, "lens"), each, lines=path)

    def _lines(self, loc: Loc, form: LinesForm) -> LinesPair:
        pairs = tuple(self._pairs((*loc, "fields"), form.fields, form))
        for name, side in (("crm", form.crm), ("erp", form.erp)):
            if side.marker:
                fields = self.fields[_SYSTEMS[name]]
                fields.add((*loc, name, "marker"), side.marker, lines=side.path)
        if form.crm.head is None:
            self.page.find((*loc, "crm"), "key 'head' is missing: which field names the record?")
        if form.erp.head is not None:
            self.page.find((*loc, "erp", "head"), "only a detail object of the CRM has a head")
        on_removed = {
            system: getattr(form.on_row_removed, name) for name, system in _SYSTEMS.items()
        }
        self._check_removals((*loc, "on_row_removed"), on_removed, pairs)
        return LinesPair(
            name=f"{form.crm.path}~{form.erp.path}",
            crm=form.crm.path,
            crm_id=form.crm.id,
            erp=form.erp.path,
            erp_id=form.erp.id,
            pairs=pairs,
            erp_marker=form.erp.marker or None,
            crm_marker=form.crm.marker or None,
            on_removed=on_removed,
        )

    def _check_removals(
        self, loc: Loc, on_removed: Mapping[System, RowPolicy], pairs: tuple[Pair, ...]
    ) -> None:
        """A side that hears nothing of the other's lines keeps its own."""
        for name, system in _SYSTEMS.items():
            flows = any(system.other in pair.flows_to for pair in pairs)
            if on_removed[system] is not RowPolicy.KEEP and not flows:
                other = "ERP" if system is System.FXIAOKE else "CRM"
                words = f"no field of these lines flows to the {other}: say {name}: keep"
                self.page.find(loc, words)

    def _add_variants(self) -> None:
        for place, variant in enumerate(self.form.variants):
            for name, condition in (("crm", variant.crm), ("erp", variant.erp)):
                loc: Loc = ("variants", place, name)
                for path, at in () if condition is None else condition_places(condition, loc):
                    self.fields[_SYSTEMS[name]].add(at, path)

    def _add_messages(self, messages: tuple[MessageTemplate, ...]) -> None:
        for place, message in enumerate(messages):
            loc: Loc = ("messages", place)
            for system, fields in self.fields.items():
                for path in message.paths(system):
                    fields.add((*loc, "text"), path)
            self.fields[System.FXIAOKE].add((*loc, "to"), message.to, Named(FieldKind.EMPLOYEE))

    def _packet(
        self,
        name: str,
        system: System,
        pairs: tuple[Pair, ...],
        lines: tuple[LinesPair, ...],
        *,
        is_created: bool,
    ) -> PlacedPacket:
        form: SideForm = getattr(self.form, name)
        left_out = frozenset(getattr(each, name).path for each in self.form.lines if not each.used)
        placing = Placing(self.page, name, form, system, pairs, lines, left_out)
        packet = placing.placed()
        for fill in packet.fills:
            for path in fill.paths:
                self.fields[system.other].add((name, "packet", *fill.place), path)
        if self.form.creates == "neither":
            placing.check_matching()
        elif is_created:
            placing.check()
        return packet

    def _side(self, name: str, system: System, packet: PlacedPacket, making: Making) -> Side:
        form: SideForm = getattr(self.form, name)
        fields = self.fields[system]
        self._add_side((name,), form, fields)
        return Side(
            interest=fields.interest(),
            natural_keys=form.natural_keys,
            own_number=form.own_number,
            packet=packet.packet,
            fills=packet.fills,
            first_rows=tuple(fields.first_rows.values()),
            finish=form.finish,
            making=making,
            shares=form.shares,
            filter=None if form.filter is None else build_condition(form.filter),
        )

    def _add_side(self, loc: Loc, form: SideForm, fields: SideFields) -> None:
        fields.add((*loc, "number"), form.number)
        if form.marker is not None:
            fields.add((*loc, "marker"), form.marker)
        for key in form.natural_keys:
            for path in key:
                fields.add((*loc, "natural_keys"), path)
        for share, path in form.shares.items():
            fields.add((*loc, "shares", share), path)
        if form.filter is not None:
            for path, at in condition_places(form.filter, (*loc, "filter")):
                fields.add(at, path)
