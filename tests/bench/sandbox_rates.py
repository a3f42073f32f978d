"""How many calls a second the sandbox CRM answers on one core, over HTTP.

It must never be the bottleneck of what is tested against it: the aim is 500 calls a second. Only
the processor time of the server counts, so that neither this client nor other users of the
machine are measured.
"""

from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from tempfile import TemporaryDirectory

import aiohttp

from bench.figures import Family, Figure
from bench.sandbox_process import served, taken
from labs.third_party import Json, OldStyle, where

__all__ = ["SandboxSizes", "measure_sandbox"]

_WORDS = """\
A sandbox CRM in a process of its own, {where}; a client with {callers} calls under way: {calls:,}
orders with two lines each are created, then read, updated and queried. Calls per second of the
server's processor time."""
_AIM = 500
_MOBILE = "13800000001"


@dataclass(frozen=True, slots=True)
class SandboxSizes:
    """How many calls of each kind, and how many at once."""

    calls: int = 2_000
    pages: int = 100
    callers: int = 16


async def measure_sandbox(sizes: SandboxSizes) -> Sequence[Family]:
    """Return what a sandbox CRM answers a second, in memory and with a file."""
    with TemporaryDirectory(prefix="anji-bench-") as folder:
        return [
            await _family(sizes, "in memory", ()),
            await _family(sizes, "with a file", (folder,)),
        ]


async def _family(sizes: SandboxSizes, place: str, arguments: Sequence[str]) -> Family:
    async with (
        served("fxiaoke", arguments) as (process, known),
        aiohttp.ClientSession() as session,
    ):
        client = OldStyle(session, known["url"], known)
        await client.log_in(_MOBILE)
        figures = [figure async for figure in _figures(sizes, client, process)]
    words = _WORDS.format(where=place, callers=sizes.callers, calls=sizes.calls)
    return Family(f"Sandbox CRM, {place}", words, figures)


async def _figures(
    sizes: SandboxSizes, client: OldStyle, process: Process
) -> AsyncIterator[Figure]:
    ids: list[str] = []

    async def create(_: int) -> None:
        lines = {"SalesOrderProductObj": [{"quantity": "1"}, {"quantity": "2"}]}
        ids.append(await client.create("SalesOrderObj", lines, account_id="a", order_amount="3"))

    async def get(number: int) -> None:
        await _called(client, "get", objectDataId=ids[number % len(ids)])

    async def update(number: int) -> None:
        edit = {"_id": ids[number % len(ids)], "dataObjectApiName": "SalesOrderObj"}
        await _called(client, "update", object_data={**edit, "remark": str(number)})

    async def query(number: int) -> None:
        wanted = [ids[(number * 7 + each) % len(ids)] for each in range(10)]
        await _asked(client, where("_id", "IN", *wanted), fieldProjection=["_id", "name"])

    async def page(_: int) -> None:
        await _asked(client, where("last_modified_time", "GTE", "1"))

    kinds: Sequence[tuple[str, Callable[[int], Awaitable[None]], int]] = (
        ("create with two lines", create, sizes.calls),
        ("get", get, sizes.calls),
        ("update of one field", update, sizes.calls),
        ("query of ten ids", query, sizes.calls),
        ("page of 100 whole records", page, sizes.pages),
    )
    for what, call, count in kinds:
        rate = count / await taken(process, call, count, sizes.callers)
        yield Figure(what, rate, "/s", at_least=None if call is page else _AIM)


async def _called(client: OldStyle, verb: str, **data: object) -> Json:
    told = await client.call(
        f"/cgi/crm/v2/data/{verb}", {"dataObjectApiName": "SalesOrderObj", **data}
    )
    if told["errorCode"] != 0:
        msg = f"{verb} was refused: {told}"
        raise RuntimeError(msg)
    return told


async def _asked(client: OldStyle, *filters: Json, **info: object) -> None:
    orders = [{"fieldName": "_id", "isAsc": True}]
    asked = {"limit": 100, "offset": 0, "filters": list(filters), "orders": orders, **info}
    await _called(client, "query", search_query_info=asked, find_explicit_total_num=False)
