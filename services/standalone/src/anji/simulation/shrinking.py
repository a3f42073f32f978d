"""The smallest storm of a seed that still breaks: shorter, with fewer deeds and accidents.

Halves of what happens are left out, then quarters, down to single deeds, as long as the seed still
breaks, in whatever way (delta debugging; Zeller and Hildebrandt, 2002). Each try is a run of the
seed with a `Cut`, so the result is the same every time, and is replayed by its cut alone.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from anji.simulation.cuts import WHOLE, Cut
from anji.simulation.run import Outcome

__all__ = ["Shrunk", "shrink"]

_SECONDS = (15.0, 30.0, 60.0)


@dataclass(frozen=True, slots=True)
class Shrunk:
    """What is left."""

    cut: Cut
    outcome: Outcome
    """How the seed ends with it."""
    tries: int


def shrink(
    run: Callable[[Cut], Outcome], whole: Cut = WHOLE, *, tries: int = 200
) -> Shrunk | None:
    """Return the smallest history found that breaks; `None` if the whole one does not.

    Args:
        run: Plays a history.
        whole: What is cut down.
        tries: How often it is played at most.
    """
    first = run(whole)
    if first.is_well:
        return None
    search = _Search(run, Shrunk(whole, first, 1), tries)
    if not whole.is_day:
        search.shorten()
    search.thin_out()
    return search.best


class _Search:
    def __init__(self, run: Callable[[Cut], Outcome], best: Shrunk, tries: int) -> None:
        self._run = run
        self.best = best
        self._most_tries = tries

    def shorten(self) -> None:
        """Take the shortest storm that breaks."""
        for seconds in _SECONDS:
            if seconds >= self.best.outcome.storm_seconds:
                return
            if self._still_breaks(replace(self.best.cut, seconds=seconds)):
                return

    def thin_out(self) -> None:
        """Leave out as much as can be left out one by one."""
        size = max(len(self.best.outcome.parts) // 2, 1)
        while self.best.tries < self._most_tries:
            is_less = False
            for chunk in _chunks(self.best.outcome.parts, size):
                without = self.best.cut.without | set(chunk)
                is_less |= self._still_breaks(replace(self.best.cut, without=without))
            if size == 1 and not is_less:
                return
            size = max(size // 2, 1)

    def _still_breaks(self, cut: Cut) -> bool:
        best = self.best
        if best.tries >= self._most_tries:
            return False
        outcome = self._run(cut)
        breaks = not outcome.is_well
        kept = Shrunk(cut, outcome, best.tries) if breaks else best
        self.best = replace(kept, tries=best.tries + 1)
        return breaks


def _chunks(parts: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """Return the parts in groups, those that came last first: they matter least to the rest."""
    for end in range(len(parts), 0, -size):
        yield parts[max(end - size, 0) : end]
