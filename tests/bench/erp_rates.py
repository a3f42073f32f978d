"""How many calls a second the sandbox ERP answers on one core, over HTTP.

As for the CRM only the processor time of the server counts, and the aim is 500 calls a second.
"""

from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
import orjson

from bench.figures import Family, Figure
from bench.sandbox_process import served, taken
from labs.k3cloud_client import AUTH, FORMS, Json, order_model

__all__ = ["ErpSizes", "measure_erp"]

_WORDS = """\
A sandbox ERP in a process of its own, {where}; a client with {callers} calls under way: {calls:,}
orders with two lines each are saved, then read, changed, submitted, audited and queried. Calls per
second of the server's processor time."""
_AIM = 500
_ORDER = "SAL_SaleOrder"


@dataclass(frozen=True, slots=True)
class ErpSizes:
    """How many calls of each kind, and how many at once."""

    calls: int = 2_000
    batches: int = 20
    callers: int = 16


async def measure_erp(sizes: ErpSizes) -> Sequence[Family]:
    """Return what a sandbox ERP answers a second, in memory and with a file."""
    with TemporaryDirectory(prefix="anji-bench-") as folder:
        return [
            await _family(sizes, "in memory", ()),
            await _family(sizes, "with a file", (folder,)),
        ]


class _Client:
    """One session of a sandbox ERP."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url
        self._headers: dict[str, str] = {}

    async def log_in(self, known: dict[str, str]) -> None:
        names = [known["acct_id"], known["username"], known["password"], 2052]
        told = await self._post(f"{AUTH}ValidateUser", {"parameters": names})
        self._headers = {"kdservice-sessionid": told["KDSVCSessionId"]}

    async def do(self, method: str, form_id: str, data: Json) -> Json:
        """Make a call that must be accepted."""
        told = await self._post(f"{FORMS}{method}", {"formid": form_id, "data": data})
        status = told["Result"]["ResponseStatus"]
        if status is not None and not status["IsSuccess"]:
            msg = f"{method} was refused: {status}"
            raise RuntimeError(msg)
        result: Json = told["Result"]
        return result

    async def query(self, keys: str, where: str) -> None:
        data = {"FormId": _ORDER, "FieldKeys": keys, "FilterString": where, "Limit": 100}
        rows = await self._post(f"{FORMS}ExecuteBillQuery", {"data": data})
        if not rows or isinstance(rows[0][0], dict):
            msg = f"the query was refused, or found nothing: {rows}"
            raise RuntimeError(msg)

    async def _post(self, path: str, body: Json) -> Any:  # noqa: ANN401 - JSON
        url = f"{self._url}{path}.common.kdsvc"
        async with self._session.post(url, data=orjson.dumps(body), headers=self._headers) as got:
            return orjson.loads(await got.read())


async def _family(sizes: ErpSizes, place: str, arguments: Sequence[str]) -> Family:
    async with (
        served("k3cloud", arguments) as (process, known),
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
    ):
        client = _Client(session, known["url"])
        await client.log_in(known)
        for form_id, number in (("BD_Customer", "C1"), ("BD_MATERIAL", "M1")):
            await client.do("Save", form_id, {"Model": {"FNumber": number, "FName": "x"}})
        figures = [figure async for figure in _figures(sizes, client, process)]
    words = _WORDS.format(where=place, callers=sizes.callers, calls=sizes.calls)
    return Family(f"Sandbox ERP, {place}", words, figures)


async def _figures(sizes: ErpSizes, client: _Client, process: Process) -> AsyncIterator[Figure]:
    ids: list[int] = []

    async def save(_: int) -> None:
        ids.append((await client.do("Save", _ORDER, {"Model": order_model(1, 2)}))["Id"])

    async def view(at: int) -> None:
        await client.do("View", _ORDER, {"Id": ids[at]})

    async def change(at: int) -> None:
        data = {"IsDeleteEntry": "false", "Model": {"FID": ids[at], "FNote": str(at)}}
        await client.do("Save", _ORDER, data)

    async def submit(at: int) -> None:
        await client.do("Submit", _ORDER, {"Ids": str(ids[at])})

    async def audit(at: int) -> None:
        await client.do("Audit", _ORDER, {"Ids": str(ids[at])})

    async def query(at: int) -> None:
        wanted = ",".join(str(ids[(at * 7 + each) % len(ids)]) for each in range(10))
        await client.query("FID,FBillNo,FModifyDate,FQty", f"FID in ({wanted})")

    async def batch(_: int) -> None:
        models = [{"FName": "x"}] * 100
        await client.do("BatchSave", "BD_MATERIAL", {"Model": models})

    kinds: Sequence[tuple[str, Callable[[int], Awaitable[None]], int]] = (
        ("save with two lines", save, sizes.calls),
        ("view", view, sizes.calls),
        ("save of one field", change, sizes.calls),
        ("submit", submit, sizes.calls),
        ("audit", audit, sizes.calls),
        ("query of ten ids", query, sizes.calls),
        ("batch of 100 materials", batch, sizes.batches),
    )
    for what, call, count in kinds:
        rate = count / await taken(process, call, count, sizes.callers)
        yield Figure(what, rate, "/s", at_least=None if call is batch else _AIM)
