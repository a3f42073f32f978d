"""Many links of one kind: copies of one that was really made, under other refs.

Seats, crosswalk rows and changes are what the mapper, and sources, have written of one customer;
another customer is the same bytes with other ids.
"""

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from anji_common.broker.embedded_broker import EmbeddedBroker
from anji_common.broker.port import Broker
from anji_common.clock import SystemClock
from anji_common.events.changes import Change, revision_of
from anji_common.events.crosswalk import CrosswalkRow
from anji_common.events.observed import Stamp
from anji_common.messages import Message, Record
from anji_common.refs import Ref, System
from anji_common.testing.virtual_time import EPOCH
from anji_common.topics import LINKS, changes_topic
from anji_mapper.link.codec import decode_seat, seat_message
from anji_mapper.link.state import Seat, SideState, Stage
from anji_mapper.mapping.folder import find_folder, load_mappings
from bench.company import Company
from bench.mapper_rates import MapperSizes, lived
from bench.stands import declare, embedded_stand
from labs.memory_broker import all_records

__all__ = ["OneLink", "edits_of", "one_link", "published", "published_on", "shortened_mappings"]

_BATCH = 2000
_STRIDE = 7919
"""A prime, so edits one after the other are of links far apart."""
_LINE = "  - {crm: url, erp: FWEBSITE}\n"
_SHORTER = "  - {crm: url, erp: FWEBSITE, lens: {text: {limit: 10}}}\n"


@dataclass(frozen=True, slots=True)
class OneLink:
    """A linked customer: both seats, and the newest change of each record."""

    home: Seat
    pointer: Seat
    crm: Record
    erp: Record

    def refs(self, number: int) -> tuple[Ref, Ref]:
        """Return the refs of the copy of that number: the CRM's and the ERP's."""
        return (
            replace(self.home.key, record_id=f"75f0{number:020x}"),
            replace(self.pointer.key, record_id=f"{200_000 + number}"),
        )

    def states(self, number: int) -> Iterator[Message]:
        """Yield the two seats and the two rows of one copy."""
        crm, erp = self.refs(number)
        crm_side, erp_side = _of(self.home.crm, crm), _of(self.home.erp, erp)
        yield seat_message(replace(self.home, key=crm, partner=erp, crm=crm_side, erp=erp_side))
        own = _of(self.pointer.erp, erp)
        yield seat_message(
            replace(self.pointer, key=erp, partner=crm, erp=own, heard={str(crm): 1})
        )
        for ref, other, side in ((crm, erp, crm_side), (erp, crm, erp_side)):
            yield CrosswalkRow(
                ref=ref,
                counterpart=other,
                link_type=self.home.link_type,
                business_number=None if side.seen is None else f"{side.seen.number}-{number}",
                updated_at=EPOCH,
            ).to_message()

    def changes(self, number: int, *, age: int = 0) -> tuple[Message, Message]:
        """Return a change of each record of one copy.

        Args:
            number: Which copy.
            age: So many versions before the newest.
        """
        ours, theirs = (ref.record_id for ref in self.refs(number))
        words = {
            self.home.key.record_id.encode(): ours.encode(),
            f'"{self.pointer.key.record_id}"'.encode(): f'"{theirs}"'.encode(),
        }
        found = []
        for record, ref in zip((self.crm, self.erp), self.refs(number), strict=True):
            value = record.value or b""
            for old, new in words.items():
                value = value.replace(old, new)
            headers = tuple(
                (name, _header(name, text.decode(), ref, age).encode())
                for name, text in record.headers
            )
            found.append(Message(record.topic, str(ref), value, headers))
        return found[0], found[1]


def _header(name: str, text: str, ref: Ref, age: int) -> str:
    if name == "ce_subject":
        return str(ref)
    return f"{int(text) - age:020}" if name == "ce_sequence" else text


def _of(side: SideState, ref: Ref) -> SideState:
    return replace(side, ref=ref)


async def one_link() -> OneLink:
    """Let a customer be made and linked."""
    mappings = load_mappings()
    async with embedded_stand().opened(mappings) as runtime:
        await lived(runtime, mappings, MapperSizes(1, 1, 0, 0))
        records = await all_records(runtime.broker, LINKS.name)
        seats = {record.key: decode_seat(record.value or b"") for record in records}
        home = next(
            seat
            for seat in seats.values()
            if seat.stage is Stage.LINKED and seat.link_type == "customer"
        )
        pointer = seats[str(home.partner).encode()]
        crm, erp = [
            (await all_records(runtime.broker, changes_topic(ref.system, ref.object_name)))[-1]
            for ref in (home.key, pointer.key)
        ]
    return OneLink(home, pointer, crm, erp)


async def published(home: Path, messages: Iterable[Message]) -> None:
    """Publish on the embedded broker of an installation that is not running."""
    broker = EmbeddedBroker(home / "broker.sqlite", clock=SystemClock())
    try:
        await published_on(broker, messages)
    finally:
        await broker.close()


async def published_on(broker: Broker, messages: Iterable[Message]) -> None:
    """Make an installation's topics, and publish many messages at a time."""
    await declare(broker, load_mappings())
    batch: list[Message] = []
    for message in messages:
        batch.append(message)
        if len(batch) >= _BATCH:
            await broker.publish(batch)
            batch = []
    await broker.publish(batch)


def edits_of(links: int, numbers: Iterable[int], turn: int = 0) -> Iterator[Message]:
    """Yield edits of the CRM's side, spread over all links.

    Args:
        links: How many copies of a link there are.
        numbers: Of edits: as many links as there are numbers, up to `links`.
        turn: Edits of a later one are later.
    """
    company = Company()
    company.customers(1)
    (data,) = company.records.values()
    for number in numbers:
        ref = Ref(System.FXIAOKE, "AccountObj", f"75f0{number * _STRIDE % links:020x}")
        at = company.ticks.next().replace(year=2030 + turn)
        stamp = Stamp(modified_at=at, modified_by="1000")
        doc = {**data, "_id": ref.record_id, "remark": f"{turn}: {number}"}
        change = Change(ref=ref, revision=revision_of(at, 0), stamp=stamp, data=doc)
        yield change.to_message()


def shortened_mappings(folder: Path) -> Path:
    """Return the shipped mappings with one field's conversion changed: every copy differs then."""
    found = folder / "mappings"
    shutil.copytree(find_folder(), found)
    customer = found / "customer.yaml"
    text = customer.read_text()
    if _LINE not in text:
        msg = "customer.yaml has no longer the line that is changed here"
        raise RuntimeError(msg)
    customer.write_text(text.replace(_LINE, _SHORTER))
    return found
