"""Steps per second and core without a broker: what the mapper itself takes for an input.

The same company works as in `mapper_rates`, and its records are read, stepped and written as the
mapper's tasks do: an input from its bytes, the seat's state from its bytes, the step, and what
comes of it to bytes again. What answers is not measured.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from anji_common.collector import calm_collector
from anji_common.events.commands import Command
from anji_common.events.crosswalk import CrosswalkRow
from anji_common.messages import Message, Record
from anji_common.refs import Ref
from anji_common.testing.virtual_time import EPOCH
from anji_mapper.decode import Arrival, decode, input_topics
from anji_mapper.link.codec import decode_seat, seat_message
from anji_mapper.link.context import Context
from anji_mapper.link.effects import Effect
from anji_mapper.link.state import Seat
from anji_mapper.link.step import Reducer, new_seat
from anji_mapper.mapping.model import Mappings
from anji_mapper.settings import MapperSettings
from bench.company import Company
from bench.effort import Effort, measured
from bench.figures import Family, Figure
from bench.mapper_rates import MapperSizes
from bench.vendors import Vendors

__all__ = ["measure_steps"]

_WORDS = """\
The company of the tables below, without a broker and without views: {inputs:,} inputs are read
from their bytes, and their seats' states, stepped, and states and messages written to bytes.
The reducer alone is the step between values."""


@dataclass
class _Rows:
    """The crosswalk, as the port `References`."""

    rows: dict[str, CrosswalkRow] = field(default_factory=dict)

    def row(self, ref: str) -> CrosswalkRow | None:
        return self.rows.get(ref)

    def by_number(self, object_key: str, number: str) -> CrosswalkRow | None:
        found = (row for row in self.rows.values() if row.business_number == number)
        return next((row for row in found if str(row.ref).startswith(f"{object_key}/")), None)


@dataclass
class _Desk:
    """The mapper's part, and what each of it took."""

    mappings: Mappings
    references: _Rows = field(default_factory=_Rows)
    states: dict[str, bytes | None] = field(default_factory=dict)
    around: Effort = field(default_factory=Effort)
    """Reading and writing."""
    stepping: Effort = field(default_factory=Effort)
    inputs: int = 0

    def take(self, records: Sequence[Record]) -> list[Effect]:
        """Take in a batch; return what it called for."""
        context = Context(self.mappings, self.references, EPOCH)
        with measured() as reading:
            found = [decode(record, self.mappings) for record in records]
            arrivals = [each for each in found if each is not None]
            seats = {str(each.key): self._seat(each, context) for each in arrivals}
        with measured() as stepping:
            effects, moved = self._stepped(arrivals, seats, context)
        with measured() as writing:
            written = [seat_message(seats[key]) for key in moved]
            for effect in effects:
                effect.to_message()
        self.states.update({message.key: message.value for message in written})
        rows = (effect for effect in effects if isinstance(effect, CrosswalkRow))
        self.references.rows.update({str(row.ref): row for row in rows})
        self.around = self.around + reading + writing
        self.stepping = self.stepping + stepping
        self.inputs += len(records)
        return effects

    def _seat(self, arrival: Arrival, context: Context) -> Seat:
        state = self.states.get(str(arrival.key))
        if state is None:
            return new_seat(arrival.key, arrival.link_type, context)
        return decode_seat(state)

    @staticmethod
    def _stepped(
        arrivals: Sequence[Arrival], seats: dict[str, Seat], context: Context
    ) -> tuple[list[Effect], set[str]]:
        reducer, effects, moved = Reducer(), list[Effect](), set[str]()
        for arrival in arrivals:
            key = str(arrival.key)
            after, more = reducer.step(seats[key], arrival.happened, arrival.link_type, context)
            if after is not seats[key] or more:
                seats[key] = after
                moved.add(key)
                effects += more
        return effects, moved


def measure_steps(mappings: Mappings, sizes: MapperSizes) -> Family:
    """Return what a step takes, with and without its bytes."""
    company = Company()
    vendors, desk = Vendors(mappings, company), _Desk(mappings)
    for made in (
        company.products(sizes.products),
        company.customers(sizes.customers),
        company.orders(sizes.orders),
    ):
        _live(desk, vendors, (change.to_message() for change in made))
    for edited in ("AccountObj", "SalesOrderObj"):
        refs = company.refs(edited)
        _live(desk, vendors, _edits(company, refs, sizes.edits))
    _live(desk, vendors, _edits(vendors, vendors.refs("BD_Customer"), sizes.edits))
    whole = desk.around + desk.stepping
    return Family(
        "Steps, without a broker",
        _WORDS.format(inputs=desk.inputs),
        [
            Figure("steps", whole.per_core(desk.inputs), "/s per core", at_least=6000),
            Figure("a step", whole.micros(desk.inputs), "µs"),
            Figure("the reducer alone", desk.stepping.per_core(desk.inputs), "/s per core"),
            Figure("bytes of a state, median", _median(desk.states.values()), "bytes"),
        ],
    )


def _edits(of: Company | Vendors, refs: Sequence[Ref], count: int) -> Iterator[Message]:
    return (of.edited(refs[n % len(refs)], n).to_message() for n in range(count))


def _live(desk: _Desk, vendors: Vendors, news: Iterator[Message]) -> None:
    """Take everything in, and all that follows from it, a batch at a time."""
    inputs = frozenset(input_topics(desk.mappings))
    batch_size = MapperSettings().max_batch_records
    waiting = list(news)
    while waiting:
        calm_collector()
        batches, waiting = iter(waiting), []
        while batch := list(islice(batches, batch_size)):
            effects = desk.take([_record(message) for message in batch])
            for effect in effects:
                if isinstance(effect, Command):
                    waiting += [event.to_message() for event in vendors.answer(effect)]
            told = [effect.to_message() for effect in effects]
            waiting += [message for message in told if message.topic in inputs]


def _record(message: Message) -> Record:
    return Record(message.topic, 0, 0, 0, message.key.encode(), message.value, message.headers)


def _median(states: Iterable[bytes | None]) -> float:
    sizes = sorted(len(state) for state in states if state is not None)
    return float(sizes[len(sizes) // 2])
