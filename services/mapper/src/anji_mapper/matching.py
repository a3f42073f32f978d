"""First load: existing records of both sides are paired, and joined without any write.

Everything is read from the topics: what the sources have published, and which links stand. Links
are written as their own seats would, under the mapper's tasks, whose former owners are fenced: so
the mapper must not run meanwhile, and when it starts it finds them linked.
"""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from anji_common.broker.partitions import partition_for
from anji_common.broker.port import Broker
from anji_common.errors import UndecodableError
from anji_common.events.changes import Change
from anji_common.messages import Message
from anji_common.refs import SYSTEMS, Ref, System
from anji_common.topics import changes_topic
from anji_common.views import View
from anji_mapper.cards import Names, card_of
from anji_mapper.copies import open_copies, topics_of
from anji_mapper.decode import input_topics
from anji_mapper.link.codec import decode_seat
from anji_mapper.link.context import Context
from anji_mapper.link.joining import Joined, join_records
from anji_mapper.link.state import Seat, Stage
from anji_mapper.link.step import new_seat
from anji_mapper.mapping.model import LinkType, Mappings
from anji_mapper.pairing import Card, Match, Standing, pair_up
from anji_mapper.retained import Retained
from anji_mapper.starts import Start

__all__ = ["Matching", "open_matching"]

_GROUP = "mapper"
_BATCH_LINKS = 100
_OPEN = frozenset({Stage.NEW, Stage.REFUSED})


@dataclass
class Matching:
    """One installation's records and links as of one moment."""

    broker: Broker
    context: Context
    links: View
    crosswalk: View
    retained: Retained
    left_out: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(link type, why) → records that take no part."""

    def matches(
        self, link_type: LinkType, names: Names, by_hand: Sequence[tuple[str, str]] = ()
    ) -> list[Match]:
        """Return how the records of a link type pair, certain ones first.

        Args:
            link_type: Whose records.
            names: By which fields people know them.
            by_hand: (CRM record, ERP record), each by ref or number: pairs that a person made.
        """
        cards = {system: self._cards(link_type, system, names) for system in SYSTEMS}
        made = list(_made_by_hand(cards, by_hand))
        taken = {card.ref for match in made for card in (match.crm, match.erp) if card}
        crm, erp = (
            [card for card in cards[system] if card.ref not in taken]
            for system in (System.FXIAOKE, System.K3CLOUD)
        )
        return [*made, *pair_up(crm, erp)]

    def joined(self, link_type: LinkType, match: Match, *, keeps: bool) -> Joined | None:
        """Return the link that a certain pair makes; `None` if it is none, or is none any more."""
        if match.standing is not Standing.CERTAIN or match.crm is None or match.erp is None:
            return None
        changes = {
            system: self._change(ref)
            for system, ref in ((System.FXIAOKE, match.crm.ref), (System.K3CLOUD, match.erp.ref))
        }
        home, far = changes[link_type.home], changes[link_type.home.other]
        if home is None or far is None:
            return None
        if any(self._why_not(str(each.ref), each, link_type) for each in (home, far)):
            return None  # linked since, by another hand
        seats = [self._seat(each.ref, link_type) for each in (home, far)]
        return join_records(
            link_type, (seats[0], home), (seats[1], far), self.context, keeps=keeps
        )

    def learn(self, joined: Joined) -> None:
        """Let links that are looked at later refer to this one."""
        self.crosswalk.apply(joined.rows, {})

    async def write(self, links: Iterable[Joined]) -> int:
        """Make the links stand; return how many. The mapper must not run.

        `links` is gone through when nobody else can write any more, and what was written until
        then is known: a link is made of the seats as they are, not as they were when all was read.
        """
        inputs = input_topics(self.context.mappings)
        count = 0
        async with AsyncExitStack() as opened:
            tasks = {}
            for partition in range(self.broker.partitions):
                task = await self.broker.take(_GROUP, partition, inputs)
                opened.push_async_callback(task.close)
                tasks[partition] = task
            for view in (self.links, self.crosswalk):
                await view.catch_up()
            batches: dict[int, list[Message]] = defaultdict(list)
            for joined in links:
                count += 1
                partition = partition_for(str(joined.home.key).encode(), self.broker.partitions)
                batches[partition].extend(joined.messages)
                if len(batches[partition]) >= _BATCH_LINKS * len(joined.messages):
                    await tasks[partition].commit([], batches.pop(partition))
            for partition, messages in batches.items():
                await tasks[partition].commit([], messages)
        return count

    def _cards(self, link_type: LinkType, system: System, names: Names) -> list[Card]:
        topic = changes_topic(system, link_type.side(system).object_name)
        found = []
        for key, record in self.retained.scan():
            if record.topic != topic:
                continue
            try:
                change = Change.from_record(record)
                why = self._why_not(key, change, link_type)
                if why is None:
                    found.append(card_of(change, link_type, names, self.context))
            except UndecodableError:
                why = "nobody can read it"
            if why is not None:
                self.left_out[link_type.name, f"{system}: {why}"] += 1
        return found

    def _why_not(self, key: str, change: Change, link_type: LinkType) -> str | None:
        """Return why a record takes no part, or `None` if it does."""
        if change.data is None:
            return "deleted"
        value = self.links.get(key)
        seat = None if value is None else decode_seat(value)
        if seat is not None and seat.stage not in _OPEN:
            return f"is {seat.stage}"
        if seat is not None and (seat.crm.flight or seat.erp.flight):
            return "a command of it is in flight"
        side = link_type.side(change.ref.system)
        if side.filter is not None and not side.filter.holds(
            link_type.seen(change.ref.system, change.data).head
        ):
            return "the mapping's filter leaves it out"
        return None

    def _change(self, ref: str) -> Change | None:
        record = self.retained.get(ref)
        return None if record is None else Change.from_record(record)

    def _seat(self, ref: Ref, link_type: LinkType) -> Seat:
        value = self.links.get(str(ref))
        return new_seat(ref, link_type, self.context) if value is None else decode_seat(value)


def _made_by_hand(
    cards: dict[System, list[Card]], pairs: Sequence[tuple[str, str]]
) -> Iterator[Match]:
    known: dict[System, dict[str, Card]] = {}
    several: dict[System, Counter[str]] = {}
    for system, found in cards.items():
        several[system] = Counter(card.number for card in found if card.number)
        known[system] = {name: card for card in found for name in (card.number, card.ref) if name}
    taken: set[str] = set()
    for crm_name, erp_name in pairs:
        crm, erp = known[System.FXIAOKE].get(crm_name), known[System.K3CLOUD].get(erp_name)
        doubled = [
            f"{several[system][name]} records have the number {name}: name it by its ref"
            for system, name in ((System.FXIAOKE, crm_name), (System.K3CLOUD, erp_name))
            if several[system][name] > 1
        ]
        if doubled:
            yield Match(Standing.DOUBTFUL, f"by hand, but {doubled[0]}", crm, erp)
        elif crm is None or erp is None:
            missing = crm_name if crm is None else erp_name
            words = f"by hand, but there is no unlinked record {missing}"
            yield Match(Standing.DOUBTFUL, words, crm, erp)
        elif {crm.ref, erp.ref} & taken:
            yield Match(Standing.DOUBTFUL, "by hand, but one of them is there twice", crm, erp)
        else:
            taken |= {crm.ref, erp.ref}
            yield Match(Standing.CERTAIN, "by hand", crm, erp)


@asynccontextmanager
async def open_matching(
    broker: Broker,
    mappings: Mappings,
    types: Sequence[LinkType],
    *,
    folder: Path,
    now: datetime,
) -> AsyncIterator[Matching]:
    """Read what is needed for some link types, and yield what matches.

    Args:
        broker: Read from only, until `Matching.write`.
        mappings: All of the installation.
        types: Those whose records are matched.
        folder: For copies; the caller removes it.
        now: The time of the links that are made.
    """
    async with open_copies(broker, topics_of(types), Start(), folder=folder) as copies:
        context = copies.context(mappings, now)
        yield Matching(broker, context, copies.links, copies.crosswalk, copies.retained)
