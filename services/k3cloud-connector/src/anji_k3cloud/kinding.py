"""Of what kind fields are, by the site's own description, where a mapping does not say. Pure.

A mapping's own word counts. Where it says nothing (text is the default), the description tells: a
field that points to another form is base data by its number, and ``FieldType`` says the rest. No
source shows what a FieldType looks like, so which of them mean what is a setting; its default
knows plain words. A field of a type that is not in it stays the text that it comes as.

Source: reference "k3cloud-webapi.md", sections 2.2 and 4.1.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from anji_common.interest import FieldInterest, FieldKind, LinesInterest, ObjectInterest
from anji_k3cloud.described import FieldInfo, FormInfo

__all__ = ["FieldTypes", "Mistyped", "kinded", "mistyped"]

FieldTypes = Mapping[str, FieldKind]
"""FieldType in lower case → the kind of its values."""

_ALIKE = (
    frozenset({FieldKind.DATE, FieldKind.TIME}),
    frozenset({FieldKind.NUMBER, FieldKind.REFERENCE, FieldKind.EMPLOYEE}),
)
"""Kinds that read the same vendor values, each its own way."""


def kinded(interest: ObjectInterest, info: FormInfo | None, types: FieldTypes) -> ObjectInterest:
    """Return the interest with the kinds that the description tells; without one as it is."""
    if info is None:
        return interest
    head = tuple(_kinded(each, info.find(_key(each)), types) for each in interest.fields)
    lines = tuple(_kinded_rows(each, info, types) for each in interest.lines)
    return replace(interest, fields=head, lines=lines)


@dataclass(frozen=True, slots=True)
class Mistyped:
    """A field that a mapping reads as another kind than the site has it."""

    path: str
    """Of a row with the lines' path before it."""
    mapped: FieldKind
    told: FieldKind


def mistyped(interest: ObjectInterest, info: FormInfo, types: FieldTypes) -> Iterator[Mistyped]:
    """Give the fields whose kind in the mapping can hardly be right."""
    for path, field, told in _told(interest, info, types):
        if field.kind in (FieldKind.TEXT, FieldKind.CHOICE, told):
            continue
        if not any({field.kind, told} <= alike for alike in _ALIKE):
            yield Mistyped(path, field.kind, told)


def _told(
    interest: ObjectInterest, info: FormInfo, types: FieldTypes
) -> Iterator[tuple[str, FieldInterest, FieldKind]]:
    places: Iterable[tuple[str, FieldInterest, FieldInfo | None]] = (
        *((each.path, each, info.find(_key(each))) for each in interest.fields),
        *(
            (f"{lines.path}.{each.path}", each, _find(lines, each, info))
            for lines in interest.lines
            for each in lines.fields
        ),
    )
    for path, field, described in places:
        kind = None if described is None else _kind_of(described, types)
        if kind is not None:
            yield path, field, kind


def _kinded_rows(lines: LinesInterest, info: FormInfo, types: FieldTypes) -> LinesInterest:
    fields = tuple(_kinded(each, _find(lines, each, info), types) for each in lines.fields)
    return replace(lines, fields=fields)


def _find(lines: LinesInterest, field: FieldInterest, info: FormInfo) -> FieldInfo | None:
    entry = info.entry(lines.path)
    return info.find(_key(field)) if entry is None else entry.find(_key(field))


def _kinded(field: FieldInterest, described: FieldInfo | None, types: FieldTypes) -> FieldInterest:
    if described is None or field.kind is not FieldKind.TEXT:
        return field
    kind = _kind_of(described, types)
    return field if kind is None else replace(field, kind=kind)


def _kind_of(described: FieldInfo, types: FieldTypes) -> FieldKind | None:
    if described.refers_to:
        return FieldKind.NUMBER
    return types.get(described.kind.lower())


def _key(field: FieldInterest) -> str:
    return field.path.rpartition(".")[2]
