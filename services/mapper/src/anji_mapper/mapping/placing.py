"""Checks that a create packet and the mapped fields fit: every field has its place."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue

from anji_common.refs import System
from anji_mapper.mapping.findings import near, nearest
from anji_mapper.mapping.model import Fill, LinesPair, Pair
from anji_mapper.mapping.packet import place_of, read_template
from anji_mapper.mapping.reading import Loc, Page
from anji_mapper.mapping.schema import SideForm

__all__ = ["PlacedPacket", "Placing"]


_REFERENCE_KEYS = ("FNumber", "FUserID", "FNAME", "FCONTACTNUMBER", "FCODE", "FID")
"""By what the ERP's packets name base data and people. Source: reference "k3cloud-webapi.md", in
the section on packets."""


@dataclass(frozen=True, slots=True)
class PlacedPacket:
    """A packet without marks, and the marks that are fills."""

    packet: Mapping[str, JsonValue]
    fills: tuple[Fill, ...]


@dataclass(frozen=True, slots=True)
class Placing:
    """One side's packet and the pairs that are written into it."""

    page: Page
    name: str
    """`crm` or `erp`: the key of the side in its file."""
    form: SideForm
    system: System
    pairs: tuple[Pair, ...]
    lines: tuple[LinesPair, ...]
    left_out: frozenset[str] = frozenset()
    """Lines that are not used: a template row of theirs that says nothing goes with them."""

    def placed(self) -> PlacedPacket:
        """Return the packet, after comparing its marks with the fields that are mapped there."""
        template = read_template(self.form.packet)
        mapped: dict[Loc, list[Pair]] = {}
        for place, pair in self._mapped():
            mapped.setdefault(place, []).append(pair)
        fills = []
        for mark in template.marks:
            pairs = mapped.get(mark.place, [])
            if not pairs:
                fills.append(mark)
            elif all(mark.paths != (pair.path(self.system.other),) for pair in pairs):
                words = (
                    f"here stands {pairs[0].path(self.system.other)}, by the field {pairs[0].name}"
                )
                self._find(("packet", *mark.place), words)
        filled = {fill.place[0] for fill in fills}
        packet = {
            path: value
            for path, value in template.packet.items()
            if path not in self.left_out or path in filled or not _is_blank(value)
        }
        return PlacedPacket(packet, tuple(fills))

    def check_matching(self) -> None:
        """Check a side on which records are only looked for."""
        for key in ("marker", "packet", "own_number", "push"):
            if getattr(self.form, key):
                self._find((key,), "nothing is made or written here: creates is neither")
        if not self.form.natural_keys:
            self._find((), "records are only matched: say natural_keys")
        self._check_keys()

    def check(self) -> None:
        """Check a side on which records are made: packet, marker, numbers and natural keys."""
        form = self.form
        if form.marker is None and form.own_number is None:
            self._find((), "records are made here: it needs a marker or an own_number")
        if not form.packet and form.push is None:
            self._find((), "records are made here: key 'packet' is missing")
            return
        for lines, pair in self._written() if form.packet else ():
            path = pair.path(self.system)
            if place_of(form.packet, path, lines=lines) is None:
                where = "the packet" if lines is None else f"the packet's one row of {lines}"
                words = f"{path} has no place in {where}{self._near(path, lines)}"
                self.page.find(self._named_at(path, lines), words)
        if self.system is System.K3CLOUD:
            self._check_reference_keys(("packet",), form.packet)
        self._check_keys()
        if form.own_number is not None:
            self._check_flows(("own_number",), "own number", form.own_number)

    def _near(self, path: str, lines: str | None) -> str:
        """Return the nearest key of the packet, and where it stands: it may be the wrong one."""
        close = nearest(path, _paths(self.form.packet, lines))
        if close is None:
            return ""
        row = () if lines is None else (lines, 0)
        line = self.page.line((self.name, "packet", *row, *close.split(".")))
        return f"; did you mean {close!r} of line {line}?"

    def _named_at(self, path: str, lines: str | None) -> Loc:
        """Return where a field is named; else where the packet begins."""
        named = (
            each.loc
            for each in self.page.named
            if (each.system, each.lines, each.path) == (self.system, lines, path)
        )
        return next(named, (self.name, "packet"))

    def _check_reference_keys(self, loc: Loc, node: JsonValue) -> None:
        """Look for keys by which base data is named (``{FNumber: "1"}``) and that are mistyped."""
        if isinstance(node, list):
            for place, each in enumerate(node):
                self._check_reference_keys((*loc, place), each)
            return
        for key, value in node.items() if isinstance(node, dict) else ():
            right = nearest(key, _REFERENCE_KEYS)
            is_alone = isinstance(node, dict) and len(node) == 1 and not isinstance(value, dict)
            is_like = right is not None and abs(len(key) - len(right)) <= 1
            if is_alone and is_like and right and key.lower() != right.lower():
                self._find(
                    (*loc, key), f"unknown key {key!r} of base data; did you mean {right!r}?"
                )
            self._check_reference_keys((*loc, key), value)

    def _check_keys(self) -> None:
        for place, key in enumerate(self.form.natural_keys):
            for path in key:
                self._check_flows(("natural_keys", place), "natural key", path)

    def _check_flows(self, loc: Loc, what: str, path: str) -> None:
        heads = [pair.path(self.system) for lines, pair in self._written() if lines is None]
        if path not in heads:
            self._find(loc, f"{what} {path} is no field that flows here{near(path, heads)}")

    def _mapped(self) -> Iterator[tuple[Loc, Pair]]:
        for lines, pair in self._written():
            place = place_of(self.form.packet, pair.path(self.system), lines=lines)
            if place is not None:
                yield place.loc, pair
                if place.number_key is not None:
                    yield (*place.loc, place.number_key), pair

    def _written(self) -> Iterator[tuple[str | None, Pair]]:
        """Give the pairs that flow to this side, with the lines path that they are in."""
        for pair in self.pairs:
            if self.system in pair.flows_to:
                yield None, pair
        for lines in self.lines:
            for pair in lines.pairs:
                if self.system in pair.flows_to:
                    yield lines.path(self.system), pair

    def _find(self, loc: Loc, words: str) -> None:
        self.page.find((self.name, *loc), words, at_key=True)


def _is_blank(value: JsonValue) -> bool:
    """Whether a template says nothing."""
    if isinstance(value, dict):
        return all(map(_is_blank, value.values()))
    if isinstance(value, list):
        return all(map(_is_blank, value))
    return value in (None, "")


def _paths(packet: Mapping[str, JsonValue], lines: str | None) -> Iterator[str]:
    node: Any = packet
    if lines is not None:
        rows = packet.get(lines)
        node = rows[0] if isinstance(rows, list) and rows else {}
    for key, value in node.items() if isinstance(node, dict) else ():
        yield key
        if isinstance(value, dict):
            yield from (f"{key}.{under}" for under in value)
