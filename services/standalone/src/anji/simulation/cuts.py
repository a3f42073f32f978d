"""What of a history is played: a whole one, a day, or what shrinking left.

What can be left out has a name of a letter and a number: ``d3`` is the fourth deed of the crowd,
``c0`` the first change of an order's lines, ``o1`` the second change of a record's state, ``a12``
the thirteenth accident of the storm, ``f2`` the third kind of what happens to answers. A seed with
the same cut is the same history every time.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["WHOLE", "Cut", "names_of", "parts_in"]

_NAME = re.compile(r"([acdfo])(\d+)(?:-(\d+))?")


@dataclass(frozen=True, slots=True)
class Cut:
    """What of a seed's history is played."""

    without: frozenset[str] = frozenset()
    """Names of what is left out."""
    seconds: float | None = None
    """Of a storm that is one flurry, in place of the seed's own."""
    is_day: bool = False
    """At the pace of a whole day, whatever the seed says."""

    def has(self, name: str) -> bool:
        """Whether something is played."""
        return name not in self.without

    @property
    def words(self) -> str:
        """The options of ``anji simulate`` that cut so."""
        options = ["--day"] if self.is_day else []
        if self.seconds is not None:
            options.append(f"--storm-seconds {self.seconds:g}")
        if self.without:
            options.append(f"--without {parts_in(self.without)}")
        return " ".join(options)


WHOLE = Cut()


def parts_in(names: Iterable[str]) -> str:
    """Return names in short, such as ``a0-3,d7``."""
    numbers: dict[str, list[int]] = defaultdict(list)
    for name in names:
        numbers[name[0]].append(int(name[1:]))
    found: list[str] = []
    for letter, each in sorted(numbers.items()):
        spans: list[list[int]] = []
        for number in sorted(each):
            if spans and number == spans[-1][1] + 1:
                spans[-1][1] = number
            else:
                spans.append([number, number])
        found += [
            f"{letter}{low}" if low == high else f"{letter}{low}-{high}" for low, high in spans
        ]
    return ",".join(found)


def names_of(text: str) -> frozenset[str]:
    """Return the names that `parts_in` wrote in short.

    Raises:
        ValueError: it is not written so.
    """
    found: set[str] = set()
    for part in filter(None, text.split(",")):
        if (match := _NAME.fullmatch(part)) is None:
            msg = f"{part!r} names nothing of a history; expected something like a0-3,c1,d7,f2"
            raise ValueError(msg)
        letter, low, high = match.groups()
        found |= {f"{letter}{number}" for number in range(int(low), int(high or low) + 1)}
    return frozenset(found)
