"""Many seeds, on as many processes as one likes; the same outcomes on any number of them."""

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import cache, partial
from itertools import count
from multiprocessing.connection import Connection
from threading import Thread

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
) -> Generator[Outcome]:
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
    ours, theirs = spawn.Pipe(duplex=False)
    with ours, theirs, ProcessPoolExecutor(jobs, spawn, _end_with_parent, (ours,)) as pool:
        try:
            with _interrupted_later():
                # not `map`: it cancels what it has not given, which a pool that ends stumbles over
                found = deque([pool.submit(outcome, seed) for seed in seeds])
            while found:
                yield found.popleft().result()
        except BaseException:
            theirs.close()  # they end at once; the pool would wait for the seeds in hand
            raise


@contextmanager
def _interrupted_later() -> Iterator[None]:
    """Let Ctrl-C be heard at the end; not at all by processes that are begun meanwhile.

    A terminal sends it to all of them, and each would print where it stood.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_with_parent(pipe: Connection) -> None:
    """End this process when nobody holds the other end of `pipe`, however its holder ended."""

    def watch() -> None:
        pipe.poll(None)
        os._exit(1)

    Thread(target=watch, daemon=True).start()


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
