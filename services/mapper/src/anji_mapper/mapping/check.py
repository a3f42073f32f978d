"""Checks compiled mappings against themselves: what is well formed, yet can never work.

What is wrong in one file's own text is found by the compiler. What the vendors' live metadata
say is not looked at here.
"""

from collections.abc import Iterator, Mapping

from anji_common.interest import ObjectInterest
from anji_common.refs import System
from anji_mapper.mapping.findings import Finding
from anji_mapper.mapping.model import LinkType, Mappings
from anji_mapper.mapping.referring import Employee, LineReference, ReferenceByNumber, Shared

__all__ = ["check", "dependencies", "load_order"]


def dependencies(mappings: Mappings) -> dict[str, tuple[str, ...]]:
    """Return for each link type those whose records it waits for, sorted; never itself."""
    owners = dict(_owners(mappings))
    return {
        found.name: tuple(
            sorted({owners[each] for each in _referred(found) if each in owners} - {found.name})
        )
        for found in mappings.types
    }


def load_order(mappings: Mappings) -> tuple[str, ...]:
    """Return the link types so that each comes after those that it waits for.

    In this order snapshots and first loads make nobody wait; in any other they are as right.
    """
    depends, done = dependencies(mappings), dict[str, None]()
    while len(done) < len(depends):
        ready = [name for name in depends if name not in done and done.keys() >= {*depends[name]}]
        done |= dict.fromkeys(ready or depends)  # a circle is told by `check`
    return tuple(done)


def check(mappings: Mappings) -> list[Finding]:
    """Return a line for each circle of link types that wait for each other.

    And for each that waits for records of which nobody tells: its link type is not used.
    """
    depends = dependencies(mappings)
    circles = {_circle(name, depends) for name in depends} - {()}
    return [
        *_unowned(mappings),
        *(
            Finding(
                circle[0],
                1,
                1,
                f"link types wait for each other in a circle: {' → '.join((*circle, circle[0]))}",
            )
            for circle in sorted(circles)
        ),
    ]


def _unowned(mappings: Mappings) -> Iterator[Finding]:
    owners = dict(_owners(mappings))
    for found in mappings.types:
        for name in sorted({*_referred(found)} - owners.keys()):
            words = f"it waits for records of {name}, whose link type is not used: say used: true"
            yield Finding(found.name, 1, 1, words)


def _owners(mappings: Mappings) -> Iterator[tuple[str, str]]:
    """Give every object and detail object with the link type that it takes part in."""
    for found in mappings.types:
        for system in System:
            yield found.side(system).object_name, found.name
        for lines in found.lines:
            yield lines.crm, found.name


def _referred(found: LinkType) -> Iterator[str]:
    pairs = [*found.pairs, *(pair for lines in found.lines for pair in lines.pairs)]
    for pair in pairs:
        if isinstance(pair.lens, Employee | ReferenceByNumber | LineReference | Shared):
            yield pair.lens.erp_object
    for system in System:
        yield from _refers_to(found.side(system).interest)


def _refers_to(interest: ObjectInterest) -> Iterator[str]:
    fields = [*interest.fields, *(each for lines in interest.lines for each in lines.fields)]
    yield from (field.refers_to for field in fields if field.refers_to is not None)


def _circle(start: str, depends: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return the shortest circle through `start`, from its first name on; empty if none."""
    ways: list[tuple[str, ...]] = [(start,)]
    seen: set[str] = set()
    for way in ways:  # grows while it is walked: breadth first
        for name in depends.get(way[-1], ()):
            if name == start:
                first = way.index(min(way))
                return (*way[first:], *way[:first])
            if name not in seen:
                seen.add(name)
                ways.append((*way, name))
    return ()
