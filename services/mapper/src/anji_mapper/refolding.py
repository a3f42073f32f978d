"""What the topics hold when the links are lost, by record; on local disk, so memory does not grow.

Changes are folded to the newest of each record. Pairs are told by the crosswalk; where it is lost
as well, or was not written yet, by the markers in the records, and then by natural keys.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import orjson

from anji_common.broker.port import Broker
from anji_common.errors import AnjiError, UndecodableError
from anji_common.events.changes import Change
from anji_common.events.crosswalk import CrosswalkRow, RowState
from anji_common.messages import Record
from anji_common.refs import SYSTEMS, Ref, System
from anji_common.topics import CROSSWALK, changes_topic
from anji_common.views import View
from anji_mapper.link.context import Context
from anji_mapper.link.forms import change_from, change_to
from anji_mapper.link.rebuilt import Known, keys_of
from anji_mapper.mapping.model import LinkType, Mappings, Seen
from anji_mapper.references import ViewReferences, checked_row, row_tokens

__all__ = ["Doubt", "Fold", "Found", "pair_up"]


@dataclass(frozen=True, slots=True)
class Doubt:
    """A record whose counterpart cannot be told for sure; it is decided as if it were new."""

    ref: Ref
    reason: str


@dataclass(slots=True)
class Found:
    """How the pairs of one link type were told."""

    by: Counter[str] = field(default_factory=Counter)
    """``row``, ``marker``, ``natural key`` → pairs."""
    doubts: list[Doubt] = field(default_factory=list)


class Fold:
    """The newest change of every record, and the crosswalk, while the context is open."""

    def __init__(self, mappings: Mappings, broker: Broker, folder: Path | None) -> None:
        """Prepare one.

        Args:
            mappings: Whose objects are read.
            broker: Where the topics are.
            folder: Where what was read is kept meanwhile; `None` keeps it in memory.
        """
        self._mappings = mappings
        self._views: dict[tuple[System, str], View] = {}
        self.unreadable = 0
        """Records that nobody can read; they are told, and left out."""
        for link_type in mappings.types:
            for system in SYSTEMS:
                name = link_type.side(system).object_name
                topic = changes_topic(system, name)
                self._views[system, name] = View(
                    broker,
                    topic,
                    store=folder and folder / f"{topic}.sqlite",
                    project=_kept,
                    index=_tokens_of(link_type, system),
                    on_bad=self._bad,
                )
        self.crosswalk = View(
            broker,
            CROSSWALK.name,
            store=folder and folder / f"{CROSSWALK.name}.sqlite",
            project=checked_row,
            index=_row_tokens,
            on_bad=self._bad,
        )
        self.references = ViewReferences(self.crosswalk)
        self._opened = AsyncExitStack()

    async def __aenter__(self) -> Self:
        for view in (*self._views.values(), self.crosswalk):
            self._opened.push_async_callback(view.close)
            await view.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._opened.aclose()

    @property
    def has_crosswalk(self) -> bool:
        """Whether the crosswalk tells anything: else it is lost as well."""
        return len(self.crosswalk) > 0

    def change(self, ref: Ref) -> Change | None:
        """Return the newest change of a record, or `None` where the topics hold none."""
        view = self._views.get((ref.system, ref.object_name))
        value = None if view is None else view.get(str(ref))
        return None if value is None else change_from(orjson.loads(value))

    def row(self, ref: Ref) -> CrosswalkRow | None:
        """Return the crosswalk row of a record."""
        return self.references.row(str(ref))

    def knows(self, key: str) -> bool:
        """Whether the topics hold anything of a record."""
        try:
            ref = Ref.parse(key)
        except UndecodableError:
            return False
        return self.change(ref) is not None or self.row(ref) is not None

    def size(self, link_type: LinkType, system: System) -> int:
        """Return how many records of one side the topics hold."""
        return len(self._view(link_type, system))

    def changes(self, link_type: LinkType, system: System) -> Iterator[Change]:
        """Yield the newest change of every record of one side, by key."""
        for _, value in self._view(link_type, system).scan():
            yield change_from(orjson.loads(value))

    def marked(self, link_type: LinkType, system: System, marker: Ref) -> list[Ref]:
        """Return the records of one side that carry a marker."""
        return [Ref.parse(key) for key in self._view(link_type, system).find(f"marker:{marker}")]

    def keyed(
        self, link_type: LinkType, system: System, paths: tuple[str, ...], values: tuple[str, ...]
    ) -> list[Ref]:
        """Return the records of one side that hold these values under these head paths."""
        token = _key_token(paths, values)
        return [Ref.parse(key) for key in self._view(link_type, system).find(token)]

    def rows(self, link_type: LinkType) -> Iterator[CrosswalkRow]:
        """Yield the crosswalk rows of the link type's homes, by key."""
        home = link_type.home
        for key in self.crosswalk.find(f"type:{link_type.name}"):
            row = self.references.row(key)
            if row is not None and row.ref.system is home and row.counterpart is not None:
                yield row

    def known(self, row: CrosswalkRow) -> Known:
        """Return what is known of the pair of a home's row."""
        partner = row.counterpart
        if partner is None:
            msg = f"the row of {row.ref} has no counterpart"
            raise AssertionError(msg)
        found = {ref: self.change(ref) for ref in (row.ref, partner)}
        changes = {ref: change for ref, change in found.items() if change is not None}
        return Known(row.ref, partner, changes, row.lines, row.state is RowState.ENDED)

    def is_partner_of_another(self, row: CrosswalkRow) -> bool:
        """Whether the record that a row names was linked with a third one since.

        Every link that is made publishes both its rows. So of two rows that name one record the
        older says only what was once: its record was deleted, and may be there again.
        """
        other = None if row.counterpart is None else self.row(row.counterpart)
        return other is not None and other.counterpart != row.ref

    def keep(self, rows: list[CrosswalkRow]) -> None:
        """Know rows that are not published yet."""
        self.crosswalk.apply([row.to_message() for row in rows], {})

    def _view(self, link_type: LinkType, system: System) -> View:
        return self._views[system, link_type.side(system).object_name]

    def _bad(self, _record: Record, _error: AnjiError) -> None:
        self.unreadable += 1


def pair_up(
    fold: Fold, link_type: LinkType, context: Context, *, by_keys: bool, step: Callable[[], None]
) -> Found:
    """Tell the pairs of one link type; those that no row tells get a row in the fold.

    Args:
        fold: What the topics hold.
        link_type: Which pairs.
        context: For references, and the time of new rows.
        by_keys: Whether natural keys tell pairs: only where no crosswalk is left to do so. Else
            a record without a row is new, and its writer looks before it makes anything.
        step: Called for each record.
    """
    found = Found()
    found.by["row"] = sum(1 for _ in fold.rows(link_type))
    ways = (_by_marker, _by_key) if by_keys else (_by_marker,)
    for way in ways:
        for change in fold.changes(link_type, link_type.home):
            step()
            if change.data is None or fold.row(change.ref) is not None:
                continue
            source = link_type.seen(change.ref.system, change.data)
            partner = way(fold, link_type, change.ref, source, context)
            if isinstance(partner, Doubt):
                found.doubts.append(partner)
            elif partner is not None and _is_free(fold, partner, change.ref):
                found.by["marker" if way is _by_marker else "natural key"] += 1
                fold.keep(_rows_of(fold, link_type, change.ref, partner, context))
            elif partner is not None:
                found.doubts.append(Doubt(change.ref, f"{partner} belongs to another record"))
    return found


def _by_marker(
    fold: Fold, link_type: LinkType, home: Ref, source: Seen, _context: Context
) -> Ref | Doubt | None:
    """The record that carries our marker, or that our record was made for."""
    far = home.system.other
    marked = fold.marked(link_type, far, home)
    if len(marked) > 1:
        return Doubt(home, f"{len(marked)} records carry its marker: {_few(marked)}")
    if marked:
        return marked[0]
    try:
        maker = None if source.marker is None else Ref.parse(source.marker)
    except UndecodableError:
        return None
    fits = maker is not None and maker.system is far
    return maker if fits and _is_of(link_type, maker) else None


def _by_key(
    fold: Fold, link_type: LinkType, home: Ref, source: Seen, context: Context
) -> Ref | Doubt | None:
    """The one record that holds the values of a natural key, and carries nobody's marker."""
    far = home.system.other
    for paths, values in keys_of(link_type, source, far, context):
        keyed = fold.keyed(link_type, far, paths, values)
        hits = [each for each in keyed if _is_bare(fold, link_type, each)]
        if len(hits) > 1:
            return Doubt(home, f"{len(hits)} records have its {', '.join(paths)}: {_few(hits)}")
        if hits:
            return hits[0]
    return None


def _is_of(link_type: LinkType, ref: Ref | None) -> bool:
    return ref is not None and link_type.side(ref.system).object_name == ref.object_name


def _is_bare(fold: Fold, link_type: LinkType, ref: Ref) -> bool:
    change = fold.change(ref)
    if change is None or change.data is None:
        return False
    return link_type.seen(ref.system, change.data).marker is None


def _is_free(fold: Fold, partner: Ref, home: Ref) -> bool:
    row = fold.row(partner)
    return row is None or row.counterpart == home or row.state is RowState.ENDED


def _rows_of(
    fold: Fold, link_type: LinkType, home: Ref, partner: Ref, context: Context
) -> list[CrosswalkRow]:
    rows = []
    for ref, other in ((home, partner), (partner, home)):
        change = fold.change(ref)
        data = None if change is None else change.data
        seen = Seen({}) if data is None else link_type.seen(ref.system, data)
        rows.append(
            CrosswalkRow(
                ref=ref,
                counterpart=other,
                link_type=link_type.name,
                business_number=seen.number,
                updated_at=context.now,
            )
        )
    return rows


def _few(refs: list[Ref]) -> str:
    return ", ".join(map(str, refs[:3]))


def _kept(record: Record) -> bytes:
    return orjson.dumps(change_to(Change.from_record(record)))


def _row_tokens(key: str, value: bytes) -> tuple[str, ...]:
    row = CrosswalkRow.model_validate_json(value)
    return (f"type:{row.link_type}", *row_tokens(key, value))


def _tokens_of(link_type: LinkType, system: System) -> Callable[[str, bytes], tuple[str, ...]]:
    side = link_type.side(system)
    keys = ((side.own_number,), *side.natural_keys) if side.own_number else side.natural_keys

    def tokens(_key: str, value: bytes) -> tuple[str, ...]:
        change = change_from(orjson.loads(value))
        if change.data is None:
            return ()
        seen = link_type.seen(system, change.data)
        found = [] if seen.marker is None else [f"marker:{seen.marker}"]
        for paths in keys:
            held = [seen.head.get(path) for path in paths]
            if all(each is not None for each in held):
                found.append(_key_token(paths, tuple(map(str, held))))
        return tuple(found)

    return tokens


def _key_token(paths: tuple[str, ...], values: tuple[str, ...]) -> str:
    digest = hashlib.sha256(orjson.dumps([paths, values])).hexdigest()[:24]
    return f"key:{digest}"
