"""Many orders wait for one customer; it comes, while people make other customers.

A release is bulk work that must not stand in the way of live work: its links are decided a few at
a time, and records that come meanwhile are taken in between. Its commands go by the bulk lane.
"""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count, islice

from anji.demo_measures import percentile
from anji_common.broker.port import Reader
from anji_common.collector import calm_collector
from anji_common.events.crosswalk import CrosswalkRow
from anji_common.messages import Message
from anji_common.refs import Ref, System
from anji_common.runtime import Runtime
from anji_common.testing.virtual_time import EPOCH
from anji_common.topics import Lane, commands_topic
from anji_mapper.mapping.folder import load_mappings
from anji_mapper.service import run
from anji_mapper.settings import MapperSettings
from bench.company import Company
from bench.effort import Stopwatch
from bench.figures import Family, Figure
from bench.stands import Stand
from bench.waves import inputs_so_far

__all__ = ["WaitingSizes", "measure_waiting"]

_WORDS = """\
{orders:,} orders wait for one customer that nobody has read. Its crosswalk row comes, while
customers are made in the CRM, {rate:g} a second: from the row to the last order's command, and
from a customer's change to its command meanwhile. One process publishes, maps and reads."""
_MISSING = Ref(System.FXIAOKE, "AccountObj", "65f0ffffffffffffffffffff")
_PRODUCTS = 20
_LOOK_SECONDS = 0.05
_BATCH = 500


@dataclass(frozen=True, slots=True)
class WaitingSizes:
    """How many wait, and how busy the others are."""

    orders: int = 50_000
    per_second: float = 20.0


@dataclass
class _Heard:
    """When customers were made, how late their commands were, and when orders got theirs."""

    made: dict[str, float] = field(default_factory=dict)
    late: list[float] = field(default_factory=list)
    released: int = 0


async def measure_waiting(stand: Stand, sizes: WaitingSizes) -> Family:
    """Return how fast a release is, and how late it makes others."""
    mappings = load_mappings()
    async with stand.opened(mappings) as runtime:
        serving = asyncio.create_task(run(mappings, MapperSettings(), runtime))
        try:
            company = Company()
            await runtime.broker.publish(_rows_of_products(company))
            await _all_wait(runtime, _orders(company, sizes.orders))
            figures = await _released(runtime, company, sizes)
        finally:
            serving.cancel()
            with suppress(asyncio.CancelledError):
                await serving
    words = _WORDS.format(orders=sizes.orders, rate=sizes.per_second)
    return Family(f"Waiting, {stand.name}", words, figures)


def _rows(crm: Ref, erp: Ref, number: str) -> list[Message]:
    """Return the crosswalk rows of a pair."""
    return [
        CrosswalkRow(
            ref=ref, counterpart=other, link_type="", business_number=number, updated_at=EPOCH
        ).to_message()
        for ref, other in ((crm, erp), (erp, crm))
    ]


def _rows_of_products(company: Company) -> list[Message]:
    refs = [change.ref for change in company.products(_PRODUCTS)]
    pairs = ((ref, Ref(System.K3CLOUD, "BD_MATERIAL", f"{n}")) for n, ref in enumerate(refs))
    return [message for crm, erp in pairs for message in _rows(crm, erp, f"M{erp.record_id}")]


def _orders(company: Company, wanted: int) -> Iterator[Message]:
    """Yield orders of the missing customer, which the company does not keep."""
    for number in range(wanted):
        (order,) = company.orders(1, [_MISSING], first=number)
        del company.records[order.ref]
        yield order.to_message()


async def _all_wait(runtime: Runtime, orders: Iterator[Message]) -> None:
    wanted = inputs_so_far()
    while batch := list(islice(orders, _BATCH)):
        await runtime.broker.publish(batch)
        wanted += len(batch)
        while inputs_so_far() < wanted:
            await runtime.clock.sleep(_LOOK_SECONDS)
    calm_collector()


async def _released(runtime: Runtime, company: Company, sizes: WaitingSizes) -> list[Figure]:
    topics = [commands_topic(System.K3CLOUD, lane) for lane in Lane]
    readers = [
        await runtime.broker.reader(topic, await runtime.broker.ends(topic)) for topic in topics
    ]
    heard = _Heard()
    beside = [
        *(asyncio.create_task(_listen(runtime, reader, heard)) for reader in readers),
        asyncio.create_task(_make_customers(runtime, company, sizes.per_second, heard)),
    ]
    try:
        watch = Stopwatch()
        erp = Ref(System.K3CLOUD, "BD_Customer", "777")
        await runtime.broker.publish(_rows(_MISSING, erp, "C777"))
        while heard.released < sizes.orders or not heard.late:
            await runtime.clock.sleep(_LOOK_SECONDS)
        effort = watch.read()
    finally:
        for each in beside:
            each.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        for reader in readers:
            await reader.close()
    return [
        Figure("all released", effort.wall_seconds, "s", at_most=30),
        Figure("all released, processor time", effort.cpu_seconds, "s"),
        Figure("others meanwhile, p50", percentile(heard.late, 0.5), "s"),
        Figure("others meanwhile, the latest", max(heard.late), "s", at_most=1),
    ]


async def _listen(runtime: Runtime, reader: Reader, heard: _Heard) -> None:
    while True:
        for record in await reader.poll(wait_seconds=1.0):
            made = heard.made.pop(record.text_key, None)
            if made is None:
                heard.released += 1
            else:
                heard.late.append(runtime.clock.monotonic() - made)


async def _make_customers(
    runtime: Runtime, company: Company, per_second: float, heard: _Heard
) -> None:
    for number in count():
        (customer,) = company.customers(1, first=number)
        heard.made[str(customer.ref)] = runtime.clock.monotonic()
        await runtime.broker.publish([customer.to_message()])
        await runtime.clock.sleep(1 / per_second)
