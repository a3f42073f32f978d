"""How much happens in a history, and when: in flurries, with quiet between them.

Races need deeds and accidents within seconds of each other, and what takes its time needs minutes:
so nearly all of a history happens in a few flurries, and virtual time jumps over the quiet.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Self

from anji.simulation.chance import seeded
from anji.simulation.cuts import Cut

__all__ = ["Pace", "pace_of"]

_STORM_SECONDS = (600.0, 800.0, 1000.0, 1200.0)
"""By seed. With what comes after it a history takes about 20 min."""
_FLURRIES = (1, 2, 2, 3)
_BUSY_SECONDS = (8.0, 8.0, 8.0, 16.0)
"""Of all flurries together, by seed."""
_ACTIONS_A_SECOND = 1 / 3
_CHANGES_A_SECOND = 1 / 12
"""Of orders' lines."""
_STATES_A_SECOND = 1 / 5
"""Of whole records, where there are people who change them."""
_PAUSE_SECONDS = 3.0
"""Between two accidents, on the average."""
_ALONE_SHARE = 0.1
"""Of what people do is done at any moment of the storm."""
_DAY_SECONDS = 86_400.0
_DAYS_FLURRIES = 36
_DAYS_BUSY_SECONDS = 900.0
_DAYS_DEEDS, _DAYS_CHANGES, _DAYS_STATES = 120, 30, 40
_DAYS_PAUSE_SECONDS = 6.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How much happens in which time. All times count from the storm's beginning."""

    seconds: float
    """Of the storm."""
    deeds: int
    """Of the crowd."""
    changes: int
    """Of orders' lines."""
    states: int
    """Of whole records."""
    pause_seconds: float
    """Between two accidents of a flurry, on the average. They may overlap, but not on one
    service."""
    starts: Sequence[float]
    """Of the flurries, ascending."""
    flurry_seconds: float

    @classmethod
    def spread(  # noqa: PLR0913 - what a history is made of
        cls,
        chance: Random,
        *,
        seconds: float,
        flurries: int,
        busy_seconds: float,
        deeds: int,
        changes: int,
        states: int,
        pause_seconds: float,
    ) -> Self:
        """Spread so many flurries, the first of which begins at once."""
        each = busy_seconds / flurries
        quiet = max(seconds - busy_seconds, 0.0)
        before = [0.0, *sorted(chance.uniform(0.0, quiet) for _ in range(flurries - 1))]
        starts = tuple(number * each + wait for number, wait in enumerate(before))
        return cls(seconds, deeds, changes, states, pause_seconds, starts, each)

    @classmethod
    def steady(cls, seconds: float, *, deeds: int) -> Self:
        """Spread so many deeds of the crowd, and nothing else, over a time."""
        return cls(seconds, deeds, 0, 0, seconds, (0.0,), seconds)

    @property
    def busy_seconds(self) -> float:
        """How long the flurries are together."""
        return self.flurry_seconds * len(self.starts)

    def at(self, busy: float) -> float:
        """Return when so much of the flurries' time has passed."""
        number = min(int(busy / self.flurry_seconds), len(self.starts) - 1)
        return self.starts[number] + busy - number * self.flurry_seconds

    def moment(self, chance: Random) -> float:
        """Draw when people do something."""
        if chance.random() < _ALONE_SHARE:
            return chance.uniform(0.0, self.seconds)
        return self.at(chance.uniform(0.0, self.busy_seconds))


def pace_of(seed: int, cut: Cut) -> Pace:
    """Return how much happens in a seed's history."""
    chance = seeded("pace", seed)
    if cut.is_day:
        return Pace.spread(
            chance,
            seconds=_DAY_SECONDS,
            flurries=_DAYS_FLURRIES,
            busy_seconds=_DAYS_BUSY_SECONDS,
            deeds=_DAYS_DEEDS,
            changes=_DAYS_CHANGES,
            states=_DAYS_STATES,
            pause_seconds=_DAYS_PAUSE_SECONDS,
        )
    seconds, flurries = chance.choice(_STORM_SECONDS), chance.choice(_FLURRIES)
    busy = chance.choice(_BUSY_SECONDS)
    if cut.seconds is not None:
        seconds, flurries, busy = cut.seconds, 1, cut.seconds
    return Pace.spread(
        chance,
        seconds=seconds,
        flurries=flurries,
        busy_seconds=busy,
        deeds=round(busy * _ACTIONS_A_SECOND),
        changes=round(busy * _CHANGES_A_SECOND),
        states=round(busy * _STATES_A_SECOND),
        pause_seconds=_PAUSE_SECONDS,
    )
