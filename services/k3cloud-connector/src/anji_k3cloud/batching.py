"""Which commands share a call, and which questions share a query. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

__all__ = ["chunks", "grouped", "halves"]

K = TypeVar("K")
V = TypeVar("V")


def grouped(pairs: Iterable[tuple[K, V]]) -> dict[K, list[V]]:
    """Return the values of each key, keys and values in the order they came."""
    found: dict[K, list[V]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return found


def chunks(values: Sequence[V], most: int) -> Iterator[list[V]]:
    """Yield `values` in order, at most so many at a time."""
    rest = iter(values)
    while found := list(islice(rest, most)):
        yield found


def halves(values: Sequence[V]) -> tuple[Sequence[V], Sequence[V]]:
    """Return `values` in two parts: how a call that was refused whole is tried again."""
    middle = len(values) // 2
    return values[:middle], values[middle:]
