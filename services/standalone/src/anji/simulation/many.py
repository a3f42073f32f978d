"""Many seeds, on as many processes as one likes; the same outcomes on any number of them."""

import multiprocessing
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import cache, partial
from itertools import count

from anji.simulation.controls import CONTROLS, RULE_BOOK
from anji.simulation.cuts import WHOLE, Cut
from anji.simulation.huge_pages import use_huge_pages
from anji.simulation.run import Outcome, simulate
from anji.simulation.shrinking import Shrunk, shrink
from anji.simulation.variants import company
from anji_common.collector import calm_collector
from anji_mapper.mapping.model import Mappings

__all__ = ["outcomes", "shrunk"]

_PLAYED = count(1)
"""Numbers the histories that this process plays."""
_GROWN_AFTER = (1, 12)
"""Most of what histories use again is in memory after the first; after these it grows no more."""


def outcomes(
    seeds: Iterable[int],
    *,
    jobs: int = 1,
    control: str | None = None,
    traces: bool = False,
    cut: Cut = WHOLE,
) -> Iterator[Outcome]:
    """Yield how each seed ended, in their order; a journal only of seeds that failed.

    Args:
        seeds: Which.
        jobs: How many processes work on them.
        control: The rule of `CONTROLS` that is switched off.
        traces: Keep every journal.
        cut: What of each history is played.
    """
    outcome = partial(_outcome, control=control, traces=traces, cut=cut)
    if jobs == 1:
        yield from map(outcome, seeds)
        return
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, spawn) as pool:
        yield from pool.map(outcome, seeds)


def shrunk(seed: int, cut: Cut, *, control: str | None = None) -> Shrunk | None:
    """Return the smallest history of a seed that breaks; `None` if it does not break at all."""
    rules = RULE_BOOK if control is None else CONTROLS[control].rules
    mappings, variants = _mappings()
    return shrink(lambda less: simulate(seed, mappings, rules, less, variants), cut)


def _outcome(seed: int, *, control: str | None, traces: bool, cut: Cut) -> Outcome:
    rules = RULE_BOOK if control is None else CONTROLS[control].rules
    mappings, variants = _mappings()
    found = simulate(seed, mappings, rules, cut, variants)
    if next(_PLAYED) in _GROWN_AFTER:
        use_huge_pages()
    return found if traces or not found.is_well else replace(found, journal=())


@cache
def _mappings() -> tuple[Mappings, Mapping[str, Mappings]]:
    found = company()
    calm_collector()
    return found
