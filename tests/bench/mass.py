"""One owner leaves: all his customers go to a colleague at once, while others enter orders.

A whole `anji up` in a process of its own, between both sandboxes over HTTP. The sandboxes and the
people share the process that measures, so what a vendor's answer waits for here is in the figures.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory
from uuid import uuid4

from anji.demo_measures import percentile
from anji.people import CrmUser
from anji_common.clock import SystemClock
from anji_mapper.mapping.folder import find_folder
from anji_sandbox.store import Record
from bench.figures import Family, Figure
from bench.stands import Stand
from labs.installation import Company, begun, company, until
from labs.processes import AnjiProcess

__all__ = ["MassSizes", "measure_mass", "with_the_salesman"]

_WORDS = """\
{records:,} customers, made and crossed before, get another owner by `changeOwner`, {a_call} a
call, one call after the other. The mapping is the one that is shipped, with the owner as the ERP
customer's salesman, so each of them is a write in the ERP. Once all are there they are handed
back, and so on: {times} times, for as long as it takes to make the orders. These have one line
each and are made at fixed times, {rate:g} a second: from the CRM's answer to the order until it is
audited in the ERP; {alone} alone just before, and {beside} beside the mass changes. Both sides are
polled every 0.5 s; the sandboxes, which have no limit here, run in the process that
measures{kafka}."""
_OWNER = "  - {crm: remark, erp: FDescription}\n"
_OPERATORS = ("0001_GW000001_1", "0002_GW000001_1")
_LOOK_SECONDS = 0.01
_AT_MOST = {"p95": 1.0, "the latest": 1.0}
_CALLERS = 8
_PRODUCTS = 5
_BUYERS = 50
_LONGEST_SECONDS = 600.0
_REST_SECONDS = 3.0
_AT_REST = 0.4
"""Of a core: polling four objects on both sides, twice a second, takes less."""
_CLOCK = SystemClock()


@dataclass(frozen=True, slots=True)
class MassSizes:
    """How many change owner, and how busy the others are."""

    records: int = 5_000
    a_call: int = 100
    warm_up: int = 20
    """Orders before those that are measured: an object at rest is polled more seldom."""
    orders: int = 60
    per_second: float = 2.0


@dataclass
class _Orders:
    """When orders were made and audited, by the CRM's id."""

    made: dict[str, float] = field(default_factory=dict)
    audited: dict[str, float] = field(default_factory=dict)

    def late(self, ids: set[str]) -> list[float]:
        """Return the seconds that each of these took."""
        return [self.audited[each] - self.made[each] for each in ids]


@dataclass(frozen=True, slots=True)
class _Bench:
    """What takes part."""

    company: Company
    crm: CrmUser
    anji: AnjiProcess
    sizes: MassSizes
    orders: _Orders = field(default_factory=_Orders)
    customers: list[str] = field(default_factory=list)
    products: list[str] = field(default_factory=list)


async def measure_mass(stand: Stand, sizes: MassSizes) -> Family:
    """Return how late orders are audited, alone and beside the mass change."""
    async with _opened(stand, sizes) as bench:
        await _crossed(bench)
        await _order(bench, lambda made: made < sizes.warm_up)
        alone = await _order(bench, lambda made: made < sizes.orders)
        cpu = bench.anji.cpu_seconds
        mass = asyncio.create_task(_hand_over_again_and_again(bench))
        try:
            beside = await _order(bench, lambda _: not mass.done())
        finally:
            mass.cancel()
        took = await mass
        cpu = (bench.anji.cpu_seconds - cpu) / len(took)
    words = _WORDS.format(
        records=sizes.records,
        a_call=sizes.a_call,
        rate=sizes.per_second,
        alone=len(alone),
        beside=len(beside),
        times=len(took),
        kafka="; Kafka runs beside it" if stand.name == "Kafka" else "",
    )
    return Family(f"Mass change, {stand.name}", words, _figures(alone, beside, took, cpu))


def _figures(
    alone: list[float], beside: list[float], took: list[float], cpu: float
) -> list[Figure]:
    rows = ((name, share) for name, share in (("p50", 0.5), ("p95", 0.95), ("the latest", 1.0)))
    found = []
    for name, share in rows:
        first, second = percentile(alone, share), percentile(beside, share)
        found += [
            Figure(f"order audited, alone, {name}", first, "s"),
            Figure(f"order audited, beside the mass change, {name}", second, "s"),
            Figure(f"later for it, {name}", second - first, "s", at_most=_AT_MOST.get(name)),
        ]
    return [
        *found,
        Figure("from the first call to the last write in the ERP, the longest", max(took), "s"),
        Figure("processor time of `anji up` for one, with its orders", cpu, "s"),
    ]


def with_the_salesman(customer: str, owners: list[str]) -> str:
    """Return the shipped customer mapping, with the owner as the salesman.

    Raises:
        ValueError: the mapping has no line after which that can stand.
    """
    table = ", ".join(f'"{one}": {two}' for one, two in zip(owners, _OPERATORS, strict=True))
    lens = f"{{employee: {{values: {{{table}}}, erp_default: {_OPERATORS[0]}}}}}"
    line = f"  - {{crm: owner, erp: FSELLER, lens: {lens}, direction: to_erp}}\n"
    before, found, after = customer.partition(_OWNER)
    if not found:
        msg = f"mappings/customer.yaml has no line {_OWNER!r}: name another one in bench/mass.py"
        raise ValueError(msg)
    return f"{before}{found}{line}{after}"


@asynccontextmanager
async def _opened(stand: Stand, sizes: MassSizes) -> AsyncIterator[_Bench]:
    with TemporaryDirectory(prefix="anji-bench-") as home:
        folder = Path(home)
        async with company(folder) as vendors, vendors.people() as (crm, _, _):
            mappings = folder / "mappings"
            copytree(find_folder(), mappings)
            customer = mappings / "customer.yaml"
            customer.write_text(with_the_salesman(customer.read_text(), _people(vendors)))
            settings = {
                **vendors.settings,
                **stand.settings,
                "ANJI_MAPPINGS_DIR": str(mappings),
                "ANJI_TOPIC_PREFIX": f"bench-{uuid4().hex[:8]}.",
            }
            async with begun(settings, folder / "log") as anji:
                bench = _Bench(vendors, crm, anji, sizes)
                watching = asyncio.create_task(_watch(bench))
                try:
                    yield bench
                finally:
                    watching.cancel()
                    with suppress(asyncio.CancelledError):
                        await watching


def _people(vendors: Company) -> list[str]:
    """Return whose customers they are, and his colleague, as the CRM's openUserIds."""
    leaves = str(vendors.crm_core.credentials["person_open_user_id"])
    known = {str(each["owner"][0]) for each in vendors.crm_core.store.all("PersonnelObj")}
    others = known - {leaves, str(vendors.crm_core.credentials["open_user_id"])}
    return [leaves, min(others)]


async def _crossed(bench: _Bench) -> None:
    """Make products and customers, and wait until nothing is on its way any more."""
    numbers = iter(range(bench.sizes.records))

    async def make() -> None:
        for n in numbers:
            fields = {"name": f"杭州第{n}机械有限公司", "tel": f"0571-{n:08}"}
            bench.customers.append(await bench.crm.create("AccountObj", fields))

    for n in range(_PRODUCTS):
        fields = {"name": f"轴承 {n}", "product_code": f"P{n}", "price": "10"}
        bench.products.append(await bench.crm.create("ProductObj", fields))
    await asyncio.gather(*(make() for _ in range(_CALLERS)))
    records = bench.sizes.records
    await until(
        lambda: (
            bench.company.made("BD_Customer create") >= records
            and bench.company.made("AccountObj update") >= records
        ),  # the ERP's numbers, come back
        "all customers have crossed",
        seconds=_LONGEST_SECONDS,
    )
    used = bench.anji.cpu_seconds
    while True:  # until it has read what it has written, and finds nothing more to do
        await _CLOCK.sleep(_REST_SECONDS)
        before, used = used, bench.anji.cpu_seconds
        if used - before < _REST_SECONDS * _AT_REST:
            return


async def _order(bench: _Bench, goes_on: Callable[[int], bool]) -> list[float]:
    """Make orders at fixed times as long as that; return how late each was audited."""
    made: set[str] = set()
    begin = _CLOCK.monotonic()
    for number in count():
        if not goes_on(number):
            break
        await _CLOCK.sleep(max(begin + number / bench.sizes.per_second - _CLOCK.monotonic(), 0.0))
        fields = {
            "name": f"SO{len(bench.orders.made)}",
            "account_id": bench.customers[number % _BUYERS],
            "order_time": int(_CLOCK.now().timestamp() * 1000),
        }
        product = bench.products[number % _PRODUCTS]
        line = {"product_id": product, "quantity": "2", "sales_price": "100"}
        order = await bench.crm.create("SalesOrderObj", fields, {"SalesOrderProductObj": [line]})
        bench.orders.made[order] = _CLOCK.monotonic()
        made.add(order)
    await until(lambda: made <= bench.orders.audited.keys(), "all orders are audited")
    return bench.orders.late(made)


async def _watch(bench: _Bench) -> None:
    """Note when each order is audited."""
    store = bench.company.erp_core.store
    found = bench.orders.audited
    while True:
        if store.writes["SAL_SaleOrder audit"] > len(found):
            for record in store.all("k3cloud SAL_SaleOrder"):
                head = record["head"]
                if head["FDocumentStatus"] == "C":
                    order = str(head["F_ANJI_MARKER"]).rpartition("/")[2]
                    found.setdefault(order, _CLOCK.monotonic())
        await _CLOCK.sleep(_LOOK_SECONDS)


async def _hand_over_again_and_again(bench: _Bench) -> list[float]:
    """Hand all customers over and back, until so many orders were made; return what each took."""
    wanted = len(bench.orders.made) + bench.sizes.orders
    took: list[float] = []
    while len(bench.orders.made) < wanted:
        there = len(took) % 2 == 0
        began = _CLOCK.monotonic()
        await _hand_over(bench, _people(bench.company)[there], salesman="2" if there else "1")
        took.append(_CLOCK.monotonic() - began)
    return took


async def _hand_over(bench: _Bench, heir: str, *, salesman: str) -> None:
    """Give all customers to `heir`, and wait until the ERP has all of them as `salesman`'s."""
    size, store = bench.sizes.a_call, bench.company.erp_core.store
    wanted = store.writes["BD_Customer update"] + bench.sizes.records
    for first in range(0, bench.sizes.records, size):
        few = bench.customers[first : first + size]
        rows = [{"objectDataId": each, "ownerId": [heir]} for each in few]
        await bench.crm.call("data/changeOwner", {"dataObjectApiName": "AccountObj", "Data": rows})
    await until(
        lambda: (
            store.writes["BD_Customer update"] >= wanted
            and all(_salesman(each) == salesman for each in store.all("k3cloud BD_Customer"))
        ),
        "all customers are the colleague's in the ERP",
        seconds=_LONGEST_SECONDS,
    )


def _salesman(customer: Record) -> str:
    return str(customer["head"]["FSELLER"])
