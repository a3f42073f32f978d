"""Events per second through the mapper, and through a task that only passes them on.

The mapper is the shipped service with the shipped mappings. Every record that it takes in
counts: changes, results, and what its own seats tell each other. The passing task reads the very
same records from the very same topics and writes each once, in transactions as big.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from anji_common.broker.port import Task
from anji_common.events.changes import Change
from anji_common.messages import Message
from anji_common.refs import Ref
from anji_common.runtime import Runtime
from anji_common.topics import NOTICES
from anji_mapper.decode import input_topics
from anji_mapper.mapping.folder import load_mappings
from anji_mapper.mapping.model import Mappings
from anji_mapper.service import GROUP
from anji_mapper.settings import MapperSettings
from bench.company import Company
from bench.effort import Effort, Stopwatch
from bench.figures import Family, Figure
from bench.stands import Stand
from bench.vendors import Vendors
from bench.waves import Wave, Waves

__all__ = ["MapperSizes", "lived", "measure_mapper"]

_WORDS = """\
{products} products, {customers} customers and {orders} orders of one to twenty lines are made,
answered, claimed and seen again by the sources; then {edits} customers are edited on each side and
{edits} orders in the CRM. Sizes are above what a task keeps in memory. "Passed through" is a task
that reads the same {inputs} records and writes each of them once, in the same run."""


@dataclass(frozen=True, slots=True)
class MapperSizes:
    """How big the company is, and how busy."""

    products: int = 400
    customers: int = 2000
    orders: int = 2000
    edits: int = 2000


async def measure_mapper(stand: Stand, sizes: MapperSizes) -> Family:
    """Return the mapper's figures on one broker."""
    mappings = load_mappings()
    async with stand.opened(mappings) as runtime:
        waves = await lived(runtime, mappings, sizes)
        replay = await _replayed(runtime, mappings)
        inputs = sum(wave.inputs for wave in waves)
        passed, passing = await _passed(runtime, input_topics(mappings), inputs)
    mapper = sum((wave.effort for wave in waves), Effort())
    rate, passing_rate = mapper.per_core(inputs), passing.per_core(passed)
    return Family(
        f"Mapper, {stand.name}",
        _WORDS.format(
            products=sizes.products,
            customers=sizes.customers,
            orders=sizes.orders,
            edits=sizes.edits,
            inputs=f"{inputs:,}",
        ),
        [
            Figure("events through the mapper", rate, "/s per core", at_least=4000),
            Figure("by the clock on the wall", mapper.per_second(inputs), "/s"),
            Figure("passed through", passing_rate, "/s per core"),
            Figure("share of passing through", 100 * rate / passing_rate, "%"),
            *(
                Figure(f"of these, {wave.name}", wave.effort.per_core(wave.inputs), "/s per core")
                for wave in waves
            ),
            Figure("a replay of it all", replay.effort.per_core(replay.inputs), "/s per core"),
        ],
    )


async def lived(runtime: Runtime, mappings: Mappings, sizes: MapperSizes) -> list[Wave]:
    """Let the company work through everything that happens to links; return what it took."""
    company = Company()
    vendors = Vendors(mappings, company)
    waves = Waves(runtime, mappings)
    found: list[Wave] = []

    async def answered(name: str, changes: Iterable[Change]) -> None:
        wave = await waves.run(name, [change.to_message() for change in changes])
        while commands := await waves.commands():
            told = [event.to_message() for each in commands for event in vendors.answer(each)]
            wave += await waves.run(name, told)
        found.append(wave)

    def edited(refs: Sequence[Ref], of: Company | Vendors) -> Iterable[Change]:
        return (of.edited(refs[n % len(refs)], n) for n in range(sizes.edits))

    await answered("new products", company.products(sizes.products))
    await answered("new customers", company.customers(sizes.customers))
    await answered("new orders", company.orders(sizes.orders))
    await answered("customers edited in the CRM", edited(company.refs("AccountObj"), company))
    await answered("customers edited in the ERP", edited(vendors.refs("BD_Customer"), vendors))
    await answered("orders edited in the CRM", edited(company.refs("SalesOrderObj"), company))
    return found


async def _replayed(runtime: Runtime, mappings: Mappings) -> Wave:
    await runtime.broker.reset(GROUP, input_topics(mappings), "start")
    return await Waves(runtime, mappings).drained("a replay")


async def _passed(runtime: Runtime, topics: Sequence[str], wanted: int) -> tuple[int, Effort]:
    """Pass every input on, whole, in transactions as big as the mapper's."""
    batch = MapperSettings().max_batch_records
    passed, effort, done = 0, Effort(), asyncio.Event()
    watch = Stopwatch()

    async def work(task: Task) -> None:
        nonlocal passed, effort
        while True:
            records = await task.poll(max_records=batch, wait_seconds=1.0)
            outputs = [
                Message(NOTICES.name, record.text_key, record.value, record.headers)
                for record in records
            ]
            await task.commit(records, outputs)
            passed += len(records)
            if passed >= wanted and not done.is_set():
                effort = watch.read()
                done.set()

    serving = asyncio.create_task(runtime.broker.serve("passing", topics, work))
    waiting = asyncio.create_task(done.wait())
    await asyncio.wait([serving, waiting], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    serving.cancel()
    await asyncio.wait([serving])
    if not serving.cancelled():
        serving.result()
    return passed, effort
