"""What grows with the number of links: disk, both starts, memory, and the time of an edit.

The links are copies of one that was really made, as `many_links` makes them. A mapper in a process
of its own (`starting`) starts three times: without its files, with them, and with them and next
to nothing to do. So each start, and what an edit takes, is a difference of two of them.
"""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.child import told_by
from bench.figures import Family, Figure
from bench.many_links import one_link, published

__all__ = ["LinkCountSizes", "measure_link_counts"]

_WORDS = """\
A mapper alone in a process, embedded broker in it, with {few:,} and with {many:,} linked
customers ({seats:,} seats, {rows:,} crosswalk rows). {edits:,} edits of the CRM's side, each of
another link, wait for it when it starts: without its files, then with them. An edit is one input
here: the change, which becomes a command."""


@dataclass(frozen=True, slots=True)
class LinkCountSizes:
    """How many links are few and many, and how many are edited in a turn."""

    few: int = 10_000
    many: int = 1_000_000
    edits: int = 3000


@dataclass(frozen=True, slots=True)
class _Measured:
    disk_megabytes: float
    cold_cpu: float
    cold_wall: float
    warm_wall: float
    megabytes: float
    edits_per_core: float


async def measure_link_counts(sizes: LinkCountSizes) -> Family:
    """Return what few links take, and what many take."""
    few, many = [await _measured(links, sizes.edits) for links in (sizes.few, sizes.many)]
    return Family(
        "Few links and many, embedded",
        _WORDS.format(
            few=sizes.few,
            many=sizes.many,
            seats=2 * sizes.many,
            rows=2 * sizes.many,
            edits=sizes.edits,
        ),
        [
            Figure("state on disk", many.disk_megabytes, "MB"),
            Figure("start without it", many.cold_wall, "s", at_most=120),
            Figure("start without it, processor time", many.cold_cpu, "s"),
            Figure("start with it", many.warm_wall, "s", at_most=2),
            Figure("resident at most", many.megabytes, "MB", at_most=400),
            Figure("edits, many links", many.edits_per_core, "/s per core"),
            Figure("edits, few links", few.edits_per_core, "/s per core"),
            Figure(
                "many of few", 100 * many.edits_per_core / few.edits_per_core, "%", at_least=80
            ),
        ],
    )


async def _measured(links: int, edits: int) -> _Measured:
    link = await one_link()
    with TemporaryDirectory(prefix="anji-bench-") as folder:
        home = Path(folder)
        await published(home, (row for number in range(links) for row in link.states(number)))
        cold = await told_by("bench.starting", home, links, edits, 0)
        files = [file.stat().st_size for file in (home / "views").iterdir()]
        warm = await told_by("bench.starting", home, links, edits, 1)
        idle = await told_by(
            "bench.starting", home, links, 1, 2 * edits
        )  # the first that was not edited yet
    working, waited = warm["cpu"] - idle["cpu"], warm["wall"] - idle["wall"]
    return _Measured(
        disk_megabytes=sum(files) / 1e6,
        cold_cpu=cold["cpu"] - working,
        cold_wall=cold["wall"] - waited,
        warm_wall=idle["wall"],
        megabytes=max(each["megabytes"] for each in (cold, warm, idle)),
        edits_per_core=edits / working,
    )
