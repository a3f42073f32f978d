"""A figure, as a bench yields it and the page shows it."""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Family", "Figure"]


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value, and what it should be."""

    what: str
    value: float
    unit: str
    at_least: float | None = None
    at_most: float | None = None

    @property
    def shown(self) -> str:
        """The value, with as many digits as it deserves."""
        return _shown(self.value, self.unit)

    @property
    def aim(self) -> str:
        """What it should be, and whether it is; empty where nothing is promised."""
        if self.at_least is not None:
            return f">= {_shown(self.at_least, self.unit)}: {_said(self.value >= self.at_least)}"
        if self.at_most is not None:
            return f"<= {_shown(self.at_most, self.unit)}: {_said(self.value <= self.at_most)}"
        return ""


@dataclass(frozen=True, slots=True)
class Family:
    """Figures that belong together."""

    title: str
    words: str
    """What was done to get them, for people."""
    figures: Sequence[Figure]


def _shown(value: float, unit: str) -> str:
    digits = 0 if abs(value) >= 100 or value == round(value) else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f} {unit}"


def _said(is_met: bool) -> str:  # noqa: FBT001 - the one thing that it says
    return "met" if is_met else "missed"
