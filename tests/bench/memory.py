"""Memory of a mapper that has 100,000 links, and whether history makes it grow.

The mapper runs in a process of its own, so that only it is weighed. Its links are copies of one
that was really made, under other refs, written to ``anji.links.v1`` and the crosswalk as the
mapper writes them; the process restores its views from there, as after the loss of its disk.
"""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.child import told_by
from bench.figures import Family, Figure
from bench.many_links import one_link, published

__all__ = ["MemorySizes", "measure_memory"]

_WORDS = """\
A mapper alone in a process, embedded broker in it, with {links:,} linked customers
({seats:,} seats, {rows:,} crosswalk rows): its resident memory once everything is restored, and
after {history:,} and {twice:,} edits of them. "Grown" is what the second half of that history
has added."""


@dataclass(frozen=True, slots=True)
class MemorySizes:
    """How many links, and how much happens to them."""

    links: int = 100_000
    history: int = 20_000


async def measure_memory(sizes: MemorySizes) -> Family:
    """Return what a mapper with many links weighs."""
    with TemporaryDirectory(prefix="anji-bench-") as home:
        link = await one_link()
        rows = (row for number in range(sizes.links) for row in link.states(number))
        await published(Path(home), rows)
        weighed = await told_by("bench.weighing", home, sizes.links, sizes.history)
    return Family(
        "Memory, embedded",
        _WORDS.format(
            links=sizes.links,
            seats=2 * sizes.links,
            rows=2 * sizes.links,
            history=sizes.history,
            twice=2 * sizes.history,
        ),
        [
            Figure("before the mapper starts", weighed["before"], "MB"),
            Figure("with all links", weighed["restored"], "MB", at_most=300),
            Figure("seconds to restore them from the topics", weighed["seconds"], "s"),
            Figure("after the history", weighed["half"], "MB"),
            Figure("after twice the history", weighed["whole"], "MB", at_most=300),
            Figure("grown in the second half", weighed["whole"] - weighed["half"], "MB"),
        ],
    )
