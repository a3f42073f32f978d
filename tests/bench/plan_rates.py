"""How long `anji plan --full` takes over many retained changes, and what it weighs.

The command runs as typed, in a process of its own, on an installation that is not running. Every
link is changed by the new mapping: nothing takes a plan longer.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from anji_common.messages import Message
from bench.commands import published_so_far, timed_command
from bench.figures import Family, Figure
from bench.many_links import OneLink, one_link, published, shortened_mappings

__all__ = ["PlanSizes", "measure_plan"]

_WORDS = """\
`anji plan --mapping NEW --full` as typed, embedded broker: {events:,} retained changes of
{links:,} linked customers ({versions} versions of each record of either side, in any order),
and a mapping that changes every one of them."""


@dataclass(frozen=True, slots=True)
class PlanSizes:
    """How many links, and how often each record was changed."""

    links: int = 100_000
    versions: int = 5


async def measure_plan(sizes: PlanSizes) -> Family:
    """Return what a full plan takes."""
    with TemporaryDirectory(prefix="anji-bench-") as folder:
        home, plan = Path(folder) / "home", Path(folder) / "plan.jsonl.gz"
        await published(home, _history(await one_link(), sizes))
        before = await published_so_far(home)
        words = (
            "plan",
            "--mapping",
            str(shortened_mappings(Path(folder))),
            "--full",
            "--out",
            str(plan),
        )
        taken = await timed_command(home, *words)
        told = await published_so_far(home) - before
    if f"{sizes.links} links; nothing was sent" not in taken.shown:
        msg = f"not every link was planned:\n{taken.shown}"
        raise RuntimeError(msg)
    events = 2 * sizes.links * sizes.versions
    return Family(
        "Plan, embedded",
        _WORDS.format(events=events, links=sizes.links, versions=sizes.versions),
        [
            Figure("by the clock on the wall", taken.wall_seconds, "s", at_most=180),
            Figure("processor time, of all its processes", taken.cpu_seconds, "s"),
            Figure("events", events / taken.cpu_seconds, "/s per core"),
            Figure("resident at most, of its largest process", taken.megabytes, "MB", at_most=400),
            Figure("records published, so commands to a vendor", told, "", at_most=0),
        ],
    )


def _history(link: OneLink, sizes: PlanSizes) -> Iterator[Message]:
    chance = Random("plan")
    for age in range(sizes.versions - 1, -1, -1):
        for number in chance.sample(range(sizes.links), sizes.links):
            yield from link.changes(number, age=age)
    for number in range(sizes.links):
        yield from link.states(number)
