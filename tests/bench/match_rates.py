"""How long `anji match` takes for many customers on both sides, and what it weighs.

The command runs as typed, in a process of its own, on an installation that is not running. Nine
in ten customers have their number on both sides, one in ten is known by its name only.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson
from pydantic import JsonValue

from anji_common.messages import Message
from bench.commands import published_so_far, timed_command
from bench.figures import Family, Figure
from bench.many_links import OneLink, one_link, published

__all__ = ["MatchSizes", "measure_match"]

_WORDS = """\
`anji match customer --csv FILE` as typed, embedded broker: {customers:,} customers in the CRM and
as many in the ERP, none of them linked. Nine in ten have the same number, one in ten only the same
name; half of them have another telephone number in the ERP."""
_BY_NAME_ONLY = 10


@dataclass(frozen=True, slots=True)
class MatchSizes:
    """How many customers each side has."""

    customers: int = 100_000


async def measure_match(sizes: MatchSizes) -> Family:
    """Return what a first load's match takes."""
    with TemporaryDirectory(prefix="anji-bench-") as folder:
        home, sheet = Path(folder) / "home", Path(folder) / "pairs.csv"
        await published(home, _customers(await one_link(), sizes.customers))
        before = await published_so_far(home)
        taken = await timed_command(home, "match", "customer", "--csv", str(sheet))
        told = await published_so_far(home) - before
        with sheet.open(encoding="utf-8") as file:
            pairs = sum(1 for _ in file) - 1
    certain = sizes.customers - len(range(0, sizes.customers, _BY_NAME_ONLY))
    if pairs != sizes.customers or f"customer: {certain} certain ones" not in taken.shown:
        msg = f"not every customer was matched: {pairs} pairs\n{taken.shown}"
        raise RuntimeError(msg)
    return Family(
        "Match, embedded",
        _WORDS.format(customers=sizes.customers),
        [
            Figure("by the clock on the wall", taken.wall_seconds, "s", at_most=180),
            Figure("processor time, of all its processes", taken.cpu_seconds, "s"),
            Figure("records", 2 * sizes.customers / taken.cpu_seconds, "/s per core"),
            Figure("resident at most, of its largest process", taken.megabytes, "MB", at_most=500),
            Figure("records published, so commands to a vendor", told, "", at_most=0),
        ],
    )


def _customers(link: OneLink, count: int) -> Iterator[Message]:
    for number in range(count):
        crm, erp = link.changes(number)
        own = None if number % _BY_NAME_ONLY == 0 else f"C{number:06}"
        yield _as(crm, erp_number__c=own, name=f"杭州第{number}机械有限公司", anji_ref__c=None)
        other = {"FTEL": f"0571-{number}"} if number % 2 else {}
        name = f"杭州第{number}机械有限公司"
        yield _as(erp, FNumber=own or f"X{number:06}", FName=name, F_ANJI_MARKER=None, **other)


def _as(message: Message, **values: JsonValue) -> Message:
    return replace(message, value=orjson.dumps({**orjson.loads(message.value or b""), **values}))
