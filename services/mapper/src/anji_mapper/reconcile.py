"""Reconciliation: what both sides hold against what the links say, and what would mend it.

Read from the topics, as of one moment: the newest change of every record, and all links. What is
under way is left out: links with a command in flight, that wait, or whose mapper is behind.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from anji_common.broker.port import Broker
from anji_common.errors import UndecodableError
from anji_common.events.changes import Change
from anji_common.refs import SYSTEMS, Ref, System
from anji_common.topics import changes_topic
from anji_common.views import View
from anji_mapper.copies import open_copies, topics_of
from anji_mapper.findings import Finding, FindingKind, Repair
from anji_mapper.link.codec import decode_seat
from anji_mapper.link.context import Context
from anji_mapper.link.differing import differences
from anji_mapper.link.discreet import discreet
from anji_mapper.link.state import Seat, Stage
from anji_mapper.mapping.model import LinkType, Mappings
from anji_mapper.retained import Retained
from anji_mapper.starts import Start

__all__ = ["Reconciling", "open_reconciling"]

_UNDER_WAY = frozenset({Stage.CLAIMING})
_UNREADABLE = "its link cannot be read, so nothing comes of it: anji rebuild --replace"
_ONLY = {System.FXIAOKE: FindingKind.ONLY_CRM, System.K3CLOUD: FindingKind.ONLY_ERP}


@dataclass
class Reconciling:
    """Records and links of some link types."""

    context: Context
    links: View
    retained: Retained
    types: Mapping[str, LinkType]
    matched: Counter[str] = field(default_factory=Counter)
    """Link type → links whose records hold the same."""
    under_way: Counter[str] = field(default_factory=Counter)

    def run(self) -> Iterator[Finding]:
        """Yield what is not as it should be, links first, then records without one."""
        holders: dict[str, str] = {}
        for key, value in self.links.scan():
            seat = self._seat(value)
            if seat is None:
                continue  # told at its record, of which there is more to say
            link_type = self.types.get(seat.link_type)
            if link_type is None:
                continue
            if seat.stage is Stage.LINKED and seat.partner is not None:
                partner = str(seat.partner)
                first = holders.setdefault(partner, key)
                if first != key:
                    words = f"{first} is linked with it too; delete or unmark one of the two"
                    yield _finding(FindingKind.DOUBLE, seat, words)
                yield from self._linked(seat, link_type)
            elif seat.stage is Stage.POINTER:
                yield from self._pointing(seat)
        yield from self._alone()

    def _linked(self, seat: Seat, link_type: LinkType) -> Iterator[Finding]:
        try:
            crm, erp = (self._change(seat.side(system).ref) for system in SYSTEMS)
        except UndecodableError as error:
            words = f"its newest change cannot be read: {error}; anji deadletters redrives it"
            yield _finding(FindingKind.DANGLING, seat, words)
            return
        if self._is_under_way(seat, crm, erp):
            self.under_way[seat.link_type] += 1
            return
        gone = [each.ref for each in (crm, erp) if each is not None and each.data is None]
        if gone or crm is None or erp is None:
            words = f"{gone[0]} was deleted" if gone else "one of its records was never read"
            yield _finding(FindingKind.DANGLING, seat, words)
            return
        found = differences(seat, (crm, erp), link_type, self.context)
        for each in found:
            yield Finding(
                kind=FindingKind.KEPT if each.is_agreed else FindingKind.DIFFERING,
                link_type=seat.link_type,
                crm=str(crm.ref),
                erp=str(erp.ref),
                field=each.field,
                values=(each.crm, each.erp),
                owner=each.owner,
                words=discreet(seat, link_type, _problem(seat), {})[0],
                repair=Repair.SETTLE if seat.problem is None else Repair.RETRY,
            )
        if not found:
            self.matched[seat.link_type] += 1

    def _is_under_way(self, seat: Seat, crm: Change | None, erp: Change | None) -> bool:
        if seat.crm.flight is not None or seat.erp.flight is not None or seat.waits:
            return True
        sides = ((seat.crm, crm), (seat.erp, erp))
        return any(each is not None and each.revision > side.revision for side, each in sides)

    def _pointing(self, seat: Seat) -> Iterator[Finding]:
        value = self.links.get(str(seat.partner))
        home = self._seat(value)
        if home is None or home.partner != seat.key:
            words = f"it points to {seat.partner}, which is not linked with it"
            yield _finding(FindingKind.DANGLING, seat, words)

    def _alone(self) -> Iterator[Finding]:
        by_topic = {
            changes_topic(system, found.side(system).object_name): (found, system)
            for found in self.types.values()
            for system in SYSTEMS
        }
        for key, record in self.retained.scan():
            link_type, system = by_topic[record.topic]
            value = self.links.get(key)
            seat = self._seat(value)
            if seat is not None and seat.stage in {Stage.LINKED, Stage.POINTER}:
                continue
            try:
                change = Change.from_record(record)
            except UndecodableError:
                continue  # a dead letter of the mapper's, already
            if change.data is None:
                continue
            if seat is not None and self._is_begun(seat):
                self.under_way[link_type.name] += 1
                continue
            found = self._lone(change, seat, link_type, system)
            is_lost = seat is None and value is not None
            yield replace(found, words=_UNREADABLE, repair=None) if is_lost else found

    @staticmethod
    def _seat(value: bytes | None) -> Seat | None:
        """Return a seat; `None` for what there is not, or nobody can read."""
        try:
            return None if value is None else decode_seat(value)
        except UndecodableError:
            return None

    def _is_begun(self, seat: Seat) -> bool:
        is_flying = seat.crm.flight is not None or seat.erp.flight is not None
        return is_flying or bool(seat.waits) or seat.stage in _UNDER_WAY

    def _lone(
        self, change: Change, seat: Seat | None, link_type: LinkType, system: System
    ) -> Finding:
        side = link_type.side(system)
        is_out = side.filter is not None and not side.filter.holds(
            link_type.seen(system, change.data or {}).head
        )
        repair: Repair | None = Repair.READ
        words = "it should have a counterpart: read it again"
        if seat is not None and seat.problem is not None:
            repair, words = Repair.RETRY, _problem(seat)
        elif is_out:
            repair, words = None, "the mapping's filter leaves it out"
        elif seat is not None and seat.stage in {Stage.ORPHAN, Stage.ENDED}:
            repair, words = None, f"its link has ended ({seat.stage}); match it, or let it be"
        elif link_type.is_only_matched:
            repair, words = None, "nothing fits it: anji match, or let it be"
        elif system not in link_type.creates:
            repair, words = None, "nothing is made from this side: anji match, or let it be"
        ref = str(change.ref)
        return Finding(
            kind=_ONLY[system],
            link_type=link_type.name,
            crm=ref if system is System.FXIAOKE else "",
            erp=ref if system is System.K3CLOUD else "",
            words=words,
            repair=repair,
        )

    def _change(self, ref: Ref | None) -> Change | None:
        record = None if ref is None else self.retained.get(str(ref))
        return None if record is None else Change.from_record(record)


def _problem(seat: Seat) -> str:
    return "" if seat.problem is None else f"{seat.problem.kind}: {seat.problem.words}"


def _finding(kind: FindingKind, seat: Seat, words: str) -> Finding:
    refs = {system: seat.side(system).ref for system in SYSTEMS}
    refs[seat.key.system] = seat.key
    if refs[seat.key.system.other] is None:
        refs[seat.key.system.other] = seat.partner
    crm, erp = (refs[system] for system in (System.FXIAOKE, System.K3CLOUD))
    return Finding(
        kind=kind,
        link_type=seat.link_type,
        crm="" if crm is None else str(crm),
        erp="" if erp is None else str(erp),
        words=words,
    )


@asynccontextmanager
async def open_reconciling(
    broker: Broker,
    mappings: Mappings,
    types: Mapping[str, LinkType],
    *,
    folder: Path,
    now: datetime,
) -> AsyncIterator[Reconciling]:
    """Read what is needed for some link types, and yield what reconciles.

    Args:
        broker: Read from only.
        mappings: All of the installation.
        types: Those that are looked at, by name.
        folder: For copies; the caller removes it.
        now: Of the context.
    """
    async with open_copies(broker, topics_of(types.values()), Start(), folder=folder) as copies:
        yield Reconciling(copies.context(mappings, now), copies.links, copies.retained, types)
